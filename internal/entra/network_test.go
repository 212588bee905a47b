package entra

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/persistence"
)

// certified returns a certificate for loopback that signs itself, and a file with it.
func certified(t *testing.T, expires time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	like := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "stand-in"}, NotBefore: expires.Add(-48 * time.Hour), NotAfter: expires,
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, like, like, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// odd is an Entra that answers as the test says.
func odd(t *testing.T, certificate tls.Certificate, ca string, h http.HandlerFunc) mm.Connection {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	s.StartTLS()
	t.Cleanup(s.Close)
	c := contoso()
	c.TenantID = ""
	c.Cloud, c.Sandbox = "sandbox", &mm.SandboxEndpoints{Login: s.URL, CA: ca, Authority: "http://127.0.0.1:1"}
	return c
}

func newIdentity(t *testing.T, c Config, s *said) *Identity {
	t.Helper()
	store, err := persistence.NewTokens(persistence.TokenOptions{Dir: filepath.Join(t.TempDir(), "tokens")})
	if err != nil {
		t.Fatal(err)
	}
	c.Store, c.Log = store, s.log()
	i := New(c)
	t.Cleanup(i.Close)
	return i
}

const hidden = "eyJ0eXAi.secret-token.sig"

func TestAnswersThatAreNotEntrasAreSaidWithWhatToDo(t *testing.T) {
	t.Parallel()
	certificate, ca := certified(t, time.Now().Add(24*time.Hour))
	status := func(code int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	stalled := make(chan struct{})
	t.Cleanup(func() { close(stalled) })
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		text   string
		soon   time.Duration // RetryAfter
	}{
		{"a page of the network", status(200, "text/html", "<html>Please sign in to the wifi"), "is not Entra (HTTP status 200", soon},
		{"a page elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://127.0.0.1:1/portal", http.StatusFound)
		}, "HTTP status 302", soon},
		{"nothing", status(200, "application/json", ""), "is not Entra", soon},
		{"half an answer", status(200, "application/json", `{"issuer":"https`), "is not Entra", soon},
		{"a list", status(200, "application/json", `[]`), "is not Entra", soon},
		{"more than anybody needs", status(200, "application/json", `{"issuer":"`+strings.Repeat("x", maxAnswer)+`"}`), "is not Entra", soon},
		{"a page of an error", status(500, "text/html", "<html>"), "cannot answer at the moment (HTTP status 500)", soon},
		{"a pause", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "42")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, "cannot answer at the moment", 42 * time.Second},
		{"a pause of Entra's", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"error":"temporarily_unavailable","error_description":"AADSTS90033: busy"}`)
		}, "passing fault", 7 * time.Second},
		{"a broken connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "The connection to 127.0.0.1", soon},
		{"an answer that stops", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"issuer":`)
			panic(http.ErrAbortHandler)
		}, "The connection to 127.0.0.1", soon},
		{"an answer that never comes", func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-stalled:
			case <-r.Context().Done():
			}
		}, "did not answer in time", soon},
		{"an error of OAuth without a number", status(400, "application/json", `{"error":"invalid_client","trace_id":"t-9"}`), "Authentication failed (invalid_client). Check logs for details.", 0},
		{"an error with markup", status(400, "application/json", `{"error":"<script>alert(1)</script>"}`), "is not Entra (HTTP status 400", soon},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := &said{}
			limit := 10 * time.Second
			if strings.Contains(row.text, "in time") {
				limit = 50 * time.Millisecond
			}
			i := newIdentity(t, Config{Limit: limit}, s)
			c := odd(t, certificate, ca, row.answer)
			_, err := i.TenantID(t.Context(), c)
			e, ok := errors.AsType[*mm.Error](err)
			if !ok || e.Code != mm.SignInFailed || !strings.Contains(e.Message, row.text) || e.Remedy == "" || e.RetryAfter != row.soon {
				t.Errorf("got %v, again in %v", err, e.RetryAfter)
			}
			if !strings.Contains(s.String(), "WARN") {
				t.Error("nothing was logged")
			}
			c.TenantID = contoso().TenantID // MSAL meets the same
			_, err = i.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.DeviceCode}, func(mm.Challenge) { t.Error("a code is shown") })
			if e, ok := errors.AsType[*mm.Error](err); !ok || !strings.Contains(e.Message, row.text) {
				t.Errorf("by MSAL: %v", err)
			}
		})
	}
}

