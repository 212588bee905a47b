package directory

import (
	"fmt"
	"strings"
	"time"
)

// Partner signs in to two tenants: it lives in Fabrikam and is a guest in Northwind. Whatever signs it in without naming a
// tenant, as Connect-ExchangeOnline does, ends in Fabrikam.
const Partner = "partner@fabrikam.com"

// Tenants returns the three tenants, new at each call: the caller may change what it gets.
func Tenants() []Tenant {
	contoso := newTenant("Contoso", "contoso.com", []person{
		{"Admin", "Casey", "IT"}, {"Adele", "Vance", "Sales"}, {"Alex", "Wilber", "Marketing"}, {"Diego", "Siciliani", "HR"},
		{"Grady", "Archie", "Engineering"}, {"Isaiah", "Langer", "Sales"}, {"Lee", "Gu", "Manufacturing"},
		{"Megan", "Bowen", "Marketing"},
	})
	fabrikam := newTenant("Fabrikam", "fabrikam.com", []person{
		{"Admin", "Fields", "IT"}, {"Partner", "Desk", "Partners"}, {"Joni", "Sherman", "Legal"}, {"Lynne", "Robbins", "Retail"},
		{"Patti", "Fernandez", "Executive"},
	})
	northwind := newTenant("Northwind", "northwindtraders.com", []person{
		{"Admin", "North", "IT"}, {"Nestor", "Wilke", "Operations"}, {"Pradeep", "Gupta", "Accounting"},
		{"Miriam", "Graham", "Purchasing"},
	})
	_, partner, _ := Home([]Tenant{fabrikam}, Partner)
	partner.ObjectID = GUID("Northwind/guest/" + Partner)
	northwind.Accounts = append(northwind.Accounts, partner)
	return []Tenant{contoso, fabrikam, northwind}
}

// A person has a given name, which is also the alias, a family name and a department.
type person struct{ given, family, department string }

// newTenant makes a tenant in which the first of the people is the administrator.
func newTenant(name, domain string, people []person) Tenant {
	label := strings.ToLower(name)
	t := Tenant{
		ID:             GUID(name),
		DisplayName:    name,
		Domain:         domain,
		InitialDomain:  label + ".onmicrosoft.com",
		SharePointHost: label,
	}
	for _, p := range people {
		t.addPerson(p)
	}
	t.addSharedMailbox("Info", 1250)
	t.addSharedMailbox("Support", 8412)
	t.addGroups()
	t.addMessages()
	t.addSites()
	t.addTeams()
	t.addSubscriptions()
	return t
}

func (t *Tenant) address(alias string) string { return strings.ToLower(alias) + "@" + t.Domain }

func (t *Tenant) addPerson(p person) {
	upn := t.address(p.given)
	a := Account{
		UserPrincipalName: upn,
		ObjectID:          GUID(t.DisplayName + "/account/" + upn),
		DisplayName:       p.given + " " + p.family,
		Department:        p.department,
		HomeTenant:        t.ID,
	}
	t.Accounts = append(t.Accounts, a)
	m := t.mailbox(a.DisplayName, p.given, "UserMailbox", 340*(len(t.Mailboxes)+1))
	m.ExternalDirectoryObjectID = a.ObjectID
	m.Department = p.department
	m.InboxRules = []InboxRule{{
		Name:            "Newsletters",
		RuleIdentity:    "1",
		Enabled:         true,
		Priority:        1,
		SubjectContains: []string{"newsletter"},
		From:            []string{},
		ForwardTo:       []string{},
		MoveToFolder:    "Newsletters",
	}}
	t.Mailboxes = append(t.Mailboxes, m)
}

func (t *Tenant) addSharedMailbox(name string, items int) {
	t.Mailboxes = append(t.Mailboxes, t.mailbox(name, name, "SharedMailbox", items))
}

func (t *Tenant) mailbox(displayName, alias, kind string, items int) Mailbox {
	return Mailbox{
		DisplayName:               displayName,
		Alias:                     alias,
		UserPrincipalName:         t.address(alias),
		PrimarySmtpAddress:        t.address(alias),
		RecipientTypeDetails:      kind,
		ExternalDirectoryObjectID: GUID(t.DisplayName + "/mailbox/" + alias),
		Database:                  "EURPR05DG" + fmt.Sprintf("%03d-db%03d", 10+len(t.Mailboxes), 40+len(t.Mailboxes)),
		ProhibitSendQuota:         "99 GB (106,300,440,576 bytes)",
		ItemCount:                 items,
		TotalItemSize:             fmt.Sprintf("%.2f MB (%d bytes)", float64(items)*73_400/(1<<20), items*73_400),
		WhenCreatedUTC:            time.Date(2024, 3, 1+len(t.Mailboxes), 8, 30, 0, 0, time.UTC),
	}
}

// first returns the addresses of the first n people.
func (t *Tenant) first(n int) []string {
	var out []string
	for _, a := range t.Accounts[:min(n, len(t.Accounts))] {
		out = append(out, a.UserPrincipalName)
	}
	return out
}
