package graph_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/graph"
)

// A world is a service over TLS, a connection to it and a client.
type world struct {
	t          testing.TB
	server     *httptest.Server
	connection mm.Connection
	client     *graph.Client
	files      string
	handler    atomic.Pointer[http.HandlerFunc]

	mu     sync.Mutex
	waits  []time.Duration // that the client wanted
	tokens []string        // rejected tokens and claims, as they were asked for
	seen   []string        // method, path and token of what arrived
}

// serve starts a world whose service is h. Waits are recorded and over at once.
func serve(t testing.TB, h http.HandlerFunc, change ...func(*graph.Config)) *world {
	return start(t, true, h, change...)
}

// start is serve, with HTTP/2 or without.
func start(t testing.TB, http2 bool, h http.HandlerFunc, change ...func(*graph.Config)) *world {
	w := &world{t: t, files: filepath.Join(t.TempDir(), "files")}
	w.handle(h)
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.seen = append(w.seen, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
		w.mu.Unlock()
		(*w.handler.Load())(rw, r)
	}))
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.server.EnableHTTP2 = http2
	w.server.StartTLS()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	w.connection = mm.Connection{Name: "Contoso-GA", AppID: "app-1", Tenant: "contoso.com", TenantID: "11111111-2222-3333-4444-555555555555",
		ExpectedEmail: "admin@contoso.com", Cloud: "sandbox",
		Sandbox: &mm.SandboxEndpoints{Authority: "http://127.0.0.1:1", Login: "https://127.0.0.1:2", Graph: w.server.URL, Flow: w.server.URL, CA: ca}}
	config := graph.Config{Files: w.files, Shown: "/shown", Jitter: func() float64 { return 0.5 },
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
		Wait: func(ctx context.Context, d time.Duration) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.waits = append(w.waits, d)
			return ctx.Err()
		}}
	for _, c := range change {
		c(&config)
	}
	w.client = graph.New(config)
	t.Cleanup(func() {
		w.client.Close()
		w.server.CloseClientConnections()
		w.server.Close()
	})
	return w
}

// handle changes what the service does.
func (w *world) handle(h http.HandlerFunc) { w.handler.Store(&h) }

const theToken = "secret-token-1"

// source gives theToken, and another one in place of a rejected one.
func (w *world) source(_ context.Context, rejected mm.Secret, claims string) (mm.Secret, error) {
	if rejected.Reveal() == "" {
		return mm.NewSecret(theToken), nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens = append(w.tokens, rejected.Reveal()+" "+claims)
	return mm.NewSecret("secret-token-2"), nil
}

// do prepares and sends a request.
func (w *world) do(r mm.GraphRequest) (mm.GraphResult, error) {
	w.t.Helper()
	call, err := w.client.Prepare(w.connection, r)
	if err != nil {
		return mm.GraphResult{}, err
	}
	return w.client.Do(context.Background(), w.connection, call, w.source, nil)
}

// must sends a request that succeeds.
func (w *world) must(r mm.GraphRequest) mm.GraphResult {
	w.t.Helper()
	result, err := w.do(r)
	if err != nil {
		w.t.Fatalf("%s: %v", r.Endpoint, err)
	}
	return result
}

func (w *world) waited() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]time.Duration(nil), w.waits...)
}

func (w *world) arrived() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.seen...)
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// plain is a client of the same service without anything of ours.
func (w *world) plain() *http.Client {
	t := w.server.Client().Transport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: t.TLSClientConfig.RootCAs}
	t.ForceAttemptHTTP2 = true
	w.t.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }
