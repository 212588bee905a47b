package sandbox

import (
	mm "github.com/microsoft-master/mm"
)

// Connections returns the sandbox's connections by name, as the registry holds them:
//
//   - Contoso-GA, Fabrikam-GA and Northwind-GA: the tenant's administrator, everything works.
//   - Northwind-Partner: Partner in Northwind, where it is a guest. Exchange signs it in to Fabrikam, the wrong tenant.
func Connections(tenants []Tenant, ends mm.SandboxEndpoints) map[string]mm.Connection {
	out := map[string]mm.Connection{}
	for _, t := range tenants {
		out[t.DisplayName+"-GA"] = connection(t, t.admin(), t.DisplayName+" (sandbox), global administrator", ends)
		for _, a := range t.Accounts {
			if t.Guest(a) {
				out[t.DisplayName+"-Partner"] = connection(t, a.UserPrincipalName,
					t.DisplayName+" (sandbox), as a partner who is a guest there", ends)
			}
		}
	}
	for name, c := range out {
		c.Name = name
		out[name] = c
	}
	return out
}

func connection(t Tenant, account, description string, ends mm.SandboxEndpoints) mm.Connection {
	return mm.Connection{
		AppID:          t.AppID(),
		Tenant:         t.InitialDomain,
		TenantID:       t.ID,
		ExpectedEmail:  account,
		Description:    description,
		MCPs:           []string{"mm"},
		SharePointHost: t.SharePointHost,
		Cloud:          "sandbox",
		Sandbox:        &ends,
	}
}

// AppID is the id of mm's app registration in the tenant, known to that tenant only.
func (t Tenant) AppID() string { return guidOf(t.DisplayName + "/app/mm") }

// The app ids of the modules' own clients, which every tenant knows, as in the public cloud.
const (
	ExchangeClient = "fb78d390-0c51-40cd-8e17-fdbfab77341b"
	AzureClient    = "1950a258-227b-4e31-a9cf-717495945fc2"
	TeamsClient    = "12128f48-ec9e-42f0-b203-ea49fb6af367"
)

// The resources that the modules ask tokens for. SharePoint's is https://HOST.sharepoint.com.
const (
	ExchangeResource = "https://outlook.office365.com"
	AzureResource    = "https://management.azure.com"
	GraphResource    = "https://graph.microsoft.com"
	TeamsResource    = "48ac35b8-9aa8-4d74-927d-1f4a14a0b239"
)

// knowsClient reports whether sign-ins for the tenant may use the client. The empty tenant stands for common and
// organizations.
func knowsClient(tenants []Tenant, tenantID, client string) bool {
	switch client {
	case ExchangeClient, AzureClient, TeamsClient:
		return true
	}
	for _, t := range tenants {
		if t.AppID() == client && (tenantID == "" || t.ID == tenantID) {
			return true
		}
	}
	return false
}
