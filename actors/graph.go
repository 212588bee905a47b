package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors/account"
	"github.com/microsoft-master/mm/actors/session"
)

// The bounds of the graph requests of one connection.
const (
	graphRunning = 64   // sent at once
	graphWaiting = 1000 // that wait for their turn
)

// graphCalls are the open graph requests of a connection: those that wait for a token or run, and those that wait for them.
type graphCalls struct {
	running map[string]*graphCall
	waiting []*graphCall
}

func newGraphCalls() graphCalls { return graphCalls{running: map[string]*graphCall{}} }

func (g *graphCalls) empty() bool { return len(g.running)+len(g.waiting) == 0 }

// endAll takes every call out.
func (g *graphCalls) endAll(end func(*graphCall)) {
	for _, c := range g.running {
		end(c)
	}
	for _, c := range g.waiting {
		end(c)
	}
	*g = newGraphCalls()
}

// A graphCall is one request to Graph or Power Automate.
type graphCall struct {
	graphRequest
	ask     string // the question for its token; empty: it has one
	account mm.Account
	cancel  context.CancelCauseFunc // of its goroutine; nil: not sent yet
	timer   *time.Timer
}

// ended is why with what is known of whether the call was executed.
func (g *graphCall) ended(why *mm.Error) *mm.Error {
	e := *why
	e.Executed = mm.ExecutedNo
	if g.cancel != nil {
		e.Executed = mm.ExecutedMaybe
		if g.call.Method == "GET" || g.call.Method == "HEAD" {
			e.Executed = mm.ExecutedNo
		}
	}
	return &e
}

type (
	// graphDone brings the end of a call's goroutine.
	graphDone struct {
		call   *graphCall
		result mm.GraphResult
		err    error
	}
	// graphOverdue says that a call has waited too long for its token.
	graphOverdue struct{ id string }
	// renewal asks for another token in the middle of a call.
	renewal struct {
		connection mm.Connection
		resource   mm.Resource
		rejected   mm.Secret
		claims     string
		reply      chan<- renewed // buffered: one
	}
	renewed struct {
		token mm.Secret
		err   error
	}
)

// A challenged ends a call because a person has to sign in first.
type challenged struct{ challenge mm.Challenge }

func (challenged) Error() string { return "a person has to sign in" }

var errCancelled = errors.New("the request was cancelled")

func audienceOf(r mm.Resource) mm.Audience {
	if r == mm.FlowResource {
		return mm.AudienceFlow
	}
	return mm.AudienceGraph
}

// request takes a graph request in.
func (a *accountActor) request(ctx actor.Context, m graphRequest) {
	g := &graphCall{graphRequest: m}
	switch {
	case a.why != nil:
		a.answerGraph(ctx, g, mm.Outcome{Err: a.why})
	case len(a.graph.running) < graphRunning:
		a.startGraph(ctx, g)
	case len(a.graph.waiting) < graphWaiting:
		a.graph.waiting = append(a.graph.waiting, g)
	default:
		a.answerGraph(ctx, g, mm.Outcome{Err: &mm.Error{Code: mm.Busy, Executed: mm.ExecutedNo, RetryAfter: 5 * time.Second,
			Message: fmt.Sprintf("%d requests already wait for %s.", graphWaiting, a.name), Remedy: "Try again when some have ended."}})
	}
}

// startGraph asks for the token of a call.
func (a *accountActor) startGraph(ctx actor.Context, g *graphCall) {
	a.graph.running[g.id] = g
	g.ask = a.newAsk()
	root, self, id := ctx.ActorSystem().Root, ctx.Self(), g.id
	g.timer = time.AfterFunc(session.FirstWait, func() { root.Send(self, graphOverdue{id: id}) })
	end := func(ctx actor.Context, o mm.Outcome) {
		g.ask = ""
		a.endGraph(ctx, g, o)
	}
	a.ask(ctx, account.Ask{ID: g.ask, Connection: g.connection, Audience: audienceOf(g.call.Resource)}, asker{
		given:   func(ctx actor.Context, t mm.Token) { a.send(ctx, g, t) },
		shown:   func(ctx actor.Context, c mm.Challenge) bool { end(ctx, mm.Outcome{Challenge: &c}); return true },
		refused: func(ctx actor.Context, err *mm.Error, _ mm.InteractionReason) { end(ctx, mm.Outcome{Err: err}) },
	})
}

// send sends a call with its token, in a goroutine.
func (a *accountActor) send(ctx actor.Context, g *graphCall, first mm.Token) {
	g.timer.Stop()
	g.ask, g.account = "", first.Account
	root, self, id, parent := ctx.ActorSystem().Root, ctx.Self(), g.id, a.parent
	tokens := func(c context.Context, rejected mm.Secret, claims string) (mm.Secret, error) {
		if rejected.Reveal() == "" && claims == "" && time.Until(first.ExpiresAt) > 0 {
			return first.Text, nil
		}
		reply := make(chan renewed, 1)
		root.Send(self, renewal{connection: g.connection, resource: g.call.Resource, rejected: rejected, claims: claims, reply: reply})
		select {
		case r := <-reply:
			return r.token, r.err
		case <-c.Done():
			return mm.Secret{}, context.Cause(c)
		}
	}
	var progress mm.Progress
	if g.live {
		progress = func(r []mm.Record) { root.Send(parent, records{id: id, records: r}) }
	}
	timeout := g.call.Timeout
	if timeout <= 0 {
		timeout = a.config.Timeout
	}
	var running context.Context
	running, g.cancel = context.WithCancelCause(a.life)
	a.work(ctx, running, timeout, func(c context.Context) any {
		r, err := a.config.Graph.Do(c, g.connection, g.call, tokens, progress)
		if err != nil && c.Err() != nil {
			err = interrupted(c, err, timeout)
		}
		return graphDone{call: g, result: r, err: err}
	}, func(err *mm.Error) any { return graphDone{call: g, err: err} })
}

