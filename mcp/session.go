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
// calls of write and notify. One goroutine writes to out, so that a client that does not read holds up nobody who ends.
type session struct {
	initialized  atomic.Bool
	client       atomic.Pointer[mcp.Implementation]
	capabilities atomic.Pointer[mcp.ClientCapabilities]
	channel      chan mcp.JSONRPCNotification // what mcp-go itself sends; leaves before the next message of write

	out       io.Writer
	messages  chan []byte   // to the goroutine that writes
	broken    chan struct{} // closed when out fails
	delivered chan struct{} // closed when that goroutine ends
	over      chan struct{} // closed by giveUp
	giveUp    func()        // ends every wait for the client; what is not written then is dropped
}

var _ server.SessionWithClientInfo = (*session)(nil)

func newSession(out io.Writer) *session {
	s := &session{
		channel: make(chan mcp.JSONRPCNotification, 16), out: out, messages: make(chan []byte),
		broken: make(chan struct{}), delivered: make(chan struct{}), over: make(chan struct{}),
	}
	s.giveUp = sync.OnceFunc(func() { close(s.over) })
	go s.deliver()
	return s
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

// write sends one message. When out is broken, or everything over, it drops it.
func (s *session) write(message any) {
	for {
		select {
		case n := <-s.channel:
			s.send(n)
			continue
		default:
		}
		break
	}
	s.send(message)
}

func (s *session) send(message any) {
	text, err := json.Marshal(message)
	if err != nil {
		return // nothing that this package sends fails to marshal
	}
	select {
	case s.messages <- append(text, '\n'):
	case <-s.broken:
	case <-s.over:
	}
}

// deliver writes the messages until finish or a failure.
func (s *session) deliver() {
	defer close(s.delivered)
	for text := range s.messages {
		if _, err := s.out.Write(text); err != nil {
			close(s.broken)
			return
		}
	}
}

// finish returns when everything is written, or it is over. Nobody may call write any more.
func (s *session) finish() {
	close(s.messages)
	select {
	case <-s.delivered:
	case <-s.over:
	}
}
