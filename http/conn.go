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
