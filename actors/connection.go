package actors

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors/session"
)

// connection is the parent of the sessions of one connection, at most one for each module. It notes what each of them owes, so
// that a session's panic loses nothing.
type connection struct {
	config   *Config
	name     string
	router   *actor.PID
	sessions map[mm.Module]*child
	account  child
	draining *mm.Error
	reported bool
}

func newConnection(c *Config, name string, router *actor.PID) *connection {
	return &connection{config: c, name: name, router: router, sessions: map[mm.Module]*child{}}
}

// Receive implements actor.Actor.
func (c *connection) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case request:
		c.request(ctx, m)
	case graphRequest:
		if pid := c.accountPID(ctx, func(err *mm.Error) {
			ctx.Send(c.router, answer{id: m.id, outcome: mm.Failed(m.id, mm.SessionID{Connection: c.name}, err)})
		}); pid != nil {
			c.account.owes = append(c.account.owes, m.id)
			ctx.Send(pid, m)
		}
	case signIn, signOut:
		if pid := c.accountPID(ctx, func(err *mm.Error) { ctx.Respond(err) }); pid != nil {
			ctx.Forward(pid)
		}
	case accountAsked:
		if pid := c.accountPID(ctx, func(err *mm.Error) {
			ctx.Send(ctx.Sender(), session.TokenRefused{ID: m.id, Err: err})
		}); pid != nil {
			ctx.Send(pid, m)
		}
	case tokenDropped:
		if c.account.pid != nil {
			ctx.Send(c.account.pid, m)
		}
	case accountAnswered:
		if s := c.sessions[m.module]; s != nil && s.pid != nil && !s.stopping {
			ctx.Send(s.pid, m.event)
		}
	case cancelOne:
		if m.module == "" {
			if c.account.pid != nil {
				ctx.Send(c.account.pid, m)
			}
			return
		}
		if s := c.sessions[m.module]; s != nil && s.pid != nil && slices.Contains(s.owes, m.id) {
			ctx.Send(s.pid, session.CancelRequest{ID: m.id})
		}
	case answer:
		if _, s := c.byPID(ctx.Sender()); s != nil {
			if i := slices.Index(s.owes, m.id); i >= 0 {
				s.owes = slices.Delete(s.owes, i, i+1)
				ctx.Send(c.router, m)
			}
		}
	case records, statusChanged, accountChanged, askPlace, leavePlace:
		ctx.Send(c.router, m)
	case placeGranted:
		if s := c.sessions[m.id.Module]; s != nil && s.pid != nil && !s.stopping {
			ctx.Send(s.pid, session.PlaceGranted{})
		} else {
			ctx.Send(c.router, leavePlace(m))
		}
	case resetSessions:
		for module, s := range c.sessions {
			if s.pid != nil && (m.module == "" || m.module == module) {
				ctx.Send(s.pid, session.Reset{})
			}
		}
	case drain:
		c.draining = m.why
		c.tellSessions(ctx, session.Drain{Why: m.why})
		c.tellAccount(ctx, m)
		c.reportDrained(ctx)
	case halt:
		c.draining = m.why
		c.tellSessions(ctx, session.Halt{Why: m.why})
		c.tellAccount(ctx, m)
		c.reportDrained(ctx)
	case drained:
		if _, s := c.byPID(ctx.Sender()); s != nil && !s.stopping {
			s.stopping = true
			ctx.Stop(s.pid)
		}
	case *actor.Terminated:
		c.terminated(ctx, m.Who)
	}
}

// request hands a request to its session, or answers it where there cannot be one.
func (c *connection) request(ctx actor.Context, m request) {
	id := m.request.ID
	refuse := func(err *mm.Error) {
		ctx.Send(c.router, answer{id: id, outcome: mm.Failed(id, m.request.Command.Session, err)})
	}
	if c.draining != nil {
		refuse(c.draining)
		return
	}
	s := c.sessions[m.module]
	if s == nil {
		s = &child{}
		c.sessions[m.module] = s
	}
	if wait := time.Until(s.health.notBefore); wait > 0 || s.stopping {
		err := internal(m.request.Command.Session.String(), mm.ExecutedNo)
		err.RetryAfter = max(wait, 100*time.Millisecond)
		refuse(err)
		return
	}
	if s.pid == nil {
		s.pid = spawn(ctx, string(m.module), c.config, "session",
			newSessionActor(c.config, mm.SessionID{Connection: c.name, Module: m.module}, ctx.Self()))
	}
	s.owes = append(s.owes, id)
	ctx.Send(s.pid, m.request)
}

