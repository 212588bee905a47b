package sandbox

import (
	"strings"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox/directory"
)

// Connections returns the sandbox's connections by name, as the registry holds them:
//
//   - Contoso-GA, Fabrikam-GA and Northwind-GA: the tenant's administrator, everything works.
//   - Contoso-Limited: the same account by an app that has consent for Graph only, without Mail.Send.
//   - Northwind-Partner: Partner in Northwind, where it is a guest. Exchange's own device code signs it in to Fabrikam, the
//     wrong tenant.
func Connections(tenants []Tenant, ends mm.SandboxEndpoints) map[string]mm.Connection {
	out := map[string]mm.Connection{}
	for _, t := range tenants {
		add := func(suffix, app, description string) {
			name := t.DisplayName + suffix
			c := connection(t, t.App(app), t.DisplayName+" (sandbox), "+description, ends)
			c.Name = name
			out[name] = c
		}
		add("-GA", directory.FullApp, "global administrator")
		if t.DisplayName == "Contoso" {
			add("-Limited", directory.LimitedApp, "by an app that may use Graph only and send nothing")
		}
		for _, a := range t.Accounts {
			if t.Guest(a) {
				add("-Partner", directory.PartnerApp, "as a partner who is a guest there")
			}
		}
	}
	return out
}

func connection(t Tenant, app directory.App, description string, ends mm.SandboxEndpoints) mm.Connection {
	return mm.Connection{
		AppID:          app.ID,
		Tenant:         t.InitialDomain,
		TenantID:       t.ID,
		ExpectedEmail:  app.Expects,
		Description:    description,
		MCPs:           []string{"mm"},
		SharePointHost: t.SharePointHost,
		Cloud:          "sandbox",
		Sandbox:        &ends,
	}
}

// connectionOf returns the connection whose app that is; empty for Microsoft's own apps.
func connectionOf(connections map[string]mm.Connection, app string) string {
	for name, c := range connections {
		if strings.EqualFold(c.AppID, app) {
			return name
		}
	}
	return ""
}
