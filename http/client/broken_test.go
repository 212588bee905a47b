package client_test

import (
	"bufio"
	"context"
	"io"
	"net"
	nethttp "net/http"
	"strings"
	"sync"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/client"
)

// A cutter is a listener that hands its next connections to its cuts, one to each, and closes them then; the server gets
// the others.
type cutter struct {
	net.Listener
	mu   sync.Mutex
	cuts []func(client net.Conn)
}

func (l *cutter) next() func(net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.cuts) == 0 {
		return nil
	}
	cut := l.cuts[0]
	l.cuts = l.cuts[1:]
	return cut
}

func (l *cutter) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		cut := l.next()
		if cut == nil {
			return conn, nil
		}
		cut(conn)
		_ = conn.Close()
	}
}

// cut serves p to a client that has met the server before, and whose next connections are cut.
func cut(t *testing.T, p *pool, cuts ...func(net.Conn)) *client.Client {
	t.Helper()
	l := &cutter{Listener: listen(t)}
	serve(t, p, l)
	c := to(t, l)
	if _, err := c.Health(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cuts = cuts
	return c
}

// readRequest takes one request off the connection, so that the client has sent it whole.
func readRequest(conn net.Conn) {
	req, err := nethttp.ReadRequest(bufio.NewReader(conn))
	if err == nil {
		_, _ = io.Copy(io.Discard, req.Body)
	}
}

// after reads a request and answers it with that text, which is not all of an answer.
func after(text string) func(net.Conn) {
	return func(conn net.Conn) {
		readRequest(conn)
		_, _ = io.WriteString(conn, text)
	}
}

func TestAfterABrokenConnectionTheSameRequestIsAskedForOnceMore(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: "
	for name, broken := range map[string]func(net.Conn){
		"nothing came":           after(""),
		"half a head":            after("HTTP/1.1 200 O"),
		"half a body":            after(head + "application/json\r\nContent-Length: 100\r\n\r\n{\"status\":"),
		"a stream without end":   after(head + "text/event-stream\r\n\r\nevent: progress\ndata: {}\n\n"),
		"half a stream":          after(head + "text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nevent: "),
		"nothing was even taken": func(net.Conn) {},
	} {
		t.Run(name, func(t *testing.T) {
			ids := make(chan string, 2)
			p := &pool{run: func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
				ids <- cmd.RequestID
				return success(ctx, cmd, nil)
			}}
			if o := cut(t, p, broken).Run(t.Context(), command, func([]mm.Record) {}); o.Err != nil {
				t.Fatal(o.Err)
			}
			if id := <-ids; id != "made" || p.executed.Load() != 1 {
				t.Errorf("id %s, %d calls", id, p.executed.Load())
			}
		})
	}
}

// unknown fails unless o says that nobody knows whether the command was executed, and how to find out.
func unknown(t *testing.T, o mm.Outcome) {
	t.Helper()
	if o.Err == nil || o.Err.Code != mm.NodeUnreachable || o.Err.Executed != mm.ExecutedMaybe || o.Err.Remedy == "" || o.RequestID != "made" {
		t.Errorf("%+v", o.Err)
	}
}

func TestAfterASecondBreakItIsLeftToTheCaller(t *testing.T) {
	p := &pool{run: success}
	o := cut(t, p, after(""), after("")).Run(t.Context(), command, nil)
	unknown(t, o)
	if !strings.Contains(o.Err.Remedy, "request id made") || p.executed.Load() != 0 {
		t.Errorf("%+v, %d calls", o.Err, p.executed.Load())
	}
}

// oldLife answers the question for its health as a server that ends then would, takes the next request too, and is gone.
func oldLife(t *testing.T, ln net.Listener, gone func()) (ended <-chan struct{}) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, answer := range []string{"HTTP/1.1 200 OK\r\nMm-Instance: old\r\nConnection: close\r\n\r\n" + `{"status":"healthy"}`, ""} {
			conn, err := ln.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			if answer == "" {
				defer func() { _ = conn.Close() }()
				readRequest(conn)
				gone()
				return
			}
			after(answer)(conn)
			_ = conn.Close()
		}
	}()
	return done
}

func TestAServerThatWasStartedAnewDoesNotExecuteItAgain(t *testing.T) {
	ln := listen(t)
	p := &pool{run: success}
	ended := oldLife(t, ln, func() { serve(t, p, ln) })
	o := to(t, ln).Run(t.Context(), command, nil)
	<-ended
	unknown(t, o)
	if !strings.Contains(o.Err.Message, "started anew") || p.executed.Load() != 0 {
		t.Errorf("%+v, %d calls", o.Err, p.executed.Load())
	}
}

func TestAServerThatEndedIsNotTakenForOneThatDidNothing(t *testing.T) {
	ln := listen(t)
	ended := oldLife(t, ln, func() { _ = ln.Close() })
	o := to(t, ln).Run(t.Context(), command, nil)
	<-ended
	unknown(t, o)
	if !strings.Contains(o.Err.Message, "mm has ended") {
		t.Errorf("%+v", o.Err)
	}
}

func TestAPoolThatDoesNotKnowRequestIDsIsNotAskedAgain(t *testing.T) {
	ln := listen(t)
	runs := make(chan string, 4)
	mux := nethttp.NewServeMux()
	mux.HandleFunc("/health", func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		_, _ = io.WriteString(w, `{"status": "healthy", "timestamp": "2026-11-22T10:00:00"}`)
	})
	mux.HandleFunc("/run", func(nethttp.ResponseWriter, *nethttp.Request) {
		runs <- "run"
		panic(nethttp.ErrAbortHandler)
	})
	server := nethttp.Server{Handler: mux}
	end := make(chan error, 1)
	go func() { end <- server.Serve(ln) }()
	o := to(t, ln).Run(t.Context(), command, nil)
	unknown(t, o)
	if len(runs) != 1 {
		t.Errorf("%d runs", len(runs))
	}
	_ = server.Close()
	<-end
}
