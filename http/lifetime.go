package http

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/valyala/fasthttp"
)

// ErrClosed is what the Serve methods return after Shutdown.
var ErrClosed = errors.New("the server was shut down")

// A lifetime counts what runs in a server, so that its end can wait for it.
type lifetime struct {
	mu        sync.Mutex
	listeners []net.Listener
	running   int
	closed    bool
	ended     chan struct{} // closed when closed and nothing runs
}

// enter counts one more request, unless the server is closed.
func (l *lifetime) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.running++
	return true
}

// again counts a part of a running request that will go on after it left.
func (l *lifetime) again() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running++
}

func (l *lifetime) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	if l.closed && l.running == 0 {
		close(l.ended)
	}
}

// listen notes a listener that the end has to close, unless the server is closed.
func (l *lifetime) listen(ln net.Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listeners = append(l.listeners, ln)
	return !l.closed
}

// close lets nothing in any more. What runs goes on; ended tells when it is done.
func (l *lifetime) close() []net.Listener {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed && l.running == 0 {
		close(l.ended)
	}
	l.closed = true
	return l.listeners
}

func (l *lifetime) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

func (s *Server) serve(door *fasthttp.Server, plain net.Listener) error {
	ln := newListener(plain, &s.limits, s.conns)
	if !s.life.listen(ln) {
		_ = ln.Close()
		return ErrClosed
	}
	err := door.Serve(ln)
	if s.life.isClosed() {
		return ErrClosed
	}
	return err
}

// Shutdown stops listening and waits until the running requests are answered; further ones on open connections are
// answered with shutting_down. When ctx ends it gives the running ones up: they are answered with what the Service says
// then, and the error is that of ctx. No connection is open when it returns.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, ln := range s.life.close() {
		_ = ln.Close()
	}
	err := wait(ctx, s.life.ended)
	s.giveUp()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limits.last)
	defer cancel()
	if err == nil {
		last = ctx // only answers are under way, and they may take what is left
	}
	_ = wait(last, s.life.ended)
	s.conns.close()
	if unread := wait(last, s.conns.none); err == nil {
		err = unread
	}
	s.conns.closeAll()
	return err
}

// wait returns nil when done is closed, and the error of ctx where that ends before.
func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
