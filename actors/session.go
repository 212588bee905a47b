package actors

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors/session"
)

// incarnations counts the processes that this program has launched, in all sessions.
var incarnations atomic.Uint64

// sessionActor owns one PowerShell process. What to do is decided by the machine of package session; the actor feeds it and
// carries its effects out.
type sessionActor struct {
	config *Config
	id     mm.SessionID
	parent *actor.PID

	state session.State
	next  []session.Event // events that effects have caused

	incarnation uint64
	engine      mm.Engine // nil: none yet, or none
	end         context.CancelFunc
	timer       *time.Timer
	drained     bool
}

// engineReady brings the engine of a launch; it stays in this process.
type engineReady struct {
	incarnation uint64
	engine      mm.Engine
}

func newSessionActor(c *Config, id mm.SessionID, parent *actor.PID) *sessionActor {
	state := session.New(id, c.judge)
	if c.Identity != nil {
		state = state.Sharing()
	}
	return &sessionActor{config: c, id: id, parent: parent, state: state, end: func() {}}
}

// Receive implements actor.Actor.
func (a *sessionActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case session.FromEngine:
		if m.Incarnation != a.incarnation {
			return
		}
		if _, gone := m.Event.(mm.Exited); gone {
			a.end() // frees its context; what follows may launch the next
			a.engine = nil
		}
		a.feed(ctx, m)
	case session.Event:
		a.feed(ctx, m)
	case engineReady:
		if m.incarnation != a.incarnation {
			m.engine.Kill()
			return
		}
		a.engine = m.engine
		a.feed(ctx, session.Launched{Incarnation: m.incarnation, Hello: m.engine.Hello()})
	case *actor.Stopped:
		a.end() // kills the process
		if a.timer != nil {
			a.timer.Stop()
		}
	}
}

// feed gives the machine an event, carries its effects out, then does the same with the events that these have caused.
func (a *sessionActor) feed(ctx actor.Context, e session.Event) {
	a.next = append(a.next, e)
	for len(a.next) > 0 {
		e := a.next[0]
		a.next = a.next[1:]
		before := a.state.Status()
		var effects []session.Effect
		a.state, effects = session.Next(a.state, time.Now(), e)
		a.publish(ctx, before) // before the answers, so that whoever has one sees what it left
		for _, f := range effects {
			a.carryOut(ctx, f)
		}
	}
	a.next = nil
}

// publish tells the router what the session shows of itself, where that has changed.
func (a *sessionActor) publish(ctx actor.Context, before mm.SessionStatus) {
	s := a.state.Status()
	if s == before {
		return
	}
	if s.State != before.State {
		a.config.Log.Info("session", "session", a.id.String(), "state", string(s.State), "was", string(before.State), "why", s.LastError)
	}
	ctx.Send(a.parent, statusChanged{status: s})
}

func (a *sessionActor) carryOut(ctx actor.Context, f session.Effect) {
	switch f := f.(type) {
	case session.Launch:
		a.launch(ctx, f.Connection)
	case session.Kill:
		if a.engine != nil {
			a.engine.Kill()
		} else {
			a.end()
		}
	case session.Reply:
		ctx.Request(a.parent, answer{id: f.ID, outcome: f.Outcome})
	case session.Progress:
		ctx.Send(a.parent, records{id: f.ID, records: f.Records})
	case session.AskPlace:
		ctx.Send(a.parent, askPlace{id: a.id})
	case session.LeavePlace:
		ctx.Send(a.parent, leavePlace{id: a.id})
	case session.AskToken:
		ctx.Request(a.parent, accountAsked{module: a.id.Module, id: f.ID, ask: f})
	case session.AskSite:
		ctx.Request(a.parent, accountAsked{module: a.id.Module, id: f.ID, ask: f})
	case session.DropToken:
		ctx.Send(a.parent, tokenDropped{module: a.id.Module, id: f.ID})
	case session.Arm:
		a.arm(ctx, f.At)
	case session.Drained:
		if !a.drained {
			a.drained = true
			ctx.Request(a.parent, drained{})
		}
	default:
		a.toEngine(f)
	}
}

// toEngine carries out what goes to the process. Without one there is nothing to do: its end is on the way as an event.
func (a *sessionActor) toEngine(f session.Effect) {
	if a.engine == nil {
		return
	}
	switch f := f.(type) {
	case session.Invoke:
		a.engine.Invoke(f.Invocation)
	case session.Call:
		a.engine.Call(f.Call)
	case session.Analyze:
		a.engine.Analyze(f.ID, f.Script)
	case session.Cancel:
		a.engine.Cancel(f.ID)
	case session.KillChildren:
		a.engine.KillChildren()
	case session.Shutdown:
		a.engine.Shutdown()
	}
}

// launch starts a process in a goroutine that only sends. Its context lives as long as the process.
func (a *sessionActor) launch(ctx actor.Context, c mm.Connection) {
	incarnation := incarnations.Add(1)
	life, end := context.WithCancel(context.Background())
	a.incarnation, a.engine, a.end = incarnation, nil, end
	a.next = append(a.next, session.Launching{Incarnation: incarnation})

	root, self, launcher := ctx.ActorSystem().Root, ctx.Self(), a.config.Launcher
	spec := mm.LaunchSpec{Session: a.id, Connection: c}
	log := a.config.Log
	go func() {
		engine, err := launch(life, launcher, spec, log, func(e mm.EngineEvent) {
			root.Send(self, session.FromEngine{Incarnation: incarnation, Event: e})
		})
		if err != nil {
			end()
			root.Send(self, session.LaunchFailed{Incarnation: incarnation, Err: err})
			return
		}
		root.Send(self, engineReady{incarnation: incarnation, engine: engine})
	}()
}

// launch makes an *mm.Error of whatever a launcher gives in place of an engine.
func launch(ctx context.Context, l mm.Launcher, spec mm.LaunchSpec, log *slog.Logger, sink func(mm.EngineEvent)) (e mm.Engine, err *mm.Error) {
	defer func() {
		if r := recover(); r != nil {
			logPanic(log, "launcher", r)
			e, err = nil, internal(spec.Session.String(), mm.ExecutedNo)
		}
	}()
	engine, failure := l.Launch(ctx, spec, sink)
	if failure != nil {
		var known *mm.Error
		if errors.As(failure, &known) {
			return nil, known
		}
		return nil, mm.Errorf(mm.LaunchFailed, "Look into the log of mm.", "PowerShell was not started: %v", failure)
	}
	if engine == nil {
		return nil, mm.Errorf(mm.LaunchFailed, "Report this error.", "PowerShell was not started: the launcher gave nothing.")
	}
	return engine, nil
}

func (a *sessionActor) arm(ctx actor.Context, at time.Time) {
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
	if at.IsZero() {
		return
	}
	root, self := ctx.ActorSystem().Root, ctx.Self()
	a.timer = time.AfterFunc(time.Until(at), func() { root.Send(self, session.Wake{}) })
}
