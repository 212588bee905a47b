package pwsh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh/frame"
)

// A Process is what is at the other end of an engine's connection. Its methods may be called from any goroutine.
type Process interface {
	// KillChildren kills the members of the process group that started at or after since, but not the process itself.
	KillChildren(since time.Time)
	// Kill kills the whole group. It does not wait, and may be called again.
	Kill()
	// Wait blocks until the process and its group are gone, and returns why, for people: "exit status 3".
	Wait() string
}

const (
	helloTimeout    = 60 * time.Second // from the launch to hello; pwsh takes below one
	shutdownTimeout = 2 * time.Second  // what Shutdown grants before it kills
	maxWaiting      = 64               // requests that wait for an answer at the same time
)

// An Engine is one process that speaks the frames: an mm.Engine. Make it with Attach.
type Engine struct {
	conn    net.Conn
	proc    Process
	console *console // nil for a process without
	sink    func(mm.EngineEvent)
	hello   mm.Hello
	unbind  func() bool // releases the context

	deliver sync.Mutex // held while sink is called; taken before mu, never after
	over    bool       // Exited was delivered; guarded by deliver

	mu       sync.Mutex
	waiting  []waiting       // what was asked and not answered yet, oldest first
	queue    []frame.Request // what was not written yet; bounded, because each entry waits too or is there once only
	writing  bool            // a goroutine empties the queue
	gone     bool            // the connection is over; nothing is written any more
	lost     string          // why mm gave the process up, where mm did
	dropped  int64
	shutdown *time.Timer
}

// waiting is a request that has no answer yet.
type waiting struct {
	op, id string
	since  time.Time
}

// Attach waits for hello on conn and returns the engine. host is for Hello.Host. ctx bounds the wait and the engine's whole
// life: when it ends, the process is killed. The error is an *mm.Error with code launch_failed; then the process is gone, conn
// is closed, and sink was not called.
//
// sink gets every event, one at a time and in order, the last of them Exited; it must not block, and may call the engine.
// An idle engine costs one goroutine, parked in a read.
func Attach(ctx context.Context, conn net.Conn, proc Process, host string, sink func(mm.EngineEvent)) (*Engine, error) {
	return attach(ctx, conn, proc, nil, host, sink)
}

func attach(ctx context.Context, conn net.Conn, proc Process, con *console, host string,
	sink func(mm.EngineEvent)) (*Engine, error) {
	e := &Engine{conn: conn, proc: proc, console: con, sink: sink}
	if err := e.greet(ctx, host); err != nil {
		proc.Kill()
		conn.Close()
		reason := proc.Wait()
		return nil, mm.Errorf(mm.LaunchFailed, "Run the command again; where that does not help, start pwsh by hand and read "+
			"what it prints.", "PowerShell (%s) did not get ready: %v (%s).", host, err, reason)
	}
	e.unbind = context.AfterFunc(ctx, func() { e.giveUp("killed: " + context.Cause(ctx).Error()) })
	if con != nil {
		con.attach(e.consoleLines)
	}
	go e.read()
	return e, nil
}

// greet reads the host's hello.
func (e *Engine) greet(ctx context.Context, host string) error {
	if err := e.conn.SetReadDeadline(time.Now().Add(helloTimeout)); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { e.conn.SetReadDeadline(time.Unix(1, 0)) })
	var hello frame.Reply
	err := frame.Read(e.conn, &hello)
	if !stop() {
		return context.Cause(ctx)
	}
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it ended before it said hello")
	case err != nil:
		return err
	case hello.Op != frame.OpHello:
		return fmt.Errorf("its first frame was %q, not hello", hello.Op)
	case hello.Protocol != frame.Protocol:
		return fmt.Errorf("it speaks version %d of the protocol, not %d", hello.Protocol, frame.Protocol)
	}
	e.hello = mm.Hello{Protocol: hello.Protocol, PID: hello.PID, PS: hello.PS, CLR: hello.CLR, Host: host}
	return e.conn.SetReadDeadline(time.Time{})
}

// Hello returns what the process said of itself.
func (e *Engine) Hello() mm.Hello { return e.hello }

// Invoke runs a script. The answer is Completed, or Refused where the process runs another already.
func (e *Engine) Invoke(in mm.Invocation) {
	w := in.Want.WithDefaults()
	e.ask(frame.Request{Op: frame.OpInvoke, ID: in.ID, Script: in.Script, Format: string(w.Format), Width: w.Width,
		Depth: w.Depth, MaxItems: w.MaxItems, MaxChars: w.MaxChars, Live: in.Live})
}

// Call runs one command of a module. The answer is Completed, or Refused where the process runs another already.
func (e *Engine) Call(c mm.Call) {
	r := frame.Request{Op: frame.OpCall, ID: c.ID, Module: c.Module, Command: c.Command, Parameters: c.Parameters,
		Select: c.Select}
	if len(c.Secrets)+len(c.SecretLists) > 0 {
		r.Secrets = make(map[string]any, len(c.Secrets)+len(c.SecretLists))
	}
	for name, s := range c.Secrets {
		r.Secrets[name] = s.Reveal()
	}
	for name, list := range c.SecretLists {
		texts := make([]string, len(list))
		for i, s := range list {
			texts[i] = s.Reveal()
		}
		r.Secrets[name] = texts
	}
	e.ask(r)
}

// Analyze asks for the facts of a script. The answer is Analyzed or Refused.
func (e *Engine) Analyze(id, script string) {
	e.ask(frame.Request{Op: frame.OpAnalyze, ID: id, Script: script})
}

// Ping asks for a sign of life. The answer is Ponged or Refused.
func (e *Engine) Ping(id string) { e.ask(frame.Request{Op: frame.OpPing, ID: id}) }

// Cancel asks the pipeline of that id to stop. Its Completed follows, unless it cannot be interrupted.
func (e *Engine) Cancel(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.find(id, frame.OpInvoke, frame.OpCall) >= 0 {
		e.enqueueOnce(frame.Request{Op: frame.OpCancel, ID: id})
	}
}

// Collect asks the process to give memory back.
func (e *Engine) Collect() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.enqueueOnce(frame.Request{Op: frame.OpCollect})
}

// KillChildren kills the members of the process group that were started since the running command began. Nothing runs:
// nothing is killed.
func (e *Engine) KillChildren() {
	e.mu.Lock()
	i := e.find("", frame.OpInvoke, frame.OpCall)
	var since time.Time
	if i >= 0 {
		since = e.waiting[i].since
	}
	e.mu.Unlock()
	if i >= 0 {
		go e.proc.KillChildren(since) // it reads the table of processes
	}
}

// Kill kills the whole process group.
func (e *Engine) Kill() { e.giveUp("killed") }

// Shutdown asks the process to end, and kills it where it has not after two seconds.
func (e *Engine) Shutdown() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone || e.shutdown != nil {
		return
	}
	e.shutdown = time.AfterFunc(shutdownTimeout, func() { e.giveUp("killed: it did not shut down in time") })
	e.enqueueOnce(frame.Request{Op: frame.OpShutdown})
}

// Dropped returns how many frames came for an id that was not waiting, or of no known kind.
func (e *Engine) Dropped() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.dropped
}

// giveUp kills the process. The first reason is the one that Exited tells.
func (e *Engine) giveUp(reason string) {
	e.mu.Lock()
	if e.lost == "" && !e.gone {
		e.lost = reason
	}
	e.mu.Unlock()
	e.proc.Kill()
}
