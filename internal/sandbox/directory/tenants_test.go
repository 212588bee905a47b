package directory

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheTenantsAreTheSameInEveryRun(t *testing.T) {
	if d := cmp.Diff(Tenants(), Tenants()); d != "" {
		t.Error(d)
	}
	if got, want := Tenants()[0].ID, "3bf28074-ac6c-557b-8c5a-0d8f7e41f140"; got != want {
		t.Errorf("Contoso's id: got %s, want %s, as in earlier versions", got, want)
	}
}

func TestIdsAreUniqueGUIDs(t *testing.T) {
	guid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	check := func(id string) {
		t.Helper()
		if !guid.MatchString(id) || seen[id] {
			t.Errorf("%q is no GUID or not unique", id)
		}
		seen[id] = true
	}
	for _, tenant := range Tenants() {
		check(tenant.ID)
		for _, app := range tenant.Apps() {
			check(app.ID)
		}
		for _, a := range tenant.Accounts {
			check(a.ObjectID)
		}
		for _, s := range tenant.Subscriptions {
			check(s.ID)
		}
		for _, s := range tenant.Sites {
			for _, l := range s.Lists {
				check(l.ID)
			}
		}
		for _, team := range tenant.Teams {
			check(team.GroupID)
		}
	}
}

func TestThePartnerLivesInOneTenantAndIsAGuestInAnother(t *testing.T) {
	tenants := Tenants()
	home, _, ok := Home(tenants, Partner)
	if !ok || home.DisplayName != "Fabrikam" {
		t.Fatalf("home: %v %q", ok, home.DisplayName)
	}
	northwind, _ := ByID(tenants, "northwind.onmicrosoft.com")
	guest, ok := northwind.Account(Partner)
	if !ok || !northwind.Guest(guest) {
		t.Errorf("not a guest in Northwind: %+v", guest)
	}
	contoso, _ := ByID(tenants, "CONTOSO.COM")
	if _, ok := contoso.Account(Partner); ok {
		t.Error("known in Contoso")
	}
}
