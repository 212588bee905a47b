package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// patience is how long a test waits for an event that has to come. It is never reached where the engine works.
const patience = 20 * time.Second

// A probe drives one engine and keeps what it says. It also holds the engine to the rules of a sink at all times: one
// goroutine at a time, and nothing after Exited.
type probe struct {
	t      *testing.T
	engine mm.Engine
	stop   context.CancelFunc // ends the context of the launch

	calling atomic.Int32
	mu      sync.Mutex
	events  []mm.EngineEvent
	more    chan struct{} // closed and replaced when an event arrives
	exited  bool
	broken  []string // rules of a sink that were broken
	ids     int
}

// newProbe returns a probe without an engine.
func newProbe(t *testing.T) *probe {
	return &probe{t: t, more: make(chan struct{})}
}

// launch starts an engine that ends with the test.
func launch(t *testing.T, start Start) *probe {
	t.Helper()
	p := newProbe(t)
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	launcher, spec := start(t)
	engine, err := launcher.Launch(ctx, spec, p.sink)
	if err != nil {
		cancel()
		t.Fatalf("launch: %v", err)
	}
	p.engine = engine
	t.Cleanup(func() {
		p.t = t
		engine.Kill()
		p.exit()
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, b := range p.broken {
			t.Error(b)
		}
	})
	return p
}

// on returns p for a subtest, so that its failures are reported there.
func (p *probe) on(t *testing.T) *probe {
	p.t = t
	return p
}

func (p *probe) sink(e mm.EngineEvent) {
	if p.calling.Add(1) != 1 {
		p.note("the sink was called from two goroutines at once")
	}
	defer p.calling.Add(-1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.exited {
		p.broken = append(p.broken, fmt.Sprintf("after Exited came %T", e))
	}
	if _, ok := e.(mm.Exited); ok {
		p.exited = true
	}
	p.events = append(p.events, e)
	close(p.more)
	p.more = make(chan struct{})
}

func (p *probe) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = append(p.broken, text)
}

// mark returns the number of events up to now, from which await looks.
func (p *probe) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.events)
}

// await returns the first event from the mark on that match accepts. An Exited that match does not accept ends the test.
func (p *probe) await(mark int, what string, match func(mm.EngineEvent) bool) mm.EngineEvent {
	p.t.Helper()
	deadline := time.After(patience)
	for next := mark; ; next++ {
		p.mu.Lock()
		for next >= len(p.events) {
			more := p.more
			p.mu.Unlock()
			select {
			case <-more:
			case <-deadline:
				p.t.Fatalf("no %s within %v", what, patience)
			}
			p.mu.Lock()
		}
		e := p.events[next]
		p.mu.Unlock()
		if match(e) {
			return e
		}
		if x, ok := e.(mm.Exited); ok {
			p.t.Fatalf("the engine exited (%s) instead of: %s", x.Reason, what)
		}
	}
}

// id returns a new id.
func (p *probe) id() string {
	p.ids++
	return fmt.Sprintf("t%d", p.ids)
}

// wants of a test: text, unless it says otherwise.
type option func(*mm.Invocation)

func format(f mm.Format) option { return func(i *mm.Invocation) { i.Want.Format = f } }
func maxItems(n int) option     { return func(i *mm.Invocation) { i.Want.MaxItems = n } }
func maxChars(n int) option     { return func(i *mm.Invocation) { i.Want.MaxChars = n } }
func live(i *mm.Invocation)     { i.Live = true }

// begin starts a script of several statements and returns its id.
func (p *probe) begin(script string, options ...option) string {
	in := mm.Invocation{ID: p.id(), Script: script}
	for _, o := range options {
		o(&in)
	}
	in.Want = in.Want.WithDefaults()
	p.engine.Invoke(in)
	return in.ID
}

// running starts a script and returns when it runs.
func (p *probe) running(script string, options ...option) string {
	p.t.Helper()
	mark := p.mark()
	id := p.begin(begun+"; "+script, options...)
	p.record(mark, id, mm.StreamWarning, "begun")
	return id
}

