package contracttest

import (
	"context"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func repeatAttaches(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	c := command(s, `Write-Warning 'begun'; $v; $v = 'was here'; Start-Sleep 1; 'end'`)
	c.RequestID = "one"
	first := p.startAndWait(c)
	second := p.start(c)
	for _, a := range []started{first, second} {
		p.succeeded(<-a.answer, "end")
	}
	p.succeeded(p.run(command(s, `$v`)), "was here")
}

func repeatFindsAnswer(_ *testing.T, p pool) {
	s := p.signedIn(p.exo())
	c := command(s, `$v; $v = 'was here'; 'end'`)
	c.RequestID = "one"
	p.succeeded(p.run(c), "end")
	p.succeeded(p.run(c), "end") // run again it would print what it left
	c.RequestID = "another"
	p.succeeded(p.run(c), "was here\nend")
}

func otherContentConflicts(_ *testing.T, p pool) {
	s := p.signedIn(p.exo())
	c := command(s, `'one'`)
	c.RequestID = "taken"
	p.succeeded(p.run(c), "one")
	for _, change := range []func(*mm.Command){
		func(c *mm.Command) { c.Text = `'two'` },
		func(c *mm.Command) { c.Session = p.session(1, mm.Exchange) },
		func(c *mm.Command) { c.Want.Format = mm.FormatJSON },
	} {
		other := c
		change(&other)
		p.failed(p.run(other), mm.RequestConflict, mm.ExecutedNo)
	}
	c.Caller = "somebody else"
	p.succeeded(p.run(c), "one")
}

func leavingCaller(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	c := command(s, `Write-Warning 'begun'; Start-Sleep 1; 'end'`)
	c.RequestID = "left"
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	o := p.Service.Run(ctx, c, func([]mm.Record) { leave() })
	p.failed(o, mm.Cancelled, mm.ExecutedMaybe)
	if o.RequestID != "left" || o.Session != s {
		t.Errorf("%+v", o)
	}
	p.succeeded(p.run(c), "end")
}

func cancelRunning(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	c := command(s, `'before'; `+waits+`; 'after'`)
	c.RequestID = "running"
	running := p.startAndWait(c)
	if found, err := p.Service.Cancel(t.Context(), "running"); !found || err != nil {
		t.Errorf("cancel: %v, %v", found, err)
	}
	o := <-running.answer
	p.failed(o, mm.Cancelled, mm.ExecutedYes, mm.ExecutedMaybe)
	if trimmed(o.Output) != "before" {
		t.Errorf("output %q", o.Output)
	}
	p.succeeded(p.run(command(s, `'signed in still'`)), "signed in still")
}

func cancelQueued(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	blocker, c := command(s, waits), command(s, `$v = 'was here'`)
	blocker.RequestID, c.RequestID = "blocker", "queued"
	blocked := p.startAndWait(blocker)
	queued := p.start(c)
	p.until("it waits", func() bool { return p.status(s).Queued == 1 })
	for _, id := range []string{"queued", "blocker"} {
		if found, err := p.Service.Cancel(t.Context(), id); !found || err != nil {
			t.Errorf("cancel %s: %v, %v", id, found, err)
		}
	}
	p.failed(<-queued.answer, mm.Cancelled, mm.ExecutedNo)
	<-blocked.answer
	p.succeeded(p.run(command(s, `$v`)), "")
}

func cancelNothing(t *testing.T, p pool) {
	c := command(p.signedIn(p.exo()), `1`)
	c.RequestID = "ended"
	p.succeeded(p.run(c), "1")
	for _, id := range []string{"ended", "never was"} {
		if found, err := p.Service.Cancel(t.Context(), id); found || err != nil {
			t.Errorf("cancel %s: %v, %v", id, found, err)
		}
	}
}
