package sandbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// inProcess serves requests by calling the handler, so that HTTP runs in virtual time.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// eachSignIn runs the test in virtual time against Entra in process and over HTTP.
func eachSignIn(t *testing.T, o EntraOptions, test func(t *testing.T, e *Entra, s SignIn)) {
	for name, client := range map[string]func(*Entra) SignIn{
		"in process": func(e *Entra) SignIn { return e },
		"over HTTP": func(e *Entra) SignIn {
			return EntraClient{Authority: "http://127.0.0.1", HTTP: &http.Client{Transport: inProcess{e.Handler()}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := NewEntra(o)
				test(t, e, client(e))
			})
		})
	}
}

var exchangeSignIn = DeviceRequest{Tenant: "organizations", ClientID: ExchangeClient, Scope: ExchangeResource + "/.default"}

func TestSigningInGivesATokenOfTheAccountThatApproved(t *testing.T) {
	eachSignIn(t, EntraOptions{}, func(t *testing.T, e *Entra, s SignIn) {
		code, err := s.StartDevice(t.Context(), exchangeSignIn)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^[A-HJ-NP-Z2-9]{9}$`).MatchString(code.UserCode) || code.ExpiresIn != 900 || code.Interval != 1 {
			t.Errorf("code: %+v", code)
		}
		if !strings.Contains(code.Message, "open the page "+code.VerificationURI+" and enter the code "+code.UserCode+" to") {
			t.Errorf("message: %s", code.Message)
		}
		ask := TokenRequest{Tenant: "organizations", ClientID: ExchangeClient, DeviceCode: code.DeviceCode}
		time.Sleep(time.Second)
		if _, err = s.Redeem(t.Context(), ask); kind(err) != KindPending {
			t.Fatalf("before anybody approved: %v", err)
		}
		if err := e.Approve(code.UserCode, Partner); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		token, err := s.Redeem(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := ParseToken(token.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		home, account, _ := Home(Tenants(), Partner)
		if claims.UPN != Partner || claims.TenantID != home.ID || claims.ObjectID != account.ObjectID ||
			claims.Audience != ExchangeResource || claims.AppID != ExchangeClient ||
			claims.Expires != time.Now().Add(TokenLifetime).Unix() || token.ExpiresIn != 4500 {
			t.Errorf("claims: %+v", claims)
		}
		for what, secret := range map[string]string{"device code": code.DeviceCode, "token": token.AccessToken} {
			if !slices.Contains(e.Secrets(), secret) {
				t.Errorf("the %s is not among the secrets", what)
			}
		}
		if slices.Contains(e.Secrets(), code.UserCode) {
			t.Error("the user code is no secret")
		}
	})
}

func TestAGuestSignsInToTheTenantThatIsAskedFor(t *testing.T) {
	eachSignIn(t, EntraOptions{ApproveAfter: 2 * time.Second}, func(t *testing.T, _ *Entra, s SignIn) {
		northwind, _ := ByID(Tenants(), "northwindtraders.com")
		home, _, _ := Home(Tenants(), Partner)
		for tenant, want := range map[string]string{northwind.ID: northwind.ID, northwind.InitialDomain: northwind.ID,
			"common": home.ID, "Organizations": home.ID} {
			code, err := s.StartDevice(t.Context(), DeviceRequest{Tenant: tenant, ClientID: AzureClient,
				Scope: AzureResource + "/.default", LoginHint: Partner})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			token, err := s.Redeem(t.Context(), TokenRequest{Tenant: tenant, ClientID: AzureClient, DeviceCode: code.DeviceCode})
			if err != nil {
				t.Fatal(err)
			}
			if claims, _ := ParseToken(token.AccessToken); claims.TenantID != want || claims.UPN != Partner {
				t.Errorf("%s: got tenant %s, want %s", tenant, claims.TenantID, want)
			}
		}
	})
}

func TestWhatEntraRefusesItSaysWithItsCode(t *testing.T) {
	eachSignIn(t, EntraOptions{MaxFlows: 1}, func(t *testing.T, _ *Entra, s SignIn) {
		contoso, fabrikam := Tenants()[0], Tenants()[1]
		for _, c := range []struct {
			name    string
			request DeviceRequest
			want    string
		}{
			{"an unknown tenant", DeviceRequest{Tenant: "nowhere.com", ClientID: AzureClient, Scope: "x"}, "AADSTS90002: Tenant 'nowhere.com' not found."},
			{"an unknown app", DeviceRequest{Tenant: contoso.Domain, ClientID: "x", Scope: "x"}, "AADSTS700016: Application with identifier 'x'"},
			{"another tenant's app", DeviceRequest{Tenant: contoso.ID, ClientID: fabrikam.AppID(), Scope: "x"}, "AADSTS700016: "},
			{"no app", DeviceRequest{Tenant: contoso.ID, Scope: "x"}, "AADSTS900144: The request body must contain the following parameter: 'client_id'."},
			{"no scope", DeviceRequest{Tenant: contoso.ID, ClientID: AzureClient}, "AADSTS900144: "},
		} {
			if _, err := s.StartDevice(t.Context(), c.request); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %s", c.name, err, c.want)
			}
		}
		if _, err := s.StartDevice(t.Context(), exchangeSignIn); err != nil {
			t.Fatal(err)
		}
		if _, err := s.StartDevice(t.Context(), exchangeSignIn); kind(err) != "temporarily_unavailable" {
			t.Errorf("one flow too many: %v", err)
		}
		if _, err := s.Redeem(t.Context(), TokenRequest{Tenant: "organizations", ClientID: ExchangeClient, DeviceCode: "x"}); kind(err) != "bad_verification_code" {
			t.Errorf("a device code that nobody was given: %v", err)
		}
		if _, err := s.Redeem(t.Context(), TokenRequest{Tenant: "nowhere.com", ClientID: "x", DeviceCode: "x"}); kind(err) != "invalid_request" {
			t.Errorf("a poll to an unknown tenant: %v", err)
		}
	})
}

func kind(err error) string {
	var refused *OAuthError
	if errors.As(err, &refused) {
		return refused.Kind
	}
	return ""
}

// send makes one request to Entra's handler and returns status and body.
func send(t *testing.T, e *Entra, method, path string, form url.Values) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	e.Handler().ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(body)
}

func TestErrorsHaveTheShapeOfEntras(t *testing.T) {
	e := NewEntra(EntraOptions{})
	status, body := send(t, e, "POST", "/contoso.com/oauth2/v2.0/token", url.Values{"grant_type": {"password"}, "client_id": {AzureClient}})
	for _, want := range []string{`"error":"unsupported_grant_type"`, `"error_codes":[70003]`, `"error_description":"AADSTS70003: `,
		`"trace_id":"`, `"correlation_id":"`, `"timestamp":"20`, ` Trace ID: `} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if status != http.StatusBadRequest {
		t.Errorf("status %d", status)
	}
}

func TestTheMetadataTellsATenantsId(t *testing.T) {
	e := NewEntra(EntraOptions{Authority: "http://127.0.0.1:1"})
	_, body := send(t, e, "GET", "/contoso.com/v2.0/.well-known/openid-configuration", nil)
	if want := `"issuer":"http://127.0.0.1:1/` + Tenants()[0].ID + `/v2.0"`; !strings.Contains(body, want) {
		t.Errorf("no %s in %s", want, body)
	}
	if status, _ := send(t, e, "GET", "/nowhere.com/v2.0/.well-known/openid-configuration", nil); status != http.StatusBadRequest {
		t.Errorf("an unknown tenant: status %d", status)
	}
}

func TestAPersonTypesTheCodeOnThePage(t *testing.T) {
	request := DeviceRequest{Tenant: "contoso.com", ClientID: AzureClient, Scope: AzureResource + "/.default", LoginHint: "admin@contoso.com"}
	for _, c := range []struct {
		name   string
		method string
		form   url.Values // user_code CODE is replaced by the flow's
		status int
		shows  string
		hides  string
		then   string // the kind of the next poll's refusal; empty: a token
	}{
		{"the form", "GET", url.Values{}, 200, `name="user_code"`, "Pick", KindPending},
		{"a wrong code", "POST", url.Values{"user_code": {"WRONGCODE"}}, 400, "That code didn&#39;t work", "Pick", KindPending},
		{"the accounts of the tenant", "POST", url.Values{"user_code": {"CODE"}}, 200, "adele@contoso.com", "fabrikam", KindPending},
		{"an account", "POST", url.Values{"user_code": {"CODE"}, "account": {"adele@contoso.com"}}, 200, "signed in as adele@contoso.com", "problem\"", ""},
		{"an account of elsewhere", "POST", url.Values{"user_code": {"CODE"}, "account": {"admin@fabrikam.com"}}, 400, "AADSTS50020", "signed in as", KindPending},
		{"no", "POST", url.Values{"user_code": {"CODE"}, "action": {"deny"}}, 200, "You declined", "signed in as", "authorization_declined"},
		{"markup", "POST", url.Values{"user_code": {"CODE"}, "account": {"<b>x</b>"}}, 400, "&lt;b&gt;", "<b>x", KindPending},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := NewEntra(EntraOptions{})
			code, err := e.StartDevice(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			if c.form.Get("user_code") == "CODE" {
				c.form.Set("user_code", strings.ToLower(code.UserCode[:3]+" "+code.UserCode[3:]))
			}
			status, body := send(t, e, c.method, PagePath, c.form)
			if status != c.status || !strings.Contains(body, c.shows) || strings.Contains(body, c.hides) {
				t.Errorf("status %d, want %d, with %q and without %q:\n%s", status, c.status, c.shows, c.hides, body)
			}
			_, err = e.Redeem(t.Context(), TokenRequest{Tenant: "contoso.com", ClientID: AzureClient, DeviceCode: code.DeviceCode})
			if kind(err) != c.then {
				t.Errorf("then: got %v, want %q", err, c.then)
			}
		})
	}
}

