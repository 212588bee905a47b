package sandbox

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	mm "github.com/microsoft-master/mm"
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
		check(tenant.AppID())
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

func TestEveryConnectionNamesAnAccountOfItsTenant(t *testing.T) {
	tenants := Tenants()
	connections := Connections(tenants, mm.SandboxEndpoints{Authority: "http://127.0.0.1:1", Dir: "/d"})
	for _, name := range []string{"Contoso-GA", "Fabrikam-GA", "Northwind-GA", "Northwind-Partner"} {
		c, ok := connections[name]
		if !ok || c.Name != name || mm.CheckConnectionName(name) != nil {
			t.Errorf("%s: %+v", name, c)
			continue
		}
		tenant, ok := ByID(tenants, c.TenantID)
		if !ok || c.Tenant != tenant.InitialDomain || c.SharePointHost != tenant.SharePointHost {
			t.Errorf("%s: tenant %+v", name, c)
		}
		if _, ok := tenant.Account(c.ExpectedEmail); !ok {
			t.Errorf("%s expects %s, who is not in the tenant", name, c.ExpectedEmail)
		}
		if !knowsClient(tenants, c.TenantID, c.AppID) || knowsClient(tenants, "another", c.AppID) {
			t.Errorf("%s: its app is not known to its tenant alone", name)
		}
		if c.Cloud != "sandbox" || c.Sandbox.Dir != "/d" || !c.AllowsMCP("mm") {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if len(connections) != 4 {
		t.Errorf("%d connections, want 4", len(connections))
	}
}
