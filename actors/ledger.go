package actors

import (
	"fmt"
	"slices"
	"time"

	mm "github.com/microsoft-master/mm"
)

// The bounds of what a ledger keeps of requests that have ended.
const (
	keepFor     = 10 * time.Minute // a result, under its request id
	rememberFor = 24 * time.Hour   // that there was such a request
	keepBytes   = 128 << 20        // of all results together
	keepEntries = 100_000
	maxWaiters  = 1000 // of one request
)

// A ledger knows who waits for which request, and what the answers were. Each waiter is answered exactly once. It is owned by
// the router, and outlives the router's restarts.
type ledger struct {
	entries map[string]*entry
	ended   []*entry // kept ones, in the order in which they ended
	bytes   int      // of the results in ended
	tally   tally
}

type entry struct {
	id, digest string
	session    mm.SessionID
	keep       bool
	waiters    []*waiter
	ended      time.Time   // zero: open
	outcome    *mm.Outcome // nil: open, or not kept any more
	size       int
}

// A waiter is one caller of Run.
type waiter struct {
	begun   time.Time
	done    chan mm.Outcome // buffered: one
	records chan []mm.Record
}

func newWaiter(progress bool) *waiter {
	w := &waiter{begun: time.Now(), done: make(chan mm.Outcome, 1)}
	if progress {
		w.records = make(chan []mm.Record, 64)
	}
	return w
}

func newLedger() *ledger { return &ledger{entries: map[string]*entry{}} }

// submit notes the caller of a request. It reports whether the request is new and has to be carried out; otherwise the
// caller waits for, or has, the answer to the one that there is.
func (l *ledger) submit(now time.Time, s submit) bool {
	l.forget(now)
	l.tally.requests++
	id := s.id
	e := l.entries[id]
	if e == nil {
		l.entries[id] = &entry{id: id, digest: s.digest, session: s.session, keep: s.keep, waiters: []*waiter{s.waiter}}
		return true
	}
	refuse := func(err *mm.Error) { l.deliver(now, s.waiter, mm.Failed(id, s.session, err)) }
	switch {
	case e.digest != s.digest:
		refuse(mm.Errorf(mm.RequestConflict, "Use a new request_id for a new command.",
			"The request_id %q was used for another command.", id))
	case e.outcome != nil:
		l.deliver(now, s.waiter, *e.outcome)
	case !e.ended.IsZero():
		refuse(&mm.Error{Code: mm.BadRequest, Executed: mm.ExecutedMaybe,
			Message: fmt.Sprintf("The request %q ended at %s; its answer is not kept any more.", id, e.ended.UTC().Format(time.RFC3339)),
			Remedy:  "Use a new request_id to run the command again."})
	case len(e.waiters) >= maxWaiters:
		refuse(&mm.Error{Code: mm.Busy, Executed: mm.ExecutedMaybe, RetryAfter: 5 * time.Second,
			Message: "Too many callers wait for this request.", Remedy: "Ask again later with the same request_id."})
	default:
		e.waiters = append(e.waiters, s.waiter)
	}
	return false
}

// answer gives the outcome of a request to all who wait for it. An id that is not open is ignored.
func (l *ledger) answer(now time.Time, id string, o mm.Outcome) {
	e := l.entries[id]
	if e == nil || !e.ended.IsZero() {
		return
	}
	for _, w := range e.waiters {
		l.deliver(now, w, o)
	}
	e.waiters = nil
	if !e.keep || mayRunAgain(o) {
		delete(l.entries, id)
		return
	}
	e.ended, e.outcome, e.size = now, &o, size(o)
	l.ended = append(l.ended, e)
	l.bytes += e.size
	l.forget(now)
}

// mayRunAgain reports whether a repeat of a request with that answer is a new try: it was not executed, and nobody stopped it.
// Whoever retries after a sign-in, or because the queue was full, does so with the id that they have.
func mayRunAgain(o mm.Outcome) bool {
	return o.Status == mm.StatusAuthRequired || o.Err != nil && o.Err.Executed == mm.ExecutedNo && o.Err.Code != mm.Cancelled
}

// deliver gives a caller the one answer.
func (l *ledger) deliver(now time.Time, w *waiter, o mm.Outcome) {
	l.tally.answered(now.Sub(w.begun), o.Err != nil)
	w.done <- o
}

// records passes stream records on to the callers that want them. A caller that does not keep up misses some.
func (l *ledger) records(id string, r []mm.Record) {
	e := l.entries[id]
	if e == nil {
		return
	}
	for _, w := range e.waiters {
		if w.records == nil {
			continue
		}
		select {
		case w.records <- r:
		default:
		}
	}
}

// leave forgets a caller.
func (l *ledger) leave(id string, w *waiter) {
	if e := l.entries[id]; e != nil {
		e.waiters = slices.DeleteFunc(e.waiters, func(x *waiter) bool { return x == w })
	}
}

// open returns the session of a request that has not ended.
func (l *ledger) open(id string) (mm.SessionID, bool) {
	e := l.entries[id]
	if e == nil || !e.ended.IsZero() {
		return mm.SessionID{}, false
	}
	return e.session, true
}

// openCount counts the requests that have not ended.
func (l *ledger) openCount() int { return len(l.entries) - len(l.ended) }

// fail answers every open request of a connection, or of all where the name is empty.
func (l *ledger) fail(now time.Time, connection string, err *mm.Error) {
	for id, e := range l.entries {
		if e.ended.IsZero() && (connection == "" || e.session.Connection == connection) {
			l.answer(now, id, mm.Failed(id, e.session, err))
		}
	}
}

// forget drops what is over the bounds, oldest first.
func (l *ledger) forget(now time.Time) {
	for _, e := range l.ended {
		if e.outcome == nil {
			continue
		}
		if now.Sub(e.ended) < keepFor && l.bytes <= keepBytes {
			break
		}
		l.bytes -= e.size
		e.outcome, e.size = nil, 0
	}
	n := 0
	for n < len(l.ended) && (now.Sub(l.ended[n].ended) >= rememberFor || len(l.ended)-n > keepEntries) {
		if e := l.ended[n]; e.outcome != nil {
			l.bytes -= e.size
		}
		delete(l.entries, l.ended[n].id)
		n++
	}
	l.ended = slices.Delete(l.ended, 0, n)
}

// size estimates the memory that an outcome holds, in bytes.
func size(o mm.Outcome) int {
	n := 1024 + len(o.Output) + len(o.Objects)
	if o.Graph != nil {
		n += len(o.Graph.Data) + len(o.Graph.Text)
	}
	for _, e := range o.Errors {
		n += 128 + len(e.Message) + len(e.Target)
	}
	for _, stream := range [][]string{o.Streams.Warning, o.Streams.Verbose, o.Streams.Debug, o.Streams.Information, o.Streams.Console} {
		for _, s := range stream {
			n += 16 + len(s)
		}
	}
	return n
}
