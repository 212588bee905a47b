package contracttest

import (
	"context"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

func graphRepeatAttaches(t *testing.T, p pool) {
	p.account(p.Connections[0])
	const callers = 8
	answers := make(chan mm.Outcome, callers)
	for range callers {
		go func() { answers <- p.graph(p.newDraft("attached")) }()
	}
	first := p.gave(<-answers)
	for range callers - 1 {
		if again := p.gave(<-answers); again != first {
			t.Errorf("ids %s and %s", first, again)
		}
	}
	if n := p.drafts("attached"); n != "1" {
		t.Errorf("it was carried out %s times", n)
	}
}

func graphRepeatFinds(t *testing.T, p pool) {
	p.account(p.Connections[0])
	r := p.newDraft("one")
	first := p.gave(p.graph(r))
	r.Caller = "somebody else"
	if again := p.gave(p.graph(r)); again != first || p.drafts("one") != "1" {
		t.Errorf("ids %s and %s of %s", first, again, p.drafts("one"))
	}
}

func graphConflict(_ *testing.T, p pool) {
	p.account(p.Connections[0])
	r := p.newDraft("taken")
	p.gave(p.graph(r))
	for _, change := range []func(*mm.GraphRequest){
		func(r *mm.GraphRequest) { r.Endpoint = "/me/mailFolders/drafts/messages" },
		func(r *mm.GraphRequest) { r.Body = []byte(`{"subject":"another"}`) },
		func(r *mm.GraphRequest) { r.Connection = p.Connections[1] },
		func(r *mm.GraphRequest) { r.Headers = map[string]string{"Prefer": "x"} },
	} {
		other := r
		change(&other)
		p.failed(p.graph(other), mm.RequestConflict, mm.ExecutedNo)
	}
	c := command(p.exo(), `1`)
	c.RequestID = "taken"
	p.failed(p.run(c), mm.RequestConflict, mm.ExecutedNo)
}

func graphLeaving(t *testing.T, p pool) {
	p.account(p.Connections[0])
	if err := p.Fault(mm.SessionID{Connection: p.Connections[0], Module: "graph"}, "POST me/messages", "slow", 0.5); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	answer := make(chan mm.Outcome, 1)
	go func() { answer <- p.Service.Graph(ctx, p.newDraft("left"), nil) }()
	p.until("it is under way", func() bool {
		m, err := p.Admin.Metrics(t.Context())
		return err == nil && m.Requests >= 2 // account asked once
	})
	leave()
	o := <-answer
	p.failed(o, mm.Cancelled, mm.ExecutedMaybe, mm.ExecutedNo)
	p.gave(p.graph(p.newDraft("left")))
	if n := p.drafts("left"); n != "1" {
		t.Errorf("it was carried out %s times", n)
	}
}

// underWay sends a request whose answer takes long.
func (p pool) underWay(r mm.GraphRequest) <-chan mm.Outcome {
	p.t.Helper()
	if err := p.Fault(mm.SessionID{Connection: p.Connections[0], Module: "graph"}, "GET me", "slow", patience.Seconds()); err != nil {
		p.t.Fatal(err)
	}
	answer := make(chan mm.Outcome, 1)
	go func() { answer <- p.graph(r) }()
	return answer
}

func graphCancel(t *testing.T, p pool) {
	p.account(p.Connections[0])
	r := p.request("/me")
	r.RequestID = "slow"
	answer := p.underWay(r)
	p.until("it can be cancelled", func() bool {
		found, err := p.Service.Cancel(t.Context(), "slow")
		return found && err == nil
	})
	p.failed(<-answer, mm.Cancelled, mm.ExecutedNo)
	if o := p.graph(p.request("/me/mailFolders")); o.Status != mm.StatusSuccess {
		t.Errorf("%s with error %v", o.Status, o.Err)
	}
}

func graphTimeout(_ *testing.T, p pool) {
	p.account(p.Connections[0])
	r := p.request("/me")
	r.Timeout = time.Second
	p.failed(<-p.underWay(r), mm.Timeout, mm.ExecutedNo)
}
