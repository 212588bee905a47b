package session

import (
	"fmt"
	"slices"
	"time"

	mm "github.com/microsoft-master/mm"
)

// request takes a request in, or answers it at once.
func (m *machine) request(r Request) {
	j := job{id: r.ID, command: r.Command, asked: m.now, problem: r.Problem}
	refuse := func(err *mm.Error) { m.reply(j, mm.Outcome{Err: err}) }

	if m.draining != nil {
		refuse(m.draining)
		return
	}
	m.reconfigure(r.Connection)
	if r.Problem != nil && (m.phase == down || m.phase == ending) {
		refuse(r.Problem)
		return
	}
	if len(m.queue) >= QueueLimit {
		refuse(&mm.Error{Code: mm.Busy, Executed: mm.ExecutedNo, RetryAfter: 5 * time.Second,
			Message: fmt.Sprintf("%d commands already wait for %s.", len(m.queue), m.id),
			Remedy:  "Try again when some have ended, or stop one of them."})
		return
	}
	if (m.phase == down || m.phase == ending) && m.rest == mm.StateError && m.now.Before(m.notBefore) {
		err := *m.lastErr
		err.Executed, err.RetryAfter = mm.ExecutedNo, m.notBefore.Sub(m.now)
		refuse(&err)
		return
	}
	if m.phase == connecting && m.challenge != nil {
		m.reply(j, m.challenged())
		return
	}
	if !m.signedIn() && m.untold != nil {
		err := m.untold
		m.untold = nil
		refuse(err)
		return
	}
	if !m.signedIn() {
		if _, err := signIn(m.id.Module, m.conn); err != nil && !(m.shares() && m.conn.TenantOrID() != "") {
			refuse(err)
			return
		}
	}
	m.queue = append(slices.Clone(m.queue), j)
}

// reconfigure takes the registry's present entry over. Where it signs in differently, the process must go before the next
// command: at once where nothing runs, else when the running command has ended.
func (m *machine) reconfigure(c mm.Connection) {
	same := m.conn.SameIdentity(c, m.id.Module)
	m.conn = c
	if same || m.phase == down || m.phase == ending {
		if !same {
			m.untold, m.failures, m.notBefore = nil, 0, time.Time{}
		}
		return
	}
	m.untold = nil
	switch m.phase {
	case running, checking:
		m.stale = true
		return
	case analyzing, visiting:
		if m.current != nil {
			m.queue = append([]job{*m.current}, m.queue...)
			m.current = nil
		}
	}
	m.end(Shutdown{}, mm.StateReady)
}

// waitDeadline is when a waiting request is answered although its turn has not come.
func (m *machine) waitDeadline(j job) time.Time {
	if m.signedIn() {
		return j.queueDeadline()
	}
	return j.firstDeadline()
}

func (m *machine) waitedTooLong(j job) mm.Outcome {
	if m.signedIn() || !m.now.Before(j.queueDeadline()) {
		return mm.Outcome{Err: &mm.Error{Code: mm.QueueTimeout, Executed: mm.ExecutedNo,
			Message: fmt.Sprintf("The command waited %s for its turn in %s and was not run.", timeout(j.command), m.id),
			Remedy:  "Try again, with a longer timeout, or stop what runs there."}}
	}
	return mm.Outcome{Err: &mm.Error{Code: mm.Busy, Executed: mm.ExecutedNo, RetryAfter: 10 * time.Second,
		Message: fmt.Sprintf("The session %s is still starting its sign-in; no device code has appeared yet.", m.id),
		Remedy:  "Run the command again in a few seconds."}}
}

// cancel stops a request.
func (m *machine) cancel(id string) {
	if i := slices.IndexFunc(m.queue, func(j job) bool { return j.id == id }); i >= 0 {
		j := m.queue[i]
		m.queue = slices.Delete(slices.Clone(m.queue), i, i+1)
		m.reply(j, mm.Outcome{Err: cancelledBefore()})
		return
	}
	if m.current == nil || m.current.id != id {
		return
	}
	switch m.phase {
	case analyzing:
		m.finishCurrent(mm.Outcome{Err: cancelledBefore()})
	case visiting:
		m.dropAsk()
		m.finishCurrent(mm.Outcome{Err: cancelledBefore()})
		m.rested()
	case running:
		if m.rung == notStopping {
			m.climb(mm.Cancelled)
		}
	}
}

func cancelledBefore() *mm.Error {
	return mm.Errorf(mm.Cancelled, "", "The command was cancelled before it ran.")
}

// answerQueue answers everything that waits.
func (m *machine) answerQueue(err func(mm.Executed) *mm.Error) {
	waiting := m.queue
	m.queue = nil
	for _, j := range waiting {
		m.reply(j, mm.Outcome{Err: err(mm.ExecutedNo)})
	}
}

// halt answers everything under way and ends the process.
func (m *machine) halt(err func(mm.Executed) *mm.Error) {
	if m.current != nil {
		executed := mm.ExecutedNo
		if !m.current.started.IsZero() {
			executed = mm.ExecutedMaybe
		}
		m.finishCurrent(mm.Outcome{Err: err(executed)})
	}
	m.answerQueue(err)
	switch m.phase {
	case down:
		m.rest = mm.StateStopped
	case ending:
		m.rest = mm.StateStopped
		m.do(Kill{})
	case idle, open:
		m.end(Shutdown{}, mm.StateStopped)
	default:
		m.end(Kill{}, mm.StateStopped)
	}
}

// finishCurrent answers the current request; where its command had already ended, with what it gave.
func (m *machine) finishCurrent(o mm.Outcome) {
	j := m.current
	m.current = nil
	if j == nil {
		return
	}
	if j.finished != nil {
		o = *j.finished
	}
	m.reply(*j, o)
}

// reply answers a request.
func (m *machine) reply(j job, o mm.Outcome) {
	o = o.To(j.id, m.id)
	if !j.started.IsZero() && o.AuthenticatedAs == "" {
		o.AuthenticatedAs = m.seen.account
	}
	if m.why != "" && o.Status != mm.StatusError {
		o.Notes = append(slices.Clone(o.Notes), m.why)
		m.why = ""
	}
	if o.Status == mm.StatusSuccess {
		o.Notes = append(slices.Clone(m.notes), o.Notes...)
	}
	if j.problem != nil && o.Err != j.problem {
		o.Notes = append(slices.Clone(o.Notes), "The registry's last good version was used: "+j.problem.Error())
	}
	m.do(Reply{ID: j.id, Outcome: o})
}
