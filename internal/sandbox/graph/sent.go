package graph

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A Sent is something that would have reached other people, or given them something.
type Sent struct {
	Kind    string // sendMail, reply, forward, invitation, response, message, member, share
	Tenant  string // its id
	Account string // who sent it
	Method  string
	Path    string // of the request, with its version
	Body    json.RawMessage
	At      time.Time
}

// maxSent bounds what is remembered; the oldest are forgotten.
const maxSent = 10_000

// record remembers what the request sent.
func (c *call) record(kind string) {
	s := c.s
	if len(s.sent) >= maxSent {
		s.sent = slices.Delete(s.sent, 0, maxSent/2)
	}
	s.sent = append(s.sent, Sent{Kind: kind, Tenant: c.caller.TenantID, Account: c.caller.Account, Method: c.r.Method,
		Path: strings.TrimSuffix(c.r.URL.Path, "/"), Body: slices.Clone(c.raw), At: time.Now()})
}

// Sent returns what was sent, the last 10,000 of it, the oldest first.
func (s *Server) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}