// interrupted is the error of a call whose time was over, or that was cancelled; what is known of its execution stays.
func interrupted(c context.Context, err error, timeout time.Duration) *mm.Error {
	e := &mm.Error{Code: mm.Timeout, Executed: mm.ExecutedMaybe, Message: fmt.Sprintf("The request did not end within %s.", timeout),
		Remedy: "Give it more time with timeout_seconds, or ask for less at once."}
	if errors.Is(context.Cause(c), errCancelled) {
		e = &mm.Error{Code: mm.Cancelled, Executed: mm.ExecutedMaybe, Message: "The request was cancelled."}
	}
	if known, ok := errors.AsType[*mm.Error](err); ok && known.Executed != "" {
		e.Executed = known.Executed
	}
	return e
}

// renew gets another token for a call that runs.
func (a *accountActor) renew(ctx actor.Context, m renewal) {
	a.ask(ctx, account.Ask{ID: a.newAsk(), Connection: m.connection, Audience: audienceOf(m.resource), Rejected: m.rejected, Claims: m.claims}, asker{
		given: func(_ actor.Context, t mm.Token) { m.reply <- renewed{token: t.Text} },
		shown: func(_ actor.Context, c mm.Challenge) bool {
			m.reply <- renewed{err: challenged{c}}
			return true
		},
		refused: func(_ actor.Context, err *mm.Error, _ mm.InteractionReason) { m.reply <- renewed{err: err} },
	})
}

// done answers a call that has ended, unless that was done before.
func (a *accountActor) done(ctx actor.Context, m graphDone) {
	if a.graph.running[m.call.id] != m.call {
		return
	}
	o := mm.Outcome{AuthenticatedAs: m.call.account.Username, Notes: m.result.Notes}
	if m.err == nil || m.result.HTTPStatus != 0 {
		o.Graph = &m.result
	}
	if m.err != nil {
		if c, ok := errors.AsType[challenged](m.err); ok {
			o = mm.Outcome{Challenge: &c.challenge}
		} else if e, ok := errors.AsType[*mm.Error](m.err); ok {
			o.Err = e
		} else {
			o.Err = &mm.Error{Code: mm.Internal, Executed: mm.ExecutedMaybe, Message: fmt.Sprintf("mm failed: %v.", m.err), Remedy: "Look into the log of mm."}
		}
	}
	a.endGraph(ctx, m.call, o)
}

// endGraph answers a call and lets the next have its turn.
func (a *accountActor) endGraph(ctx actor.Context, g *graphCall, o mm.Outcome) {
	delete(a.graph.running, g.id)
	a.answerGraph(ctx, g, o)
	if len(a.graph.waiting) > 0 && a.why == nil {
		next := a.graph.waiting[0]
		a.graph.waiting = a.graph.waiting[1:]
		a.startGraph(ctx, next)
	}
	for _, w := range a.graph.waiting {
		if a.why != nil {
			a.answerGraph(ctx, w, mm.Outcome{Err: w.ended(a.why)})
		}
	}
	if a.why != nil {
		a.graph.waiting = nil
	}
	a.reportDrained(ctx)
}

// answerGraph sends the one answer to a call.
func (a *accountActor) answerGraph(ctx actor.Context, g *graphCall, o mm.Outcome) {
	if g.timer != nil {
		g.timer.Stop()
	}
	if g.ask != "" {
		a.drop(ctx, g.ask)
	}
	if g.cancel != nil {
		g.cancel(nil)
	}
	o = o.To(g.id, mm.SessionID{Connection: a.name})
	if g.problem != nil {
		o.Notes = append(slices.Clone(o.Notes), "The registry's last good version was used: "+g.problem.Error())
	}
	ctx.Request(a.parent, answer{id: g.id, outcome: o})
}

// overdue answers a call that has waited too long for its token.
func (a *accountActor) overdue(ctx actor.Context, id string) {
	if g := a.graph.running[id]; g != nil && g.ask != "" {
		a.endGraph(ctx, g, mm.Outcome{Err: &mm.Error{Code: mm.Busy, Executed: mm.ExecutedNo, RetryAfter: 10 * time.Second,
			Message: fmt.Sprintf("The sign-in of %s is still starting; no device code has appeared yet.", a.name),
			Remedy:  "Ask again in a few seconds."}})
	}
}

// cancel ends a call: one that was sent answers when its connection is closed.
func (a *accountActor) cancel(ctx actor.Context, id string) {
	before := mm.Errorf(mm.Cancelled, "", "The request was cancelled before it was sent.")
	if i := slices.IndexFunc(a.graph.waiting, func(g *graphCall) bool { return g.id == id }); i >= 0 {
		g := a.graph.waiting[i]
		a.graph.waiting = slices.Delete(a.graph.waiting, i, i+1)
		a.answerGraph(ctx, g, mm.Outcome{Err: before})
		return
	}
	switch g := a.graph.running[id]; {
	case g == nil:
	case g.cancel != nil:
		g.cancel(errCancelled)
	default:
		a.endGraph(ctx, g, mm.Outcome{Err: before})
	}
}
