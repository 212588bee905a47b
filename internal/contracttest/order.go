package contracttest

import (
	"fmt"
	"sync"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func oneAfterAnother(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	blocker := command(s, waits+"; 'never'")
	blocker.RequestID = "blocker"
	blocked := p.startAndWait(blocker)
	const n = 5
	var queued []started
	for i := range n {
		// Each prints what the one before it left, and leaves its own mark.
		queued = append(queued, p.start(command(s, fmt.Sprintf("$v; $v = 'mark %d'", i))))
		p.until("it waits", func() bool { return p.status(s).Queued == i+1 })
	}
	if found, err := p.Service.Cancel(t.Context(), "blocker"); !found || err != nil {
		t.Errorf("cancel: %v, %v", found, err)
	}
	p.failed(<-blocked.answer, mm.Cancelled, mm.ExecutedYes, mm.ExecutedMaybe)
	want := ""
	for i, q := range queued {
		p.succeeded(<-q.answer, want)
		want = fmt.Sprintf("mark %d", i)
	}
}

func sessionsAreIndependent(t *testing.T, p pool) {
	a, b, c := p.signedIn(p.exo()), p.signedIn(p.session(0, mm.Teams)), p.signedIn(p.session(1, mm.Exchange))
	blocker := command(a, waits)
	blocker.RequestID = "blocker"
	blocked := p.startAndWait(blocker)
	p.succeeded(p.run(command(b, `$v = 'b'; $v`)), "b")
	p.succeeded(p.run(command(c, `$v`)), "")
	select {
	case o := <-blocked.answer:
		t.Fatalf("the first ended: %+v", o)
	default:
	}
	if _, err := p.Service.Cancel(t.Context(), "blocker"); err != nil {
		t.Error(err)
	}
	<-blocked.answer
}

func ownAnswers(t *testing.T, p pool) {
	sessions := []mm.SessionID{p.signedIn(p.exo()), p.signedIn(p.session(1, mm.Exchange)), p.signedIn(p.session(1, mm.Azure))}
	var callers sync.WaitGroup
	for i := range 48 { // within the bound of a queue
		callers.Go(func() {
			text := fmt.Sprintf("answer %d", i)
			p.succeeded(p.run(command(sessions[i%len(sessions)], "'"+text+"'")), text)
		})
	}
	callers.Wait()
}

func fullQueue(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	blocker := command(s, waits)
	blocker.RequestID = "blocker"
	blocked := p.startAndWait(blocker)
	const more = 80 // than a queue takes
	answers := make(chan mm.Outcome, more)
	for range more {
		go func() { answers <- p.run(command(s, `'its turn'`)) }()
	}
	refused := 0
	for busy := range answers { // those that are refused come first
		p.failed(busy, mm.Busy, mm.ExecutedNo)
		if busy.Err == nil || busy.Err.RetryAfter <= 0 {
			t.Fatalf("%s: %+v", busy.Status, busy.Err)
		}
		if refused++; refused+p.status(s).Queued == more {
			break
		}
	}
	if _, err := p.Service.Cancel(t.Context(), "blocker"); err != nil {
		t.Error(err)
	}
	<-blocked.answer
	for range more - refused {
		p.succeeded(<-answers, "its turn")
	}
}
