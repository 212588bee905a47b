package actors

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors/session"
)

// router finds or starts the connection of each request and keeps the ledger. There is one in a process.
type router struct {
	config      *Config
	ledger      *ledger
	connections map[string]*child
	status      map[mm.SessionID]mm.SessionStatus
	accounts    map[string]mm.AccountStatus
	places      turnstile
	draining    *mm.Error
	drainer     *actor.PID // who waits for the end
}

// A child is what a parent knows of one actor below it.
type child struct {
	pid      *actor.PID // nil: not there
	stopping bool       // it panicked or drained, and its end was not reported yet
	draining bool
	health   health
	owes     []string // request ids that it has not answered; unused by the router, whose ledger knows
}

// pnpPlaces is how many sessions may wait in a PnP device login at once: each burns a core.
const pnpPlaces = 2

func newRouter(c *Config, l *ledger) *router {
	return &router{config: c, ledger: l, connections: map[string]*child{},
		status:   map[mm.SessionID]mm.SessionStatus{},
		accounts: map[string]mm.AccountStatus{}, places: turnstile{places: pnpPlaces}}
}

// Receive implements actor.Actor.
func (r *router) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		// After a restart nobody works on what is open. At the first start nothing is.
		r.ledger.fail(time.Now(), "", internal("the router", mm.ExecutedMaybe))
	case submit:
		if r.ledger.submit(time.Now(), m) {
			r.route(ctx, m)
		}
	case leave:
		r.ledger.leave(m.id, m.waiter)
	case answer:
		r.ledger.answer(time.Now(), m.id, m.outcome)
	case records:
		r.ledger.records(m.id, m.records)
	case cancel:
		id, open := r.ledger.open(m.id)
		if c := r.connections[id.Connection]; open && c != nil && c.pid != nil {
			ctx.Send(c.pid, cancelOne{module: id.Module, id: m.id})
		}
		ctx.Respond(open)
	case refused:
		r.ledger.tally.refused()
	case statusQuery:
		ctx.Respond(mm.PoolStatus{Sessions: r.sessions(), Accounts: slices.SortedFunc(maps.Values(r.accounts),
			func(a, b mm.AccountStatus) int { return strings.Compare(a.Connection, b.Connection) })})
	case metricsQuery:
		metrics := r.ledger.tally.metrics()
		metrics.Sessions = r.sessions()
		ctx.Respond(metrics)
	case closeDoor:
		ctx.Respond(r.closeDoor(m))
	case statusChanged:
		r.ledger.tally.changed(r.status[m.status.ID], m.status)
		r.status[m.status.ID] = m.status
	case accountChanged:
		r.accounts[m.status.Connection] = m.status
	case signIn:
		r.forward(ctx, m.connection.Name)
	case signOut:
		r.forward(ctx, m.connection.Name)
	case sessionGone:
		delete(r.status, m.id)
		r.admit(ctx, r.places.leave(m.id))
	case askPlace:
		r.admit(ctx, r.places.ask(m.id))
	case leavePlace:
		r.admit(ctx, r.places.leave(m.id))
	case reset:
		r.reset(ctx, m)
	case registryChanged:
		r.drainRemoved(ctx, m.connections)
	case drainAll:
		r.draining, r.drainer = m.why, ctx.Sender()
		for _, c := range r.connections {
			r.drain(ctx, c, m.why)
		}
		r.reportDrained(ctx)
	case haltAll:
		for _, c := range r.connections {
			if c.pid != nil {
				ctx.Send(c.pid, halt(m))
			}
		}
	case drained:
		if c := r.byPID(ctx.Sender()); c != nil && !c.stopping {
			c.stopping = true
			ctx.Stop(c.pid)
		}
	case *actor.Terminated:
		r.terminated(ctx, m.Who)
	}
}

// sessions returns what the sessions show of themselves, sorted by id.
func (r *router) sessions() []mm.SessionStatus {
	return slices.SortedFunc(maps.Values(r.status), func(a, b mm.SessionStatus) int {
		return strings.Compare(a.ID.String(), b.ID.String())
	})
}

// closeDoor refuses what comes from now on, unless something is there that shall keep it open.
func (r *router) closeDoor(m closeDoor) holding {
	var h holding
	if m.ifIdle {
		h.requests = r.ledger.openCount()
		for _, s := range r.status {
			switch s.State {
			case mm.StateInitializing, mm.StateAuthPending, mm.StateAuthenticated:
				h.sessions++
			}
		}
		for _, a := range r.accounts {
			if a.State == mm.AccountSigning {
				h.sessions++ // a person is on the way
			}
		}
	}
	if h == (holding{}) {
		r.draining = m.why
	}
	return h
}

// route hands a new request to its connection.
func (r *router) route(ctx actor.Context, s submit) {
	c, err := r.connection(ctx, s.session.Connection)
	switch {
	case err != nil:
		r.ledger.answer(time.Now(), s.id, mm.Failed(s.id, s.session, err))
	case s.graph != nil:
		ctx.Send(c, graphRequest{id: s.id, call: *s.graph, connection: s.connection, problem: s.problem, live: s.command.Live})
	default:
		ctx.Send(c, request{module: s.session.Module,
			request: session.Request{ID: s.id, Command: s.command, Connection: s.connection, Problem: s.problem}})
	}
}

