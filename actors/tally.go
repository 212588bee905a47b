package actors

import (
	"time"

	mm "github.com/microsoft-master/mm"
)

// lastResponses is how many answers the average response time is of.
const lastResponses = 100

// A tally counts what the metrics show. It belongs to the ledger, and like that to the router.
type tally struct {
	requests, errors, signIns int64
	times                     [lastResponses]time.Duration // a ring; next is where the next one goes
	next, kept                int
}

// refused counts a request that was answered before it came to the router.
func (t *tally) refused() {
	t.requests++
	t.answered(0, true)
}

// answered counts an answer that took so long.
func (t *tally) answered(took time.Duration, failed bool) {
	if failed {
		t.errors++
	}
	t.times[t.next] = max(took, 0)
	t.next = (t.next + 1) % lastResponses
	t.kept = min(t.kept+1, lastResponses)
}

// changed counts a sign-in where a session went from one status to the other by it.
func (t *tally) changed(from, to mm.SessionStatus) {
	if to.State == mm.StateAuthenticated && from.State != mm.StateAuthenticated {
		t.signIns++
	}
}

// metrics returns the counts; uptime and sessions are the caller's to add.
func (t *tally) metrics() mm.Metrics {
	m := mm.Metrics{Requests: t.requests, Errors: t.errors, SignIns: t.signIns, Responses: t.kept}
	if t.kept > 0 {
		var sum time.Duration
		for _, d := range t.times[:t.kept] {
			sum += d
		}
		m.AverageResponse = sum / time.Duration(t.kept)
	}
	return m
}
