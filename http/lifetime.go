package http

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

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
	ln := &listener{Listener: plain, closed: make(chan struct{})}
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
// then, and the error is that of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, ln := range s.life.close() {
		_ = ln.Close()
	}
	var err error
	select {
	case <-s.life.ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.giveUp()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAnswers)
	defer cancel()
	select {
	case <-s.life.ended:
	case <-last.Done():
	}
	// What is left are connections: idle ones are closed now, and those that an answer is on its way through afterwards.
	var doors sync.WaitGroup
	for _, door := range []*fasthttp.Server{s.tcp, s.unix} {
		doors.Go(func() { _ = door.ShutdownWithContext(last) })
	}
	doors.Wait()
	return err
}

// acceptPause is how long a listener waits when the process is out of file descriptors.
const acceptPause = 50 * time.Millisecond

// A listener goes on after the process was out of file descriptors for a while, where fasthttp would end serving, and may be
// closed twice.
type listener struct {
	net.Listener
	once   sync.Once
	closed chan struct{}
	err    error
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) {
			return conn, err
		}
		select {
		case <-l.closed:
			return nil, net.ErrClosed
		case <-time.After(acceptPause):
		}
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.err = l.Listener.Close()
	})
	return l.err
}
