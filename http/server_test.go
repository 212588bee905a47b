package http_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	nethttp "net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, leaks...)
}

var leaks = []goleak.Option{
	// fasthttp's own: one per process for the Date header, one per server that ends up to 10 s after it.
	goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
	goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
	goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"),
}

// A pool is a scripted Service and Admin: what a test does not set answers with the zero value.
type pool struct {
	run         func(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome
	cancel      func(id string) (bool, error)
	connections func() ([]mm.Connection, error)
	status      func() (mm.PoolStatus, error)
	reset       func(connection string, module mm.Module) ([]mm.SessionID, error)
	graph       func(mm.GraphRequest, mm.Progress) mm.Outcome
	signIn      func(mm.SignInOrder) (mm.AccountStatus, error)
	signOut     func(string) (bool, error)
	metrics     mm.Metrics
	about       mm.About
	stop        func(mm.StopRequest) error
}

func (p *pool) Run(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
	return p.run(ctx, cmd, progress)
}
func (p *pool) Cancel(_ context.Context, id string) (bool, error)    { return p.cancel(id) }
func (p *pool) Connections(context.Context) ([]mm.Connection, error) { return p.connections() }
func (p *pool) Status(context.Context) (mm.PoolStatus, error)        { return p.status() }
func (p *pool) Reset(_ context.Context, c string, m mm.Module) ([]mm.SessionID, error) {
	return p.reset(c, m)
}
func (p *pool) Graph(_ context.Context, r mm.GraphRequest, progress mm.Progress) mm.Outcome {
	return p.graph(r, progress)
}
func (p *pool) SignIn(_ context.Context, o mm.SignInOrder) (mm.AccountStatus, error) {
	return p.signIn(o)
}
func (p *pool) SignOut(_ context.Context, c string) (bool, error) { return p.signOut(c) }
func (p *pool) Metrics(context.Context) (mm.Metrics, error)       { return p.metrics, nil }
func (p *pool) About(context.Context) (mm.About, error)           { return p.about, nil }
func (p *pool) Stop(_ context.Context, r mm.StopRequest) error    { return p.stop(r) }

const token = "the-token-of-the-tests"

// A served pool with the addresses of its two doors.
type served struct {
	*http.Server
	url    string // of the TCP door
	socket string
}

// serve serves p at both doors until the test ends.
func serve(t testing.TB, p *pool, change ...func(*http.Config)) served {
	t.Helper()
	return serveLimited(t, p, http.Limits{}, change...)
}

// serveLimited is serve with other limits.
func serveLimited(t testing.TB, p *pool, limits http.Limits, change ...func(*http.Config)) served {
	t.Helper()
	cfg := http.Config{Service: p, Admin: p, RequireToken: true, Token: mm.NewSecret(token), TokenPath: "/home/me/pool-token",
		Version: "1.2.3", Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&cfg)
	}
	s := served{Server: http.NewLimited(cfg, limits), socket: filepath.Join(shortDir(t), "mm.sock")}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unix, err := http.ListenUnix(s.socket)
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + tcp.Addr().String()
	ends := make(chan error, 2)
	go func() { ends <- s.ServeTCP(tcp) }()
	go func() { ends <- s.ServeUnix(unix) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := <-ends; err != http.ErrClosed {
				t.Errorf("a door ended with %v", err)
			}
		}
	})
	return s
}

// shortDir is a temporary folder whose path leaves room for a socket's name, which that of t.TempDir may not.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// A request of a test; the zero values mean a valid one.
type request struct {
	method, path, body string
	header             map[string]string // "" removes
	host               string
}

// do sends r to the TCP door.
func (s served) do(t testing.TB, r request) (*nethttp.Response, string) {
	t.Helper()
	return send(t, nil, s.url, r)
}

// doUnix sends r to the unix socket.
func (s served) doUnix(t testing.TB, r request) (*nethttp.Response, string) {
	t.Helper()
	return send(t, func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.socket)
	}, "http://localhost", r)
}

func send(t testing.TB, dial func(context.Context, string, string) (net.Conn, error), base string, r request) (*nethttp.Response, string) {
	t.Helper()
	req, err := nethttp.NewRequest(r.method, base+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	for k, v := range r.header {
		if req.Header.Set(k, v); v == "" {
			req.Header.Del(k)
		}
	}
	req.Host = r.host
	transport := &nethttp.Transport{DialContext: dial}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body strings.Builder
	if _, err := io.Copy(&body, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp, body.String()
}
