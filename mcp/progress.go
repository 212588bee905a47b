package mcp

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	mm "github.com/microsoft-master/mm"
)

const (
	// progressEvery is the least time between two notifications: a flood of records must not become a flood of messages.
	progressEvery = 100 * time.Millisecond
	// heartbeatEvery is how often a silent command shows that it is alive; hosts give up on silence after 60 s.
	heartbeatEvery = 10 * time.Second
	// progressChars is the longest message.
	progressChars = 200
)

// notifier is a session that sends a notification itself, in order with its responses.
type notifier interface {
	notify(mcp.JSONRPCNotification)
}

// reporter returns what turns stream records into progress notifications, and a function that ends them: after it returned,
// nothing more is sent. Without a progress token both do nothing.
func (s *Server) reporter(ctx context.Context, meta *mcp.Meta) (mm.Progress, func()) {
	if meta == nil || meta.ProgressToken == nil {
		return nil, func() {}
	}
	r := &reporter{begun: time.Now(), send: func(n int, message string) {
		s.notify(ctx, string(mcp.MethodNotificationProgress),
			map[string]any{"progressToken": meta.ProgressToken, "progress": n, "message": message})
	}}
	stop := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		tick := time.NewTicker(heartbeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				r.beat()
			case <-stop:
				return
			}
		}
	})
	return r.records, func() { close(stop); beating.Wait() }
}

// notify sends a notification to the client of the request's session.
func (s *Server) notify(ctx context.Context, method string, params map[string]any) {
	if session, ok := server.ClientSessionFromContext(ctx).(notifier); ok {
		session.notify(mcp.JSONRPCNotification{
			JSONRPC:      mcp.JSONRPC_VERSION,
			Notification: mcp.Notification{Method: method, Params: mcp.NotificationParams{AdditionalFields: params}},
		})
		return
	}
	// A client that cannot be told loses a courtesy, never the answer.
	_ = s.mcp.SendNotificationToClient(ctx, method, params)
}

// A reporter counts the notifications of one call: MCP wants their progress to grow.
type reporter struct {
	begun time.Time
	send  func(n int, message string)

	mu   sync.Mutex
	n    int
	last time.Time
}

func (r *reporter) records(records []mm.Record) {
	if len(records) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.last) >= progressEvery {
		r.tell(now, progressMessage(records[len(records)-1]))
	}
}

func (r *reporter) beat() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.last) >= heartbeatEvery {
		r.tell(now, fmt.Sprintf("still running (%d s)", int(now.Sub(r.begun).Seconds())))
	}
}

func (r *reporter) tell(now time.Time, message string) {
	r.n++
	r.last = now
	r.send(r.n, message)
}

// progressMessage is one line that says what a record says.
func progressMessage(rec mm.Record) string {
	line := oneLine(rec.Text)
	switch rec.Stream {
	case mm.StreamProgress:
		if rec.Activity != "" {
			line = strings.TrimSuffix(oneLine(rec.Activity)+": "+line, ": ")
		}
		if rec.Percent >= 0 {
			line = fmt.Sprintf("%s (%d%%)", clip(line, progressChars-7), rec.Percent)
		}
	case mm.StreamWarning, mm.StreamError, mm.StreamVerbose, mm.StreamDebug:
		line = strings.ToUpper(string(rec.Stream)) + ": " + line
	}
	return clip(line, progressChars)
}

// oneLine joins lines and runs of spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
