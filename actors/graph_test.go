package actors

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A scriptedIdentity has an account when somebody has approved; its tokens are numbered.
type scriptedIdentity struct {
	approved atomic.Bool
	approve  atomic.Bool // a person signs in
	fetches  atomic.Int64
	signIns  atomic.Int64
	consents map[mm.Audience]bool // missing ones
	lives    time.Duration
}

func newIdentity() *scriptedIdentity {
	return &scriptedIdentity{lives: time.Hour}
}

func (s *scriptedIdentity) token(c mm.Connection, a mm.Audience) mm.Token {
	return mm.Token{Text: mm.NewSecret(fmt.Sprintf("%s-%d", a, s.fetches.Add(1))), ExpiresAt: time.Now().Add(s.lives),
		Account: mm.Account{Username: c.ExpectedEmail, TenantID: c.TenantID}}
}

func (s *scriptedIdentity) Token(ctx context.Context, c mm.Connection, r mm.TokenRequest) (mm.Token, error) {
	time.Sleep(10 * time.Millisecond)
	refuse := func(why mm.InteractionReason) (mm.Token, error) {
		return mm.Token{}, &mm.Interaction{Why: why, Err: mm.Errorf(mm.SignInFailed, "", "no %s", why)}
	}
	switch {
	case s.consents[r.Audience]:
		return refuse(mm.NeedsConsent)
	case r.Claims != "":
		return refuse(mm.NeedsClaims)
	case !s.approved.Load():
		return refuse(mm.NoAccount)
	}
	return s.token(c, r.Audience), nil
}

func (s *scriptedIdentity) SignIn(ctx context.Context, c mm.Connection, r mm.SignInRequest, shown func(mm.Challenge)) (mm.Token, error) {
	s.signIns.Add(1)
	code := "GRPH1234"
	if r.Method == mm.Browser {
		code = ""
	}
	shown(mm.Challenge{UserCode: code, URL: "https://login", ExpiresAt: time.Now().Add(mm.ChallengeLifetime)})
	for {
		select {
		case <-time.After(100 * time.Millisecond): // a channel of the test would be from outside of the bubble
			if !s.approve.Load() {
				continue
			}
		case text := <-r.Pasted:
			if text != "http://localhost/?code=right" {
				return mm.Token{}, mm.Errorf(mm.SignInFailed, "", "that is not it: %s", text)
			}
		case <-ctx.Done():
			return mm.Token{}, mm.Errorf(mm.Timeout, "", "nobody came")
		}
		s.approved.Store(true)
		return s.token(c, r.Audience), nil
	}
}

func (s *scriptedIdentity) SignOut(context.Context, mm.Connection) (bool, error) {
	return s.approved.Swap(false), nil
}

// A scriptedGraph does what the endpoint says.
type scriptedGraph struct {
	running atomic.Int64
	most    atomic.Int64
	free    atomic.Bool // "hold" waits for it
}

func (g *scriptedGraph) Prepare(_ mm.Connection, r mm.GraphRequest) (mm.GraphCall, *mm.Error) {
	if r.Endpoint == "/bad" {
		return mm.GraphCall{}, mm.Errorf(mm.BadRequest, "", "bad")
	}
	return mm.GraphCall{Method: "GET", Path: r.Endpoint, Resource: r.Resource, Timeout: r.Timeout}, nil
}

func (g *scriptedGraph) Do(ctx context.Context, c mm.Connection, call mm.GraphCall, tokens mm.TokenSource, progress mm.Progress) (mm.GraphResult, error) {
	n := g.running.Add(1)
	defer g.running.Add(-1)
	for most := g.most.Load(); n > most && !g.most.CompareAndSwap(most, n); most = g.most.Load() {
	}
	token, err := tokens(ctx, mm.Secret{}, "")
	if err != nil {
		return mm.GraphResult{}, err
	}
	switch call.Path {
	case "/hold":
		for !g.free.Load() {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return mm.GraphResult{}, ctx.Err()
			}
		}
	case "/rejected": // the first token
		if token.Reveal() != "graph-1" {
			break
		}
		if token, err = tokens(ctx, token, ""); err != nil {
			return mm.GraphResult{}, err
		}
	case "/claims":
		if token, err = tokens(ctx, token, "{mfa}"); err != nil {
			return mm.GraphResult{}, err
		}
	case "/panic":
		panic("a bug")
	case "/sites/root?$select=siteCollection":
		return mm.GraphResult{HTTPStatus: 200, Data: []byte(`{"siteCollection":{"hostname":"contosoteam.sharepoint.com"}}`)}, nil
	case "/fails":
		return mm.GraphResult{HTTPStatus: 404}, &mm.Error{Code: mm.GraphFailed, Message: "Graph API 404", Executed: mm.ExecutedNo}
	}
	if progress != nil {
		progress([]mm.Record{{Stream: mm.StreamProgress, Text: "half"}})
	}
	return mm.GraphResult{HTTPStatus: 200, Data: []byte(`"` + token.Reveal() + `"`)}, nil
}

