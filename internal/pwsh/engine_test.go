package pwsh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh/frame"
)

// A standIn plays the process: the test writes its frames.
type standIn struct {
	conn     net.Conn
	gone     chan struct{}
	kill     sync.Once
	children chan time.Time
}

func (p *standIn) KillChildren(since time.Time) { p.children <- since }
func (p *standIn) Kill()                        { p.kill.Do(func() { close(p.gone); p.conn.Close() }) }
func (p *standIn) Wait() string                 { <-p.gone; return "exit status 0" }

// say sends frames as the process.
func (p *standIn) say(t *testing.T, replies ...frame.Reply) {
	t.Helper()
	for _, r := range replies {
		if err := frame.Write(p.conn, r); err != nil {
			t.Fatalf("%s: %v", r.Op, err)
		}
	}
}

// hear returns the next request that the process gets.
func (p *standIn) hear(t *testing.T) frame.Request {
	t.Helper()
	var r frame.Request
	if err := frame.Read(p.conn, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// newEngine attaches an engine to a stand-in that has said hello.
func newEngine(t *testing.T, ctx context.Context) (*Engine, *standIn, chan mm.EngineEvent) {
	t.Helper()
	ours, theirs := net.Pipe()
	p := &standIn{conn: theirs, gone: make(chan struct{}), children: make(chan time.Time, 1)}
	go frame.Write(theirs, frame.Reply{Op: frame.OpHello, Protocol: frame.Protocol, PID: 7, PS: "7.6.9", CLR: "x"})
	events := make(chan mm.EngineEvent, 100)
	e, err := Attach(ctx, ours, p, "stand-in", func(ev mm.EngineEvent) { events <- ev })
	if err != nil {
		t.Fatal(err)
	}
	return e, p, events
}

func TestAnEngineSaysWhatTheProcessSaidOfItself(t *testing.T) {
	defer goleak.VerifyNone(t)
	e, p, events := newEngine(t, t.Context())
	want := mm.Hello{Protocol: frame.Protocol, PID: 7, PS: "7.6.9", CLR: "x", Host: "stand-in"}
	if d := cmp.Diff(want, e.Hello()); d != "" {
		t.Error(d)
	}
	p.Kill()
	if ev := <-events; ev != (mm.Exited{Reason: "exit status 0"}) {
		t.Errorf("got %#v", ev)
	}
}

func TestRequestsArriveInTheOrderInWhichTheyWereMadeAndNoMethodWaitsForTheProcess(t *testing.T) {
	defer goleak.VerifyNone(t)
	e, p, events := newEngine(t, t.Context())
	e.Invoke(mm.Invocation{ID: "1", Script: "a"}) // nobody reads yet, and the pipe has no buffer
	e.Analyze("2", "b")
	e.Cancel("1")
	e.Cancel("1")
	e.Cancel("unknown")
	e.Ping("3")
	e.Collect()
	e.Collect()
	e.Call(mm.Call{ID: "4", Module: "m", Command: "c", Secrets: map[string]mm.Secret{"Token": mm.NewSecret("s")}})
	var got []string
	for range 6 {
		r := p.hear(t)
		secret, _ := r.Secrets["Token"].(string)
		got = append(got, r.Op+r.ID+secret)
	}
	if d := cmp.Diff([]string{"invoke1", "analyze2", "cancel1", "ping3", "collect", "call4s"}, got); d != "" {
		t.Error(d)
	}
	e.Kill()
	if ev := <-events; ev != (mm.Exited{Reason: "killed"}) {
		t.Errorf("got %#v", ev)
	}
}

func TestAnAnswerIsPassedOnOnlyUnderAnIDThatWaits(t *testing.T) {
	defer goleak.VerifyNone(t)
	e, p, events := newEngine(t, t.Context())
	e.Invoke(mm.Invocation{ID: "1"})
	p.hear(t)
	p.say(t,
		frame.Reply{Op: frame.OpResult, ID: "0"},
		frame.Reply{Op: frame.OpStream, ID: "2"},
		frame.Reply{Op: frame.OpPong, ID: "1"},
		frame.Reply{Op: frame.OpError},
		frame.Reply{Op: "surprise"},
		frame.Reply{Op: frame.OpStream, ID: "1", Records: []mm.Record{{Stream: mm.StreamWarning, Text: "w"}}},
		frame.Reply{Op: frame.OpResult, ID: "1", Text: "out", Millis: 1.5},
		frame.Reply{Op: frame.OpResult, ID: "1", Text: "again"},
		frame.Reply{Op: frame.OpStream, ID: "1"},
	)
	p.Kill()
	want := []mm.EngineEvent{
		mm.Streamed{ID: "1", Records: []mm.Record{{Stream: mm.StreamWarning, Text: "w"}}},
		mm.Completed{ID: "1", Result: mm.Result{Output: "out", Duration: 1500 * time.Microsecond}},
		mm.Exited{Reason: "exit status 0"},
	}
	for _, w := range want {
		if d := cmp.Diff(w, <-events); d != "" {
			t.Error(d)
		}
	}
	if n := e.Dropped(); n != 7 {
		t.Errorf("%d frames were counted as dropped, want 7", n)
	}
}

func TestWhatIsNoFrameEndsTheProcessAndIsToldInExited(t *testing.T) {
	defer goleak.VerifyNone(t)
	_, p, events := newEngine(t, t.Context())
	fmt.Fprint(p.conn, "\x00\x00\x00\x03{x}")
	ev, ok := (<-events).(mm.Exited)
	if !ok || !strings.HasPrefix(ev.Reason, "lost: protocol error: ") {
		t.Errorf("got %#v", ev)
	}
	<-p.gone
}

func TestTheEndOfTheContextEndsTheProcess(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	_, _, events := newEngine(t, ctx)
	cancel(errors.New("the daemon ends"))
	if ev := <-events; ev != (mm.Exited{Reason: "killed: the daemon ends"}) {
		t.Errorf("got %#v", ev)
	}
}

func TestKillChildrenReachesBackToTheStartOfTheRunningCommand(t *testing.T) {
	defer goleak.VerifyNone(t)
	e, p, events := newEngine(t, t.Context())
	e.KillChildren() // nothing runs
	before := time.Now()
	e.Invoke(mm.Invocation{ID: "1"})
	after := time.Now()
	p.hear(t)
	e.KillChildren()
	if since := <-p.children; since.Before(before) || since.After(after) {
		t.Errorf("since %v, want between %v and %v", since, before, after)
	}
	e.Kill()
	<-events
}

func TestRequestsOverTheBoundAreRefused(t *testing.T) {
	defer goleak.VerifyNone(t)
	e, _, events := newEngine(t, t.Context())
	for n := range maxWaiting + 1 {
		e.Ping(fmt.Sprint(n))
	}
	if ev, ok := (<-events).(mm.Refused); !ok || ev.ID != fmt.Sprint(maxWaiting) || ev.Code != frame.CodeBusy {
		t.Errorf("got %#v", ev)
	}
	e.Kill()
	if _, ok := (<-events).(mm.Exited); !ok {
		t.Error("no Exited")
	}
}

func TestAttachRefusesWhoDoesNotSayHello(t *testing.T) {
	for name, first := range map[string]func(net.Conn){
		"another frame":   func(c net.Conn) { frame.Write(c, frame.Reply{Op: frame.OpPong}) },
		"another version": func(c net.Conn) { frame.Write(c, frame.Reply{Op: frame.OpHello, Protocol: 99}) },
		"noise":           func(c net.Conn) { c.Write([]byte("PowerShell 7\n" + strings.Repeat("x", 64))) },
		"nothing":         func(c net.Conn) { c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			ours, theirs := net.Pipe()
			p := &standIn{conn: theirs, gone: make(chan struct{})}
			go first(theirs)
			_, err := Attach(t.Context(), ours, p, "stand-in", func(ev mm.EngineEvent) { t.Errorf("event %#v", ev) })
			var e *mm.Error
			if !errors.As(err, &e) || e.Code != mm.LaunchFailed || e.Remedy == "" {
				t.Errorf("got %v", err)
			}
			<-p.gone
		})
	}
}

func TestAttachGivesUpWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	ours, theirs := net.Pipe()
	p := &standIn{conn: theirs, gone: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Attach(ctx, ours, p, "stand-in", func(mm.EngineEvent) {}); err == nil {
		t.Error("no error")
	}
	<-p.gone
}
