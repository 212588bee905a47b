package entra

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

func TestADeviceCodeSurvivesFaultsOfTheNetwork(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{sandbox.FaultHTTP(503), sandbox.FaultReset, sandbox.FaultHTTP(429)} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			c := w.connection("Contoso-GA")
			w.fault("entra/token", sandbox.Fault{Kind: kind, Times: 2})
			w.signedIn(c)
			if !strings.Contains(w.said.String(), "asks again") {
				t.Error("there was no fault")
			}
		})
	}
}

func TestASignInByDeviceCodeThatFailsIsSaid(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		do   func(*world) func(mm.Challenge)
		code mm.Code
		why  mm.InteractionReason
		text string
	}{
		{"nobody types it", func(*world) func(mm.Challenge) { return func(mm.Challenge) {} }, mm.Timeout, "", "in time"},
		{"the person declines", func(w *world) func(mm.Challenge) {
			return func(c mm.Challenge) {
				if err := w.Entra().Decline(c.UserCode); err != nil {
					w.t.Error(err)
				}
			}
		}, mm.SignInFailed, "", "declined"},
		{"the tenant refuses device codes at once", func(w *world) func(mm.Challenge) {
			w.fault("entra/devicecode", sandbox.Fault{Kind: sandbox.FaultAADSTS(530036)})
			return func(mm.Challenge) { w.t.Error("a code is shown") }
		}, mm.SignInFailed, mm.NeedsBrowser, "browser"},
		{"the tenant refuses device codes in the end", func(w *world) func(mm.Challenge) {
			w.fault("entra/token", sandbox.Fault{Kind: sandbox.FaultAADSTS(53003)})
			return func(mm.Challenge) {}
		}, mm.SignInFailed, mm.NeedsBrowser, "browser"},
		{"the tenant wants a device that it knows", func(w *world) func(mm.Challenge) {
			w.fault("entra/token", sandbox.Fault{Kind: sandbox.FaultAADSTS(50097)})
			return func(mm.Challenge) {}
		}, mm.SignInFailed, mm.NeedsBrowser, "browser"},
		{"public client flows are off", func(w *world) func(mm.Challenge) {
			w.fault("entra/devicecode", sandbox.Fault{Kind: sandbox.FaultAADSTS(7000218)})
			return func(mm.Challenge) { w.t.Error("a code is shown") }
		}, mm.SignInFailed, "", "Allow public client flows"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{Entra: sandbox.EntraOptions{Lifetime: time.Second}})
			c := w.connection("Contoso-GA")
			_, err := w.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.DeviceCode}, row.do(w))
			e, ok := errors.AsType[*mm.Error](w.heard(err))
			if !ok || e.Code != row.code || whyOf(err) != row.why || !strings.Contains(e.Error(), row.text) || e.Remedy == "" {
				t.Errorf("got %v", err)
			}
			if w.saved(c) != "" {
				t.Error("something was saved")
			}
		})
	}
}

func TestACancelledSignInKeepsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	for _, method := range []mm.SignInMethod{mm.DeviceCode, mm.Browser} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := w.SignIn(ctx, c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: method}, func(mm.Challenge) { cancel() })
		if codeOf(w.heard(err)) != mm.Cancelled || w.saved(c) != "" {
			t.Errorf("%s: got %v", method, err)
		}
	}
}

// picks is what a person does in a browser: picks that account, or refuses, and is sent back to mm.
func picks(t *testing.T, challenge mm.Challenge, form string) {
	status, page, err := browser(t.Context(), http.MethodPost, challenge.URL, form)
	if err != nil || status != http.StatusOK || !strings.Contains(page, "close this window") || strings.Contains(page, "code=") {
		t.Errorf("the browser's last page: %d, %v\n%s", status, err, page)
	}
}

func TestABrowserSignsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	var shown mm.Challenge
	token, err := w.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.Browser}, func(ch mm.Challenge) {
		shown = ch
		u, err := url.Parse(ch.URL)
		if err != nil {
			t.Fatal(err)
		}
		back := u.Query().Get("redirect_uri")
		for _, stranger := range []string{"", "?code=x", "?code=x&state=wrong", "?state=" + u.Query().Get("state")} {
			if status, _, err := browser(t.Context(), http.MethodGet, back+"/"+stranger, ""); err != nil || status != http.StatusBadRequest {
				t.Errorf("%s: %d, %v", stranger, status, err)
			}
		}
		if status, _, err := browser(t.Context(), http.MethodGet, back+"/favicon.ico", ""); err != nil || status != http.StatusNotFound {
			t.Errorf("favicon: %d, %v", status, err)
		}
		picks(t, ch, "account="+url.QueryEscape(c.ExpectedEmail))
	})
	if w.heard(err) != nil || token.Account.Username != c.ExpectedEmail {
		t.Fatalf("got %+v, %v", token.Account, err)
	}
	u, _ := url.Parse(shown.URL)
	q := u.Query()
	for name, want := range map[string]string{"login_hint": c.ExpectedEmail, "prompt": "select_account", "code_challenge_method": "S256",
		"response_type": "code", "client_id": c.AppID} {
		if q.Get(name) != want {
			t.Errorf("%s is %q", name, q.Get(name))
		}
	}
	if shown.UserCode != "" || shown.Account != c.ExpectedEmail || !strings.HasPrefix(q.Get("redirect_uri"), "http://localhost:") ||
		len(q.Get("state")) < 20 || time.Until(shown.ExpiresAt) > 900*time.Second {
		t.Errorf("challenge %+v", shown)
	}
	if _, _, err := browser(t.Context(), http.MethodGet, q.Get("redirect_uri"), ""); err == nil {
		t.Error("the port is still open")
	}
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceAzure}); err != nil {
		t.Errorf("another audience: %v", err)
	}
	if strings.Contains(w.said.String(), q.Get("state")) {
		t.Error("the state was logged")
	}
}

func TestAPersonInABrowserMayDeclineOrBeTheWrongOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	for _, row := range []struct {
		form string
		want mm.Code
		text string
	}{
		{"action=deny", mm.SignInFailed, "AADSTS65004"},
		{"account=adele%40contoso.com", mm.WrongAccount, "adele@contoso.com"},
	} {
		_, err := w.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.Browser},
			func(ch mm.Challenge) { picks(t, ch, row.form) })
		if codeOf(w.heard(err)) != row.want || whyOf(err) != "" || !strings.Contains(err.Error(), row.text) || w.saved(c) != "" {
			t.Errorf("%s: %v", row.form, err)
		}
	}
}

func TestAnAddressThatWasPastedSignsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	for name, copied := range map[string]func(*url.URL) string{
		"whole":      func(u *url.URL) string { return "  " + u.String() + "\n" },
		"in quotes":  func(u *url.URL) string { return `"` + u.String() + `#"` },
		"query only": func(u *url.URL) string { return u.RawQuery },
	} {
		pasted := make(chan string, 3)
		token, err := w.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.Browser, Pasted: pasted}, func(ch mm.Challenge) {
			// A browser on another machine, which cannot open the last address.
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true},
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			resp, err := client.PostForm(ch.URL, url.Values{"account": {c.ExpectedEmail}})
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			last, err := resp.Location()
			if err != nil {
				t.Fatal(err)
			}
			pasted <- "http://localhost:1/?code=1.Code.of-another&state=other"
			pasted <- "nonsense"
			pasted <- copied(last)
			close(pasted)
		})
		if w.heard(err) != nil || token.Account.Username != c.ExpectedEmail {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := strings.Count(w.said.String(), "was pasted that is not"); n != 6 {
		t.Errorf("%d wrong addresses were noticed", n)
	}
}

func TestPastingMayEndWithoutTheSignInEnding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	pasted := make(chan string)
	close(pasted)
	_, err := w.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.Browser, Pasted: pasted},
		func(ch mm.Challenge) { picks(t, ch, "account="+url.QueryEscape(c.ExpectedEmail)) })
	if w.heard(err) != nil {
		t.Error(err)
	}
}

// fullStore is a store whose disk is full.
type fullStore struct{ mm.TokenStore }

func (s fullStore) Open(ctx context.Context, c mm.Connection) (mm.TokenCache, error) {
	held, err := s.TokenStore.Open(ctx, c)
	return fullCache{held}, err
}

type fullCache struct{ mm.TokenCache }

var errFull = mm.Errorf(mm.SignInFailed, "Make room.", "The disk is full.")

func (fullCache) Save([]byte) error { return errFull }

func TestWithoutRoomASignInFailsAndASilentTokenDoesNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	w.signedIn(c)
	full := New(Config{Store: fullStore{w.store}, Log: w.said.log()})
	defer full.Close()
	if _, err := full.Token(t.Context(), c, mm.TokenRequest{Audience: mm.AudienceAzure}); err != nil {
		t.Errorf("a token that was got is lost: %v", err)
	}
	if !strings.Contains(w.said.String(), "new tokens were not saved") {
		t.Error("nobody was told")
	}
	_, err := full.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.DeviceCode}, w.typed(c.ExpectedEmail))
	if !errors.Is(err, errFull) {
		t.Errorf("a sign-in: %v", err)
	}
	if _, err := w.token(c, mm.TokenRequest{Audience: mm.AudienceGraph}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestASignInThatEndedWhileItWaitedForTheCacheSavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.connection("Contoso-GA")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.keep(ended, c, []byte("{}")); !errors.Is(err, context.Canceled) || w.saved(c) != "" {
		t.Errorf("got %v, saved %q", err, w.saved(c))
	}
}
