package session

import (
	"fmt"
	"slices"
	"time"

	mm "github.com/microsoft-master/mm"
)

// take gives the first waiting request its turn: its text is analysed now, not earlier, because a command that ran before
// may have changed what the names in it mean.
func (m *machine) take() {
	j := m.queue[0]
	m.queue = slices.Clone(m.queue[1:])
	m.renewed = false
	m.current, m.phase, m.lastCommand = &j, analyzing, m.now
	m.do(Analyze{ID: m.begin(analyzeLimit), Script: j.command.Text})
}

func (m *machine) analyzed(facts mm.Facts) {
	if m.current == nil { // cancelled meanwhile
		m.rested()
		return
	}
	if m.visits(facts) {
		return
	}
	if err := m.judge(m.conn, m.id.Module, facts); err != nil {
		m.finishCurrent(mm.Outcome{Err: err})
		m.rested()
		return
	}
	j := *m.current
	j.started = m.now
	m.current, m.phase = &j, running
	m.do(Invoke{Invocation: mm.Invocation{ID: m.begin(timeout(j.command)), Script: j.command.Text,
		Want: j.command.Want.WithDefaults(), Live: j.command.Live}})
}

func analyzeOverdue() *mm.Error {
	return mm.Errorf(mm.Blocked, "Run it again; where the script is complicated, send a simpler one. The process is replaced, which may need a new sign-in.",
		"PowerShell did not finish reading the command within %s. It was not run.", analyzeLimit)
}

// rested returns the session to idle after an operation.
func (m *machine) rested() {
	m.phase, m.op, m.rung, m.deadline = idle, "", notStopping, time.Time{}
}

// completed handles the end of an operation.
func (m *machine) completed(r mm.Result) {
	switch m.phase {
	case connecting:
		if r.Poisoned != "" {
			m.signInFailed(mm.Errorf(mm.SignInFailed, "Run the command again.", "The process became unusable during the sign-in: %s", r.Poisoned))
			m.end(Kill{}, mm.StateReady)
			return
		}
		m.stepped(r)
	case parting:
		m.end(Shutdown{}, mm.StateReady)
	case running:
		m.ran(r)
	case checking:
		if r.Poisoned != "" {
			m.lost("the process became unusable: " + r.Poisoned)
			m.end(Kill{}, mm.StateReady)
			return
		}
		if !healthy(m.id.Module, r) {
			reason := health(m.id.Module).Command + " says so"
			if failed(r) {
				reason = cause(r)
			}
			m.lost(reason)
			m.rejected = m.used
			m.stayOpen()
			return
		}
		seen := m.seen.with(healthReads(m.id.Module), r.Objects)
		if wrong, _ := seen.against(m.expected()); wrong {
			m.lost("another account is signed in now")
			m.seen = seen
			m.compare()
			return
		}
		m.finishCurrent(mm.Outcome{})
		m.rested()
	}
}

// ran handles the end of the user's command.
func (m *machine) ran(r mm.Result) {
	o := m.outcome(r)
	m.failures = 0
	switch {
	case r.Poisoned != "":
		o.Notes = append(o.Notes, "The command left the process unusable ("+r.Poisoned+"); it is replaced, and the next command may need a new sign-in.")
		m.finishCurrent(o)
		m.end(Kill{}, mm.StateReady)
	case suspicious(r):
		j := *m.current
		j.finished = &o
		m.current, m.phase = &j, checking
		call := health(m.id.Module)
		call.ID = m.begin(checkLimit)
		m.do(Call{Call: call})
	default:
		m.finishCurrent(o)
		m.rested()
	}
}

// lost answers the current request, whose command had ended, with the remark that the sign-in has ended too.
func (m *machine) lost(reason string) {
	if m.current == nil {
		return
	}
	o := *m.current.finished
	note := "The sign-in of " + m.id.String() + " has ended (" + reason + "). Run the command again to sign in."
	o.Notes = append(slices.Clone(o.Notes), note)
	if o.Err != nil {
		err := *o.Err
		err.Remedy = note
		o.Err = &err
	}
	o.AuthenticatedAs = m.seen.account
	j := *m.current
	j.finished = &o
	m.current = &j
	m.finishCurrent(o)
}

// outcome makes the answer of a result.
func (m *machine) outcome(r mm.Result) mm.Outcome {
	o := mm.Outcome{Result: withoutEscapes(r)}
	r = o.Result
	last := "The command ended early."
	if n := len(r.Errors); n > 0 {
		last = r.Errors[n-1].Message
	}
	switch r.Terminated {
	case mm.RanThrough:
	case mm.ParseError:
		o.Err = mm.Errorf(mm.ParseFailed, "Correct the command; nothing was run.", "%s", last)
	case mm.Stopped:
		o.Err = m.stopError("PowerShell stopped it; the session is still signed in.")
		if m.rung == childless {
			o.Err = m.stopError("It was stopped after the programs that it had started were killed; the session is still signed in.")
		}
	case mm.RunawayOutput:
		o.Err = &mm.Error{Code: mm.CommandFailed, Executed: mm.ExecutedMaybe,
			Message: "The command was stopped because its output did not end.", Remedy: "Limit it, for instance with Select-Object -First 1000."}
	default:
		o.Err = &mm.Error{Code: mm.CommandFailed, Executed: mm.ExecutedYes, Message: last}
	}
	return o
}

// climb takes the next rung of stopping the command: ask the pipeline, kill its children, kill the process.
func (m *machine) climb(why mm.Code) {
	switch m.rung {
	case notStopping:
		m.rung, m.stopped = asked, why
		m.deadline = m.now.Add(stopGrace)
		m.do(Cancel{ID: m.op})
	case asked:
		m.rung = childless
		m.deadline = m.now.Add(killGrace)
		m.do(KillChildren{})
	default:
		m.finishCurrent(mm.Outcome{Err: m.stopError(
			"It could not be interrupted, so its process was killed; the next command may need a new sign-in.")})
		m.end(Kill{}, mm.StateReady)
	}
}

func (m *machine) stopError(how string) *mm.Error {
	err := &mm.Error{Code: m.stopped, Executed: mm.ExecutedMaybe, Message: "The command was cancelled. " + how}
	switch m.stopped {
	case mm.Timeout:
		err.Message = fmt.Sprintf("The command did not end within %s. %s", timeout(m.current.command), how)
		err.Remedy = "Give it more time with timeout_seconds, or ask for less at once."
	case "":
		err.Code = mm.Cancelled
		err.Message = "The command was stopped from within. " + how
	}
	return err
}
