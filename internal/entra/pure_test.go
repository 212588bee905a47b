package entra

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	mm "github.com/microsoft-master/mm"
)

func TestWhoSignedInIsComparedBeforeATokenIsHandedOut(t *testing.T) {
	t.Parallel()
	const here, elsewhere = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
	for _, row := range []struct {
		name, preferred, upn, tid string
		expected, tenant          string
		user                      string // empty: wrong
	}{
		{"the expected one", "Admin@Contoso.com", "", here, "admin@contoso.com", here, "Admin@Contoso.com"},
		{"by upn", "", "admin@contoso.com", here, "admin@contoso.com", here, "admin@contoso.com"},
		{"a guest by the home's address", "partner@fabrikam.com", "", here, "partner@fabrikam.com", here, "partner@fabrikam.com"},
		{"a guest by the directory's name", "partner_x_fabrikam.com#EXT#@northwind.onmicrosoft.com", "", here, "partner_x@fabrikam.com", here, "partner_x@fabrikam.com"},
		{"a guest with an alias", "alias@fabrikam.com", "partner_fabrikam.com#ext#@northwind.onmicrosoft.com", here, "partner@fabrikam.com", here, "partner@fabrikam.com"},
		{"the same address in another tenant", "admin@contoso.com", "", elsewhere, "admin@contoso.com", here, ""},
		{"another account", "adele@contoso.com", "", here, "admin@contoso.com", here, ""},
		{"an address that only begins the same", "admin@contoso.com.evil.example", "", here, "admin@contoso.com", here, ""},
		{"nobody", "", "", here, "admin@contoso.com", here, ""},
		{"no tenant", "admin@contoso.com", "", "", "admin@contoso.com", here, ""},
		{"anybody of the tenant", "adele@contoso.com", "", strings.ToUpper(here), "", here, "adele@contoso.com"},
		{"the account anywhere", "admin@contoso.com", "", elsewhere, "admin@contoso.com", "", "admin@contoso.com"},
		{"anybody anywhere", "x@y.z", "", elsewhere, "", "", "x@y.z"},
	} {
		var res public.AuthResult
		res.AccessToken, res.IDToken.PreferredUsername, res.IDToken.UPN, res.IDToken.TenantID = "text", row.preferred, row.upn, row.tid
		token, err := signedIn(res, mm.Connection{Name: "c", ExpectedEmail: row.expected}, row.tenant)
		if (err == nil) != (row.user != "") || token.Account.Username != row.user || err != nil && (err.Code != mm.WrongAccount || token.Text.Reveal() != "") {
			t.Errorf("%s: %+v, %v", row.name, token.Account, err)
		}
	}
}

func TestTheAccountOfTheConnectionIsPickedAndNotTheFirst(t *testing.T) {
	t.Parallel()
	account := func(home, realm, name string) public.Account {
		return public.Account{HomeAccountID: home, Realm: realm, PreferredUsername: name}
	}
	all := []public.Account{account("3", "other", "admin@contoso.com"), account("1", "other", "adele@contoso.com"),
		account("2", "tenant", "ADMIN@contoso.com"), account("4", "tenant", "adele@contoso.com")}
	for _, row := range []struct{ expected, tenant, want string }{
		{"admin@contoso.com", "tenant", "2"},
		{"admin@contoso.com", "", "2"}, // both, and always the same
		{"adele@contoso.com", "TENANT", "4"},
		{"adele@contoso.com", "unknown", "1"},
		{"", "tenant", "2"},
		{"x@contoso.com", "tenant", ""},
	} {
		for range 3 {
			got, ok := pick(slices.Clone(all), mm.Connection{ExpectedEmail: row.expected}, row.tenant)
			if got.HomeAccountID != row.want || ok != (row.want != "") {
				t.Errorf("%+v: got %q", row, got.HomeAccountID)
			}
			slices.Reverse(all)
		}
	}
	if _, ok := pick(nil, mm.Connection{}, ""); ok {
		t.Error("an account of an empty cache")
	}
}

