package enginetest

import (
	"context"
	"fmt"
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
