package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/http/client"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

// A pool is a scripted Service and Admin that counts executions.
type pool struct {
	mm.Service
	mm.Admin
	run      func(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome
	executed atomic.Int32
}

func (p *pool) Run(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
	p.executed.Add(1)
	return p.run(ctx, cmd, progress)
}

func (*pool) Cancel(_ context.Context, id string) (bool, error) { return id == "known", nil }

func (*pool) Connections(context.Context) ([]mm.Connection, error) {
	return nil, mm.Errorf(mm.RegistryBroken, "Correct it.", "Broken at line 3.")
}

func (*pool) Status(context.Context) (mm.PoolStatus, error) {
	return mm.PoolStatus{Notes: []string{"a note"}}, nil
}

func (*pool) Reset(_ context.Context, connection string, module mm.Module) ([]mm.SessionID, error) {
	return []mm.SessionID{{Connection: connection, Module: module}}, nil
}

func (*pool) Metrics(context.Context) (mm.Metrics, error) { return mm.Metrics{Requests: 7}, nil }

func (*pool) About(context.Context) (mm.About, error) { return mm.About{PID: 7}, nil }

func (*pool) Stop(_ context.Context, r mm.StopRequest) error {
	if r.IfIdle {
		return mm.Errorf(mm.Busy, "Wait.", "Busy.")
	}
	return nil
}

func success(_ context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
	return mm.Outcome{Status: mm.StatusSuccess, RequestID: cmd.RequestID, Session: cmd.Session, Result: mm.Result{Output: "done"}}
}

// listen returns a socket to serve on.
func listen(t *testing.T) net.Listener {
	t.Helper()
	dir, err := os.MkdirTemp("", "mm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ln, err := http.ListenUnix(filepath.Join(dir, "mm.sock"))
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// serve serves p on ln until the test ends.
func serve(t *testing.T, p *pool, ln net.Listener) {
	t.Helper()
	s := http.New(http.Config{Service: p, Admin: p, Version: "1.2", Log: slog.New(slog.DiscardHandler)})
	end := make(chan error, 1)
	go func() { end <- s.ServeUnix(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-end; err != http.ErrClosed {
			t.Error(err)
		}
	})
}

// to returns a client of what listens on ln.
func to(t *testing.T, ln net.Listener) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Socket: ln.Addr().String(), NewID: func() string { return "made" }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

var command = mm.Command{Session: mm.SessionID{Connection: "C", Module: mm.Exchange}, Text: "x"}

func TestTheOtherCallsAndTheirErrorsComeThrough(t *testing.T) {
	ln := listen(t)
	serve(t, &pool{}, ln)
	c, ctx := to(t, ln), t.Context()
	for id, want := range map[string]bool{"known": true, "unknown": false} {
		if found, err := c.Cancel(ctx, id); found != want || err != nil {
			t.Errorf("cancel %s: %v %v", id, found, err)
		}
	}
	if s, err := c.Status(ctx); err != nil || len(s.Notes) != 1 {
		t.Errorf("%+v %v", s, err)
	}
	if ids, err := c.Reset(ctx, "C", mm.Teams); err != nil || len(ids) != 1 || ids[0].String() != "C/teams" {
		t.Errorf("%v %v", ids, err)
	}
	if m, err := c.Metrics(ctx); err != nil || m.Requests != 7 {
		t.Errorf("%+v %v", m, err)
	}
	if a, err := c.About(ctx); err != nil || a.PID != 7 {
		t.Errorf("%+v %v", a, err)
	}
	if err := c.Stop(ctx, mm.StopRequest{}); err != nil {
		t.Error(err)
	}
	if e, ok := errors.AsType[*mm.Error](c.Stop(ctx, mm.StopRequest{IfIdle: true})); !ok || e.Code != mm.Busy || e.Executed != mm.ExecutedNo {
		t.Errorf("%#v", e)
	}
	if version, err := c.Health(ctx); version != "1.2" || err != nil {
		t.Errorf("%q %v", version, err)
	}
	_, err := c.Connections(ctx)
	want := mm.Error{Code: mm.RegistryBroken, Message: "Broken at line 3.", Remedy: "Correct it.", Executed: mm.ExecutedNo}
	if e, ok := errors.AsType[*mm.Error](err); !ok || *e != want {
		t.Errorf("%#v", err)
	}
}

func TestARequestWithoutAnIDIsGivenOne(t *testing.T) {
	ln := listen(t)
	serve(t, &pool{run: success}, ln)
	cmd := command
	if o := to(t, ln).Run(t.Context(), cmd, nil); o.Status != mm.StatusSuccess || o.RequestID != "made" || o.Session != cmd.Session {
		t.Errorf("%+v", o)
	}
	cmd.RequestID = "mine"
	if o := to(t, ln).Run(t.Context(), cmd, nil); o.RequestID != "mine" {
		t.Errorf("%+v", o)
	}
	c, err := client.New(client.Config{Socket: ln.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if a, b := c.Run(t.Context(), command, nil), c.Run(t.Context(), command, nil); a.RequestID == b.RequestID || len(a.RequestID) < 20 {
		t.Errorf("ids %s and %s", a.RequestID, b.RequestID)
	}
}

func TestAnErrorKeepsWhatWasPrintedAndTheProgressItsOrder(t *testing.T) {
	ln := listen(t)
	want := mm.Outcome{Status: mm.StatusError, RequestID: "made", Session: command.Session,
		Err:    &mm.Error{Code: mm.CommandFailed, Message: "It threw.", Remedy: "Mend it.", Executed: mm.ExecutedYes},
		Result: mm.Result{Output: "before", Terminated: mm.Threw}}
	serve(t, &pool{run: func(_ context.Context, _ mm.Command, progress mm.Progress) mm.Outcome {
		for _, text := range []string{"a", "b", "c"} {
			progress([]mm.Record{{Stream: mm.StreamWarning, Text: text}})
		}
		return want
	}}, ln)
	var texts string
	got := to(t, ln).Run(t.Context(), command, func(records []mm.Record) { texts += records[0].Text })
	if diff := cmp.Diff(want, got); diff != "" || texts != "abc" {
		t.Errorf("progress %q\n%s", texts, diff)
	}
}

func TestWhereNobodyAnswersNothingWasExecuted(t *testing.T) {
	dir := t.TempDir()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	for _, cfg := range []client.Config{{Socket: filepath.Join(dir, "none.sock")}, {URL: "http://" + gone.Addr().String()}} {
		c, err := client.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		o := c.Run(t.Context(), command, nil)
		_, list := c.Connections(t.Context())
		_, reset := c.Reset(t.Context(), "C", "")
		for _, err := range []error{o.Err, list, reset} {
			e, ok := errors.AsType[*mm.Error](err)
			if !ok || e.Code != mm.NodeUnreachable || e.Executed != mm.ExecutedNo || !strings.Contains(e.Remedy, "`mm serve`") {
				t.Errorf("%#v", err)
			}
		}
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	for _, url := range []string{"localhost:5200", "5200", "ftp://localhost", "http://", "http://[::1", "unix:///x"} {
		if _, err := client.New(client.Config{URL: url}); err == nil {
			t.Errorf("%s is accepted", url)
		}
	}
}

func TestWhatIsNotMMIsNamedAndNotAskedAgain(t *testing.T) {
	for status, executed := range map[int]mm.Executed{200: mm.ExecutedMaybe, 302: mm.ExecutedNo, 404: mm.ExecutedNo, 502: mm.ExecutedMaybe} {
		var asked atomic.Int32
		other := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
			asked.Add(1)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			fmt.Fprint(w, "<html>")
		}))
		c, err := client.New(client.Config{URL: other.URL})
		if err != nil {
			t.Fatal(err)
		}
		o := c.Run(t.Context(), command, nil)
		_, list := c.Status(t.Context())
		c.Close()
		other.Close()
		if o.Err == nil || o.Err.Code != mm.NodeUnreachable || o.Err.Executed != executed || !strings.Contains(o.Err.Message, "is not mm") {
			t.Errorf("%d: %+v", status, o.Err)
		}
		if list == nil || asked.Load() != 3 { // for its health, the command and the status
			t.Errorf("%d: asked %d times, %v", status, asked.Load(), list)
		}
	}
}

func TestOverTCPTheDaemonCannotBeStopped(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &pool{}
	s := http.New(http.Config{Service: p, Admin: p, Log: slog.New(slog.DiscardHandler)})
	end := make(chan error, 1)
	go func() { end <- s.ServeTCP(tcp) }()
	defer func() { _ = s.Shutdown(context.Background()); <-end }()
	c, err := client.New(client.Config{URL: "http://" + tcp.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, about := c.About(t.Context())
	for _, err := range []error{about, c.Stop(t.Context(), mm.StopRequest{})} {
		if e, ok := errors.AsType[*mm.Error](err); !ok || e.Code != mm.NotEnabled || e.Executed != mm.ExecutedNo || e.Remedy == "" {
			t.Errorf("%#v", err)
		}
	}
}

func TestTheTokenGoesWithEveryCallAndIsNotInAnError(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &pool{run: success}
	s := http.New(http.Config{Service: p, Admin: p, RequireToken: true, Token: mm.NewSecret("right"), Log: slog.New(slog.DiscardHandler)})
	end := make(chan error, 1)
	go func() { end <- s.ServeTCP(tcp) }()
	defer func() { _ = s.Shutdown(context.Background()); <-end }()
	for token, ok := range map[string]bool{"right": true, "wrong": false} {
		c, err := client.New(client.Config{URL: "http://" + tcp.Addr().String() + "/", Token: mm.NewSecret(token)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		o := c.Run(t.Context(), command, nil)
		if ok && o.Err != nil || !ok && (o.Err.Code != mm.Unauthorized || o.Err.Executed != mm.ExecutedNo || strings.Contains(o.Err.Error(), token)) {
			t.Errorf("%s: %v", token, o.Err)
		}
		if o.RequestID == "" || o.Session != command.Session {
			t.Errorf("%+v", o)
		}
	}
}

func TestRunReturnsWhenItsContextEndsAndTheCommandGoesOn(t *testing.T) {
	for _, progress := range []mm.Progress{nil, func([]mm.Record) {}} {
		ln := listen(t)
		begun, end, commands := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		serve(t, &pool{run: func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
			close(begun)
			<-end
			commands <- ctx.Err()
			return success(ctx, cmd, nil)
		}}, ln)
		ctx, cancel := context.WithCancel(t.Context())
		answers := make(chan mm.Outcome, 1)
		c := to(t, ln)
		go func() { answers <- c.Run(ctx, command, progress) }()
		<-begun
		cancel()
		o := <-answers
		if o.Err == nil || o.Err.Code != mm.Cancelled || o.Err.Executed != mm.ExecutedMaybe || !strings.Contains(o.Err.Remedy, "made") {
			t.Errorf("%+v", o)
		}
		close(end)
		if err := <-commands; err != nil {
			t.Errorf("the command's context ended: %v", err)
		}
	}
}
