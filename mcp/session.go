package mcp

import (
	"encoding/json"
	"io"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// A session is the one client of a stdio server, as mcp-go sees it. Responses and notifications leave in the order of the
// calls of write and notify.
type session struct {
	initialized  atomic.Bool
	client       atomic.Pointer[mcp.Implementation]
	capabilities atomic.Pointer[mcp.ClientCapabilities]
	channel      chan mcp.JSONRPCNotification // never read: no tool changes while a session runs

	mu     sync.Mutex
	out    io.Writer
	failed bool
	broken chan struct{} // closed when out fails
}

var _ server.SessionWithClientInfo = (*session)(nil)

func newSession(out io.Writer) *session {
	return &session{out: out, channel: make(chan mcp.JSONRPCNotification, 1), broken: make(chan struct{})}
}

func (s *session) SessionID() string                                   { return "stdio" }
func (s *session) Initialize()                                         { s.initialized.Store(true) }
func (s *session) Initialized() bool                                   { return s.initialized.Load() }
func (s *session) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.channel }
func (s *session) SetClientInfo(info mcp.Implementation)               { s.client.Store(&info) }
func (s *session) SetClientCapabilities(caps mcp.ClientCapabilities)   { s.capabilities.Store(&caps) }
func (s *session) GetClientInfo() (info mcp.Implementation)            { return deref(s.client.Load()) }
func (s *session) GetClientCapabilities() (caps mcp.ClientCapabilities) {
	return deref(s.capabilities.Load())
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (s *session) notify(n mcp.JSONRPCNotification) { s.write(n) }

// write sends one message. After a failure it drops what comes.
func (s *session) write(message any) {
	text, err := json.Marshal(message)
	if err != nil {
		return // nothing that this package sends fails to marshal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed {
		return
	}
	if _, err := s.out.Write(append(text, '\n')); err != nil {
		s.failed = true
		close(s.broken)
	}
}
