package engine

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/microsoft-master/mm/internal/pwsh/frame"
)

// A link is the connection between an engine and its host in the same process: the engine's end is a net.Conn, and what it
// writes is handed to the host at once, by the goroutine that writes. So an idle host needs no goroutine and no buffer, which
// a net.Pipe would cost ten thousand times.
type link struct {
	h *host

	mu       sync.Mutex
	changed  sync.Cond // of what follows
	pending  []byte    // a frame from the host that the engine has not read whole; nil: none
	closed   bool
	late     bool // the read deadline has passed
	deadline *time.Timer

	partial []byte // a request that is not whole yet; only the writing goroutine uses it
}

// newLink returns the engine's end of a connection to h, which gets the other.
func newLink(h *host) *link {
	l := &link{h: h}
	l.changed.L = &l.mu
	h.conn = far{l}
	return l
}

// Read reads what the host has written.
func (l *link) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pending) == 0 {
		switch {
		case l.closed:
			return 0, io.EOF
		case l.late:
			return 0, os.ErrDeadlineExceeded
		}
		l.changed.Wait()
	}
	n := copy(p, l.pending)
	if l.pending = l.pending[n:]; len(l.pending) == 0 {
		l.pending = nil
		l.changed.Broadcast()
	}
	return n, nil
}

// Write hands requests to the host. It must not be called from two goroutines at once.
func (l *link) Write(p []byte) (int, error) {
	l.partial = append(l.partial, p...)
	for {
		var q frame.Request
		r := bytes.NewReader(l.partial)
		switch err := frame.Read(r, &q); {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			if len(l.partial) == 0 {
				l.partial = nil
			}
			return len(p), l.open()
		case err != nil:
			l.Close()
			return 0, err
		}
		l.partial = l.partial[len(l.partial)-r.Len():]
		l.h.take(&q)
	}
}

// open returns an error where the link is closed.
func (l *link) open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return net.ErrClosed
	}
	return nil
}

// Close ends the connection, and the host with it.
func (l *link) Close() error {
	l.hangUp()
	l.h.end("the connection was closed")
	return nil
}

func (l *link) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.deadline != nil {
		l.deadline.Stop()
	}
	l.changed.Broadcast()
}

// SetReadDeadline lets reads fail from t on; the zero time is never.
func (l *link) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deadline != nil {
		l.deadline.Stop()
		l.deadline = nil
	}
	l.late = !t.IsZero() && !t.After(time.Now())
	if l.late {
		l.changed.Broadcast()
	} else if !t.IsZero() {
		var own *time.Timer
		own = time.AfterFunc(time.Until(t), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.deadline == own { // and not of an earlier call
				l.late = true
				l.changed.Broadcast()
			}
		})
		l.deadline = own
	}
	return nil
}

// SetDeadline and SetWriteDeadline are not offered: the host takes what is written at once.
func (l *link) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (l *link) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// LocalAddr and RemoteAddr say that both ends are in this process.
func (l *link) LocalAddr() net.Addr  { return here{} }
func (l *link) RemoteAddr() net.Addr { return here{} }

type here struct{}

func (here) Network() string { return "memory" }
func (here) String() string  { return "in process" }

// far is the host's end of a link.
type far struct{ l *link }

// Write hands a frame to the engine's reader. It waits until the one before has been read, so that a flood of output is as
// fast as its reader.
func (f far) Write(p []byte) (int, error) {
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	for f.l.pending != nil && !f.l.closed {
		f.l.changed.Wait()
	}
	if f.l.closed {
		return 0, net.ErrClosed
	}
	f.l.pending = p
	f.l.changed.Broadcast()
	return len(p), nil
}

// Close ends the connection; what was written can still be read.
func (f far) Close() error {
	f.l.hangUp()
	return nil
}
