package directory

import (
	"slices"
	"strings"
)

// The app ids of the modules' own clients, which every tenant knows, as in the public cloud.
const (
	ExchangeClient = "fb78d390-0c51-40cd-8e17-fdbfab77341b"
	AzureClient    = "1950a258-227b-4e31-a9cf-717495945fc2"
	TeamsClient    = "12128f48-ec9e-42f0-b203-ea49fb6af367"
)

// The resources that tokens are for. SharePoint's is https://HOST.sharepoint.com.
const (
	GraphResource    = "https://graph.microsoft.com"
	ExchangeResource = "https://outlook.office365.com"
	AzureResource    = "https://management.azure.com"
	TeamsResource    = "48ac35b8-9aa8-4d74-927d-1f4a14a0b239"
	FlowResource     = "https://service.flow.microsoft.com"
	// SharePointResource stands for every host of the tenant in an app's consents.
	SharePointResource = "https://*.sharepoint.com"
)

// An App is an app registration.
type App struct {
	ID   string
	Name string
	// Public says that public client flows are allowed: device code, and codes without a client secret.
	Public bool
	// Redirects are the addresses that an authorization code may be sent to. The port of one on localhost does not count.
	Redirects []string
	// Consents are the scopes that were consented to, by resource.
	Consents map[string][]string
	// Family says that refresh tokens serve every app of Microsoft's family (FOCI).
	Family bool
	// Expects is who signs in where the automatic approval has no hint.
	Expects string
}

// The names of the registrations that a tenant has, as App takes them.
const (
	FullApp    = "mm"               // everything is consented to
	LimitedApp = "mm limited"       // only Graph, without Mail.Send: no module can share its sign-in
	PartnerApp = "mm for partners"  // as FullApp, for the tenant's guest
	SecretApp  = "mm with a secret" // public client flows are off, and no redirect is registered
	Unapproved = "mm not consented" // nobody has consented to anything
)

// AppID is the id of mm's app registration in the tenant, known to that tenant only.
func (t Tenant) AppID() string { return t.appID(FullApp) }

func (t Tenant) appID(name string) string { return GUID(t.DisplayName + "/app/" + name) }

// App returns the registration of that name.
func (t Tenant) App(name string) App {
	a := App{ID: t.appID(name), Name: name, Public: true, Redirects: []string{"http://localhost"}, Consents: everything(),
		Expects: t.Admin()}
	switch name {
	case LimitedApp:
		graph := slices.DeleteFunc(graphScopes(), func(scope string) bool { return scope == "Mail.Send" })
		a.Consents = map[string][]string{GraphResource: graph}
	case PartnerApp:
		for _, account := range t.Accounts {
			if t.Guest(account) {
				a.Expects = account.UserPrincipalName
			}
		}
	case SecretApp:
		a.Public, a.Redirects = false, nil
	case Unapproved:
		a.Consents = nil
	}
	return a
}

// Apps lists the registrations of the tenant.
func (t Tenant) Apps() []App {
	var out []App
	for _, name := range []string{FullApp, LimitedApp, PartnerApp, SecretApp, Unapproved} {
		out = append(out, t.App(name))
	}
	return out
}

// FindApp finds an app that sign-ins for the tenant may use. The empty tenant stands for common and organizations: there an
// app of any tenant will do.
func FindApp(tenants []Tenant, tenantID, id string) (App, bool) {
	switch id {
	case ExchangeClient, AzureClient, TeamsClient:
		return App{ID: id, Name: "Microsoft's own", Public: true, Redirects: []string{"http://localhost"}, Consents: everything(),
			Family: true}, true
	}
	for _, t := range tenants {
		if tenantID != "" && t.ID != tenantID {
			continue
		}
		for _, a := range t.Apps() {
			if strings.EqualFold(a.ID, id) {
				return a, true
			}
		}
	}
	return App{}, false
}

// Consented returns the scopes that were consented to for a resource.
func (a App) Consented(resource string) []string {
	if strings.HasSuffix(resource, ".sharepoint.com") {
		resource = SharePointResource
	}
	return a.Consents[resource]
}

func graphScopes() []string {
	return []string{"Mail.ReadWrite", "Mail.Send", "Calendars.ReadWrite", "Files.ReadWrite.All", "Sites.ReadWrite.All", "User.Read",
		"User.ReadBasic.All", "Contacts.ReadWrite", "Tasks.ReadWrite", "Notes.ReadWrite.All", "Chat.ReadWrite", "Team.ReadBasic.All",
		"Channel.ReadBasic.All", "ChannelMessage.Send", "ChannelMessage.Read.All", "Group.ReadWrite.All"}
}

func everything() map[string][]string {
	return map[string][]string{
		GraphResource:      graphScopes(),
		ExchangeResource:   {"Exchange.Manage"},
		AzureResource:      {"user_impersonation"},
		TeamsResource:      {"user_impersonation"},
		FlowResource:       {"Flows.Manage.All", "Activity.Read.All"},
		SharePointResource: {"AllSites.FullControl"},
	}
}
