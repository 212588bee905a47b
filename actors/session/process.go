package session

import (
	"slices"
	"time"

	mm "github.com/microsoft-master/mm"
)

// launch asks for a process.
func (m *machine) launch() {
	m.phase, m.incarnation, m.stale = launching, 0, false
	m.deadline = m.now.Add(launchLimit)
	m.do(Launch{Connection: m.conn})
}

func (m *machine) launched(e Launched) {
	if e.Incarnation != m.incarnation {
		return
	}
	switch m.phase {
	case launching:
		m.hello = e.Hello
		m.phase, m.deadline = open, time.Time{}
	case ending:
		m.do(Kill{})
	}
}

func (m *machine) launchFailed(err *mm.Error) {
	if m.phase == launching {
		m.fail(err)
		m.rest = mm.StateError
	}
	m.gone()
}

func launchOverdue() *mm.Error {
	return mm.Errorf(mm.LaunchFailed, "Look whether the machine is overloaded, and whether `pwsh` starts in a terminal; then try again.",
		"PowerShell did not come up within %s.", launchLimit)
}

// exited handles the end of the process, expected or not.
func (m *machine) exited(reason string) {
	if m.phase != ending {
		m.died(reason)
	}
	m.gone()
}

// died answers what was under way when the process ended by itself.
func (m *machine) died(reason string) {
	died := func(executed mm.Executed) *mm.Error {
		return &mm.Error{Code: mm.SessionDied, Executed: executed,
			Message: "The PowerShell process of " + m.id.String() + " ended unexpectedly (" + reason + ").",
			Remedy:  "Run the command again; it starts a new process, which may need a new sign-in."}
	}
	if m.current != nil {
		executed := mm.ExecutedMaybe
		if m.phase == analyzing || m.phase == visiting {
			executed = mm.ExecutedNo
		}
		m.finishCurrent(mm.Outcome{Err: died(executed)})
	}
	m.rest = mm.StateError
	m.fail(died(mm.ExecutedNo))
}

// fail notes a failure of the process, answers everything that waits with it and begins the backoff.
func (m *machine) fail(err *mm.Error) {
	m.failures++
	pause := backoff(m.failures)
	m.lastErr, m.notBefore = err, m.now.Add(pause)
	m.answerQueue(func(mm.Executed) *mm.Error {
		e := *err
		e.Executed, e.RetryAfter = mm.ExecutedNo, pause
		return &e
	})
}

// end tells the process to end, by Shutdown or Kill; rest is the state afterwards.
func (m *machine) end(how Effect, rest mm.State) {
	m.leavePlace()
	m.dropAsk()
	m.phase, m.rest = ending, rest
	m.op, m.rung, m.challenge, m.plan, m.tail = "", notStopping, nil, nil, ""
	m.deadline = m.now.Add(endLimit)
	m.do(how)
}

// notGone handles a process that has neither ended nor been killed in time. No other is started beside it.
func (m *machine) notGone() {
	m.rest = mm.StateError
	m.fail(mm.Errorf(mm.SessionDied, "Look for a process that hangs in the system (state D in `ps`); restart mm if it stays.",
		"The last PowerShell process of %s (pid %d) does not end.", m.id, m.hello.PID))
	m.deadline = m.now.Add(endLimit)
	m.do(Kill{})
}

// gone forgets the process.
func (m *machine) gone() {
	m.leavePlace()
	m.dropAsk()
	m.tokensEnd, m.renewing, m.root, m.site, m.target = time.Time{}, false, "", "", ""
	m.phase, m.incarnation, m.hello, m.deadline = down, 0, mm.Hello{}, time.Time{}
	m.op, m.rung, m.challenge, m.plan, m.tail = "", notStopping, nil, nil, ""
	m.seen, m.notes, m.current, m.stale = identity{}, nil, nil, false
}

// begin starts an operation and returns its id.
func (m *machine) begin(limit time.Duration) string {
	m.ops++
	m.op = opID(m.ops)
	m.rung, m.stopped = notStopping, ""
	m.deadline = m.now.Add(limit)
	return m.op
}

// opID writes n in the shortest way; operations are counted per session, for ever.
func opID(n uint64) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 0, 13)
	for ; n > 0 || len(b) == 0; n /= 36 {
		b = append(b, digits[n%36])
	}
	slices.Reverse(b)
	return string(b)
}

// refused handles an engine that did not do what was asked. Its state is not known any more.
func (m *machine) refused(e mm.Refused) {
	err := &mm.Error{Code: mm.Internal, Executed: mm.ExecutedNo,
		Message: "The PowerShell host refused the request (" + e.Code + "): " + e.Detail,
		Remedy:  "Run the command again; the process is replaced. If it happens again, report it."}
	if e.Code == "too_large" {
		err.Remedy = "Ask for less: a narrower Select-Object, a smaller max_items or depth."
		if m.phase == running {
			err.Executed = mm.ExecutedMaybe
		}
	}
	m.finishCurrent(mm.Outcome{Err: err})
	if m.phase == connecting {
		m.fail(err)
		m.end(Kill{}, mm.StateError)
		return
	}
	m.end(Kill{}, mm.StateReady)
}
