package contracttest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors"
	"github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/http/client"
	"github.com/microsoft-master/mm/internal/contracttest"
	"github.com/microsoft-master/mm/internal/registry"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/internal/sandbox/engine"
)

func TestTheRouterIsAService(t *testing.T) {
	contracttest.Service(t, router)
}

func TestTheClientOverAUnixSocketIsAService(t *testing.T) {
	contracttest.Service(t, func(t *testing.T) contracttest.Pool {
		p := router(t)
		dir, err := os.MkdirTemp("", "mm") // t.TempDir is too long for a socket
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		ln, err := http.ListenUnix(filepath.Join(dir, "mm.sock"))
		if err != nil {
			t.Fatal(err)
		}
		serve(t, &p, func(s *http.Server) error { return s.ServeUnix(ln) }, client.Config{Socket: ln.Addr().String()})
		return p
	})
}

func TestTheClientOverTCPIsAService(t *testing.T) {
	contracttest.Service(t, func(t *testing.T) contracttest.Pool {
		p := router(t)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		serve(t, &p, func(s *http.Server) error { return s.ServeTCP(ln) },
			client.Config{URL: "http://" + ln.Addr().String(), Token: mm.NewSecret("the token")})
		return p
	})
}

// router makes a pool of the real router, on stand-in engines and a registry in a file.
func router(t *testing.T) contracttest.Pool {
	t.Helper()
	box, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	entra := &attended{Entra: box.Entra(), byUser: map[string]chan struct{}{}, byDevice: map[string]chan struct{}{}}
	pool, err := actors.Start(actors.Config{
		Registry: registry.Open(filepath.Join(box.Home(), ".m365-connections.json")),
		Launcher: engine.New(engine.Config{SignIn: entra}),
		NewID:    rand.Text,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := pool.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	connections := box.Connections()
	account := func(connection string) string { return connections[connection].ExpectedEmail }
	return contracttest.Pool{
		Service:     pool,
		Admin:       pool,
		Connections: slices.Sorted(maps.Keys(connections)),
		Account:     account,
		SignIn: func(connection, code string) {
			if err := entra.approve(code, account(connection)); err != nil {
				t.Errorf("%s as %s: %v", connection, account(connection), err)
			}
		},
	}
}

// serve puts a server and a client between the suite and the pool.
func serve(t *testing.T, p *contracttest.Pool, listen func(*http.Server) error, to client.Config) {
	t.Helper()
	server := http.New(http.Config{Service: p.Service, Admin: p.Admin, RequireToken: true, Token: mm.NewSecret("the token"),
		Log: slog.New(slog.DiscardHandler)})
	ended := make(chan error, 1)
	go func() { ended <- listen(server) }()
	c, err := client.New(to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrClosed) {
			t.Error(err)
		}
	})
	p.Service, p.Admin = c, c
}

// attended is Entra for a client that hears of an approval at once, where a real one polls every few seconds.
type attended struct {
	*sandbox.Entra
	mu       sync.Mutex
	byUser   map[string]chan struct{} // closed at the approval
	byDevice map[string]chan struct{}
}

func (a *attended) StartDevice(ctx context.Context, r sandbox.DeviceRequest) (sandbox.DeviceCode, error) {
	code, err := a.Entra.StartDevice(ctx, r)
	if err == nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		approved := make(chan struct{})
		a.byUser[code.UserCode], a.byDevice[code.DeviceCode] = approved, approved
		code.Interval = 0
	}
	return code, err
}

func (a *attended) Redeem(ctx context.Context, r sandbox.TokenRequest) (sandbox.Token, error) {
	a.mu.Lock()
	approved := a.byDevice[r.DeviceCode]
	a.mu.Unlock()
	select {
	case <-approved:
		return a.Entra.Redeem(ctx, r)
	case <-ctx.Done():
		return sandbox.Token{}, ctx.Err()
	}
}

func (a *attended) approve(userCode, account string) error {
	if err := a.Approve(userCode, account); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.byUser[userCode])
	return nil
}
