package engine

import (
	"context"
	"net"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh/frame"
)

// Serve runs one stand-in on conn until it ends, and returns its exit code. It is for a process of its own, whose id it tells
// in its hello. It leaves conn open: when that closes, the process at the other end takes this one for dead, and its exit
// code has to be settled by then. The error is that of Allowed.
func Serve(ctx context.Context, conn net.Conn, c mm.Connection, pid int) (int, error) {
	if err := Allowed(c); err != nil {
		return 1, err
	}
	h := newHost(c, newSite(*c.Sandbox, nil, newClient()), pid)
	h.conn = reading{conn}
	stop := context.AfterFunc(ctx, func() { h.exit(0) })
	defer stop()
	h.hello()
	for {
		var q frame.Request
		if err := frame.Read(conn, &q); err != nil {
			break
		}
		h.take(&q)
	}
	h.end("the connection was closed")
	h.wait()
	return h.code, nil
}

// reading is a connection of which only the reading ends with Close.
type reading struct{ net.Conn }

func (r reading) Close() error { return r.SetReadDeadline(time.Unix(1, 0)) }
