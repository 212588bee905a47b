// Package msaltest_test shows that Microsoft's own library for sign-ins works against the sandbox's Entra.
package msaltest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	"go.uber.org/goleak"

	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/internal/sandbox/directory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// policyClaims are what a policy demands, as the sandbox's Entra says it.
const policyClaims = `{"access_token":{"capolids":{"essential":true,"values":["2f8e6ef2-8f52-4a4d-9c9b-6a4f0f3b7d11"]}}}`

func newSandbox(t *testing.T, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// httpClient returns the sandbox's client for a test.
func httpClient(t *testing.T, s *sandbox.Sandbox) *http.Client {
	t.Helper()
	c, err := s.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// kept is a token cache in memory that can be set back to an earlier state.
type kept struct{ text []byte }

func (k *kept) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	if k.text == nil {
		return nil
	}
	return c.Unmarshal(k.text)
}

func (k *kept) Export(_ context.Context, c cache.Marshaler, _ cache.ExportHints) (err error) {
	k.text, err = c.Marshal()
	return err
}

// newMSAL returns a client of Microsoft's own library for an app.
func newMSAL(t *testing.T, s *sandbox.Sandbox, tenant, app string, k *kept, capabilities ...string) public.Client {
	t.Helper()
	options := []public.Option{public.WithAuthority(s.Endpoints().Login + "/" + tenant), public.WithInstanceDiscovery(false),
		public.WithHTTPClient(httpClient(t, s)), public.WithCache(k)}
	if len(capabilities) > 0 {
		options = append(options, public.WithClientCapabilities(capabilities))
	}
	c, err := public.New(app, options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var graphDefault = []string{sandbox.GraphResource + "/.default"}

// signInByDevice signs the account in with MSAL's device code flow.
func signInByDevice(t *testing.T, s *sandbox.Sandbox, c public.Client, account string, scopes []string, o ...public.AcquireByDeviceCodeOption) public.AuthResult {
	t.Helper()
	d, err := c.AcquireTokenByDeviceCode(t.Context(), scopes, o...)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Entra().Approve(d.Result.UserCode, account); err != nil {
		t.Fatal(err)
	}
	r, err := d.AuthenticationResult(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// silent gets a token without a person.
func silent(t *testing.T, c public.Client, scopes []string, o ...public.AcquireSilentOption) (public.AuthResult, error) {
	t.Helper()
	accounts, err := c.Accounts(t.Context())
	if err != nil || len(accounts) != 1 {
		t.Fatalf("accounts %v, %v", accounts, err)
	}
	return c.AcquireTokenSilent(t.Context(), scopes, append(o, public.WithSilentAccount(accounts[0]))...)
}

// codeOf is the AADSTS code of an error of MSAL.
func codeOf(err error) string { return regexp.MustCompile(`AADSTS\d+|$`).FindString(msal.Verbose(err)) }

func TestOneDeviceCodeGivesTokensForEveryAudience(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, sandbox.Options{})
	contoso := s.Tenants()[0]
	c := newMSAL(t, s, contoso.ID, contoso.AppID(), &kept{})
	r := signInByDevice(t, s, c, "adele@contoso.com", graphDefault)
	if r.Account.PreferredUsername != "adele@contoso.com" || r.IDToken.TenantID != contoso.ID || !slices.Contains(r.GrantedScopes, sandbox.GraphResource+"/Mail.Send") {
		t.Errorf("result %+v", r.Account)
	}
	again, err := silent(t, c, graphDefault)
	if err != nil || again.AccessToken != r.AccessToken {
		t.Errorf("the cached token is not used: %v", err)
	}
	for _, resource := range []string{sandbox.FlowResource, sandbox.ExchangeResource, sandbox.AzureResource, sandbox.TeamsResource, "https://contoso.sharepoint.com",
		"https://contoso-admin.sharepoint.com"} {
		r, err := silent(t, c, []string{resource + "/.default"})
		if err != nil {
			t.Errorf("%s: %v", resource, err)
			continue
		}
		claims, err := s.Entra().Verify(r.AccessToken, resource)
		if err != nil || claims.UPN != "adele@contoso.com" || claims.TenantID != contoso.ID || claims.Username != claims.UPN || claims.Scope == "" {
			t.Errorf("%s: %+v, %v", resource, claims, err)
		}
		if !slices.Contains(s.Entra().Secrets(), r.AccessToken) {
			t.Errorf("%s: the token is not among the secrets", resource)
		}
	}
	if _, err := silent(t, c, []string{"https://fabrikam.sharepoint.com/.default"}); codeOf(err) != "AADSTS500011" {
		t.Errorf("another tenant's host: %v", err)
	}
	if s.Entra().Replays() != 0 {
		t.Error("MSAL lost a refresh token")
	}
}

func TestABrowserSignsInByPKCE(t *testing.T) {
	t.Parallel()
	for _, automatic := range []bool{true, false} {
		o := sandbox.Options{}
		if automatic {
			o.ApproveAfter = time.Nanosecond
		}
		s := newSandbox(t, o)
		contoso := s.Tenants()[0]
		c := newMSAL(t, s, contoso.ID, contoso.AppID(), &kept{})
		r, err := c.AcquireTokenInteractive(t.Context(), graphDefault, public.WithLoginHint("adele@contoso.com"),
			public.WithOpenURL(func(address string) error { return browse(t, address, automatic) }))
		if err != nil || r.Account.PreferredUsername != "adele@contoso.com" {
			t.Errorf("automatic %v: %v, %v", automatic, r.Account.PreferredUsername, err)
		}
	}
}

var formField = regexp.MustCompile(`name="([a-z_]+)" value="([^"]*)"`)

// browse does what a browser does with the sign-in page, and a person in it who picks adele.
func browse(t *testing.T, address string, automatic bool) error {
	defer http.DefaultClient.CloseIdleConnections()
	get := func(resp *http.Response, err error) string {
		if err != nil {
			t.Error(err)
			return ""
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		return string(b)
	}
	page := get(http.Get(address))
	if !automatic {
		if !strings.Contains(page, "Pick an account") || !strings.Contains(page, `class="expected">Adele Vance`) {
			t.Errorf("the page:\n%s", page)
		}
		page = get(http.PostForm(address, url.Values{"account": {"adele@contoso.com"}}))
	}
	back := regexp.MustCompile(`action="(http://localhost:\d+)"`).FindStringSubmatch(page)
	if back == nil {
		return errors.New("the page does not lead back: " + page)
	}
	form := url.Values{}
	for _, m := range formField.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	go func() { get(http.PostForm(back[1], form)) }() // MSAL listens once this has returned
	return nil
}

func TestARefreshTokenThatWasLostIsFoundOut(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, sandbox.Options{Entra: sandbox.EntraOptions{RefreshGrace: -1}})
	contoso := s.Tenants()[0]
	k := &kept{}
	c := newMSAL(t, s, contoso.ID, contoso.AppID(), k)
	signInByDevice(t, s, c, "adele@contoso.com", graphDefault)
	before := slices.Clone(k.text)
	if _, err := silent(t, c, []string{sandbox.ExchangeResource + "/.default"}); err != nil {
		t.Fatal(err)
	}
	if _, err := silent(t, c, []string{sandbox.AzureResource + "/.default"}); err != nil {
		t.Fatalf("the new refresh token does not work: %v", err)
	}
	lost := newMSAL(t, s, contoso.ID, contoso.AppID(), &kept{before})
	if _, err := silent(t, lost, []string{sandbox.FlowResource + "/.default"}); codeOf(err) != "AADSTS70000" || s.Entra().Replays() != 1 {
		t.Errorf("the old one: %v, %d replays", err, s.Entra().Replays())
	}
}

func TestATokenOfSecondsIsRenewedWithoutAPerson(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, sandbox.Options{Entra: sandbox.EntraOptions{AccessLifetime: 4 * time.Minute}}) // MSAL renews in the last five
	contoso := s.Tenants()[0]
	c := newMSAL(t, s, contoso.ID, contoso.AppID(), &kept{})
	first := signInByDevice(t, s, c, "adele@contoso.com", graphDefault)
	if second, err := silent(t, c, graphDefault); err != nil || second.AccessToken == first.AccessToken {
		t.Errorf("not renewed: %v", err)
	}
}

func TestOneAccountHasTokensOfTwoTenants(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, sandbox.Options{})
	fabrikam, northwind := s.Tenants()[1], s.Tenants()[2]
	var homes []string
	for _, at := range []struct {
		tenant sandbox.Tenant
		app    string
	}{{fabrikam, directory.FullApp}, {northwind, directory.PartnerApp}} {
		r := signInByDevice(t, s, newMSAL(t, s, at.tenant.ID, at.tenant.App(at.app).ID, &kept{}), sandbox.Partner, graphDefault)
		if r.IDToken.TenantID != at.tenant.ID || r.Account.PreferredUsername != sandbox.Partner {
			t.Errorf("%s: tenant %s, account %s", at.tenant.DisplayName, r.IDToken.TenantID, r.Account.PreferredUsername)
		}
		homes = append(homes, r.Account.HomeAccountID)
	}
	if homes[0] != homes[1] || !strings.HasSuffix(homes[0], "."+fabrikam.ID) {
		t.Errorf("home accounts %v", homes)
	}
}

func TestWhatEntraRefusesReachesMSALWithItsCode(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, sandbox.Options{})
	contoso := s.Tenants()[0]
	for _, c := range []struct{ name, tenant, app, want string }{
		{"an unknown app", contoso.ID, "00000000-0000-0000-0000-000000000001", "AADSTS700016"},
		{"another tenant's app", s.Tenants()[1].ID, contoso.AppID(), "AADSTS700016"},
		{"public client flows are off", contoso.ID, contoso.App(directory.SecretApp).ID, "AADSTS7000218"},
	} {
		_, err := newMSAL(t, s, c.tenant, c.app, &kept{}).AcquireTokenByDeviceCode(t.Context(), graphDefault)
		if codeOf(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	limited := newMSAL(t, s, contoso.ID, contoso.App(directory.LimitedApp).ID, &kept{})
	r := signInByDevice(t, s, limited, "adele@contoso.com", graphDefault)
	if slices.Contains(r.GrantedScopes, sandbox.GraphResource+"/Mail.Send") {
		t.Error("the limited app may send mail")
	}
	for _, scope := range []string{sandbox.ExchangeResource + "/.default", sandbox.GraphResource + "/Mail.Send"} {
		if _, err := silent(t, limited, []string{scope}); codeOf(err) != "AADSTS65001" || !strings.Contains(err.Error(), `"suberror":"consent_required"`) {
			t.Errorf("no consent for %s: %v", scope, err)
		}
	}
	if _, err := silent(t, limited, graphDefault); err != nil {
		t.Errorf("Graph afterwards: %v", err)
	}
	if _, err := newMSAL(t, s, "nowhere.com", contoso.AppID(), &kept{}).AcquireTokenByDeviceCode(t.Context(), graphDefault); codeOf(err) != "AADSTS90002" {
		t.Errorf("an unknown tenant: %v", err)
	}
}

func TestTheSwitchboardMakesEntraRefuse(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, sandbox.Options{})
	contoso := s.Tenants()[0]
	c := newMSAL(t, s, contoso.ID, contoso.AppID(), &kept{}, "CP1")
	exchange := []string{sandbox.ExchangeResource + "/.default"}
	signInByDevice(t, s, c, "adele@contoso.com", graphDefault)
	for _, f := range []struct {
		target string
		kind   sandbox.FaultKind
		want   string // in the error; empty: none
	}{
		{"entra/refresh", sandbox.FaultAADSTS(700082), "AADSTS700082"},
		{"entra/token", sandbox.FaultAADSTS(53003), "AADSTS53003"},
		{"entra/*", sandbox.FaultAADSTS(530036), "AADSTS530036"},
		{"Contoso-GA:entra/refresh exchange", sandbox.FaultAADSTS(65001), "AADSTS65001"},
		{"entra/refresh azure", sandbox.FaultAADSTS(65001), ""},
		{"Fabrikam-GA:entra/*", sandbox.FaultAADSTS(50097), ""},
		{contoso.AppID() + ":entra/token", sandbox.FaultAADSTS(50076), `"claims":"{\"access_token\":{\"capolids\"`},
		{"entra/token", sandbox.FaultHTTP(503), "AADSTS90033"},
		{"entra/token", sandbox.FaultReset, "INTERNAL_ERROR"},
		{"entra/token", sandbox.FaultCut, "could not read the body"},
		{"entra/token", sandbox.FaultGarbage, "json decode error"},
		{"entra/token", sandbox.FaultEmpty, "missing access_token"},
		{"entra/token", sandbox.FaultSlow, ""},
	} {
		fault := sandbox.Fault{Kind: f.kind}
		if f.kind == sandbox.FaultSlow {
			fault.Seconds = 0.01
		}
		if err := s.Switchboard().Set(f.target, fault); err != nil {
			t.Fatal(err)
		}
		_, err := silent(t, c, exchange, public.WithClaims(`{"access_token":{"nbf":{"essential":true,"value":"1"}}}`)) // past the cache
		if f.want == "" && err != nil || f.want != "" && (err == nil || !strings.Contains(err.Error(), f.want)) {
			t.Errorf("%s %s: got %v, want %s", f.target, f.kind, err, f.want)
		}
		if err := s.Switchboard().Clear(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Switchboard().Set("entra/devicecode", sandbox.Fault{Kind: sandbox.FaultAADSTS(530036)}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AcquireTokenByDeviceCode(t.Context(), graphDefault); codeOf(err) != "AADSTS530036" {
		t.Errorf("a device code: %v", err)
	}
}

func TestClaimsThatAPolicyDemandsNeedAPersonOnce(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, sandbox.Options{})
	contoso := s.Tenants()[0]
	c := newMSAL(t, s, contoso.ID, contoso.AppID(), &kept{}, "CP1")
	signInByDevice(t, s, c, "adele@contoso.com", graphDefault)
	if err := s.Switchboard().Set("entra/token", sandbox.Fault{Kind: sandbox.FaultAADSTS(50076)}); err != nil {
		t.Fatal(err)
	}
	exchange := []string{sandbox.ExchangeResource + "/.default"}
	if _, err := silent(t, c, exchange); codeOf(err) != "AADSTS50076" {
		t.Fatalf("without claims: %v", err)
	}
	if _, err := silent(t, c, exchange, public.WithClaims(policyClaims)); codeOf(err) != "AADSTS50076" {
		t.Fatalf("with claims, without a person: %v", err)
	}
	r := signInByDevice(t, s, c, "adele@contoso.com", exchange, public.WithClaims(policyClaims))
	if claims, err := sandbox.ParseToken(r.AccessToken); err != nil || len(claims.Contexts) != 1 || !slices.Equal(claims.Capabilities, []string{"CP1"}) {
		t.Errorf("claims %+v, %v", claims, err)
	}
	if _, err := silent(t, c, []string{sandbox.AzureResource + "/.default"}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestARevokedAccountNeedsAPersonEverywhere(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, sandbox.Options{})
	contoso := s.Tenants()[0]
	for name, revoke := range map[string]func() error{
		"by method": func() error { s.Entra().Revoke("adele@contoso.com"); return nil },
		"by the switchboard": func() error {
			return s.Switchboard().Set("Contoso-GA:entra/refresh", sandbox.Fault{Kind: sandbox.FaultRevoked, Times: 1})
		},
	} {
		c := newMSAL(t, s, contoso.ID, contoso.AppID(), &kept{})
		signInByDevice(t, s, c, "adele@contoso.com", graphDefault)
		if err := revoke(); err != nil {
			t.Fatal(err)
		}
		for range 2 { // for good, not only while the fault lasts
			if _, err := silent(t, c, []string{sandbox.AzureResource + "/.default"}); codeOf(err) != "AADSTS50173" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