func withGraph(i *scriptedIdentity) (Config, *scriptedGraph) {
	g := &scriptedGraph{}
	return Config{Identity: i, Graph: g}, g
}

func get(endpoint string) mm.GraphRequest {
	return mm.GraphRequest{Connection: "contoso", Endpoint: endpoint, Caller: "test"}
}

func TestOneSignInServesGraphFlowAndTheSessions(t *testing.T) {
	id := newIdentity()
	c, _ := withGraph(id)
	inBubble(t, c, func(t *testing.T, p *Pool, _ *scripted) {
		for range 2 {
			o := p.Graph(t.Context(), get("/me"), nil)
			if o.Status != mm.StatusAuthRequired || o.Challenge == nil || o.Challenge.UserCode != "GRPH1234" || o.Session.Connection != "Contoso" {
				t.Fatalf("%+v", o)
			}
		}
		if o := p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil); o.Challenge == nil || o.Challenge.UserCode != "GRPH1234" {
			t.Fatalf("the session asks for a sign-in of its own: %+v", o)
		}
		s, err := p.Status(t.Context())
		if err != nil || len(s.Accounts) != 1 || s.Accounts[0].State != mm.AccountSigning || s.Accounts[0].Challenge == nil {
			t.Errorf("%+v %v", s, err)
		}
		id.approve.Store(true)
		time.Sleep(time.Second)
		if o := p.Graph(t.Context(), get("/me"), nil); o.Status != mm.StatusSuccess || string(o.Graph.Data) != `"graph-1"` || o.AuthenticatedAs != "admin@contoso.com" {
			t.Errorf("%+v %v", o, o.Err)
		}
		flow := get("/flows")
		flow.Resource = mm.FlowResource
		if o := p.Graph(t.Context(), flow, nil); !strings.HasPrefix(string(o.Graph.Data), `"flow-`) {
			t.Errorf("%+v", o)
		}
		for _, m := range mm.Modules() {
			wantOutput(t, p.Run(t.Context(), command("Contoso", m, "echo hello"), nil), "hello")
		}
		if n := id.signIns.Load(); n != 1 {
			t.Errorf("%d sign-ins", n)
		}
		// Killing the processes costs no sign-in.
		p.Run(t.Context(), command("Contoso", mm.Exchange, "die"), nil)
		time.Sleep(time.Minute)
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo back"), nil), "back")
		if was, err := p.SignOut(t.Context(), "Contoso"); !was || err != nil {
			t.Errorf("sign-out: %v, %v", was, err)
		}
		id.approve.Store(false)
		if o := p.Graph(t.Context(), get("/me"), nil); o.Status != mm.StatusAuthRequired {
			t.Errorf("after the sign-out: %+v", o)
		}
		if o := p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil); o.Status != mm.StatusAuthRequired {
			t.Errorf("after the sign-out: %+v", o)
		}
	})
}

func TestWithoutConsentASessionSignsInByItselfAndSaysWhy(t *testing.T) {
	id := newIdentity()
	id.approved.Store(true)
	id.consents = map[mm.Audience]bool{mm.AudienceExchange: true}
	c, _ := withGraph(id)
	inBubble(t, c, func(t *testing.T, p *Pool, _ *scripted) {
		o := p.Run(t.Context(), command("Contoso", mm.Exchange, "echo 1"), nil)
		wantOutput(t, o, "1")
		if len(o.Notes) != 1 || !strings.Contains(o.Notes[0], "needs_consent") {
			t.Errorf("notes %q", o.Notes)
		}
		if o = p.Run(t.Context(), command("Contoso", mm.Exchange, "echo 2"), nil); len(o.Notes) != 0 {
			t.Errorf("said again: %q", o.Notes)
		}
	})
}