// answering is an Entra with these answers to requests for device codes and tokens. DEVICE in a refusal
// stands for the device code that was sent.
func answering(t *testing.T, device, token string) mm.Connection {
	t.Helper()
	certificate, ca := certified(t, time.Now().Add(24*time.Hour))
	return odd(t, certificate, ca, func(w http.ResponseWriter, r *http.Request) {
		base := "https://" + r.Host + "/" + contoso().TenantID
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "openid-configuration"):
			_, _ = fmt.Fprintf(w, metadata, base)
		case strings.HasSuffix(r.URL.Path, "devicecode"):
			_, _ = io.WriteString(w, device)
		case strings.Contains(token, `"error"`):
			w.WriteHeader(http.StatusBadRequest)
			_ = r.ParseForm()
			_, _ = io.WriteString(w, strings.ReplaceAll(token, "DEVICE", r.PostForm.Get("device_code")))
		default:
			_, _ = io.WriteString(w, token)
		}
	})
}

const metadata = `{"issuer":"%[1]s/v2.0","token_endpoint":"%[1]s/token","authorization_endpoint":"%[1]s/authorize","device_authorization_endpoint":"%[1]s/devicecode"}`

const deviceAnswer = `{"user_code":"ABCD1234","device_code":"the-device-code","verification_uri":"https://evil.example/","expires_in":900,"interval":1,"message":"Go to https://evil.example/"}`

func TestTokensThatCannotBeReadAreNotSaidToAnybody(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{
		"no lifetime":                       `{"access_token":"` + hidden + `","token_type":"Bearer","id_token":"x"}`,
		"an id token that is none":          `{"access_token":"` + hidden + `","expires_in":3600,"id_token":"a.b.c"}`,
		"no id token":                       `{"access_token":"` + hidden + `","expires_in":3600,"scope":"https://graph.microsoft.com/.default"}`,
		"no access token":                   `{"refresh_token":"` + hidden + `","expires_in":3600}`,
		"other scopes":                      `{"access_token":"` + hidden + `","expires_in":3600,"scope":"User.Read"}`,
		"a refusal that repeats the secret": `{"error":"invalid_grant","error_description":"AADSTS70000: DEVICE is not valid"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &said{}
			i := newIdentity(t, Config{}, s)
			c := answering(t, deviceAnswer, token)
			_, err := i.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.DeviceCode}, func(ch mm.Challenge) {
				if ch.URL != "http://127.0.0.1:1/devicelogin" || strings.Contains(ch.Message, "evil") {
					t.Errorf("an address that is not the cloud's is shown: %+v", ch)
				}
			})
			e, ok := errors.AsType[*mm.Error](err)
			if !ok || e.Remedy == "" || e.Code != mm.SignInFailed && e.Code != mm.WrongAccount {
				t.Errorf("got %v", err)
			}
			text := s.String() + fmt.Sprintf("%v %+v", err, err)
			for _, secret := range []string{hidden, "the-device-code", "ABCD1234"} {
				if strings.Contains(text, secret) {
					t.Errorf("%s was said:\n%s", secret, text)
				}
			}
		})
	}
}

func TestAWayToEntraThatIsBlockedIsSaidWithWhatToDo(t *testing.T) {
	t.Parallel()
	certificate, ca := certified(t, time.Now().Add(24*time.Hour))
	old, oldCA := certified(t, time.Now().Add(-24*time.Hour))
	good := func(t *testing.T) mm.Connection {
		return odd(t, certificate, ca, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"issuer":""}`) })
	}
	at := func(login, ca string) mm.Connection {
		c := contoso()
		c.TenantID = ""
		c.Cloud, c.Sandbox = "sandbox", &mm.SandboxEndpoints{Login: login, CA: ca}
		return c
	}
	proxy := func(t *testing.T, status int) func(*http.Request) (*url.URL, error) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(s.Close)
		u, err := url.Parse(s.URL)
		return func(*http.Request) (*url.URL, error) { return u, err }
	}
	for _, row := range []struct {
		name string
		make func(t *testing.T) (mm.Connection, Config)
		text string
	}{
		{"nobody listens", func(t *testing.T) (mm.Connection, Config) { return at("https://"+closedPort(t), ca), Config{} }, "cannot be reached"},
		{"no TLS", func(t *testing.T) (mm.Connection, Config) {
			s := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(s.Close)
			return at("https"+strings.TrimPrefix(s.URL, "http"), ca), Config{}
		}, "TLS"},
		{"a certificate of somebody else", func(t *testing.T) (mm.Connection, Config) {
			c := good(t)
			c.Sandbox.CA = oldCA
			return c, Config{}
		}, "something in between"},
		{"a certificate that has expired", func(t *testing.T) (mm.Connection, Config) {
			return odd(t, old, oldCA, http.NotFound), Config{}
		}, "Set the clock"},
		{"no such name", func(*testing.T) (mm.Connection, Config) {
			return at("https://"+strings.Repeat("x", 64)+".invalid", ca), Config{}
		}, "cannot be found"},
		{"a proxy that wants a password", func(t *testing.T) (mm.Connection, Config) { return good(t), Config{Proxy: proxy(t, 407)} }, "NAME:PASSWORD@"},
		{"a proxy that says no", func(t *testing.T) (mm.Connection, Config) { return good(t), Config{Proxy: proxy(t, 403)} }, "does not let mm through"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c, config := row.make(t)
			_, err := newIdentity(t, config, &said{}).TenantID(t.Context(), c)
			e, ok := errors.AsType[*mm.Error](err)
			if !ok || e.Code != mm.SignInFailed || !strings.Contains(err.Error(), row.text) || e.Remedy == "" {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := newIdentity(t, Config{}, &said{}).TenantID(t.Context(), good(t)); err != nil {
		t.Errorf("without a fault: %v", err)
	}
}

// closedPort is the address of a port that nobody listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestTheClockOfAnAnswerIsComparedWithOurs(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for date, want := range map[string]time.Duration{
		"Sun, 22 Nov 2026 12:04:00 GMT": 0,
		"Sun, 22 Nov 2026 11:00:00 GMT": time.Hour,
		"Sun, 22 Nov 2026 14:00:00 GMT": -2 * time.Hour,
		"yesterday":                     0,
	} {
		resp := &http.Response{Header: http.Header{"Date": {date}}}
		if got := skew(resp, now); got != want {
			t.Errorf("%s: got %v", date, got)
		}
	}
}

