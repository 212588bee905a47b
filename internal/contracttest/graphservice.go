package contracttest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// ServiceGraph is the part of Service that needs accounts. Its pools have a sandbox each.
func ServiceGraph(t *testing.T, open func(t *testing.T) Pool) {
	for name, test := range map[string]func(*testing.T, pool){
		"commands and graph requests share one code until somebody signs in": sharedCode,
		"what is wrong with a graph request is told before a sign-in":        graphRefusedAtOnce,
		"an answer of Graph comes as it was":                                 graphAnswerWhole,
		"a repeat attaches to the graph request that is under way":           graphRepeatAttaches,
		"a repeat after the end finds the answer of Graph":                   graphRepeatFinds,
		"another graph request under a used request id is a conflict":        graphConflict,
		"a caller who leaves finds the answer of Graph later":                graphLeaving,
		"a graph request under way is cancelled":                             graphCancel,
		"a graph request that takes too long is ended":                       graphTimeout,
		"progress of a graph request comes before its answer":                graphProgress,
		"many graph requests get their own answers":                          graphOwnAnswers,
		"a sign-in can be asked for, and forgotten":                          signInAndOut,
		"a wrong account sends nothing":                                      graphStranger,
	} {
		runTest(t, name, open, test)
	}
}

// graph sends a request and waits for its answer, which must belong to it.
func (p pool) graph(r mm.GraphRequest) mm.Outcome {
	p.t.Helper()
	return p.graphWith(r, nil)
}

func (p pool) graphWith(r mm.GraphRequest, progress mm.Progress) mm.Outcome {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	o := p.Service.Graph(ctx, r, progress)
	if ctx.Err() != nil {
		p.t.Errorf("%s: no answer within %s", r.Endpoint, patience)
	}
	if r.RequestID != "" && o.RequestID != r.RequestID || o.RequestID == "" && o.Err == nil {
		p.t.Errorf("%s: request %q is answered under id %q", r.Endpoint, r.RequestID, o.RequestID)
	}
	if (o.Err != nil) != (o.Status == mm.StatusError) || (o.Challenge != nil) != (o.Status == mm.StatusAuthRequired) ||
		o.Status == mm.StatusSuccess && o.Graph == nil {
		p.t.Errorf("%s: status %s with error %v, challenge %v and answer %+v", r.Endpoint, o.Status, o.Err, o.Challenge, o.Graph)
	}
	return o
}

// request is a GET as the connection that most tests use.
func (p pool) request(endpoint string) mm.GraphRequest {
	return mm.GraphRequest{Connection: p.Connections[0], Endpoint: endpoint, Caller: "contracttest", Timeout: patience}
}

// newDraft is a request that makes a message each time it is carried out, and is answered with its id.
func (p pool) newDraft(id string) mm.GraphRequest {
	r := p.request("/me/messages")
	r.Method, r.Body, r.JQ, r.RequestID = "POST", []byte(`{"subject":"of `+id+`"}`), ".id", id
	return r
}

// drafts counts the messages of newDraft.
func (p pool) drafts(id string) string {
	p.t.Helper()
	r := p.request("/me/messages?$top=1000&$select=subject")
	r.JQ = fmt.Sprintf(`[.value[]|select(.subject=="of %s")]|length`, id)
	return p.gave(p.graph(r))
}

// gave returns the data of a success.
func (p pool) gave(o mm.Outcome) string {
	p.t.Helper()
	if o.Status != mm.StatusSuccess {
		p.t.Fatalf("%s with error %v", o.Status, o.Err)
	}
	return string(o.Graph.Data)
}

func sharedCode(t *testing.T, p pool) {
	const callers = 8
	answers := make(chan mm.Outcome, callers)
	for i := range callers {
		go func() {
			if i%2 == 0 {
				answers <- p.run(command(p.exo(), `'hello'`))
				return
			}
			answers <- p.graph(p.request("/me"))
		}()
	}
	var first *mm.Challenge
	for range callers {
		o := <-answers
		if o.Challenge == nil {
			t.Fatalf("%s with error %v", o.Status, o.Err)
		}
		if left := time.Until(o.Challenge.ExpiresAt); left <= 0 || left > mm.ChallengeLifetime+time.Second || o.Challenge.Account != p.Account(p.Connections[0]) {
			t.Errorf("challenge %+v, for %s", o.Challenge, left)
		}
		if first == nil {
			first = o.Challenge
		}
		if o.Challenge.UserCode != first.UserCode {
			t.Errorf("codes %s and %s", o.Challenge.UserCode, first.UserCode)
		}
	}
	p.approve(p.Connections[0], first.UserCode)
	p.untilAccount(p.Connections[0], mm.AccountSignedIn)
	if o := p.graph(p.request("/me")); o.Status != mm.StatusSuccess || o.AuthenticatedAs != p.Account(p.Connections[0]) {
		t.Errorf("%s with error %v, as %q", o.Status, o.Err, o.AuthenticatedAs)
	}
	p.until("the session is signed in, too", func() bool { return p.status(p.exo()).State == mm.StateAuthenticated })
	p.succeeded(p.run(command(p.exo(), `'hello'`)), "hello")
}

