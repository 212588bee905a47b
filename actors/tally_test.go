package actors

import (
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

func TestTheMetricsCountEveryRequestAndItsAnswer(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, p *Pool, _ *scripted) {
		run := func(connection, text, id string) {
			c := command(connection, mm.Exchange, text)
			c.RequestID = id
			p.Run(t.Context(), c, nil)
		}
		run("Contoso", "echo 1", "a")
		run("Contoso", "echo 1", "a") // a repeat is a request that finds its answer
		run("Contoso", "throw", "b")
		run("Nobody", "echo 1", "")
		run("Contoso", "", "")
		m, err := p.Metrics(t.Context())
		if err != nil || m.Requests != 5 || m.Errors != 3 || m.SignIns != 1 || m.Responses != 5 || len(m.Sessions) != 1 {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

func TestTheAverageIsThatOfTheLastAnswers(t *testing.T) {
	var a tally
	if m := a.metrics(); m.AverageResponse != 0 || m.Responses != 0 {
		t.Errorf("of nothing: %+v", m)
	}
	for range 50 {
		a.answered(time.Hour, false)
	}
	for range lastResponses - 1 {
		a.answered(time.Second, false)
	}
	a.answered(-time.Second, true) // the clock was set back
	if m := a.metrics(); m.AverageResponse != 990*time.Millisecond || m.Responses != lastResponses || m.Errors != 1 {
		t.Errorf("%+v", m)
	}
}

func TestOnlyAnIdlePoolIsStoppedWhereThatIsAskedFor(t *testing.T) {
	stopped := make(chan mm.StopRequest, 1)
	inBubble(t, Config{Stop: func(r mm.StopRequest) { stopped <- r }}, func(t *testing.T, p *Pool, _ *scripted) {
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo 1"), nil), "1")
		err := p.Stop(t.Context(), mm.StopRequest{IfIdle: true})
		if e, ok := err.(*mm.Error); !ok || e.Code != mm.Busy || !strings.Contains(e.Message, "1 session ") {
			t.Errorf("with a session: %v", err)
		}
		if _, err := p.Reset(t.Context(), "Contoso", ""); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if err := p.Stop(t.Context(), mm.StopRequest{IfIdle: true, Why: "a test"}); err != nil {
			t.Errorf("idle: %v", err)
		}
		if r := <-stopped; r.Why != "a test" {
			t.Errorf("%+v", r)
		}
		wantCode(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo 1"), nil), mm.ShuttingDown, mm.ExecutedNo)
	})
	signing, _ := withGraph(newIdentity())
	signing.Stop = func(mm.StopRequest) { t.Error("stopped in the middle of a sign-in") }
	inBubble(t, signing, func(t *testing.T, p *Pool, _ *scripted) {
		p.Graph(t.Context(), get("/me"), nil)
		if err := p.Stop(t.Context(), mm.StopRequest{IfIdle: true}); err == nil {
			t.Error("a person who signs in is not noticed")
		}
	})
	inBubble(t, Config{}, func(t *testing.T, p *Pool, _ *scripted) {
		if err := p.Stop(t.Context(), mm.StopRequest{}); err == nil {
			t.Error("a pool that nobody can stop was stopped")
		}
	})
}
