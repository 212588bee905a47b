package sandbox

import "github.com/microsoft-master/mm/internal/sandbox/directory"

// The sandbox's data by the names that its users know; package directory has the rest.
type (
	Tenant        = directory.Tenant
	Account       = directory.Account
	Mailbox       = directory.Mailbox
	InboxRule     = directory.InboxRule
	Group         = directory.Group
	Message       = directory.Message
	Site          = directory.Site
	List          = directory.List
	Team          = directory.Team
	Subscription  = directory.Subscription
	ResourceGroup = directory.ResourceGroup
)

// Partner signs in to two tenants; see directory.Partner.
const Partner = directory.Partner

// The app ids of the modules' own clients.
const (
	ExchangeClient = directory.ExchangeClient
	AzureClient    = directory.AzureClient
	TeamsClient    = directory.TeamsClient
)

// The resources that tokens are asked for. SharePoint's is https://HOST.sharepoint.com.
const (
	ExchangeResource = directory.ExchangeResource
	AzureResource    = directory.AzureResource
	GraphResource    = directory.GraphResource
	TeamsResource    = directory.TeamsResource
	FlowResource     = directory.FlowResource
)

// Tenants returns the three tenants, new at each call: the caller may change what it gets.
func Tenants() []Tenant { return directory.Tenants() }

// ByID finds the tenant of that id, domain or initial domain, without regard to case.
func ByID(tenants []Tenant, idOrDomain string) (Tenant, bool) {
	return directory.ByID(tenants, idOrDomain)
}

// Home finds the account with that address in the tenant that it lives in.
func Home(tenants []Tenant, upn string) (Tenant, Account, bool) { return directory.Home(tenants, upn) }