// accountPID returns the account of the connection, which it spawns where there is none, or refuses.
func (c *connection) accountPID(ctx actor.Context, refuse func(*mm.Error)) *actor.PID {
	wait := time.Until(c.account.health.notBefore)
	switch {
	case c.draining != nil:
		refuse(c.draining)
		return nil
	case wait > 0 || c.account.stopping:
		err := internal(c.name, mm.ExecutedNo)
		err.RetryAfter = max(wait, 100*time.Millisecond)
		refuse(err)
		return nil
	case c.account.pid == nil:
		c.account.pid = spawn(ctx, "account", c.config, "account", newAccount(c.config, c.name, ctx.Self()))
	}
	return c.account.pid
}

func (c *connection) tellAccount(ctx actor.Context, m any) {
	if c.account.pid != nil && !c.account.stopping {
		ctx.Send(c.account.pid, m)
	}
}

func (c *connection) tellSessions(ctx actor.Context, e session.Event) {
	for _, s := range c.sessions {
		if s.pid != nil && !s.stopping {
			ctx.Send(s.pid, e)
		}
	}
}

// HandleFailure implements actor.SupervisorStrategy for a session's panic: what it owed is answered. Its process is killed
// by its Stopped. protoactor calls it in this actor's turn.
func (c *connection) HandleFailure(system *actor.ActorSystem, supervisor actor.Supervisor, pid *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	supervisor.StopChildren(pid)
	module, s := c.byPID(pid)
	if s == nil {
		return
	}
	id := mm.SessionID{Connection: c.name, Module: module}
	logPanic(c.config.Log, "session "+id.String(), reason) // an account's has no module
	s.stopping = true
	s.health.fail(time.Now())
	c.answerAll(system.Root, module, s, internal(id.String(), mm.ExecutedMaybe))
}

// sender is a context that can send: in a turn, or outside of one.
type sender interface{ Send(*actor.PID, any) }

func (c *connection) answerAll(to sender, module mm.Module, s *child, err *mm.Error) {
	for _, id := range s.owes {
		to.Send(c.router, answer{id: id, outcome: mm.Failed(id, mm.SessionID{Connection: c.name, Module: module}, err)})
	}
	s.owes = nil
}

func (c *connection) terminated(ctx actor.Context, pid *actor.PID) {
	module, s := c.byPID(pid)
	if s == nil {
		return
	}
	c.answerAll(ctx, module, s, internal(c.name, mm.ExecutedMaybe))
	if s != &c.account {
		ctx.Send(c.router, sessionGone{id: mm.SessionID{Connection: c.name, Module: module}})
		if c.account.pid != nil {
			ctx.Send(c.account.pid, tokenDropped{module: module})
		}
	}
	s.pid, s.stopping = nil, false
	c.reportDrained(ctx)
}

// byPID returns the child with that PID; the module is empty for the account.
func (c *connection) byPID(pid *actor.PID) (mm.Module, *child) {
	if c.account.pid != nil && c.account.pid.Equal(pid) {
		return "", &c.account
	}
	for module, s := range c.sessions {
		if s.pid != nil && s.pid.Equal(pid) {
			return module, s
		}
	}
	return "", nil
}

func (c *connection) reportDrained(ctx actor.Context) {
	if c.draining == nil || c.reported {
		return
	}
	for _, s := range c.sessions {
		if s.pid != nil {
			return
		}
	}
	if c.account.pid != nil {
		return
	}
	c.reported = true
	ctx.Request(c.router, drained{})
}
