package entra

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

// everything is one request for each audience.
func everything(c mm.Connection) []mm.TokenRequest {
	return []mm.TokenRequest{{Audience: mm.AudienceGraph}, {Audience: mm.AudienceFlow}, {Audience: mm.AudienceExchange}, {Audience: mm.AudienceAzure},
		{Audience: mm.AudienceTeams}, {Audience: mm.AudienceSharePoint, Host: c.SharePointHost + ".sharepoint.com"},
		{Audience: mm.AudienceSharePoint, Host: c.SharePointHost + "-admin.sharepoint.com"}}
}

func TestOneDeviceCodeGivesTokensForEveryAudienceAndEveryProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); whyOf(err) != mm.NoAccount || !strings.Contains(err.Error(), `mm sign-in "Contoso-GA"`) {
		t.Fatalf("before the sign-in: %v", err)
	}
	var shown mm.Challenge
	token, err := w.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.DeviceCode}, func(ch mm.Challenge) {
		shown = ch
		w.typed(c.ExpectedEmail)(ch)
	})
	if err != nil {
		t.Fatal(err)
	}
	lives := time.Until(shown.ExpiresAt)
	if shown.UserCode == "" || shown.URL != w.PageURL() || !strings.Contains(shown.Message, shown.UserCode) || !strings.Contains(shown.Message, shown.URL) ||
		shown.Account != c.ExpectedEmail || lives > 900*time.Second || lives < 800*time.Second {
		t.Errorf("challenge %+v, %v", shown, lives)
	}
	if token.Account.Username != c.ExpectedEmail || token.Account.TenantID != c.TenantID || token.Account.ObjectID == "" ||
		time.Until(token.ExpiresAt) < mm.TokenMargin || len(token.Scopes) == 0 {
		t.Errorf("token of %+v until %v", token.Account, token.ExpiresAt)
	}
	_, other := w.process()
	for _, identity := range []*Identity{w.Identity, other} {
		for _, r := range everything(c) {
			first, err := identity.Token(t.Context(), c, r)
			if err != nil {
				t.Errorf("%s %s: %v", r.Audience, r.Host, err)
				continue
			}
			resource := strings.TrimSuffix(c.Scopes(r.Audience, r.Host)[0], "/.default")
			if claims, err := w.Entra().Verify(first.Text.Reveal(), resource); err != nil || claims.TenantID != c.TenantID || first.Account != token.Account {
				t.Errorf("%s: %+v of %+v, %v", r.Audience, claims, first.Account, err)
			}
			again, err := identity.Token(t.Context(), c, r)
			if err != nil || again.Text != first.Text || again.ExpiresAt.Sub(first.ExpiresAt).Abs() > time.Second || again.Account != first.Account {
				t.Errorf("%s again: another token, %v", r.Audience, err)
			}
		}
	}
	if w.Entra().Replays() != 0 {
		t.Error("a refresh token was lost")
	}
	if len(w.codes) != 1 {
		t.Errorf("%d device codes", len(w.codes))
	}
}

func TestARejectedTokenIsReplacedAndOthersStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	graph := w.signedIn(c)
	azure, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceAzure})
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph, Fresh: true})
	if err != nil || fresh.Text == graph.Text {
		t.Errorf("the rejected token is given again, %v", err)
	}
	if now, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); err != nil || now.Text != fresh.Text {
		t.Errorf("the new one was not kept: %v", err)
	}
	if now, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceAzure}); err != nil || now.Text != azure.Text {
		t.Errorf("that of another audience was dropped: %v", err)
	}
}

func TestManyTokensOfOneConnectionAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	w.signedIn(c)
	audiences := []mm.Audience{mm.AudienceGraph, mm.AudienceFlow, mm.AudienceAzure, mm.AudienceExchange, mm.AudienceTeams}
	var callers sync.WaitGroup
	for n := range 20 { // two that wait for each other would fail with the end of the test's time
		callers.Go(func() {
			if _, err := w.token(c, mm.TokenRequest{Audience: audiences[n%len(audiences)], Fresh: n%2 == 0}); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
}

func TestATokenThatEndsSoonIsNotHandedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Entra: sandbox.EntraOptions{AccessLifetime: mm.TokenMargin - time.Second}})
	c := w.connection("Contoso-GA")
	first := w.signedIn(c)
	if second, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); err != nil || second.Text == first.Text {
		t.Errorf("it was, %v", err)
	}
}

func TestAWrongAccountIsNeverKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	signIn := func(account string) error {
		_, err := w.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.DeviceCode}, w.typed(account))
		return w.heard(err)
	}
	wrong := func(err error) {
		t.Helper()
		e, ok := errors.AsType[*mm.Error](err)
		if !ok || e.Code != mm.WrongAccount || !strings.HasPrefix(e.Message, "WARNING: Authenticated with wrong account. Re-authentication required. ") ||
			!strings.Contains(e.Message, "adele@contoso.com") || !strings.Contains(e.Message, c.ExpectedEmail) || !strings.Contains(e.Remedy, c.ExpectedEmail) {
			t.Errorf("got %v", err)
		}
	}
	wrong(signIn("adele@contoso.com"))
	if got := w.saved(c); got != "" {
		t.Error("the wrong account's tokens were saved")
	}
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); whyOf(err) != mm.NoAccount {
		t.Errorf("afterwards: %v", err)
	}
	right := w.signedIn(c)
	wrong(signIn("adele@contoso.com"))
	if now, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); err != nil || now.Text != right.Text {
		t.Errorf("the right account is gone after a wrong one tried: %v", err)
	}
	moved := c
	moved.ExpectedEmail = "adele@contoso.com"
	if _, err := w.token(moved, mm.TokenRequest{Audience: mm.AudienceGraph}); whyOf(err) != mm.NoAccount {
		t.Errorf("the registry expects another account now: %v", err)
	}
	moved = c
	moved.ExpectedEmail = strings.ToUpper(c.ExpectedEmail)
	if _, err := w.token(moved, mm.TokenRequest{Audience: mm.AudienceGraph}); err != nil {
		t.Errorf("case counts: %v", err)
	}
}

func TestAPartnerHasATokenOfTheConnectionsTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Northwind-Partner")
	token := w.signedIn(c)
	if token.Account.Username != sandbox.Partner || token.Account.TenantID != c.TenantID {
		t.Errorf("got %+v", token.Account)
	}
	domain := c
	domain.TenantID = "" // the tenant's id comes from its metadata
	if got, err := w.token(domain, mm.TokenRequest{Audience: mm.AudienceGraph}); err != nil || got.Account.TenantID != c.TenantID {
		t.Errorf("by domain: %+v, %v", got.Account, err)
	}
}

func TestTheTenantsIDComesFromItsMetadataOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	want := c.TenantID
	id := func(tenant, tenantID string) (string, error) {
		c.Tenant, c.TenantID = tenant, tenantID
		got, err := w.TenantID(t.Context(), c)
		return got, w.heard(err)
	}
	for _, row := range []struct{ tenant, tenantID, want string }{
		{"contoso.com", "set in the registry", "set in the registry"},
		{want, "", want},
		{"contoso.com", "", want},
		{"common", "", ""},
		{"", "", ""},
	} {
		if got, err := id(row.tenant, row.tenantID); err != nil || got != row.want {
			t.Errorf("%s %s: got %s, %v", row.tenant, row.tenantID, got, err)
		}
	}
	if _, err := id("nowhere.example", ""); codeOf(err) != mm.SignInFailed || !strings.Contains(err.Error(), "nowhere.example was not found") {
		t.Errorf("an unknown domain: %v", err)
	}
	w.fault("entra/metadata", sandbox.Fault{Kind: sandbox.FaultHTTP(503)})
	if got, err := id("contoso.com", ""); err != nil || got != want {
		t.Errorf("asked twice: %s, %v", got, err)
	}
	if _, err := id("fabrikam.com", ""); codeOf(err) != mm.SignInFailed || !strings.Contains(err.Error(), "passing fault") {
		t.Errorf("with a fault: %v", err)
	}
}

func TestASignOutForgetsTheTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	w.signedIn(c)
	for _, want := range []bool{true, false} {
		if was, err := w.SignOut(t.Context(), c); was != want || err != nil {
			t.Errorf("got %v, %v", was, err)
		}
	}
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); whyOf(err) != mm.NoAccount {
		t.Errorf("afterwards: %v", err)
	}
}

func TestWhatIsNotACacheOfMSALsCostsASignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	for _, text := range []string{"", "{", "[]", `{"Account":{"a":1}}`, `{"Account":{},"AccessToken":{}}`, "null", `{"AccessToken":[]}`, "\x00"} {
		if err := w.keep(t.Context(), c, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); whyOf(err) != mm.NoAccount {
			t.Errorf("%q: %v", text, err)
		}
	}
	w.signedIn(c)
	files, err := filepath.Glob(filepath.Join(w.dir, "*.tokens"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if err := os.Truncate(files[0], 100); err != nil {
		t.Fatal(err)
	}
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); whyOf(err) != mm.NoAccount {
		t.Errorf("a damaged file: %v", err)
	}
	w.signedIn(c)
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestARevokedAccountNeedsAPersonWhoseSignInHelps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	w.signedIn(c)
	if n := w.Entra().Revoke(c.ExpectedEmail); n == 0 {
		t.Fatal("there was nothing to revoke")
	}
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceAzure}); whyOf(err) != mm.Expired || !strings.Contains(err.Error(), "AADSTS50173") {
		t.Errorf("got %v", err)
	}
	w.signedIn(c)
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceAzure}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAnAppWithoutConsentSaysWhereToConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-Limited")
	w.signedIn(c)
	_, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceExchange})
	consent := w.Endpoints().Login + "/" + c.TenantID + "/adminconsent?client_id=" + c.AppID
	if whyOf(err) != mm.NeedsConsent || !strings.Contains(err.Error(), consent) || !strings.Contains(err.Error(), "Exchange Online") {
		t.Errorf("got %v", err)
	}
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); err != nil {
		t.Errorf("Graph afterwards: %v", err)
	}
}

func TestClaimsAreDemandedSignedInWithAndSatisfied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	before := w.signedIn(c)
	w.fault("entra/refresh", sandbox.Fault{Kind: sandbox.FaultAADSTS(50076)})
	_, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceExchange})
	i, ok := errors.AsType[*mm.Interaction](err)
	if !ok || i.Why != mm.NeedsClaims || !strings.Contains(i.Claims, "capolids") {
		t.Fatalf("got %v", err)
	}
	// A token of the cache does not satisfy the claims of a resource.
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph, Claims: i.Claims}); whyOf(err) != mm.NeedsClaims {
		t.Errorf("with claims: %v", err)
	}
	w.noFaults()
	after, err := w.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.DeviceCode, Claims: i.Claims}, w.typed(c.ExpectedEmail))
	if err != nil || after.Text == before.Text {
		t.Fatalf("signing in with claims: %v", err)
	}
	if claims, err := sandbox.ParseToken(after.Text.Reveal()); err != nil || len(claims.Contexts) != 1 || len(claims.Capabilities) != 1 {
		t.Errorf("claims %+v, %v", claims, err)
	}
	for _, r := range []mm.TokenRequest{{Audience: mm.AudienceExchange}, {Audience: mm.AudienceGraph, Claims: i.Claims}} {
		if _, err := w.token(c, r); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}

