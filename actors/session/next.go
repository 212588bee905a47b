package session

import (
	"slices"
	"time"

	mm "github.com/microsoft-master/mm"
)

// Next returns what becomes of a state when an event happens, and what is to be done about it, in order. It changes nothing
// that s refers to.
func Next(s State, now time.Time, e Event) (State, []Effect) {
	m := machine{State: s, now: now}
	m.handle(e)
	m.settle()
	m.arm()
	return m.State, m.effects
}

// A machine is one call of Next.
type machine struct {
	State
	now     time.Time
	effects []Effect
}

func (m *machine) do(e ...Effect) { m.effects = append(m.effects, e...) }

func (m *machine) handle(e Event) {
	switch e := e.(type) {
	case Request:
		m.request(e)
	case CancelRequest:
		m.cancel(e.ID)
	case Reset:
		m.failures, m.untold = 0, nil
		m.halt(func(executed mm.Executed) *mm.Error {
			return &mm.Error{Code: mm.SessionReplaced, Executed: executed,
				Message: "The session " + m.id.String() + " was reset.", Remedy: "Run the command again; it starts a new session."}
		})
	case Drain:
		m.draining = e.Why
		m.answerQueue(func(mm.Executed) *mm.Error { return e.Why })
	case Halt:
		m.draining = e.Why
		m.halt(func(executed mm.Executed) *mm.Error {
			err := *e.Why
			err.Executed = executed
			return &err
		})
	case Launching:
		if m.phase == launching && m.incarnation == 0 {
			m.incarnation = e.Incarnation
		}
	case Launched:
		m.launched(e)
	case LaunchFailed:
		if e.Incarnation == m.incarnation {
			m.launchFailed(e.Err)
		}
	case FromEngine:
		if e.Incarnation == m.incarnation && m.incarnation != 0 {
			m.engine(e.Event)
		}
	case TokenGiven:
		if e.ID == m.ask {
			m.tokenGiven(e.Token)
		}
	case TokenShown:
		if e.ID == m.ask {
			m.tokenShown(e.Challenge)
		}
	case TokenRefused:
		if e.ID == m.ask {
			m.tokenRefused(e.Err, e.Why)
		}
	case SiteFound:
		if e.ID == m.ask && m.seeking {
			m.siteFound(e.Host)
		}
	case PlaceGranted:
		m.placeGranted()
	case Wake:
		m.wake()
	}
}

// engine handles what the current process says.
func (m *machine) engine(e mm.EngineEvent) {
	switch e := e.(type) {
	case mm.Exited:
		m.exited(e.Reason)
	case mm.Streamed:
		if e.ID == m.op {
			m.streamed(e.Records)
		}
	case mm.Analyzed:
		if e.ID == m.op && m.phase == analyzing {
			m.analyzed(e.Facts)
		}
	case mm.Completed:
		if e.ID == m.op && m.op != "" {
			m.completed(e.Result)
		}
	case mm.Refused:
		if e.ID == m.op && m.op != "" {
			m.refused(e)
		}
	}
}

// settle does what follows from the state alone: a waiting request wants a process, a sign-in, its turn.
func (m *machine) settle() {
	switch m.phase {
	case down:
		switch {
		case m.draining != nil:
			m.do(Drained{})
		case len(m.queue) > 0:
			m.launch()
		}
	case open:
		switch {
		case m.draining != nil:
			m.end(Shutdown{}, mm.StateStopped)
		case len(m.queue) > 0:
			m.connect()
		}
	case idle:
		switch {
		case m.draining != nil:
			m.end(Shutdown{}, mm.StateStopped)
		case m.stale:
			m.end(Shutdown{}, mm.StateReady)
		case len(m.queue) > 0 && !m.renew():
			m.take()
		}
	case launching, connecting:
		if m.draining != nil {
			m.end(Kill{}, mm.StateStopped)
		}
	}
}

// arm asks for a Wake at the next deadline.
func (m *machine) arm() {
	at := m.deadline
	for _, j := range m.queue {
		if d := m.waitDeadline(j); at.IsZero() || d.Before(at) {
			at = d
		}
	}
	if !at.Equal(m.armed) {
		m.armed = at
		m.do(Arm{At: at})
	}
}

// wake handles every deadline that has passed.
func (m *machine) wake() {
	m.armed = time.Time{}
	late := slices.DeleteFunc(slices.Clone(m.queue), func(j job) bool { return m.now.Before(m.waitDeadline(j)) })
	m.queue = slices.DeleteFunc(slices.Clone(m.queue), func(j job) bool { return !m.now.Before(m.waitDeadline(j)) })
	for _, j := range late {
		m.reply(j, m.waitedTooLong(j))
	}
	if !m.deadline.IsZero() && !m.now.Before(m.deadline) {
		m.deadline = time.Time{}
		m.overdue()
	}
}

// overdue handles a phase that has taken too long.
func (m *machine) overdue() {
	switch m.phase {
	case launching:
		m.fail(launchOverdue())
		m.end(Kill{}, mm.StateError)
	case connecting:
		m.connectOverdue()
	case parting:
		m.end(Kill{}, mm.StateReady)
	case analyzing:
		m.finishCurrent(mm.Outcome{Err: analyzeOverdue()})
		m.end(Kill{}, mm.StateReady)
	case visiting:
		m.dropAsk()
		m.finishCurrent(mm.Outcome{Err: mm.Errorf(mm.Timeout, "Run it again.", "There was no token for %s in time. Nothing was run.", m.target)})
		m.rested()
	case running:
		m.climb(mm.Timeout)
	case checking:
		m.lost("its health command did not answer")
		m.end(Kill{}, mm.StateReady)
	case ending:
		m.notGone()
	}
}
