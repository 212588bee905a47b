package entra

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/persistence"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// said collects everything that was logged and every error, to look for secrets in it.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *said) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// A world is a sandbox and an Identity with a store on disk. At its end nothing that is secret has been said.
type world struct {
	*sandbox.Sandbox
	*Identity
	t     *testing.T
	store *persistence.Tokens
	dir   string
	said  *said
	codes []string // that persons typed
}

func newWorld(t *testing.T, o sandbox.Options) *world {
	t.Helper()
	s, err := sandbox.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Sandbox: s, t: t, said: &said{}, dir: filepath.Join(t.TempDir(), "tokens")}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.store, w.Identity = w.process()
	t.Cleanup(w.nothingSecretWasSaid)
	return w
}

// process returns a store and an Identity as another process would have them.
func (w *world) process() (*persistence.Tokens, *Identity) {
	w.t.Helper()
	store, err := persistence.NewTokens(persistence.TokenOptions{Dir: w.dir, Log: w.said.log()})
	if err != nil {
		w.t.Fatal(err)
	}
	i := New(Config{Store: store, Log: w.said.log()})
	w.t.Cleanup(i.Close)
	return store, i
}

// Close is the Identity's: that of the sandbox comes at the end of the test.
func (w *world) Close() { w.Identity.Close() }

func (w *world) connection(name string) mm.Connection {
	w.t.Helper()
	c, ok := w.Connections()[name]
	if !ok {
		w.t.Fatalf("the sandbox has no connection %s", name)
	}
	return c
}

func (w *world) nothingSecretWasSaid() {
	text := w.said.String()
	for _, secret := range append(w.Entra().Secrets(), w.codes...) {
		if strings.Contains(text, secret) {
			w.t.Errorf("a secret was said: %.12s…", secret)
		}
	}
}

// heard notes an error as if it had been shown to somebody.
func (w *world) heard(err error) error {
	if err != nil {
		_, _ = fmt.Fprintf(w.said, "%v %+v\n", err, err)
	}
	return err
}

// token asks for a token without a person.
func (w *world) token(c mm.Connection, r mm.TokenRequest) (mm.Token, error) {
	t, err := w.Token(w.t.Context(), c, r)
	return t, w.heard(err)
}

// typed is what a person does with a device code: signs in with that account.
func (w *world) typed(account string) func(mm.Challenge) {
	return func(c mm.Challenge) {
		w.codes = append(w.codes, c.UserCode)
		if err := w.Entra().Approve(c.UserCode, account); err != nil {
			w.t.Error(err)
		}
	}
}

// signedIn signs the expected account in with a device code.
func (w *world) signedIn(c mm.Connection) mm.Token {
	w.t.Helper()
	t, err := w.SignIn(w.t.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.DeviceCode}, w.typed(c.ExpectedEmail))
	if w.heard(err) != nil {
		w.t.Fatal(err)
	}
	return t
}

// fault has the sandbox's switchboard do something.
func (w *world) fault(target string, f sandbox.Fault) {
	w.t.Helper()
	if err := w.Switchboard().Set(target, f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) noFaults() {
	w.t.Helper()
	if err := w.Switchboard().Clear(); err != nil {
		w.t.Fatal(err)
	}
}

// saved is what the store has of a connection.
func (w *world) saved(c mm.Connection) string {
	w.t.Helper()
	held, err := w.store.Open(w.t.Context(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := held.Load()
	if err := errors.Join(err, held.Close()); err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// whyOf is the reason of an interaction; empty: err is none.
func whyOf(err error) mm.InteractionReason {
	if i, ok := errors.AsType[*mm.Interaction](err); ok {
		return i.Why
	}
	return ""
}

// codeOf is the code of an *mm.Error; empty: err has none.
func codeOf(err error) mm.Code {
	if e, ok := errors.AsType[*mm.Error](err); ok {
		return e.Code
	}
	return ""
}

// browser gets a page as a browser does, redirects included.
func browser(ctx context.Context, method, address, form string) (status int, page string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form))
	if err != nil {
		return 0, "", err
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}