func TestTwoProcessesThatRefreshAtOnceLoseNoRefreshToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Entra: sandbox.EntraOptions{RefreshGrace: -1}}) // a token that was used is refused at once
	c := w.connection("Contoso-GA")
	w.signedIn(c)
	done := make(chan error)
	const processes, rounds = 4, 25
	for range processes {
		_, i := w.process()
		go func() {
			for range rounds {
				if _, err := i.Token(t.Context(), c, mm.TokenRequest{Audience: mm.AudienceAzure, Fresh: true}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range processes {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := w.Entra().Replays(); n != 0 {
		t.Errorf("%d refresh tokens were lost", n)
	}
}

func TestWhoeverEndsEarlyLeavesTheCacheToOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	w.signedIn(c)
	w.fault("entra/refresh", sandbox.Fault{Kind: sandbox.FaultStall, Seconds: 600})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := w.Token(ctx, c, mm.TokenRequest{Audience: mm.AudienceAzure})
		done <- err
	}()
	cancel()
	if err := w.heard(<-done); codeOf(err) != mm.Cancelled {
		t.Errorf("got %v", err)
	}
	short, end := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer end()
	if _, err := w.Token(short, c, mm.TokenRequest{Audience: mm.AudienceAzure}); codeOf(w.heard(err)) != mm.Timeout {
		t.Errorf("got %v", err)
	}
	w.noFaults()
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceAzure}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestWhatAConnectionLacksIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	c.AppID = ""
	_, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph})
	if codeOf(err) != mm.SignInFailed || !strings.Contains(err.Error(), `mm-connections edit "Contoso-GA" appId`) {
		t.Errorf("without an app: %v", err)
	}
	for name, change := range map[string]func(*mm.SandboxEndpoints){
		"cannot be read":     func(e *mm.SandboxEndpoints) { e.CA += "x" },
		"has no certificate": func(e *mm.SandboxEndpoints) { e.CA = filepath.Join(e.Dir, "sandbox.txt") },
		"none to sign in at": func(e *mm.SandboxEndpoints) { e.Login = e.Authority },
	} {
		c := w.connection("Contoso-GA")
		e := *c.Sandbox
		change(&e)
		c.Sandbox = &e
		if err := os.WriteFile(filepath.Join(e.Dir, "sandbox.txt"), []byte("nothing"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); codeOf(err) != mm.SignInFailed || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAccountThatTurnsOutToBeOfAnotherTenantIsRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	c.Tenant, c.TenantID = "contoso.com", ""
	w.signedIn(c)
	for address := range w.tenants { // the domain has moved to another tenant
		w.tenants[address] = w.connection("Fabrikam-GA").TenantID
	}
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); codeOf(err) != mm.WrongAccount {
		t.Errorf("got %v", err)
	}
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); whyOf(err) != mm.NoAccount {
		t.Errorf("afterwards: %v", err)
	}
}

func TestTheCacheOfThePythonVersionSavesASignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	w.signedIn(c)
	text := w.saved(c)
	if _, err := w.SignOut(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	// MSAL for Python writes a little more, and null where there is no family.
	var cache map[string]map[string]map[string]any
	if err := json.Unmarshal([]byte(text), &cache); err != nil {
		t.Fatal(err)
	}
	for kind, more := range map[string]map[string]any{
		"RefreshToken": {"last_modification_time": "1763800000", "target": "https://graph.microsoft.com/Mail.Send"},
		"Account":      {"account_source": "urn:ietf:params:oauth:grant-type:device_code", "authority_type": "MSSTS"},
		"AppMetadata":  {"family_id": nil},
		"AccessToken":  {"refresh_on": "1763800000", "last_modification_time": "1763800000"},
	} {
		if len(cache[kind]) == 0 {
			t.Errorf("no %s in the cache", kind)
		}
		for _, entry := range cache[kind] {
			maps.Copy(entry, more)
		}
	}
	plain, err := json.Marshal(cache)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "Contoso-GA.json"), plain, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, audience := range []mm.Audience{mm.AudienceGraph, mm.AudienceAzure} {
		if _, err := w.token(c, mm.TokenRequest{Audience: audience}); err != nil {
			t.Errorf("%s: %v", audience, err)
		}
	}
	if len(w.codes) != 1 {
		t.Errorf("%d device codes", len(w.codes))
	}
}
