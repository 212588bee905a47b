package mcp

import (
	"bufio"
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
	maxLine     = 4 << 20 // bytes of one message; a command has at most 64 KB
	maxInFlight = 256     // requests that are not answered yet
)

var (
	errCancelled = errors.New("the client cancelled the request")
	errTooLong   = errors.New("line too long")
)

// Serve speaks MCP over in and out, a message a line, until in ends (nil), ctx ends (its cause) or out breaks. Requests that
// run then are abandoned, at the end of in after a moment for their answers: their commands go on. Nobody else may write to out. A goroutine stays in in.Read until that returns.
//
// It is used in place of mcp-go's own loop, because that loses a cancellation that follows its request closely, answers
// cancelled requests, and sends progress after the answer that it belongs to.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	sess := newSession(out)
	if err := s.mcp.RegisterSession(ctx, sess); err != nil {
		return fmt.Errorf("mcp: %w", err)
	}
	defer s.mcp.UnregisterSession(context.WithoutCancel(ctx), sess.SessionID())
	requests, abandon := context.WithCancelCause(s.mcp.WithContext(ctx, sess))
	loop := &loop{Server: s, sess: sess, ctx: requests, running: map[string]context.CancelCauseFunc{}}
	defer loop.wait.Wait()
	defer abandon(errInputEnded)

	lines := make(chan line)
	go read(ctx, in, lines)
	for {
		select {
		case l := <-lines:
			if l.err == io.EOF {
				loop.linger()
				return nil
			}
			if l.err != nil && l.err != errTooLong {
				return fmt.Errorf("mcp: standard input: %w", l.err)
			}
			loop.handle(l)
		case <-sess.broken:
			return errors.New("mcp: standard output is closed")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// A line is one message, or the error that came in its place.
type line struct {
	text []byte
	err  error
}

// read sends lines until ctx ends or a read fails. A line over maxLine is read to its end and dropped.
func read(ctx context.Context, in io.Reader, lines chan<- line) {
	r := bufio.NewReader(in)
	for {
		l := readLine(r)
		select {
		case lines <- l:
		case <-ctx.Done():
			return
		}
		if l.err != nil && l.err != errTooLong {
			return
		}
	}
}

func readLine(r *bufio.Reader) line {
	var text []byte
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if long = long || len(text)+len(part) > maxLine; !long {
			text = append(text, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
		case err == io.EOF && len(text) > 0 && !long:
			return line{text: text} // the last line has no end; the next read says EOF again
		case err != nil:
			return line{err: err}
		case long:
			return line{err: errTooLong}
		default:
			return line{text: text}
		}
	}
}

// A loop handles the messages of one session in order; requests but initialize run beside it.
type loop struct {
	*Server
	sess *session
	ctx  context.Context
	wait sync.WaitGroup

	mu      sync.Mutex
	running map[string]context.CancelCauseFunc // by the request's id as JSON text
}

func (l *loop) handle(in line) {
	if in.err != nil {
		l.sess.write(refusal(nil, mcp.INVALID_REQUEST, fmt.Sprintf("A message may have %d bytes.", maxLine)))
		return
	}
	var head struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params struct {
			RequestID json.RawMessage `json:"requestId"`
		} `json:"params"`
	}
	// What is not a message at all is for mcp-go to answer; a params of another shape leaves ID and Method set.
	_ = json.Unmarshal(in.text, &head)
	switch id := string(head.ID); {
	case len(bytes.TrimSpace(in.text)) == 0:
	case head.Method == string(mcp.MethodNotificationCancelled):
		l.stop(string(head.Params.RequestID))
	case id == "" || id == "null" || head.Method == string(mcp.MethodInitialize):
		l.answer(l.ctx, in.text)
	default:
		l.start(id, in.text)
	}
}

// linger waits a moment for the requests that run, as long as somebody may read their answers.
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

func (l *loop) start(id string, text []byte) {
	ctx, cancel := context.WithCancelCause(l.ctx)
	l.mu.Lock()
	_, twice := l.running[id]
	full := len(l.running) >= maxInFlight
	if !twice && !full {
		l.running[id] = cancel
	}
	l.mu.Unlock()
	switch {
	case twice:
		cancel(nil)
		l.sess.write(refusal(json.RawMessage(id), mcp.INVALID_REQUEST, "A request with this id is running."))
		return
	case full:
		cancel(nil)
		l.sess.write(refusal(json.RawMessage(id), mcp.INTERNAL_ERROR, fmt.Sprintf("%d requests are running; wait for one of them.", maxInFlight)))
		return
	}
	l.wait.Go(func() {
		l.answer(ctx, text)
		l.mu.Lock()
		delete(l.running, id)
		l.mu.Unlock()
		cancel(nil)
	})
}

// stop cancels the request of that id, if it runs.
func (l *loop) stop(id string) {
	l.mu.Lock()
	cancel := l.running[id]
	l.mu.Unlock()
	if cancel != nil {
		cancel(errCancelled)
	}
}

// answer has one message handled and writes the response, if it has one and was not cancelled.
func (l *loop) answer(ctx context.Context, text []byte) {
	response := l.mcp.HandleMessage(ctx, text)
	if response != nil && context.Cause(ctx) != errCancelled {
		l.sess.write(response)
	}
}

// refusal is an error response. A nil id becomes null.
func refusal(id json.RawMessage, code int, message string) any {
	return map[string]any{"jsonrpc": mcp.JSONRPC_VERSION, "id": id, "error": map[string]any{"code": code, "message": message}}
}
