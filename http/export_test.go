package http

import "time"

// Limits are what tests change; zero leaves the default.
type Limits struct {
	Connections, Crowd           int
	Read, Idle, Stall, KeepAlive time.Duration
}

// NewLimited is New with other limits.
func NewLimited(cfg Config, change Limits) *Server {
	l := defaultLimits
	for _, n := range []struct {
		limit *int
		value int
	}{{&l.connections, change.Connections}, {&l.crowd, change.Crowd}} {
		if n.value != 0 {
			*n.limit = n.value
		}
	}
	for _, d := range []struct {
		limit *time.Duration
		value time.Duration
	}{{&l.read, change.Read}, {&l.idle, change.Idle}, {&l.stall, change.Stall}, {&l.keepAlive, change.KeepAlive}} {
		if d.value != 0 {
			*d.limit = d.value
		}
	}
	return newServer(cfg, l)
}

// Open returns how many connections are open.
func (s *Server) Open() int { return s.conns.count() }
