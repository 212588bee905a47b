//go:build linux

package pwsh_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// patience is how long a test waits for an event that has to come.
const patience = 30 * time.Second

// A session is a real engine that a test talks to, one request after another.
type session struct {
	mm.Engine
	mu     sync.Mutex
	events []mm.EngineEvent
	more   chan struct{} // closed and replaced with every event
	gone   chan struct{} // closed by Exited
	ids    int
}

// newSession launches an engine that ends with the test.
func newSession(t testing.TB) *session {
	t.Helper()
	return launch(t, newLauncher(t), exo)
}

// A launcher is what launch needs.
type launcher interface {
	Launch(context.Context, mm.LaunchSpec, func(mm.EngineEvent)) (mm.Engine, error)
}

// launch starts an engine that ends with the test.
func launch(t testing.TB, l launcher, spec mm.LaunchSpec) *session {
	t.Helper()
	s := &session{more: make(chan struct{}), gone: make(chan struct{})}
	e, err := l.Launch(context.Background(), spec, s.sink)
	if err != nil {
		t.Fatal(err)
	}
	s.Engine = e
	t.Cleanup(func() {
		e.Kill()
		<-s.gone
	})
	return s
}

func (s *session) sink(ev mm.EngineEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, ev)
	close(s.more)
	s.more = make(chan struct{})
	if _, ok := ev.(mm.Exited); ok {
		close(s.gone)
	}
}

// id returns a new id.
func (s *session) id() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	return strconv.Itoa(s.ids)
}

// await returns the first event that match accepts, and forgets those before it.
func (s *session) await(t testing.TB, what string, match func(mm.EngineEvent) bool) mm.EngineEvent {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		s.mu.Lock()
		for i, ev := range s.events {
			if match(ev) {
				s.events = s.events[i+1:]
				s.mu.Unlock()
				return ev
			}
			if x, ok := ev.(mm.Exited); ok {
				s.mu.Unlock()
				t.Fatalf("the engine exited (%s) in place of: %s", x.Reason, what)
			}
		}
		more := s.more
		s.mu.Unlock()
		select {
		case <-more:
		case <-late.C:
			t.Fatalf("no %s within %v", what, patience)
		}
	}
}

// begin starts a script and returns its id.
func (s *session) begin(script string) string {
	id := s.id()
	s.Invoke(mm.Invocation{ID: id, Script: script})
	return id
}

// result waits for the end of a command.
func (s *session) result(t testing.TB, id string) mm.Result {
	t.Helper()
	ev := s.await(t, "result of "+id, func(ev mm.EngineEvent) bool {
		c, ok := ev.(mm.Completed)
		return ok && c.ID == id
	})
	return ev.(mm.Completed).Result
}

// run runs a script for its text.
func (s *session) run(t testing.TB, script string) mm.Result {
	t.Helper()
	return s.result(t, s.begin(script))
}

// runWith runs an invocation, whose id is chosen here.
func (s *session) runWith(t testing.TB, in mm.Invocation) mm.Result {
	t.Helper()
	in.ID = s.id()
	s.Invoke(in)
	return s.result(t, in.ID)
}

// call runs a command of a module.
func (s *session) call(t testing.TB, c mm.Call) mm.Result {
	t.Helper()
	c.ID = s.id()
	s.Call(c)
	return s.result(t, c.ID)
}

// analyze returns the facts of a script.
func (s *session) analyze(t testing.TB, script string) mm.Facts {
	t.Helper()
	id := s.id()
	s.Analyze(id, script)
	return s.await(t, "analysis", func(ev mm.EngineEvent) bool {
		a, ok := ev.(mm.Analyzed)
		return ok && a.ID == id
	}).(mm.Analyzed).Facts
}

// ping returns the answer to a ping.
func (s *session) ping(t testing.TB) mm.Ponged {
	t.Helper()
	id := s.id()
	s.Ping(id)
	return s.await(t, "pong", func(ev mm.EngineEvent) bool {
		p, ok := ev.(mm.Ponged)
		return ok && p.ID == id
	}).(mm.Ponged)
}

// exit waits for the end and returns its reason.
func (s *session) exit(t testing.TB) string {
	t.Helper()
	return s.await(t, "exit", func(ev mm.EngineEvent) bool {
		_, ok := ev.(mm.Exited)
		return ok
	}).(mm.Exited).Reason
}
