package engine

import (
	"slices"
	"strings"
	"sync"

	"github.com/microsoft-master/mm/internal/sandbox"
)

// A tenant is one tenant's data as output objects. It is made once, shared by all sessions and never changed.
type tenant struct {
	sandbox.Tenant
	rows map[string][]*object // by collection
}

// The collections.
const (
	mailboxes     = "mailboxes"
	groups        = "groups"
	teams         = "teams"
	sites         = "sites"
	users         = "users"
	subscriptions = "subscriptions"
)

// tenants are the sandbox's.
var tenants = sync.OnceValue(sandbox.Tenants)

// directory returns the tenants with their rows.
var directory = sync.OnceValue(func() []*tenant {
	var out []*tenant
	for _, t := range tenants() {
		d := &tenant{Tenant: t, rows: map[string][]*object{}}
		for _, m := range t.Mailboxes {
			o := mailbox(m)
			d.add(mailboxes, o)
			for _, rule := range m.InboxRules {
				d.add(rulesOf(o), inboxRule(m.Alias, rule))
			}
		}
		for _, g := range t.Groups {
			d.add(groups, group(g))
		}
		for _, x := range t.Teams {
			d.add(teams, objectOf(teamView, x))
		}
		for _, s := range t.Sites {
			d.add(sites, sharePointSite(t, s))
		}
		for _, a := range t.Accounts {
			d.add(users, user(a))
		}
		for _, s := range t.Subscriptions {
			d.add(subscriptions, subscription(t, s))
		}
		out = append(out, d)
	}
	return out
})

func (t *tenant) add(collection string, o *object) {
	t.rows[collection] = append(t.rows[collection], o)
}

func tenantOf(id string) *tenant {
	for _, t := range directory() {
		if strings.EqualFold(t.ID, id) {
			return t
		}
	}
	return nil
}

// rows returns a collection as the session sees it.
func (a *account) rows(collection string) []*object {
	if rows, ok := a.changed[collection]; ok {
		return rows
	}
	return a.tenant.rows[collection]
}

// find returns the first row of which one of the properties is the identity, or nil.
func (a *account) find(collection, identity string, properties ...string) *object {
	for _, o := range a.rows(collection) {
		for _, p := range properties {
			if strings.EqualFold(o.text(p), identity) {
				return o
			}
		}
	}
	return nil
}

// maxRows bounds what a session adds to a collection.
const maxRows = 10_000

// put replaces old by changed in the session's own copy of the collection; a nil old adds.
func (a *account) put(collection string, old, changed *object) error {
	rows := slices.Clone(a.rows(collection))
	if i := slices.Index(rows, old); i >= 0 {
		rows[i] = changed
	} else {
		rows = append(rows, changed)
	}
	return a.putAll(collection, rows)
}

// putAll makes rows the session's own copy of the collection.
func (a *account) putAll(collection string, rows []*object) error {
	if len(rows) > maxRows {
		return fail("The sandbox does not hold more than 10,000 of these.", "QuotaExceeded", "LimitsExceeded", "")
	}
	if a.changed == nil {
		a.changed = map[string][]*object{}
	}
	a.changed[collection] = rows
	return nil
}

// emitAll emits rows.
func (r *run) emitAll(rows []*object) error {
	for _, o := range rows {
		r.emit(o)
	}
	return nil
}