func TestARejectedTokenIsRenewedOnceForAll(t *testing.T) {
	id := newIdentity()
	id.approved.Store(true)
	c, g := withGraph(id)
	inBubble(t, c, func(t *testing.T, p *Pool, _ *scripted) {
		p.Graph(t.Context(), get("/me"), nil)
		var callers sync.WaitGroup
		for range 1000 {
			callers.Go(func() {
				if o := p.Graph(t.Context(), get("/rejected"), nil); o.Status != mm.StatusSuccess {
					t.Errorf("%+v", o.Err)
				}
			})
		}
		callers.Wait()
		if n := id.fetches.Load(); n != 2 {
			t.Errorf("%d tokens were fetched for 1,000 requests", n)
		}
		if most := g.most.Load(); most > graphRunning {
			t.Errorf("%d requests at once", most)
		}
	})
}

func TestAThousandRequestsAtOnceOverTwentyConnections(t *testing.T) {
	id := newIdentity()
	id.approved.Store(true)
	c, _ := withGraph(id)
	var names []string
	for n := range 20 {
		names = append(names, fmt.Sprintf("Tenant%d", n))
	}
	c.Registry = newConnections(names...)
	inBubble(t, c, func(t *testing.T, p *Pool, _ *scripted) {
		var callers sync.WaitGroup
		for n := range 1000 {
			callers.Go(func() {
				r := get("/me")
				r.Connection = names[n%len(names)]
				if o := p.Graph(t.Context(), r, nil); o.Status != mm.StatusSuccess || o.AuthenticatedAs != "admin@"+strings.ToLower(r.Connection)+".com" {
					t.Errorf("%s: %+v %v", r.Connection, o.AuthenticatedAs, o.Err)
				}
			})
		}
		callers.Wait()
		if n := id.fetches.Load(); n != 20 {
			t.Errorf("%d tokens were fetched for 20 connections", n)
		}
	})
}

func TestEveryGraphRequestHasOneAnswer(t *testing.T) {
	id := newIdentity()
	id.approved.Store(true)
	c, g := withGraph(id)
	inBubble(t, c, func(t *testing.T, p *Pool, _ *scripted) {
		wantCode(t, p.Graph(t.Context(), get("/bad"), nil), mm.BadRequest, mm.ExecutedNo)
		wantCode(t, p.Graph(t.Context(), mm.GraphRequest{Connection: "Nobody", Endpoint: "/me"}, nil), mm.UnknownConnection, mm.ExecutedNo)
		o := p.Graph(t.Context(), get("/fails"), nil)
		wantCode(t, o, mm.GraphFailed, mm.ExecutedNo)
		if o.Graph == nil || o.Graph.HTTPStatus != 404 {
			t.Errorf("%+v", o.Graph)
		}
		wantCode(t, p.Graph(t.Context(), get("/panic"), nil), mm.Internal, mm.ExecutedMaybe)
		if o := p.Graph(t.Context(), get("/claims"), nil); o.Status != mm.StatusAuthRequired {
			t.Errorf("a claims challenge: %+v", o)
		}
		progressed := false
		p.Graph(t.Context(), get("/me"), func([]mm.Record) { progressed = true })
		if !progressed {
			t.Error("no progress")
		}

		slow := get("/hold")
		slow.Timeout = time.Second
		wantCode(t, p.Graph(t.Context(), slow, nil), mm.Timeout, mm.ExecutedMaybe)

		held := get("/hold")
		held.RequestID = "held"
		answers := make(chan mm.Outcome, 2)
		for range 2 {
			go func() { answers <- p.Graph(t.Context(), held, nil) }()
		}
		time.Sleep(time.Second)
		if found, err := p.Cancel(t.Context(), "held"); !found || err != nil {
			t.Errorf("cancel: %v %v", found, err)
		}
		for range 2 {
			wantCode(t, <-answers, mm.Cancelled, mm.ExecutedMaybe)
		}
		other := get("/me")
		other.RequestID = "held"
		wantCode(t, p.Graph(t.Context(), other, nil), mm.RequestConflict, mm.ExecutedNo)

		// More than may wait.
		n := graphRunning + graphWaiting + 10
		many := make(chan mm.Outcome, n)
		for range n {
			go func() { many <- p.Graph(t.Context(), get("/hold"), nil) }()
		}
		time.Sleep(time.Second)
		g.free.Store(true)
		busy := 0
		for range n {
			if o := <-many; o.Err != nil && o.Err.Code == mm.Busy {
				busy++
			} else if o.Status != mm.StatusSuccess {
				t.Errorf("%+v", o.Err)
			}
		}
		if busy != 10 {
			t.Errorf("%d of %d were busy", busy, n)
		}
	})
}

