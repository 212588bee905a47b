package actors

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors/account"
	"github.com/microsoft-master/mm/actors/session"
)

// The bounds of what an account's goroutines may take.
const (
	fetchLimit   = time.Minute
	signInLimit  = mm.ChallengeLifetime + 2*time.Minute
	signOutLimit = 30 * time.Second
)

// accountActor owns the one sign-in of a connection and the graph requests that use it. Whom tokens go to is decided by the
// machine of package account; the actor feeds it and carries its effects out. What blocks runs in goroutines that only send.
type accountActor struct {
	config *Config
	name   string
	parent *actor.PID

	state   account.State
	askers  map[string]asker
	asked   uint64
	shown   mm.AccountStatus
	life    context.Context // of every goroutine
	end     context.CancelFunc
	signing context.CancelFunc // ends the sign-in under way
	pasted  chan string        // for it
	graph   graphCalls
	drained bool
	why     *mm.Error // draining
}

// An asker is who waits for a token. It is asked from this actor's turn only.
type asker struct {
	given   func(actor.Context, mm.Token)
	shown   func(actor.Context, mm.Challenge) (leaves bool)
	refused func(actor.Context, *mm.Error, mm.InteractionReason)
}

// pastedBacklog is how many addresses a person may paste before one is read.
const pastedBacklog = 4

func newAccount(c *Config, name string, parent *actor.PID) *accountActor {
	a := &accountActor{config: c, name: name, parent: parent, state: account.New(), askers: map[string]asker{},
		shown: mm.AccountStatus{Connection: name, State: mm.AccountUnknown}, graph: newGraphCalls()}
	a.life, a.end = context.WithCancel(context.Background())
	return a
}

// Receive implements actor.Actor.
func (a *accountActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case accountAsked:
		a.askForSession(ctx, m)
	case accountAnswered:
		ctx.Send(a.parent, m)
	case tokenDropped:
		prefix := sessionAsk(m.module, m.id)
		for id := range a.askers {
			if id == prefix || m.id == "" && strings.HasPrefix(id, prefix) {
				a.drop(ctx, id)
			}
		}
	case account.Event:
		a.feed(ctx, m)
	case signIn:
		a.signIn(ctx, m)
	case signOut:
		a.signOut(ctx, m)
	case signedOut:
		m.answer(ctx)
	case graphRequest:
		a.request(ctx, m)
	case renewal:
		a.renew(ctx, m)
	case graphDone:
		a.done(ctx, m)
	case graphOverdue:
		a.overdue(ctx, m.id)
	case cancelOne:
		a.cancel(ctx, m.id)
	case drain:
		a.why = m.why
		a.reportDrained(ctx)
	case halt:
		a.why = m.why
		a.halt(ctx, m.why)
		a.reportDrained(ctx)
	case *actor.Stopped:
		a.end()
	}
}

// feed gives the machine an event and carries its effects out.
func (a *accountActor) feed(ctx actor.Context, e account.Event) {
	var effects []account.Effect
	a.state, effects = account.Next(a.state, time.Now(), e)
	for _, f := range effects {
		a.carryOut(ctx, f)
	}
	a.publish(ctx)
}

func (a *accountActor) carryOut(ctx actor.Context, f account.Effect) {
	switch f := f.(type) {
	case account.Fetch:
		a.fetch(ctx, f)
	case account.Begin:
		a.begin(ctx, f)
	case account.Abandon:
		if a.signing != nil {
			a.signing()
		}
		a.signing, a.pasted = nil, nil
	case account.Tell:
		if to, ok := a.askers[f.ID]; ok && to.shown(ctx, f.Challenge) {
			a.drop(ctx, f.ID)
		}
	case account.Give:
		if to, ok := a.askers[f.ID]; ok {
			delete(a.askers, f.ID)
			to.given(ctx, f.Token)
		}
	case account.Refuse:
		if to, ok := a.askers[f.ID]; ok {
			delete(a.askers, f.ID)
			to.refused(ctx, f.Err, f.Why)
		}
	}
}