func TestACacheIsTrimmedOfWhatHasEndedAndOfWhatIsNotWanted(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	token := func(target string, ends int64) string {
		return fmt.Sprintf(`{"target":%q,"expires_on":"%d","secret":"s"}`, target, ends)
	}
	text := fmt.Sprintf(`{"AccessToken":{"graph":%s,"azure":%s,"old":%s,"odd":7,"number":{"expires_on":5,"target":"x"}},"RefreshToken":{"r":{"secret":"s"}},"More":[1]}`,
		token("https://graph.microsoft.com/Mail.Send https://graph.microsoft.com/.default", 2_000_000), token("https://management.azure.com/.default", 2_000_000), token("x", 999_999))
	for _, row := range []struct {
		stale []string
		want  []string
	}{
		{nil, []string{"azure", "graph", "odd"}},
		{[]string{"https://GRAPH.microsoft.com/.default"}, []string{"azure", "odd"}},
		{[]string{"https://graph.microsoft.com/.default", "https://graph.microsoft.com/User.Read"}, []string{"azure", "graph", "odd"}},
	} {
		var got struct {
			AccessToken, RefreshToken map[string]json.RawMessage
			More                      []int
		}
		if err := json.Unmarshal(trim([]byte(text), now, row.stale), &got); err != nil {
			t.Fatal(err)
		}
		var left []string
		for key := range got.AccessToken {
			left = append(left, key)
		}
		slices.Sort(left)
		if !slices.Equal(left, row.want) || len(got.RefreshToken) != 1 || len(got.More) != 1 {
			t.Errorf("%v: left %v of %+v", row.stale, left, got)
		}
	}
	for _, same := range []string{"", "{", "[]", "{}", `{"AccessToken":7}`, `{"AccessToken":{"a":{"target":"x","expires_on":"2000000"}}}`} {
		if got := string(trim([]byte(same), now, nil)); got != same {
			t.Errorf("%q became %q", same, got)
		}
	}
}

func TestTheTenantIsReadFromAnIssuer(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0": "11111111-2222-3333-4444-555555555555",
		"https://sts.windows.net/11111111-2222-3333-4444-555555555555/":               "11111111-2222-3333-4444-555555555555",
		"https://login.microsoftonline.com/{tenantid}/v2.0":                           "",
		"https://login.microsoftonline.com/11111111-2222-3333-4444-55555555555g/v2.0": "",
		"": "",
	} {
		if got := tenantIn(issuer); got != want {
			t.Errorf("%s: got %q", issuer, got)
		}
	}
}

func TestEveryCloudHasItsAuthorityAndOnlyThePublicOneIsDiscovered(t *testing.T) {
	t.Parallel()
	for cloud, want := range map[string]clientOf{
		"":         {authority: "https://login.microsoftonline.com/contoso.com", discovery: true},
		"public":   {authority: "https://login.microsoftonline.com/contoso.com", discovery: true},
		"usgov":    {authority: "https://login.microsoftonline.us/contoso.com"},
		"usgovdod": {authority: "https://login.microsoftonline.us/contoso.com"},
		"china":    {authority: "https://login.partner.microsoftonline.cn/contoso.com"},
	} {
		got, err := clientFor(mm.Connection{AppID: "a", Tenant: "contoso.com", Cloud: cloud})
		want.app = "a"
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", cloud, got, err)
		}
	}
	if got, err := clientFor(mm.Connection{AppID: "a"}); err != nil || !strings.HasSuffix(got.authority, "/organizations") {
		t.Errorf("without a tenant: %+v, %v", got, err)
	}
}

func TestAClientIsMadeAnewWhenTheConnectionChanges(t *testing.T) {
	t.Parallel()
	i := New(Config{})
	defer i.Close()
	c := mm.Connection{Name: "c", AppID: "a", Tenant: "contoso.com"}
	of := func(c mm.Connection) clientOf {
		got, err := i.client(c)
		if err != nil {
			t.Fatal(err)
		}
		return got.of
	}
	first := of(c)
	c.Description = "another text"
	if of(c) != first || len(i.clients) != 1 {
		t.Error("a description changed who signs in")
	}
	c.AppID = "b"
	if of(c).app != "b" || len(i.clients) != 1 {
		t.Error("the app of before")
	}
	for n := range remembered + 5 {
		of(mm.Connection{Name: fmt.Sprint(n), AppID: "a"})
	}
	if len(i.clients) > remembered {
		t.Errorf("%d clients", len(i.clients))
	}
}
