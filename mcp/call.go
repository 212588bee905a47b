package mcp

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/server"

	mm "github.com/microsoft-master/mm"
)

// errInputEnded is the cause of a request's end when the host closed standard input: nobody asked for the command to stop.
var errInputEnded = errors.New("standard input ended")

// refusedAsTooMany is why a call is refused that the loop has no room for; nil: it has.
func refusedAsTooMany(ctx context.Context) *mm.Error {
	if ctx.Value(tooMany{}) == nil {
		return nil
	}
	return &mm.Error{Code: mm.Busy, Executed: mm.ExecutedNo, RetryAfter: time.Second,
		Message: "Too many calls of this host are running.", Remedy: "Wait for one of them, then call again."}
}

// requestID is the id that a call names, or a new one.
func (s *Server) requestID(named string) string {
	if named != "" {
		return named
	}
	return s.newID()
}

// stopping does a request of that id and asks for its cancellation when the client cancels the call. When standard input ends
// instead, it returns at once and leaves the request alone.
func (s *Server) stopping(ctx context.Context, id string, do func(context.Context) mm.Outcome) mm.Outcome {
	run, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	ended := make(chan struct{})
	defer close(ended)
	unwatch := context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), errInputEnded) {
			abandon()
			return
		}
		s.cancel(id, ended)
	})
	defer unwatch()
	return do(run)
}

// How often and how long a cancellation is tried.
const (
	cancelEvery = 50 * time.Millisecond
	cancelFor   = 10 * time.Second
)

// cancel stops the request of that id. A request that the daemon does not know may still be on its way there, so it asks
// again until the request was found, or ended, or cancelFor has passed.
func (s *Server) cancel(requestID string, ended <-chan struct{}) {
	ctx, stop := context.WithTimeout(context.Background(), cancelFor)
	defer stop()
	again := time.NewTicker(cancelEvery)
	defer again.Stop()
	for {
		if found, err := s.svc.Cancel(ctx, requestID); found || err != nil {
			return
		}
		select {
		case <-again.C:
		case <-ended:
			return
		case <-ctx.Done():
			return
		}
	}
}

// list answers a call without parameters.
func (s *Server) list(ctx context.Context, budget int) answer {
	all, err := s.svc.Connections(ctx)
	if err != nil {
		return refused(asError(err))
	}
	var mine []mm.Connection
	for _, c := range all {
		if c.AllowsMCP(Name) {
			mine = append(mine, c)
		}
	}
	return renderConnections(mine, len(all)-len(mine), budget)
}

// allowed returns an error where the registry gives the connection to other MCP servers only. Whether there is such a
// connection at all is the Service's to say.
func (s *Server) allowed(ctx context.Context, name string) *mm.Error {
	all, err := s.svc.Connections(ctx)
	for _, c := range all {
		if strings.EqualFold(c.Name, name) && !c.AllowsMCP(Name) {
			return mm.Errorf(mm.NotEnabled,
				"To enable it beside those: "+enableCommand(c),
				"Connection '%s' is not enabled for the MCP server mm (its mcps: %s).", c.Name, strings.Join(c.MCPs, ", "))
		}
	}
	// Where the registry is broken but the last good version came with the error, that one is in force.
	if err != nil && len(all) == 0 {
		return asError(err)
	}
	return nil
}

// enableCommand is the command that adds this server to the connection's list.
func enableCommand(c mm.Connection) string {
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	return "mm-connections edit " + quote(c.Name) + " mcps " + quote(strings.Join(c.MCPs, ",")+","+Name)
}

// caller names the host for the daemon's log.
func caller(ctx context.Context) string {
	if session, ok := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo); ok {
		if name := session.GetClientInfo().Name; name != "" {
			return "mcp/" + clip(oneLine(name), 64)
		}
	}
	return "mcp"
}

func asError(err error) *mm.Error {
	var e *mm.Error
	if errors.As(err, &e) {
		return e
	}
	return mm.Errorf(mm.Internal, "Look into the daemon's log.", "%v", err)
}