// ask puts a question to the machine.
func (a *accountActor) ask(ctx actor.Context, e account.Ask, who asker) {
	a.askers[e.ID] = who
	a.feed(ctx, e)
}

func (a *accountActor) drop(ctx actor.Context, id string) {
	delete(a.askers, id)
	a.feed(ctx, account.Drop{ID: id})
}

// newAsk returns an id for a question that no session asks.
func (a *accountActor) newAsk() string {
	a.asked++
	return fmt.Sprintf("/%d", a.asked)
}

func sessionAsk(m mm.Module, id string) string { return string(m) + "/" + id }

// askForSession asks for what a session wants to know: a token, or, for which it takes one of Graph, the tenant's site.
func (a *accountActor) askForSession(ctx actor.Context, m accountAsked) {
	tell := func(ctx actor.Context, e session.Event) {
		ctx.Send(a.parent, accountAnswered{module: m.module, event: e})
	}
	ask := account.Ask{ID: sessionAsk(m.module, m.id)}
	who := asker{
		given: func(ctx actor.Context, t mm.Token) { tell(ctx, session.TokenGiven{ID: m.id, Token: t}) },
		shown: func(ctx actor.Context, c mm.Challenge) bool {
			tell(ctx, session.TokenShown{ID: m.id, Challenge: c})
			return false
		},
		refused: func(ctx actor.Context, err *mm.Error, why mm.InteractionReason) {
			tell(ctx, session.TokenRefused{ID: m.id, Err: err, Why: why})
		},
	}
	switch f := m.ask.(type) {
	case session.AskToken:
		ask.Connection, ask.Audience, ask.Host, ask.Rejected = f.Connection, f.Request.Audience, f.Request.Host, f.Rejected
	case session.AskSite:
		if a.config.Graph == nil {
			tell(ctx, session.TokenRefused{ID: m.id, Err: noSite(errors.New("Graph is not served"))})
			return
		}
		ask.Connection, ask.Audience = f.Connection, mm.AudienceGraph
		who.given = func(ctx actor.Context, t mm.Token) { a.findSite(ctx, m.module, f, t) }
	}
	a.ask(ctx, ask, who)
}

// fetch gets a token in a goroutine.
func (a *accountActor) fetch(ctx actor.Context, f account.Fetch) {
	a.work(ctx, a.life, fetchLimit, func(c context.Context) any {
		t, err := a.config.Identity.Token(c, f.Connection, f.Request)
		return account.Fetched{Epoch: f.Epoch, Key: f.Key, Token: t, Err: err}
	}, func(err *mm.Error) any { return account.Fetched{Epoch: f.Epoch, Key: f.Key, Err: err} })
}

// begin lets a person sign in, in a goroutine.
func (a *accountActor) begin(ctx actor.Context, f account.Begin) {
	pasted := make(chan string, pastedBacklog)
	r := f.Request
	r.Pasted = pasted
	root, self := ctx.ActorSystem().Root, ctx.Self()
	a.pasted = pasted
	a.signing = a.work(ctx, a.life, signInLimit, func(c context.Context) any {
		t, err := a.config.Identity.SignIn(c, f.Connection, r, func(ch mm.Challenge) {
			root.Send(self, account.Shown{Serial: f.Serial, Challenge: ch})
		})
		return account.SignedIn{Serial: f.Serial, Token: t, Err: err}
	}, func(err *mm.Error) any { return account.SignedIn{Serial: f.Serial, Err: err} })
}

// work runs something that blocks, and sends what it returns to this actor; where it panics, what crashed returns. Calling the
// result ends it early, as the end of life does.
func (a *accountActor) work(ctx actor.Context, life context.Context, limit time.Duration, do func(context.Context) any, crashed func(*mm.Error) any) context.CancelFunc {
	root, self, log := ctx.ActorSystem().Root, ctx.Self(), a.config.Log
	life, end := context.WithTimeout(life, limit)
	go func() {
		defer end()
		defer func() {
			if r := recover(); r != nil {
				logPanic(log, "account "+a.name, r)
				root.Send(self, crashed(internal(a.name, mm.ExecutedMaybe)))
			}
		}()
		root.Send(self, do(life))
	}()
	return end
}

