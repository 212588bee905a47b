package mm_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func TestConnectionNames(t *testing.T) {
	for name, good := range map[string]bool{
		"Contoso-GA": true, "a": true, "Müller & Co": false, "Müller Co": true, "日本": true, "v1.2_x": true, strings.Repeat("x", 64): true,
		"": false, ".hidden": false, " x": false, "x ": false, "a/b": false, "a\\b": false, "a\nb": false, "a\x00": false,
		strings.Repeat("x", 65): false, "\xff": false,
	} {
		if err := mm.CheckConnectionName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestTheExpectedTenantIsAnID(t *testing.T) {
	const id = "0a1B2c3d-0000-1111-2222-333344445555"
	for _, c := range []struct{ tenant, tenantID, want string }{
		{"contoso.com", id, id}, {id, "", id}, {"contoso.com", "", ""}, {"", "", ""},
		{"0a1b2c3d-0000-1111-2222-33334444555", "", ""}, {"0a1b2c3d-0000-1111-2222-33334444555g", "", ""}, {strings.ReplaceAll(id, "-", ""), "", ""},
	} {
		if got := (mm.Connection{Tenant: c.tenant, TenantID: c.tenantID}).ExpectedTenantID(); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestTheAppOfAModule(t *testing.T) {
	c := mm.Connection{AppID: "own", ModuleApps: map[string]string{"pnp": "of pnp"}, KnownModuleApps: map[string]string{"pnp": "known", "teams": "known"}}
	for m, want := range map[mm.Module]string{mm.SharePoint: "of pnp", mm.Teams: "known", mm.Exchange: "own"} {
		if got := c.App(m); got != want {
			t.Errorf("%s: %q", m, got)
		}
	}
}

func TestASecretPrintsNowhere(t *testing.T) {
	s := mm.NewSecret("hunter2")
	body, err := json.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	call := mm.Call{Secrets: map[string]mm.Secret{"AccessToken": s}}
	for _, printed := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s), string(body),
		fmt.Sprintf("%+v %#v", call, call), fmt.Errorf("%v", s).Error()} {
		if strings.Contains(printed, "hunter2") || strings.Contains(printed, "68756e") {
			t.Errorf("printed: %s", printed)
		}
	}
	if s.Reveal() != "hunter2" {
		t.Error("lost")
	}
}
