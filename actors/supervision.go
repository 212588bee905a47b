package actors

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	mm "github.com/microsoft-master/mm"
)

// Supervision is for bugs only: the death of a process is data. A panicking actor is stopped, not restarted, because a restart
// would run the messages that wait in its mailbox although their callers were told that nobody knows. The parent answers
// what the child owed and starts a new one with the next request, after a pause.

// restartRouter is the strategy above the router, which has no parent: it is restarted after the pause, with its ledger. It
// answers what is open when it starts again.
type restartRouter struct {
	log      *slog.Logger
	failures int
	last     time.Time
}

// HandleFailure implements actor.SupervisorStrategy. One router has one failure at a time.
func (s *restartRouter) HandleFailure(_ *actor.ActorSystem, supervisor actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	now := time.Now()
	if now.Sub(s.last) > forgiven {
		s.failures = 0
	}
	s.failures++
	s.last = now
	logPanic(s.log, "router", reason)
	time.AfterFunc(pause(s.failures, rand.Float64()), func() { supervisor.RestartChildren(child) })
}

const (
	pauseFirst = 100 * time.Millisecond
	pauseLast  = 30 * time.Second
	// forgiven is how long an actor works well until its earlier failures do not count any more.
	forgiven = 5 * time.Minute
)

// pause returns how long to wait after that many failures in a row: doubling, at most pauseLast, spread by a random number in
// [0, 1) over the upper half.
func pause(failures int, random float64) time.Duration {
	d := pauseFirst
	for i := 1; i < failures && d < pauseLast; i++ {
		d *= 2
	}
	d = min(d, pauseLast)
	return d/2 + time.Duration(random*float64(d/2))
}

// health is what a parent remembers of a child's failures.
type health struct {
	failures  int
	notBefore time.Time
}

func (h *health) fail(now time.Time) {
	if now.Sub(h.notBefore) > forgiven {
		h.failures = 0
	}
	h.failures++
	h.notBefore = now.Add(pause(h.failures, rand.Float64()))
}

// internal is the answer to who waited for an actor that panicked.
func internal(what string, executed mm.Executed) *mm.Error {
	return &mm.Error{Code: mm.Internal, Executed: executed, RetryAfter: time.Second,
		Message: fmt.Sprintf("mm made an error while it worked for %s; it has started that part anew.", what),
		Remedy:  "Look whether the command took effect before you run it again, and report the error: the log has the details."}
}

func logPanic(log *slog.Logger, what string, reason any) {
	log.Error("panic", "in", what, "reason", fmt.Sprint(reason), "stack", string(debug.Stack()))
}