// signIn starts a sign-in for a person, or says how the one under way stands. It is answered at once.
func (a *accountActor) signIn(ctx actor.Context, m signIn) {
	if m.order.Pasted != "" {
		if a.pasted == nil {
			ctx.Respond(mm.Errorf(mm.BadRequest, "Start it with `mm sign-in`.", "No sign-in of %s waits for an address.", a.name))
			return
		}
		select {
		case a.pasted <- m.order.Pasted:
			ctx.Respond(a.status())
		default:
			ctx.Respond(mm.Errorf(mm.Busy, "Wait a moment.", "The addresses pasted before are still being looked at."))
		}
		return
	}
	to := ctx.Sender()
	answered := false
	answer := func(ctx actor.Context, v any) {
		if !answered {
			answered = true
			ctx.Send(to, v)
		}
	}
	a.ask(ctx, account.Ask{ID: a.newAsk(), Connection: m.connection, Audience: mm.AudienceGraph, Method: m.order.Method}, asker{
		given: func(ctx actor.Context, t mm.Token) {
			answer(ctx, mm.AccountStatus{Connection: a.name, State: mm.AccountSignedIn, Account: t.Account, Until: t.ExpiresAt})
		},
		shown: func(ctx actor.Context, c mm.Challenge) bool {
			answer(ctx, mm.AccountStatus{Connection: a.name, State: mm.AccountSigning, Challenge: &c})
			return true
		},
		refused: func(ctx actor.Context, err *mm.Error, _ mm.InteractionReason) { answer(ctx, err) },
	})
}

// signedOut brings the end of a sign-out.
type signedOut struct {
	to  *actor.PID
	was bool
	err error
}

func (m signedOut) answer(ctx actor.Context) {
	if m.err == nil {
		ctx.Send(m.to, m.was)
		return
	}
	e, ok := errors.AsType[*mm.Error](m.err)
	if !ok {
		e = mm.Errorf(mm.Internal, "Look into the log of mm.", "The tokens could not be removed: %v", m.err)
	}
	ctx.Send(m.to, e)
}

func (a *accountActor) signOut(ctx actor.Context, m signOut) {
	a.feed(ctx, account.SignOut{Connection: m.connection})
	to := ctx.Sender()
	a.work(ctx, a.life, signOutLimit, func(c context.Context) any {
		was, err := a.config.Identity.SignOut(c, m.connection)
		return signedOut{to: to, was: was, err: err}
	}, func(err *mm.Error) any { return signedOut{to: to, err: err} })
}

func (a *accountActor) status() mm.AccountStatus {
	s := mm.AccountStatus{Connection: a.name, State: mm.AccountUnknown, Account: a.state.Account(), Until: a.state.Until()}
	switch {
	case a.state.SigningIn():
		s.State, s.Challenge = mm.AccountSigning, a.state.Challenge()
	case s.Account != (mm.Account{}):
		s.State = mm.AccountSignedIn
	}
	return s
}

// publish tells the router what the account shows of itself, where that has changed.
func (a *accountActor) publish(ctx actor.Context) {
	if s := a.status(); s != a.shown {
		if s.State != a.shown.State {
			a.config.Log.Info("account", "connection", a.name, "state", string(s.State))
		}
		a.shown = s
		ctx.Send(a.parent, accountChanged{status: s})
	}
}

// halt ends everything at once.
func (a *accountActor) halt(ctx actor.Context, why *mm.Error) {
	a.graph.endAll(func(g *graphCall) { a.answerGraph(ctx, g, mm.Outcome{Err: g.ended(why)}) })
	a.feed(ctx, account.Stop{Why: why})
	a.end()
}

// reportDrained reports the end when no graph request is open.
func (a *accountActor) reportDrained(ctx actor.Context) {
	if a.why != nil && !a.drained && a.graph.empty() {
		a.drained = true
		ctx.Request(a.parent, drained{})
	}
}