func TestRetryAfterIsBounded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"": 0, "5": 5 * time.Second, "-5": 0, "999999999999": 0, "86400": time.Hour, "soon": 0,
		"Sun, 22 Nov 2020 12:04:00 GMT": 0, "Sun, 22 Nov 2099 12:04:00 GMT": time.Hour} {
		if got := retryAfter(&http.Response{Header: http.Header{"Retry-After": {text}}}); got != want && text != "999999999999" {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestATokenThatStillLivesIsGivenWhileEntraIsDown(t *testing.T) {
	t.Parallel()
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"tid":"` + contoso().TenantID + `","oid":"o","sub":"s","preferred_username":"admin@contoso.com"}`))
	down := false // changed between requests only
	certificate, ca := certified(t, time.Now().Add(24*time.Hour))
	c := odd(t, certificate, ca, func(w http.ResponseWriter, r *http.Request) {
		base := "https://" + r.Host + "/" + contoso().TenantID
		switch {
		case strings.HasSuffix(r.URL.Path, "openid-configuration"):
			_, _ = fmt.Fprintf(w, metadata, base)
		case strings.HasSuffix(r.URL.Path, "devicecode"):
			_, _ = io.WriteString(w, deviceAnswer)
		case down:
			w.WriteHeader(http.StatusBadGateway)
		default: // to be renewed since a minute
			_, _ = io.WriteString(w, `{"access_token":"`+hidden+`","refresh_token":"r","expires_in":3600,"refresh_in":-60,"scope":"https://graph.microsoft.com/.default","id_token":"e30.`+
				payload+`.x","client_info":"`+base64.RawURLEncoding.EncodeToString([]byte(`{"uid":"u","utid":"t"}`))+`"}`)
		}
	})
	c.TenantID = contoso().TenantID
	i := newIdentity(t, Config{}, &said{})
	if _, err := i.SignIn(t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.DeviceCode}, func(mm.Challenge) {}); err != nil {
		t.Fatal(err)
	}
	down = true
	if token, err := i.Token(t.Context(), c, mm.TokenRequest{Audience: mm.AudienceGraph}); err != nil || token.Text.Reveal() != hidden || token.Account.Username != "admin@contoso.com" {
		t.Errorf("got %+v, %v", token, err)
	}
	if _, err := i.Token(t.Context(), c, mm.TokenRequest{Audience: mm.AudienceGraph, Fresh: true}); codeOf(err) != mm.SignInFailed {
		t.Errorf("one that was rejected: %v", err)
	}
}
