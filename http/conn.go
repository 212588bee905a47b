package http

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A conn is one client's connection, with the manners that fasthttp lacks: who says nothing is left in silence, who does not
// take an answer is given up, and who still sends when the connection ends gets to read why.
type conn struct {
	net.Conn
	limits    *limits
	crowded   bool        // one too many: its requests are refused
	reading   bool        // a request has begun to arrive; used by its reader alone
	lingering atomic.Bool // the client may be sending what nobody will read
	once      sync.Once
	gone      func() // called once, when it is closed
}

// Read is that of the connection, but a client gets no answer to its silence, and one to half a request: fasthttp answers the
// one and leaves some of the other unanswered.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	switch {
	case !c.reading && errors.Is(err, os.ErrDeadlineExceeded):
		err = io.EOF
	case c.reading && err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Write writes p as long as its client takes something of it now and then: a slow link is fine, and an event stream may last
// for hours, but who stops reading must not hold the answer in memory for ever.
func (c *conn) Write(p []byte) (n int, err error) {
	for n < len(p) {
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.limits.stall)); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(p[n:min(n+writePiece, len(p))])
		n += m
		if err != nil && (m == 0 || !errors.Is(err, os.ErrDeadlineExceeded)) {
			return n, err
		}
	}
	return n, nil
}

// writePiece is how many bytes a client may take its time for at once.
const writePiece = 64 << 10

// SetWriteDeadline changes nothing: Write has its own.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// linger notes that the next answer is the last, and that its client may still send.
func (c *conn) linger() { c.lingering.Store(true) }

// Close closes the connection. To a client that may still send it says first that the answer is at its end, and reads what
// comes, within bounds: closing at once would reset the connection, and a reset takes from the client what it has not read.
func (c *conn) Close() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.lingering.Load() && half.CloseWrite() == nil {
		_ = c.Conn.SetReadDeadline(time.Now().Add(c.limits.drainTime))
		_, _ = io.CopyN(io.Discard, c.Conn, c.limits.drainBytes)
	}
	return c.abort()
}

// abort closes the connection at once.
func (c *conn) abort() error {
	err := c.Conn.Close()
	c.once.Do(c.gone)
	return err
}

// conns are the open connections of a server.
type conns struct {
	mu      sync.Mutex
	open    map[*conn]bool // with whether an answer is under way
	closing bool
	none    chan struct{} // closed when closing and none is open
}

func newConns() *conns { return &conns{open: map[*conn]bool{}, none: make(chan struct{})} }

// add notes a connection, unless they are being closed.
func (s *conns) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.open[c] = false
	}
	return !s.closing
}

func (s *conns) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[c]; ok {
		delete(s.open, c)
		s.signal()
	}
}

// answering notes that c's client waits for an answer.
func (s *conns) answering(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[c]; ok {
		s.open[c] = true
	}
}

// answered notes that c's client has its answer.
func (s *conns) answered(c *conn) {
	s.mu.Lock()
	_, ok := s.open[c]
	if ok {
		s.open[c] = false
	}
	closing := s.closing
	s.mu.Unlock()
	if ok && closing {
		_ = c.abort()
	}
}

// close lets no further connections in and closes those whose clients wait for no answer; the others follow when they have
// theirs. none tells when all are closed.
func (s *conns) close() {
	s.mu.Lock()
	s.closing = true
	s.signal()
	s.mu.Unlock()
	s.abort(func(answering bool) bool { return !answering })
}

// closeAll closes what is left.
func (s *conns) closeAll() { s.abort(func(bool) bool { return true }) }

func (s *conns) abort(which func(answering bool) bool) {
	s.mu.Lock()
	var list []*conn
	for c, answering := range s.open {
		if which(answering) {
			list = append(list, c)
		}
	}
	s.mu.Unlock()
	for _, c := range list { // without the lock, which remove wants
		_ = c.abort()
	}
}

// signal closes none once.
func (s *conns) signal() {
	if !s.closing || len(s.open) > 0 {
		return
	}
	select {
	case <-s.none:
	default:
		close(s.none)
	}
}

// count returns how many are open.
func (s *conns) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}