// forward hands the question under way to a connection, which answers the asker.
func (r *router) forward(ctx actor.Context, name string) {
	c, err := r.connection(ctx, name)
	if err != nil {
		ctx.Respond(err)
		return
	}
	ctx.Forward(c)
}

// connection returns the actor of a connection, which it spawns where there is none. The error says why there cannot be one.
func (r *router) connection(ctx actor.Context, name string) (*actor.PID, *mm.Error) {
	if r.draining != nil {
		return nil, r.draining
	}
	c := r.connections[name]
	if c == nil {
		c = &child{}
		r.connections[name] = c
	}
	switch wait := time.Until(c.health.notBefore); {
	case c.stopping || c.draining:
		return nil, &mm.Error{Code: mm.ShuttingDown, Executed: mm.ExecutedNo, RetryAfter: 2 * time.Second,
			Message: "The connection " + name + " is being ended.", Remedy: "Try again in a few seconds."}
	case wait > 0:
		err := internal(name, mm.ExecutedNo)
		err.RetryAfter = wait
		return nil, err
	case c.pid == nil:
		c.pid = spawn(ctx, url.PathEscape(name), r.config, "connection", newConnection(r.config, name, ctx.Self()))
	}
	return c.pid, nil
}

// spawn starts a child under a name that was free. The producer is called once: children are stopped, never restarted.
func spawn(ctx actor.Context, name string, c *Config, kind string, a actor.Actor) *actor.PID {
	pid, err := ctx.SpawnNamed(actor.PropsFromProducer(func() actor.Actor { return a }, c.props(kind)...), name)
	if err != nil { // the name is taken: a bug, since the last one's Terminated was seen
		panic(err)
	}
	return pid
}

// HandleFailure implements actor.SupervisorStrategy for a connection's panic: everything that it and its sessions owed is
// answered. protoactor calls it in this actor's turn.
func (r *router) HandleFailure(_ *actor.ActorSystem, s actor.Supervisor, pid *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	s.StopChildren(pid)
	c := r.byPID(pid)
	if c == nil {
		return
	}
	name := r.nameOf(c)
	logPanic(r.config.Log, "connection "+name, reason)
	c.stopping = true
	c.health.fail(time.Now())
	r.ledger.fail(time.Now(), name, internal(name, mm.ExecutedMaybe))
}

// terminated forgets a connection that has ended, with its sessions.
func (r *router) terminated(ctx actor.Context, pid *actor.PID) {
	c := r.byPID(pid)
	if c == nil {
		return
	}
	name := r.nameOf(c)
	for id := range r.status {
		if id.Connection == name {
			delete(r.status, id)
			r.admit(ctx, r.places.leave(id))
		}
	}
	delete(r.accounts, name)
	if c.health.failures > 0 {
		*c = child{health: c.health}
	} else {
		delete(r.connections, name)
	}
	r.reportDrained(ctx)
}

func (r *router) byPID(pid *actor.PID) *child {
	for _, c := range r.connections {
		if c.pid != nil && c.pid.Equal(pid) {
			return c
		}
	}
	return nil
}

func (r *router) nameOf(c *child) string {
	for name, x := range r.connections {
		if x == c {
			return name
		}
	}
	return ""
}

func (r *router) admit(ctx actor.Context, ids []mm.SessionID) {
	for _, id := range ids {
		if c := r.connections[id.Connection]; c != nil && c.pid != nil {
			ctx.Send(c.pid, placeGranted{id: id})
		}
	}
}

// reset passes the order on and answers with the sessions that there are.
func (r *router) reset(ctx actor.Context, m reset) {
	ids := []mm.SessionID{}
	for id := range r.status {
		if id.Connection == m.connection && (m.module == "" || m.module == id.Module) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b mm.SessionID) int { return strings.Compare(a.String(), b.String()) })
	if c := r.connections[m.connection]; c != nil && c.pid != nil {
		ctx.Send(c.pid, resetSessions{module: m.module})
	}
	ctx.Respond(ids)
}

// drainRemoved ends the connections that the registry does not have any more.
func (r *router) drainRemoved(ctx actor.Context, there map[string]mm.Connection) {
	for name, c := range r.connections {
		if _, ok := there[name]; !ok {
			r.drain(ctx, c, mm.Errorf(mm.UnknownConnection, "", "Connection '%s' was removed from the registry.", name))
		}
	}
}

func (r *router) drain(ctx actor.Context, c *child, why *mm.Error) {
	if c.pid != nil && !c.draining {
		c.draining = true
		ctx.Send(c.pid, drain{why: why})
	}
}

func (r *router) reportDrained(ctx actor.Context) {
	if r.drainer == nil {
		return
	}
	for _, c := range r.connections {
		if c.pid != nil {
			return
		}
	}
	ctx.Send(r.drainer, struct{}{})
	r.drainer = nil
}
