package contracttest_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	stdhttp "net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/http/client"
	"github.com/microsoft-master/mm/internal/contracttest"
)

// inProcess is the door of callers in the daemon.
type inProcess struct{ mm.Service }

func (inProcess) Kind() contracttest.Kind { return contracttest.InProcess }

func (d inProcess) Ask(ctx context.Context, a contracttest.Ask) (contracttest.Seen, error) {
	return contracttest.SeenInProcess(d.Run(ctx, mm.Command{RequestID: a.RequestID, Session: mm.SessionID{Connection: a.Connection,
		Module: mm.Module(a.Module)}, Text: a.Command, Timeout: a.Timeout, Want: mm.Want{Format: a.Format, MaxItems: a.MaxItems}}, nil))
}

func (d inProcess) Graph(ctx context.Context, a contracttest.GraphAsk) (contracttest.Seen, error) {
	return contracttest.SeenInProcess(d.Service.Graph(ctx, a.Request(), nil))
}

const token = "the token"

// overHTTP is a door of the pool API, for clients that know nothing of this project.
type overHTTP struct {
	kind contracttest.Kind
	to   client.Config // for clients that do
	http stdhttp.Client
}

// overSocket opens the unix socket of a world.
func overSocket(t *testing.T, w world, change ...func(*http.Config)) *overHTTP {
	t.Helper()
	dir, err := os.MkdirTemp("", "mm") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ln, err := http.ListenUnix(filepath.Join(dir, "mm.sock"))
	if err != nil {
		t.Fatal(err)
	}
	path := ln.Addr().String()
	listen(t, w, func(s *http.Server) error { return s.ServeUnix(ln) }, change...)
	return newHTTP(t, contracttest.Socket, client.Config{Socket: path}, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	})
}

// overTCP opens a port of a world.
func overTCP(t *testing.T, w world, change ...func(*http.Config)) *overHTTP {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	listen(t, w, func(s *http.Server) error { return s.ServeTCP(ln) }, change...)
	return newHTTP(t, contracttest.TCP, client.Config{URL: "http://" + address, Token: mm.NewSecret(token)},
		func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", address) })
}

func listen(t *testing.T, w world, serve func(*http.Server) error, change ...func(*http.Config)) {
	t.Helper()
	config := http.Config{Service: w.pool, Admin: w.pool, RequireToken: true, Token: mm.NewSecret(token), TokenPath: "/home/me/pool-token",
		Version: "v1.2.3", Log: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&config)
	}
	server := http.New(config)
	ended := make(chan error, 1)
	go func() { ended <- serve(server) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrClosed) {
			t.Error(err)
		}
	})
}

func newHTTP(t *testing.T, kind contracttest.Kind, to client.Config, dial func(context.Context) (net.Conn, error)) *overHTTP {
	transport := &stdhttp.Transport{MaxIdleConnsPerHost: 16,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}
	t.Cleanup(transport.CloseIdleConnections)
	return &overHTTP{kind: kind, to: to, http: stdhttp.Client{Transport: transport}}
}

// client returns the project's own client of the door.
func (d *overHTTP) client(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(d.to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (d *overHTTP) Kind() contracttest.Kind { return d.kind }

func (d *overHTTP) Ask(ctx context.Context, a contracttest.Ask) (contracttest.Seen, error) {
	r, err := d.Send(ctx, contracttest.Request{Method: "POST", Path: "/run", Body: a.JSON()})
	if err != nil {
		return contracttest.Seen{}, err
	}
	return contracttest.SeenOverHTTP(r.Status, r.Header["Content-Type"], r.Body)
}

func (d *overHTTP) Graph(ctx context.Context, a contracttest.GraphAsk) (contracttest.Seen, error) {
	r, err := d.Send(ctx, contracttest.Request{Method: "POST", Path: "/graph", Body: a.JSON()})
	if err != nil {
		return contracttest.Seen{}, err
	}
	return contracttest.SeenOverHTTP(r.Status, r.Header["Content-Type"], r.Body)
}

func (d *overHTTP) Send(ctx context.Context, r contracttest.Request) (contracttest.Reply, error) {
	req, err := stdhttp.NewRequestWithContext(ctx, r.Method, "http://localhost"+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return contracttest.Reply{}, err
	}
	if r.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if d.kind == contracttest.TCP {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return contracttest.Reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	reply := contracttest.Reply{Status: resp.StatusCode, Header: map[string]string{}, Body: string(body)}
	for name := range resp.Header {
		reply.Header[name] = resp.Header.Get(name)
	}
	return reply, err
}
