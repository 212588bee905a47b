package http

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// acceptPause is how long a listener waits when the system has no room for one more connection.
const acceptPause = 50 * time.Millisecond

// A listener bounds how many connections are open, goes on after the process was out of file descriptors for a while, where
// fasthttp would end serving, and may be closed twice.
type listener struct {
	net.Listener
	limits *limits
	conns  *conns
	slots  chan struct{} // one for each open connection
	once   sync.Once
	closed chan struct{}
	err    error
}

func newListener(plain net.Listener, l *limits, c *conns) *listener {
	return &listener{Listener: plain, limits: l, conns: c, slots: make(chan struct{}, l.connections+l.crowd), closed: make(chan struct{})}
}

// Accept returns the next *conn. While as many as there may be are open, the next ones wait in the system's queue.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	plain, err := l.accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	c := &conn{Conn: plain, limits: l.limits, crowded: len(l.slots) > l.limits.connections}
	c.gone = func() {
		l.conns.remove(c)
		<-l.slots
	}
	if !l.conns.add(c) {
		_ = c.abort()
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l *listener) accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if !noRoom(err) {
			return conn, err
		}
		select {
		case <-l.closed:
			return nil, net.ErrClosed
		case <-time.After(acceptPause):
		}
	}
}

// noRoom reports whether an error of Accept passes when others let go of something.
func noRoom(err error) bool {
	for _, lack := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, lack) {
			return true
		}
	}
	return false
}

func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.err = l.Listener.Close()
	})
	return l.err
}