func TestTheEndAnswersGraphRequests(t *testing.T) {
	id := newIdentity()
	id.approved.Store(true)
	c, _ := withGraph(id)
	inBubble(t, c, func(t *testing.T, p *Pool, _ *scripted) {
		n := graphRunning + 10
		answers := make(chan mm.Outcome, n)
		for range n {
			go func() { answers <- p.Graph(context.Background(), get("/hold"), nil) }()
		}
		time.Sleep(time.Second)
		ending, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := p.Shutdown(ending); err != nil {
			t.Error(err)
		}
		for range n {
			if o := <-answers; o.Err == nil || o.Err.Code != mm.ShuttingDown {
				t.Errorf("%+v", o)
			}
		}
	})
}

func TestAPersonSignsIn(t *testing.T) {
	id := newIdentity()
	c, _ := withGraph(id)
	inBubble(t, c, func(t *testing.T, p *Pool, _ *scripted) {
		if _, err := p.SignIn(t.Context(), mm.SignInOrder{Connection: "Contoso", Pasted: "x"}); err == nil {
			t.Error("an address for nothing was taken")
		}
		s, err := p.SignIn(t.Context(), mm.SignInOrder{Connection: "Contoso", Method: mm.Browser})
		if err != nil || s.State != mm.AccountSigning || s.Challenge == nil || s.Challenge.UserCode != "" || s.Challenge.URL != "https://login" {
			t.Fatalf("%+v %v", s, err)
		}
		if _, err := p.SignIn(t.Context(), mm.SignInOrder{Connection: "Contoso", Pasted: "http://localhost/?code=right"}); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		s, err = p.SignIn(t.Context(), mm.SignInOrder{Connection: "Contoso", Method: mm.Browser})
		if err != nil || s.State != mm.AccountSignedIn || s.Account.Username != "admin@contoso.com" {
			t.Errorf("%+v %v", s, err)
		}
		if _, err := p.SignIn(t.Context(), mm.SignInOrder{Connection: "Nobody"}); err == nil {
			t.Error("nobody signed in")
		}
	})
	inBubble(t, Config{}, func(t *testing.T, p *Pool, _ *scripted) {
		var e *mm.Error
		if _, err := p.SignIn(t.Context(), mm.SignInOrder{Connection: "Contoso"}); !errors.As(err, &e) || e.Code != mm.NotEnabled {
			t.Errorf("without an identity: %v", err)
		}
	})
}

func TestGraphTellsWhereSharePointIs(t *testing.T) {
	id := newIdentity()
	id.approved.Store(true)
	c, _ := withGraph(id)
	known := newConnections("Contoso")
	guessed := known.r.Connections["Contoso"]
	guessed.SharePointGuessed = true
	known.r.Connections["Contoso"] = guessed
	c.Registry = known
	inBubble(t, c, func(t *testing.T, p *Pool, l *scripted) {
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.SharePoint, "echo 1"), nil), "1")
		if url, _ := l.connectedTo.Load().(string); url != "https://contosoteam.sharepoint.com" {
			t.Errorf("connected to %q", url)
		}
	})
	for _, data := range []string{`{}`, `[]`, `{"siteCollection":{"hostname":"contoso.sharepoint.com.evil.example"}}`,
		`{"siteCollection":{"hostname":"a.b.sharepoint.com"}}`, `{"siteCollection":{"hostname":".sharepoint.com"}}`} {
		if host, err := hostOfRoot([]byte(data), ".sharepoint.com"); err == nil {
			t.Errorf("%s: %q", data, host)
		}
	}
}