func graphRefusedAtOnce(t *testing.T, p pool) {
	change := func(f func(*mm.GraphRequest)) mm.GraphRequest {
		r := p.request("/me")
		f(&r)
		return r
	}
	for name, r := range map[string]mm.GraphRequest{
		"another host":       p.request("https://example.com/v1.0/me"),
		"no endpoint":        p.request(""),
		"no connection":      change(func(r *mm.GraphRequest) { r.Connection = "" }),
		"another method":     change(func(r *mm.GraphRequest) { r.Method = "TRACE" }),
		"another resource":   change(func(r *mm.GraphRequest) { r.Resource = "mail" }),
		"a header":           change(func(r *mm.GraphRequest) { r.Headers = map[string]string{"Authorization": "x"} }),
		"a body with GET":    change(func(r *mm.GraphRequest) { r.Body = []byte(`{"a":1}`) }),
		"a name twice":       change(func(r *mm.GraphRequest) { r.Method, r.Body = "PATCH", []byte(`{"a":1,"A":2}`) }),
		"an expression":      change(func(r *mm.GraphRequest) { r.JQ = ".[" }),
		"a file outside":     change(func(r *mm.GraphRequest) { r.SaveTo = "../x" }),
		"a page with a POST": change(func(r *mm.GraphRequest) { r.Method, r.Page = "POST", "https://example.com" }),
	} {
		t.Run(name, func(t *testing.T) {
			p := p
			p.t = t
			p.failed(p.graph(r), mm.BadRequest, mm.ExecutedNo)
		})
	}
	nobody := change(func(r *mm.GraphRequest) { r.Connection = "Nobody" })
	p.failed(p.graph(nobody), mm.UnknownConnection, mm.ExecutedNo)
	if s := p.accountStatus(p.Connections[0]); s.State != "" && s.State != mm.AccountUnknown {
		t.Errorf("a sign-in was begun: %+v", s)
	}
}

func graphAnswerWhole(t *testing.T, p pool) {
	p.account(p.Connections[0])
	o := p.graph(p.request("/me/messages?$top=2&$count=true&$select=subject"))
	if g := o.Graph; p.gave(o) == "" || g.HTTPStatus != 200 || g.Items != 2 || g.Count < 10 || g.Next == "" || g.ServiceID == "" || g.Duration <= 0 ||
		strings.Contains(string(g.Data), "@odata.context") {
		t.Errorf("%+v", o.Graph)
	}
	o = p.graph(p.request("/me"))
	if g := o.Graph; g.Items != -1 || g.Count != -1 || g.Next != "" || g.Truncated != nil {
		t.Errorf("%+v", g)
	}
	o = p.graph(p.request("/users/00000000-0000-0000-0000-000000000000"))
	p.failed(o, mm.GraphFailed, mm.ExecutedNo)
	if o.Graph == nil || o.Graph.HTTPStatus != 404 || o.Err.Remedy == "" {
		t.Errorf("%+v, %+v", o.Graph, o.Err)
	}
}

func graphProgress(t *testing.T, p pool) {
	p.account(p.Connections[0])
	r := p.request("/me/messages?$top=5&$select=subject")
	r.All, r.JQ = true, ".value|length"
	told := make(chan mm.Record, 1000)
	o := p.graphWith(r, func(all []mm.Record) {
		for _, record := range all {
			told <- record
		}
	})
	p.gave(o)
	close(told) // a record that came now would panic
	n := 0
	for record := range told {
		if n++; record.Stream != mm.StreamProgress || record.Activity == "" {
			t.Errorf("%+v", record)
		}
	}
	if n == 0 {
		t.Error("nothing was told")
	}
}

func graphOwnAnswers(t *testing.T, p pool) {
	p.account(p.Connections[0])
	const callers = 100
	answers := make(chan error, callers)
	for i := range callers {
		go func() {
			r := p.request("/me")
			r.JQ = fmt.Sprintf(`"%d " + .mail`, i)
			if got, want := p.graph(r), fmt.Sprintf(`"%d %s"`, i, p.Account(p.Connections[0])); got.Graph == nil || string(got.Graph.Data) != want {
				answers <- fmt.Errorf("%+v, want %s", got, want)
				return
			}
			answers <- nil
		}()
	}
	for range callers {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}
