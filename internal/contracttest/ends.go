package contracttest

import (
	"slices"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

func timeoutOfExecution(_ *testing.T, p pool) {
	s := p.signedIn(p.exo())
	c := command(s, `'before'; Start-Sleep 60`)
	c.Timeout = time.Second
	p.failed(p.run(c), mm.Timeout, mm.ExecutedYes, mm.ExecutedMaybe)
	p.succeeded(p.run(command(s, `'signed in still'`)), "signed in still")
}

func timeoutInQueue(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	blocker, c := command(s, waits), command(s, `$v = 'was here'`)
	blocker.RequestID, c.Timeout = "blocker", time.Second
	blocked := p.startAndWait(blocker)
	p.failed(p.run(c), mm.QueueTimeout, mm.ExecutedNo)
	if _, err := p.Service.Cancel(t.Context(), "blocker"); err != nil {
		t.Error(err)
	}
	<-blocked.answer
	p.succeeded(p.run(command(s, `$v`)), "")
}

func death(t *testing.T, p pool) {
	s, other := p.signedIn(p.exo()), p.signedIn(p.session(1, mm.Exchange))
	c := command(s, dies)
	c.RequestID = "fatal"
	o := p.run(c)
	p.failed(o, mm.SessionDied, mm.ExecutedMaybe)
	if again := p.run(c); again.Err == nil || again.Err.Code != mm.SessionDied {
		t.Errorf("a repeat is answered with %+v", again)
	}
	if state := p.status(s).State; state == mm.StateAuthenticated {
		t.Errorf("state %s", state)
	}
	p.succeeded(p.run(command(other, `'untouched'`)), "untouched")
}

func resetOne(t *testing.T, p pool) {
	s, other := p.signedIn(p.exo()), p.signedIn(p.session(0, mm.Teams))
	running := p.startAndWait(command(s, waits))
	ids, err := p.Admin.Reset(t.Context(), s.Connection, s.Module)
	if err != nil || !slices.Equal(ids, []mm.SessionID{s}) {
		t.Errorf("reset %v, %v", ids, err)
	}
	p.failed(<-running.answer, mm.SessionReplaced, mm.ExecutedMaybe)
	p.succeeded(p.run(command(other, `'untouched'`)), "untouched")
	if o := p.run(command(s, `1`)); o.Status != mm.StatusAuthRequired {
		t.Errorf("after the reset: %s, %v", o.Status, o.Err)
	}
}

func resetAll(t *testing.T, p pool) {
	sessions := []mm.SessionID{p.signedIn(p.exo()), p.signedIn(p.session(0, mm.Teams))} // sorted
	other := p.signedIn(p.session(1, mm.Exchange))
	ids, err := p.Admin.Reset(t.Context(), p.Connections[0], "")
	if err != nil || !slices.Equal(ids, sessions) {
		t.Errorf("reset %v, %v", ids, err)
	}
	for _, s := range sessions {
		if o := p.run(command(s, `1`)); o.Status != mm.StatusAuthRequired {
			t.Errorf("%s after the reset: %s, %v", s, o.Status, o.Err)
		}
	}
	p.succeeded(p.run(command(other, `'untouched'`)), "untouched")
}

func resetNothing(t *testing.T, p pool) {
	if ids, err := p.Admin.Reset(t.Context(), p.Connections[0], mm.Exchange); len(ids) != 0 || err != nil {
		t.Errorf("reset %v, %v", ids, err)
	}
	for connection, module := range map[string]mm.Module{"": "", p.Connections[0]: "excel"} {
		if ids, err := p.Admin.Reset(t.Context(), connection, module); err == nil {
			t.Errorf("reset of %q, %q: %v", connection, module, ids)
		}
	}
}

func statusTells(t *testing.T, p pool) {
	if all, err := p.Admin.Status(t.Context()); err != nil || len(all.Sessions) != 0 {
		t.Errorf("before the first command: %+v, %v", all, err)
	}
	late, early := p.signedIn(p.session(1, mm.Exchange)), p.signedIn(p.session(0, mm.Teams))
	before := time.Now()
	c := command(late, waits)
	c.RequestID = "running"
	running := p.startAndWait(c)
	all, err := p.Admin.Status(t.Context())
	if err != nil || len(all.Sessions) != 2 || all.Sessions[0].ID != early || all.Sessions[1].ID != late {
		t.Fatalf("%+v, %v", all, err)
	}
	if s := all.Sessions[0]; s.State != mm.StateAuthenticated || s.Busy || s.AuthenticatedAs != p.Account(early.Connection) {
		t.Errorf("the idle one: %+v", s)
	}
	// Times come over the wire in milliseconds.
	if s := all.Sessions[1]; s.State != mm.StateAuthenticated || !s.Busy || s.LastCommand.Before(before.Truncate(time.Millisecond)) {
		t.Errorf("the busy one: %+v", s)
	}
	if _, err := p.Service.Cancel(t.Context(), "running"); err != nil {
		t.Error(err)
	}
	<-running.answer
}