// record waits for a stream record of a command, in vain once that has ended.
func (p *probe) record(mark int, id string, stream mm.Stream, text string) {
	p.t.Helper()
	e := p.await(mark, fmt.Sprintf("%s record %q", stream, text), func(e mm.EngineEvent) bool {
		s, ok := e.(mm.Streamed)
		if !ok || s.ID != id {
			return answers(e, id)
		}
		return slices.ContainsFunc(s.Records, func(r mm.Record) bool {
			return r.Stream == stream && strings.TrimRight(r.Text, "\r\n") == text
		})
	})
	if answers(e, id) {
		p.t.Fatalf("no %s record %q, but %+v", stream, text, e)
	}
}

// answers reports whether e is the end of the command of that id.
func answers(e mm.EngineEvent, id string) bool {
	switch e := e.(type) {
	case mm.Completed:
		return e.ID == id
	case mm.Refused:
		return e.ID == id
	}
	return false
}

// result waits for the end of a command.
func (p *probe) result(id string) mm.Result {
	p.t.Helper()
	e := p.await(0, "result of "+id, func(e mm.EngineEvent) bool { return answers(e, id) })
	c, ok := e.(mm.Completed)
	if !ok {
		p.t.Fatalf("refused: %+v", e)
	}
	return c.Result
}

// run runs a script to its end.
func (p *probe) run(script string, options ...option) mm.Result {
	p.t.Helper()
	return p.result(p.begin(script, options...))
}

// call runs a command of a module to its end.
func (p *probe) call(c mm.Call) mm.Result {
	p.t.Helper()
	c.ID = p.id()
	p.engine.Call(c)
	return p.result(c.ID)
}

// analyze returns what the engine's parser says of a script.
func (p *probe) analyze(script string) mm.Facts {
	p.t.Helper()
	id := p.id()
	p.engine.Analyze(id, script)
	e := p.await(0, "analysis", func(e mm.EngineEvent) bool {
		a, ok := e.(mm.Analyzed)
		return ok && a.ID == id
	})
	return e.(mm.Analyzed).Facts
}

// refused waits for the refusal of id and returns its code.
func (p *probe) refused(id string) string {
	p.t.Helper()
	e := p.await(0, "refusal of "+id, func(e mm.EngineEvent) bool { return answers(e, id) })
	r, ok := e.(mm.Refused)
	if !ok {
		p.t.Fatalf("not refused: %+v", e)
	}
	return r.Code
}

// ping returns the answer to a ping, which also shows that everything asked before has been taken.
func (p *probe) ping() mm.Ponged {
	p.t.Helper()
	id := p.id()
	p.engine.Ping(id)
	e := p.await(0, "pong", func(e mm.EngineEvent) bool {
		pong, ok := e.(mm.Ponged)
		return ok && pong.ID == id
	})
	return e.(mm.Ponged)
}

// exit waits for the end of the engine and returns its reason.
func (p *probe) exit() string {
	p.t.Helper()
	e := p.await(0, "Exited", func(e mm.EngineEvent) bool { _, ok := e.(mm.Exited); return ok })
	return e.(mm.Exited).Reason
}

// all returns every event up to now.
func (p *probe) all() []mm.EngineEvent {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]mm.EngineEvent(nil), p.events...)
}

// text fails the test unless a result ran through with that output; the newline at the end does not count.
func (p *probe) text(r mm.Result, want string) {
	p.t.Helper()
	if got := strings.Trim(r.Output, "\r\n"); got != want || r.Terminated != mm.RanThrough || len(r.Errors) > 0 {
		p.t.Errorf("got %.200q, ended %q, errors %+v; want %q", got, r.Terminated, r.Errors, want)
	}
}

// objects returns a result's objects.
func (p *probe) objects(r mm.Result) []any {
	p.t.Helper()
	var list []any
	if err := json.Unmarshal(r.Objects, &list); err != nil {
		p.t.Fatalf("objects %.200s: %v (errors %+v)", r.Objects, err, r.Errors)
	}
	return list
}

// isLaunchFailed reports whether err is what Launch has to return where it fails.
func isLaunchFailed(err error) bool {
	var e *mm.Error
	return errors.As(err, &e) && e.Code == mm.LaunchFailed && e.Remedy != ""
}
