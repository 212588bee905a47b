package entra

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

func contoso() mm.Connection {
	return mm.Connection{Name: "Contoso-GA", AppID: "app-id", Tenant: "contoso.com", TenantID: "11111111-2222-3333-4444-555555555555", ExpectedEmail: "admin@contoso.com"}
}

func TestEveryMeaningIsWhole(t *testing.T) {
	t.Parallel()
	if len(meanings) < 25 {
		t.Errorf("%d codes only", len(meanings))
	}
	placeholder := regexp.MustCompile(`\{[a-z]+\}`)
	q := question{conn: contoso(), audience: mm.AudienceExchange}
	for code, m := range meanings {
		if m.message == "" || m.remedy == "" || m.why == mm.NeedsBrowser && !m.policy {
			t.Errorf("AADSTS%d: %+v", code, m)
		}
		for _, method := range []mm.SignInMethod{"", mm.DeviceCode, mm.Browser} {
			q.method = method
			err := judge(&refusal{kind: "invalid_grant", code: code}, q)
			if text := err.Error(); placeholder.MatchString(text) || !strings.Contains(text, (&refusal{code: code}).name()) {
				t.Errorf("%s", text)
			}
			if why := whyOf(err); method != "" && why != "" && why != mm.NeedsBrowser || method == mm.Browser && why != "" {
				t.Errorf("AADSTS%d after %s: %s", code, method, why)
			}
		}
	}
	for kind, m := range kinds {
		if m.remedy == "" {
			t.Errorf("%s: %+v", kind, m)
		}
	}
}

func TestARefusalIsJudgedByWhatIsKnownOfIt(t *testing.T) {
	t.Parallel()
	const consent = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/adminconsent?client_id=app-id"
	for _, row := range []struct {
		name   string
		r      refusal
		method mm.SignInMethod
		why    mm.InteractionReason
		code   mm.Code
		text   []string
	}{
		{"an unknown app", refusal{kind: "unauthorized_client", code: 700016}, "", "", mm.SignInFailed, []string{"App not found in this tenant", "AADSTS700016", consent}},
		{"no consent", refusal{kind: "invalid_grant", sub: "consent_required", code: 65001}, "", mm.NeedsConsent, mm.SignInFailed, []string{"Admin consent required", "Exchange Online", consent}},
		{"no redirect", refusal{kind: "invalid_request", code: 50011}, mm.Browser, "", mm.SignInFailed, []string{"Reply URL mismatch", "http://localhost"}},
		{"no public flows", refusal{kind: "invalid_client", code: 7000218}, mm.DeviceCode, "", mm.SignInFailed, []string{"Client secret or assertion required", "public client flows are off"}},
		{"an unknown number", refusal{kind: "invalid_request", code: 999999, trace: "t-1"}, mm.DeviceCode, "", mm.SignInFailed,
			[]string{"Authentication failed (AADSTS999999). Check logs for details.", "t-1"}},
		{"an unknown number that a person may help with", refusal{kind: "interaction_required", code: 999999, claims: "{}"}, "", mm.NeedsClaims, mm.SignInFailed, []string{"AADSTS999999"}},
		{"an unknown number without a valid grant", refusal{kind: "invalid_grant", code: 999999}, "", mm.Expired, mm.SignInFailed, []string{"mm sign-in"}},
		{"an unknown number without consent", refusal{kind: "invalid_grant", sub: "consent_required", code: 999999}, "", mm.NeedsConsent, mm.SignInFailed, []string{consent}},
		{"no number", refusal{kind: "invalid_client"}, "", "", mm.SignInFailed, []string{"Authentication failed (invalid_client)"}},
		{"a code that expired", refusal{kind: "expired_token", code: 70020}, mm.DeviceCode, "", mm.Timeout, []string{"expired"}},
		{"a person who declined", refusal{kind: "authorization_declined", code: 70000}, mm.DeviceCode, "", mm.SignInFailed, []string{"declined"}},
		{"a policy against device codes", refusal{kind: "access_denied", code: 53003}, mm.DeviceCode, mm.NeedsBrowser, mm.SignInFailed, []string{"browser"}},
		{"the same in a browser", refusal{kind: "access_denied", code: 53003}, mm.Browser, "", mm.SignInFailed, []string{"administrator"}},
		{"the same without a person", refusal{kind: "access_denied", code: 53003}, "", mm.NeedsClaims, mm.SignInFailed, []string{"Conditional Access"}},
		{"a clock that is ahead", refusal{kind: "invalid_grant", code: 500133, skew: 3 * time.Hour}, "", "", mm.SignInFailed, []string{"3h0m0s ahead"}},
		{"a clock that is behind", refusal{kind: "invalid_grant", code: 500133, skew: -time.Hour}, "", "", mm.SignInFailed, []string{"1h0m0s behind"}},
	} {
		err := judge(&row.r, question{conn: contoso(), audience: mm.AudienceExchange, method: row.method})
		if codeOf(err) != row.code || whyOf(err) != row.why {
			t.Errorf("%s: %v", row.name, err)
		}
		for _, text := range row.text {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v\nlacks %q", row.name, err, text)
			}
		}
	}
}

func TestWhatEntraRefusesWithoutAPersonHasItsReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	w.signedIn(c)
	for code, want := range map[int]mm.InteractionReason{
		50173: mm.Expired, 700082: mm.Expired, 70043: mm.Expired, 70008: mm.Expired, 50058: mm.Expired, 70000: mm.Expired,
		50076: mm.NeedsClaims, 50079: mm.NeedsClaims, 50158: mm.NeedsClaims, 53000: mm.NeedsClaims, 50097: mm.NeedsClaims,
		65001: mm.NeedsConsent, 500011: mm.NeedsConsent, 90094: mm.NeedsConsent, 530036: mm.NeedsBrowser,
		50057: "", 90033: "", 50105: "", 700016: "", 7000218: "", 50053: "", 90002: "",
	} {
		w.fault("entra/refresh", sandbox.Fault{Kind: sandbox.FaultAADSTS(code)})
		_, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceAzure})
		if whyOf(err) != want || codeOf(err) != mm.SignInFailed {
			t.Errorf("AADSTS%d: %v", code, err)
		}
		i, ok := errors.AsType[*mm.Interaction](err)
		if ok && want == mm.NeedsClaims && !strings.Contains(i.Claims, "capolids") {
			t.Errorf("AADSTS%d: claims %q", code, i.Claims)
		}
	}
	if !strings.Contains(w.said.String(), "WARN") || !strings.Contains(w.said.String(), "refusal.description=") {
		t.Error("Entra's own words are not in the log")
	}
}
