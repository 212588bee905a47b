package contracttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
)

func metricsCount(t *testing.T, p pool) {
	metrics := func() mm.Metrics {
		m, err := p.Admin.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if m.Uptime < 0 || m.Uptime > patience || m.AverageResponse < 0 || m.AverageResponse > patience {
			t.Errorf("up %s, %s for an answer", m.Uptime, m.AverageResponse)
		}
		m.Uptime, m.AverageResponse = 0, 0
		return m
	}
	if diff := cmp.Diff(mm.Metrics{}, metrics()); diff != "" {
		t.Errorf("before the first command: %s", diff)
	}
	s := p.exo()
	o := p.run(command(s, `1`))
	p.approve(s.Connection, o.Challenge.UserCode)
	p.until("the sign-in is done", func() bool { return p.status(s).State == mm.StateAuthenticated })
	p.run(command(s, `1`))
	p.run(command(s, `throw 'no luck'`))
	p.run(command(mm.SessionID{Connection: "Nobody", Module: mm.Exchange}, `1`))
	all, err := p.Admin.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := mm.Metrics{Requests: 4, Errors: 2, SignIns: 1, Responses: 4, Sessions: all.Sessions}
	if diff := cmp.Diff(want, metrics()); diff != "" {
		t.Error(diff)
	}
}

func averageOfHundred(t *testing.T, p pool) {
	const n = 101
	for i := range n {
		p.run(command(mm.SessionID{Connection: fmt.Sprintf("Nobody %d", i), Module: mm.Exchange}, `1`))
	}
	m, err := p.Admin.Metrics(t.Context())
	if err != nil || m.Requests != n || m.Errors != n || m.Responses != 100 {
		t.Errorf("%+v, %v", m, err)
	}
}

func aboutTells(t *testing.T, p pool) {
	about, err := p.Admin.About(t.Context())
	if p.Remote {
		p.isError(asError(err), mm.NotEnabled, mm.ExecutedNo)
		return
	}
	if age := time.Since(about.Started); err != nil || about.Version == "" || about.PID <= 0 || age < 0 || age > patience {
		t.Errorf("%+v, %v", about, err)
	}
}

func stopIdle(t *testing.T, p pool) {
	asked := mm.StopRequest{IfIdle: true, Drain: 7 * time.Second, Why: "a test"}
	err := p.Admin.Stop(t.Context(), asked)
	if p.Remote {
		p.isError(asError(err), mm.NotEnabled, mm.ExecutedNo)
		p.signedIn(p.exo())
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(asked, <-p.Stopped); diff != "" {
		t.Error(diff)
	}
	p.failed(p.run(command(p.exo(), `1`)), mm.ShuttingDown, mm.ExecutedNo)
}

func stopBusy(t *testing.T, p pool) {
	s := p.exo()
	if o := p.run(command(s, `1`)); o.Challenge == nil {
		t.Fatalf("%s with error %v", o.Status, o.Err)
	}
	ifIdle := mm.StopRequest{IfIdle: true}
	want := mm.Busy
	if p.Remote {
		want = mm.NotEnabled
	}
	p.isError(asError(p.Admin.Stop(t.Context(), ifIdle)), want, mm.ExecutedNo) // somebody is signing in
	p.signedIn(s)
	p.isError(asError(p.Admin.Stop(t.Context(), ifIdle)), want, mm.ExecutedNo)
	select {
	case r := <-p.Stopped:
		t.Errorf("it was stopped: %+v", r)
	default:
	}
	p.succeeded(p.run(command(s, `'in use still'`)), "in use still")
}

func stopDrains(t *testing.T, p pool) {
	if p.Remote {
		return // stopIdle says that it cannot be stopped
	}
	s := p.signedIn(p.exo())
	c := command(s, waits)
	c.RequestID = "running"
	running := p.startAndWait(c)
	if err := p.Admin.Stop(t.Context(), mm.StopRequest{}); err != nil {
		t.Fatal(err)
	}
	<-p.Stopped
	p.failed(p.run(command(s, `1`)), mm.ShuttingDown, mm.ExecutedNo)
	p.failed(p.run(command(p.session(1, mm.Exchange), `1`)), mm.ShuttingDown, mm.ExecutedNo)
	select {
	case o := <-running.answer:
		t.Fatalf("what ran was ended: %+v", o)
	default:
	}
	if found, err := p.Service.Cancel(t.Context(), "running"); !found || err != nil {
		t.Errorf("cancel: %v, %v", found, err)
	}
	p.failed(<-running.answer, mm.Cancelled, mm.ExecutedYes, mm.ExecutedMaybe)
}
