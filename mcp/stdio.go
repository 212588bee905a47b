package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// Bounds of a stdio session.
const (
	// lastAnswers is how long the calls that run when the input ends may take to be answered: who pipes a few lines into mm
	// mcp closes its end at once.
	lastAnswers = 2 * time.Second
	// lastWrites is how long a client may take after that, or after ctx ended, to read what is written then.
	lastWrites = 500 * time.Millisecond
)

// limits bound what a client can make a session hold.
type limits struct {
	line  int // bytes of one message; a command has at most 64 KB
	calls int // calls that are not answered yet
	bytes int // of their messages together
}

var defaultLimits = limits{line: 4 << 20, calls: 256, bytes: 32 << 20}

var errCancelled = errors.New("the client cancelled the request")

// Serve speaks MCP over in and out, a message a line, until in ends (nil), ctx ends (its cause) or out breaks. Calls that run
// then are abandoned, at the end of in after a moment for their answers: their commands go on. Nobody else may write to out. A
// goroutine stays in in.Read, and one in out.Write where the client does not read, until those return.
//
// It is used in place of mcp-go's own loop, because that loses a cancellation that follows its request closely, answers
// cancelled requests, and sends progress after the answer that it belongs to.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	sess := newSession(out)
	if err := s.mcp.RegisterSession(ctx, sess); err != nil {
		sess.finish()
		return fmt.Errorf("mcp: %w", err)
	}
	defer s.mcp.UnregisterSession(context.WithoutCancel(ctx), sess.SessionID())
	calls, abandon := context.WithCancelCause(s.mcp.WithContext(ctx, sess))
	l := &loop{Server: s, sess: sess, ctx: calls, running: map[string]pending{}}
	// The loop itself may be waiting for a client that does not read.
	unwatch := context.AfterFunc(ctx, l.sess.giveUpSoon)
	defer unwatch()

	err := l.serve(ctx, in)
	sess.giveUpSoon()
	abandon(errInputEnded)
	l.wait.Wait()
	sess.finish()
	return err
}

// giveUpSoon is giveUp after lastWrites.
func (s *session) giveUpSoon() { time.AfterFunc(lastWrites, s.giveUp) }

// A loop handles the messages of one session in order; only calls of tools run beside it.
type loop struct {
	*Server
	sess *session
	ctx  context.Context
	wait sync.WaitGroup

	mu      sync.Mutex
	running map[string]pending // by the request's id as JSON text
	bytes   int                // of their messages
}

// pending is a tools/call that is not answered yet.
type pending struct {
	cancel context.CancelCauseFunc
	bytes  int
}

func (l *loop) serve(ctx context.Context, in io.Reader) error {
	lines := make(chan line)
	go read(l.ctx, in, l.limits.line, lines)
	for {
		select {
		case next := <-lines:
			switch next.err {
			case nil:
				l.handle(next.text)
			case errTooLong:
				l.sess.write(refuseLong(next.text, next.tail, l.limits.line).response())
			case io.EOF:
				l.linger()
				return nil
			default:
				return fmt.Errorf("mcp: standard input: %w", next.err)
			}
		case <-l.sess.broken:
			return errors.New("mcp: standard output is closed")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// linger waits a moment for the calls that run, as long as somebody may read their answers.
func (l *loop) linger() {
	answered := make(chan struct{})
	go func() {
		l.wait.Wait()
		close(answered)
	}()
	select {
	case <-answered:
	case <-time.After(lastAnswers):
	case <-l.sess.broken:
	case <-l.ctx.Done():
	}
}

// handle handles one line. A mark of byte order, as Windows programs write it, is no part of the message.
func (l *loop) handle(text []byte) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if len(text) == 0 {
		return
	}
	if text[0] == '[' {
		for _, r := range refuseBatch(text) {
			l.sess.write(r.response())
		}
		return
	}
	e, bad := open(text)
	switch {
	case bad != nil:
		l.sess.write(bad.response())
	case e.kind == nothing:
	case e.method == string(mcp.MethodNotificationCancelled):
		l.stop(string(e.cancels))
	case e.kind == request && e.method == string(mcp.MethodToolsCall):
		l.start(e.id, text)
	default:
		l.answer(l.ctx, e.id, text)
	}
}

// start has a call answered beside the loop. One too many is answered at once, as busy.
func (l *loop) start(id json.RawMessage, text []byte) {
	ctx, cancel := context.WithCancelCause(l.ctx)
	l.mu.Lock()
	_, twice := l.running[string(id)]
	full := len(l.running) >= l.limits.calls || l.bytes+len(text) > l.limits.bytes
	if !twice && !full {
		l.running[string(id)] = pending{cancel, len(text)}
		l.bytes += len(text)
	}
	l.mu.Unlock()
	switch {
	case twice:
		l.sess.write(refusal{id, mcp.INVALID_REQUEST, "A request with this id is running."}.response())
		cancel(nil)
	case full:
		l.answer(context.WithValue(ctx, tooMany{}, true), id, text)
		cancel(nil)
	default:
		l.wait.Go(func() {
			l.answer(ctx, id, text)
			l.mu.Lock()
			delete(l.running, string(id))
			l.bytes -= len(text)
			l.mu.Unlock()
			cancel(nil)
		})
	}
}

// tooMany is the key of a context in which a call is refused as busy.
type tooMany struct{}

// stop cancels the call of that id, if it runs.
func (l *loop) stop(id string) {
	l.mu.Lock()
	c, ok := l.running[id]
	l.mu.Unlock()
	if ok {
		c.cancel(errCancelled)
	}
}

// answer has mcp-go handle one message and writes the response, if it has one and was not cancelled.
func (l *loop) answer(ctx context.Context, id json.RawMessage, text []byte) {
	response := l.mcp.HandleMessage(ctx, text)
	if response == nil || context.Cause(ctx) == errCancelled {
		return
	}
	// mcp-go reads ids as float64.
	switch r := response.(type) {
	case mcp.JSONRPCResponse:
		r.ID = mcp.NewRequestId(id)
		response = r
	case mcp.JSONRPCError:
		r.ID = mcp.NewRequestId(id)
		response = r
	}
	l.sess.write(response)
}
