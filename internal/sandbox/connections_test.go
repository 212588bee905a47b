package sandbox

import (
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox/directory"
)

func TestEveryConnectionNamesAnAccountOfItsTenant(t *testing.T) {
	tenants := Tenants()
	connections := Connections(tenants, mm.SandboxEndpoints{Authority: "http://127.0.0.1:1", Dir: "/d"})
	for _, name := range []string{"Contoso-GA", "Fabrikam-GA", "Northwind-GA", "Northwind-Partner", "Contoso-Limited"} {
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
		_, here := directory.FindApp(tenants, c.TenantID, c.AppID)
		_, elsewhere := directory.FindApp(tenants, "another", c.AppID)
		if !here || elsewhere || connectionOf(connections, c.AppID) != name {
			t.Errorf("%s: its app is not known to its tenant alone, or not its own", name)
		}
		if c.Cloud != "sandbox" || c.Sandbox.Dir != "/d" || !c.AllowsMCP("mm") {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if len(connections) != 5 {
		t.Errorf("%d connections, want 5", len(connections))
	}
}
