package directory

import (
	"crypto/sha1"
	"fmt"
	"strings"
	"time"
)

// A Tenant is one organisation and what is in it. The field names of the parts are those of the properties that the
// PowerShell modules show, because the modules read this data as JSON.
type Tenant struct {
	ID             string // a GUID
	DisplayName    string
	Domain         string // contoso.com
	InitialDomain  string // contoso.onmicrosoft.com
	SharePointHost string // first label of HOST.sharepoint.com
	Accounts       []Account
	Mailboxes      []Mailbox
	Groups         []Group
	Messages       []Message
	Sites          []Site
	Teams          []Team
	Subscriptions  []Subscription
}

// An Account is a person as one tenant knows them. A guest has an account in each tenant, with the same address but another
// home and another object id.
type Account struct {
	UserPrincipalName string // the address to sign in with
	ObjectID          string
	DisplayName       string
	Department        string
	HomeTenant        string // the id of the tenant that the account lives in; another than this one for a guest
}

// A Mailbox is an Exchange mailbox.
type Mailbox struct {
	DisplayName                   string
	Alias                         string
	UserPrincipalName             string
	PrimarySmtpAddress            string
	RecipientTypeDetails          string // UserMailbox, SharedMailbox, RoomMailbox
	ExternalDirectoryObjectID     string `json:"ExternalDirectoryObjectId"`
	Department                    string
	Database                      string
	ProhibitSendQuota             string
	ItemCount                     int
	TotalItemSize                 string
	HiddenFromAddressListsEnabled bool
	ForwardingSMTPAddress         string `json:"ForwardingSmtpAddress"`
	WhenCreatedUTC                time.Time
	InboxRules                    []InboxRule
}

// An InboxRule is a rule of a mailbox.
type InboxRule struct {
	Name                string
	RuleIdentity        string
	Enabled             bool
	Priority            int
	SubjectContains     []string `json:"SubjectContainsWords"`
	From                []string
	MoveToFolder        string
	ForwardTo           []string
	DeleteMessage       bool
	StopProcessingRules bool
}

// A Group is a distribution group.
type Group struct {
	DisplayName        string
	Alias              string
	PrimarySmtpAddress string
	GroupType          string
	ManagedBy          []string
	Members            []string // addresses
}

// A Message is one line of the message trace. Age counts back from now, so that the trace is never empty.
type Message struct {
	MessageTraceID   string `json:"MessageTraceId"`
	AgeMinutes       int
	SenderAddress    string
	RecipientAddress string
	Subject          string
	Status           string // Delivered, Failed, Pending
	Size             int
}

// A Site is a SharePoint site collection with its lists.
type Site struct {
	Title    string
	Path     string // /sites/finance; "/" for the root site
	Template string
	Owner    string
	Lists    []List
}

// A List is a SharePoint list or library.
type List struct {
	Title        string
	ID           string `json:"Id"`
	URL          string `json:"Url"` // below the site: Lists/Tasks
	BaseTemplate int    // 100 generic list, 101 document library
	Items        []map[string]any
}

// A Team is a Microsoft Teams team.
type Team struct {
	GroupID      string `json:"GroupId"`
	DisplayName  string
	MailNickName string
	Description  string
	Visibility   string // Private, Public
	Archived     bool
	Owners       []string // addresses
	Members      []string // addresses
	Channels     []string
}

// A Subscription is an Azure subscription with its resource groups.
type Subscription struct {
	ID             string `json:"Id"`
	Name           string
	State          string
	ResourceGroups []ResourceGroup
}

// A ResourceGroup is an Azure resource group.
type ResourceGroup struct {
	Name     string
	Location string
}

// ByID finds the tenant of that id, domain or initial domain, without regard to case.
func ByID(tenants []Tenant, idOrDomain string) (Tenant, bool) {
	for _, t := range tenants {
		if strings.EqualFold(t.ID, idOrDomain) || strings.EqualFold(t.Domain, idOrDomain) ||
			strings.EqualFold(t.InitialDomain, idOrDomain) {
			return t, true
		}
	}
	return Tenant{}, false
}

// Account finds the account with that address in the tenant, guests included, without regard to case.
func (t Tenant) Account(upn string) (Account, bool) {
	for _, a := range t.Accounts {
		if strings.EqualFold(a.UserPrincipalName, upn) {
			return a, true
		}
	}
	return Account{}, false
}

// Guest reports whether the account lives in another tenant.
func (t Tenant) Guest(a Account) bool { return a.HomeTenant != t.ID }

// Home finds the account with that address in the tenant that it lives in.
func Home(tenants []Tenant, upn string) (Tenant, Account, bool) {
	for _, t := range tenants {
		if a, ok := t.Account(upn); ok && !t.Guest(a) {
			return t, a, true
		}
	}
	return Tenant{}, Account{}, false
}

// GUID makes a GUID from a name: the same name gives the same GUID in every run.
func GUID(name string) string {
	h := sha1.Sum([]byte("microsoft-master sandbox " + name))
	h[6] = h[6]&0x0f | 0x50 // version 5: made from a name
	h[8] = h[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
