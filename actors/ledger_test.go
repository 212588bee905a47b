package actors

import (
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ask1(l *ledger, now time.Time, id, digest string, keep bool) (*waiter, bool) {
	w := newWaiter(true)
	c := command("Contoso", mm.Exchange, "1")
	c.RequestID = id
	return w, l.submit(now, submit{id: id, session: c.Session, command: c, digest: digest, keep: keep, waiter: w})
}

func TestALedgerAnswersEveryWaiterOnce(t *testing.T) {
	l := newLedger()
	first, fresh := ask1(l, noon, "a", "x", true)
	second, again := ask1(l, noon, "a", "x", true)
	if !fresh || again {
		t.Errorf("new: %v, %v, want true, false", fresh, again)
	}
	l.answer(noon, "a", mm.Outcome{Status: mm.StatusSuccess})
	l.answer(noon, "a", mm.Outcome{Status: mm.StatusError}) // dropped: a second write would block for ever
	for _, w := range []*waiter{first, second} {
		if o := <-w.done; o.Status != mm.StatusSuccess {
			t.Errorf("%+v", o)
		}
	}
	l.answer(noon, "unknown", mm.Outcome{})
}

func TestALedgerKeepsOnlyWhatSomebodyCanAskFor(t *testing.T) {
	l := newLedger()
	ask1(l, noon, "nameless", "x", false)
	l.answer(noon, "nameless", mm.Outcome{})
	if len(l.entries) != 0 {
		t.Errorf("%d entries", len(l.entries))
	}
}

func TestALedgerForgets(t *testing.T) {
	l := newLedger()
	end := func(now time.Time, id string, bytes int) {
		w, _ := ask1(l, now, id, "x", true)
		l.answer(now, id, mm.Outcome{Result: mm.Result{Output: strings.Repeat("x", bytes)}})
		<-w.done
	}
	kept := func(now time.Time, id string) bool {
		w, fresh := ask1(l, now, id, "x", true)
		if fresh {
			t.Fatalf("%s was forgotten and would run again", id)
		}
		return (<-w.done).Err == nil
	}
	end(noon, "large", keepBytes/2)
	end(noon.Add(time.Second), "larger", keepBytes/2+1)
	if kept(noon.Add(time.Second), "large") || !kept(noon.Add(time.Second), "larger") {
		t.Error("the oldest must go when there is no room")
	}
	if kept(noon.Add(time.Second+keepFor), "larger") {
		t.Errorf("kept for more than %s", keepFor)
	}
	if l.bytes != 0 {
		t.Errorf("%d bytes are counted for nothing", l.bytes)
	}
	end(noon.Add(time.Minute), "larger still", keepBytes+1)
	if kept(noon.Add(time.Minute), "larger still") {
		t.Error("kept more than there is room for")
	}
	if _, fresh := ask1(l, noon.Add(time.Minute+rememberFor), "large", "x", true); !fresh {
		t.Errorf("remembered for more than %s", rememberFor)
	}
}

func TestASlowReceiverMissesRecordsAndBlocksNobody(t *testing.T) {
	l := newLedger()
	w, _ := ask1(l, noon, "a", "x", true)
	for range 1000 {
		l.records("a", []mm.Record{{Text: "x"}})
	}
	if n := len(w.records); n != cap(w.records) {
		t.Errorf("%d records", n)
	}
	l.leave("a", w)
	l.answer(noon, "a", mm.Outcome{})
	if len(w.done) != 0 {
		t.Error("a caller that left was answered")
	}
}

func TestPauseGrowsAndIsCapped(t *testing.T) {
	for _, c := range []struct {
		failures int
		random   float64
		want     time.Duration
	}{
		{1, 0, 50 * time.Millisecond}, {1, 0.5, 75 * time.Millisecond}, {2, 0, 100 * time.Millisecond},
		{5, 0, 800 * time.Millisecond}, {1000, 0, 15 * time.Second}, {1000, 0.999999, 29999985 * time.Microsecond},
	} {
		if got := pause(c.failures, c.random).Truncate(time.Microsecond); got != c.want {
			t.Errorf("pause(%d, %g) = %s, want %s", c.failures, c.random, got, c.want)
		}
	}
}

func TestATurnstileLetsFewInAndKeepsTheOrder(t *testing.T) {
	id := func(n string) mm.SessionID { return mm.SessionID{Connection: n, Module: mm.SharePoint} }
	names := func(ids []mm.SessionID) (s string) {
		for _, id := range ids {
			s += id.Connection
		}
		return s
	}
	ts := turnstile{places: 2}
	for i, step := range []struct {
		got  []mm.SessionID
		want string
	}{
		{ts.ask(id("a")), "a"}, {ts.ask(id("b")), "b"}, {ts.ask(id("c")), ""}, {ts.ask(id("d")), ""}, {ts.ask(id("a")), ""},
		{ts.leave(id("c")), ""}, {ts.leave(id("x")), ""}, {ts.leave(id("a")), "d"}, {ts.leave(id("b")), ""}, {ts.ask(id("a")), "a"},
	} {
		if names(step.got) != step.want {
			t.Errorf("step %d: let in %q, want %q", i, names(step.got), step.want)
		}
	}
}
