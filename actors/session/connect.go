package session

import (
	"fmt"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// connect begins the sign-in in an open process.
func (m *machine) connect() {
	if m.shares() {
		m.askTokens()
		return
	}
	m.connectByModule()
}

// connectByModule begins the sign-in that the module itself offers.
func (m *machine) connectByModule() {
	c := m.conn
	c.SharePointHost = m.sharePointHost()
	plan, err := signIn(m.id.Module, c)
	if err != nil {
		m.signInFailed(err)
		m.stayOpen()
		return
	}
	m.phase, m.plan, m.seen, m.notes, m.tail = connecting, plan, identity{}, nil, ""
	m.tokensEnd, m.site, m.deadline = time.Time{}, "", time.Time{}
	if burnsCore(m.id.Module) {
		m.place = placeAsked
		m.do(AskPlace{})
		return
	}
	m.step()
}

func (m *machine) placeGranted() {
	if m.phase != connecting || m.place != placeAsked {
		m.do(LeavePlace{})
		return
	}
	m.place = placeHeld
	if len(m.queue) == 0 { // nobody wants the code any more
		m.stayOpen()
		return
	}
	m.step()
}

func (m *machine) leavePlace() {
	if m.place != noPlace {
		m.place = noPlace
		m.do(LeavePlace{})
	}
}

// step starts the first step of the plan.
func (m *machine) step() {
	call := m.plan[0].call
	call.ID = m.begin(m.plan[0].limit)
	m.do(Call{Call: call})
}

// stayOpen ends a sign-in without success; the process stays for the next one.
func (m *machine) stayOpen() {
	m.leavePlace()
	m.dropAsk()
	m.phase, m.deadline, m.renewing = open, time.Time{}, false
	m.op, m.rung, m.challenge, m.plan, m.tail = "", notStopping, nil, nil, ""
	m.seen, m.notes = identity{}, nil
}

// streamed passes the records of a user's command on, and looks for the device code in those of a sign-in.
func (m *machine) streamed(records []mm.Record) {
	switch {
	case m.phase == running && m.current != nil:
		m.do(Progress{ID: m.current.id, Records: plainRecords(records)})
	case m.phase == connecting && m.plan[0].shows && m.challenge == nil && m.rung == notStopping:
		for _, r := range records {
			if m.lookForCode(r) {
				return
			}
		}
	}
}

// lookForCode takes one record of a sign-in; it reports whether the device code was in it.
func (m *machine) lookForCode(r mm.Record) bool {
	text := plain(r.Text)
	if r.Stream == mm.StreamConsole { // comes in pieces
		text = m.tail + text
		m.tail = text[max(0, len(text)-tailLimit):]
	}
	p, ok := findPrompt(text, m.conn)
	if !ok {
		return false
	}
	m.challenge = &mm.Challenge{UserCode: p.code, URL: p.url, Message: p.message, Account: m.conn.ExpectedEmail,
		ExpiresAt: m.now.Add(mm.ChallengeLifetime)}
	m.deadline = m.challenge.ExpiresAt
	waiting := m.queue
	m.queue = nil
	for _, j := range waiting {
		m.reply(j, m.challenged())
	}
	return true
}

func (m *machine) challenged() mm.Outcome {
	c := *m.challenge
	return mm.Outcome{Challenge: &c}
}

// stepped handles the end of a step.
func (m *machine) stepped(r mm.Result) {
	done := m.plan[0]
	m.plan = m.plan[1:]
	if m.rung != notStopping { // the code's time was over, and the sign-in has been stopped
		m.stayOpen()
		return
	}
	expires := m.now.Add(mm.ChallengeLifetime)
	if done.shows {
		if m.challenge != nil {
			expires = m.challenge.ExpiresAt
		}
		m.challenge = nil
		m.leavePlace()
	}
	if failed(r) && done.shows && expires.Sub(m.now) < codeMargin { // the module gave the code up a moment before mm would
		m.stayOpen()
		return
	}
	m.seen = m.seen.with(done.reads, r.Objects)
	if done.byToken && failed(r) {
		m.plan, m.rejected = nil, m.used
		m.fallBack(cause(r))
		return
	}
	if !done.optional && failed(r) || done.tells && m.seen.account == "" {
		m.signInFailed(&mm.Error{Code: mm.SignInFailed, Executed: mm.ExecutedNo,
			Message: fmt.Sprintf("The sign-in of %s failed: %s", m.id, cause(r)),
			Remedy:  "Run the command again for a new device code."})
		m.stayOpen()
		return
	}
	if len(m.plan) > 0 {
		m.step()
		return
	}
	m.compare()
}

// compare lets the session be used only by the expected account in the expected tenant.
func (m *machine) compare() {
	m.op, m.deadline, m.plan, m.tail, m.tokens, m.renewing = "", time.Time{}, nil, "", nil, false
	wrong, notes := m.seen.against(m.expected())
	if !wrong {
		m.phase, m.notes, m.failures, m.untold = idle, notes, 0, nil
		return
	}
	m.signInFailed(m.seen.refusal(m.expected()))
	m.phase = parting
	call := signOut(m.id.Module)
	call.ID = m.begin(checkLimit)
	m.do(Call{Call: call})
}

// signInFailed tells everybody who waits, or else the next who asks.
func (m *machine) signInFailed(err *mm.Error) {
	if len(m.queue) == 0 {
		m.untold = err
		return
	}
	m.answerQueue(func(mm.Executed) *mm.Error { return err })
}

// connectOverdue ends a sign-in whose code is too old, or that never showed one, or a step that hangs.
func (m *machine) connectOverdue() {
	switch {
	case m.ask != "" && m.challenge != nil: // the account's sign-in should have told its end
		m.challenge = nil
		m.stayOpen()
	case m.ask != "":
		m.signInFailed(&mm.Error{Code: mm.SignInFailed, Executed: mm.ExecutedNo,
			Message: fmt.Sprintf("There was no token for %s within %s.", m.id, codeLimit),
			Remedy:  "Check that this machine reaches Microsoft's sign-in, through its proxy if it has one; then run the command again."})
		m.stayOpen()
	case m.rung != notStopping: // it cannot be stopped
		m.end(Kill{}, mm.StateReady)
	case m.challenge != nil:
		m.challenge, m.rung = nil, asked
		m.deadline = m.now.Add(stopGrace)
		m.do(Cancel{ID: m.op})
	default:
		m.signInFailed(&mm.Error{Code: mm.SignInFailed, Executed: mm.ExecutedNo,
			Message: fmt.Sprintf("The sign-in of %s gave neither a device code nor an answer within %s (%s).",
				m.id, m.plan[0].limit, m.plan[0].call.Command),
			Remedy: "Check that this machine reaches Microsoft's sign-in, through its proxy if it has one; then run the command again."})
		m.end(Kill{}, mm.StateReady)
	}
}

// failed reports whether a call of mm's own did not do what it should.
func failed(r mm.Result) bool { return r.Terminated != mm.RanThrough || len(r.Errors) > 0 }

// cause says why a call failed: the warning with Entra's code where there is one, since some modules' errors say nothing.
func cause(r mm.Result) string {
	for _, w := range r.Streams.Warning {
		if w = plain(w); strings.Contains(w, "AADSTS") {
			return strings.TrimSpace(w)
		}
	}
	if len(r.Errors) > 0 {
		return strings.TrimSpace(plain(r.Errors[0].Message))
	}
	if r.Terminated != mm.RanThrough {
		return "it was stopped"
	}
	return "the module does not say who is signed in"
}