func TestFollowingALinkSignsNobodyIn(t *testing.T) {
	e := NewEntra(EntraOptions{})
	code, err := e.StartDevice(t.Context(), exchangeSignIn)
	if err != nil {
		t.Fatal(err)
	}
	_, body := send(t, e, "GET", PagePath+"?account=admin@contoso.com&user_code="+code.UserCode, nil)
	if !strings.Contains(body, "Pick an account") || !strings.Contains(body, Partner) {
		t.Errorf("without a tenant all accounts are offered, in: %s", body)
	}
	if err := e.Decline(code.UserCode); err != nil {
		t.Errorf("the flow was decided: %v", err)
	}
}

func TestTokensOfOneAccountDiffer(t *testing.T) {
	e := NewEntra(EntraOptions{})
	a, errA := e.IssueToken("contoso.com", "admin@contoso.com", GraphResource)
	b, errB := e.IssueToken("contoso.com", "admin@contoso.com", GraphResource)
	if errA != nil || errB != nil || a == b {
		t.Errorf("%v, %v, equal: %v", errA, errB, a == b)
	}
	if _, err := e.IssueToken("contoso.com", Partner, GraphResource); kind(err) != "invalid_grant" {
		t.Errorf("for somebody of elsewhere: %v", err)
	}
}

func TestTheResourceComesFromTheScope(t *testing.T) {
	for scope, want := range map[string]string{
		"https://outlook.office365.com/.default":                  "https://outlook.office365.com",
		"openid offline_access https://x.sharepoint.com/AllSites": "https://x.sharepoint.com",
		"48ac35b8-9aa8-4d74-927d-1f4a14a0b239/.default":           TeamsResource,
		"https://management.azure.com//.default":                  AzureResource,
		"User.Read":                                               GraphResource,
	} {
		if got := resourceOf(scope); got != want {
			t.Errorf("%s: got %s, want %s", scope, got, want)
		}
	}
}
