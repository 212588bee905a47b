package session

import (
	"time"

	mm "github.com/microsoft-master/mm"
)

// A Judge decides over the facts of a command whose turn has come: nil lets it run, an error is its answer.
type Judge func(mm.Connection, mm.Module, mm.Facts) *mm.Error

// A State is all that a session knows. It is a value: Next returns a new one and leaves the old as it was.
type State struct {
	id    mm.SessionID
	judge Judge
	conn  mm.Connection

	phase       phase
	rest        mm.State  // what is shown while there is no process: ready, error or stopped
	incarnation uint64    // of the process that lives or is being launched; 0: none
	hello       mm.Hello  // of the process that lives
	deadline    time.Time // when the phase has taken too long; zero: never
	ops         uint64    // operations begun, for their ids
	op          string    // the id of the operation under way; empty: none

	queue   []job // requests that wait, in order; never changed in place
	current *job  // the request of analyzing, running and checking; nil where its answer was given early

	rung    rung    // how far stopping the operation has gone
	stopped mm.Code // why it is being stopped: cancelled or timeout

	plan      []step // of connecting, from the current step on
	place     place
	tail      string // the end of the console's text, in which a code may begin
	challenge *mm.Challenge
	seen      identity // who is signed in, as far as the steps have told
	notes     []string // of the sign-in, for every answer

	failures  int       // in a row
	notBefore time.Time // end of the backoff
	lastErr   *mm.Error // why the state is error
	untold    *mm.Error // a sign-in's failure that nobody was told yet

	draining    *mm.Error // what requests are answered with; nil: not draining
	stale       bool      // the registry changed who signs in; the process goes when the command has ended
	lastCommand time.Time
	armed       time.Time

	// Signing in with the tokens of the connection's account.
	sharing   bool              // there is such an account
	ask       string            // the id of the question for a token; empty: none
	wanted    []mm.TokenRequest // from the one that is asked for on
	tokens    []mm.Token        // that are there, until the connect
	tenant    string            // of those tokens: where the registry has no tenantId, it was found by the tenant's domain
	tokensEnd time.Time         // when the first of those that the session is connected with ends; zero: it has a sign-in of its own
	used      []usedToken       // of the last connects
	rejected  []usedToken       // with which the session could not go on
	renewed   bool              // since the last command
	renewing  bool              // signed in until now, and about to be again
	was       string            // who was signed in, while renewing
	fellBack  bool              // and it was said why
	why       string            // what the next answer says of it
	root      string            // SharePoint's host as the tenant says, its first label; empty: not asked
	seeking   bool              // the question is for root
	site      string            // of SharePoint; empty: the tenant's root
	target    string            // of visiting
}

// A usedToken is one that the session was connected with.
type usedToken struct {
	request mm.TokenRequest
	text    mm.Secret
}

// New returns the state of a session that has not been asked for anything.
func New(id mm.SessionID, judge Judge) State {
	return State{id: id, judge: judge, rest: mm.StateStopped}
}

// Sharing returns the state of a session whose connection has an account that AskToken can be put to.
func (s State) Sharing() State {
	s.sharing = true
	return s
}

type phase int

const (
	down       phase = iota // no process
	launching               // waiting for hello
	connecting              // signing in: the steps of plan
	open                    // a process, not signed in
	idle                    // signed in
	analyzing               // the parser has the current command
	visiting                // the current command waits for the token of another site
	running                 // PowerShell has the current command
	checking                // the command has ended; its errors look as if the sign-in had
	parting                 // a wrong account is being signed out
	ending                  // the process was told to end
)

type rung int

const (
	notStopping rung = iota
	asked            // BeginStop
	childless        // the command's children were killed
)

type place int

const (
	noPlace place = iota
	placeAsked
	placeHeld
)

// A job is a request that is not answered yet.
type job struct {
	id       string
	command  mm.Command
	asked    time.Time
	started  time.Time // of execution; zero: not started
	problem  *mm.Error // of the registry
	finished *mm.Outcome
}

// queueDeadline is when waiting has taken too long for a signed-in session.
func (j job) queueDeadline() time.Time { return j.asked.Add(timeout(j.command)) }

// firstDeadline is when waiting for a sign-in has taken too long.
func (j job) firstDeadline() time.Time {
	if d := j.asked.Add(FirstWait); d.Before(j.queueDeadline()) {
		return d
	}
	return j.queueDeadline()
}

func timeout(c mm.Command) time.Duration {
	if c.Timeout <= 0 {
		return mm.DefaultTimeout
	}
	return c.Timeout
}

// Status describes the session for people.
func (s State) Status() mm.SessionStatus {
	st := mm.SessionStatus{ID: s.id, State: s.wire(), AuthenticatedAs: s.account(), LastCommand: s.lastCommand,
		Busy: s.current != nil, Queued: len(s.queue), PID: s.hello.PID}
	switch {
	case s.rest == mm.StateError && s.phase == down && s.lastErr != nil:
		st.LastError = s.lastErr.Message
	case s.untold != nil:
		st.LastError = s.untold.Message
	}
	return st
}

// wire returns the state in the words of the pool API.
func (s State) wire() mm.State {
	switch s.phase {
	case launching:
		return mm.StateInitializing
	case connecting:
		switch {
		case s.challenge != nil:
			return mm.StateAuthPending
		case s.renewing:
			return mm.StateAuthenticated
		}
		return mm.StateInitializing
	case open, parting:
		return mm.StateReady
	case idle, analyzing, visiting, running, checking:
		return mm.StateAuthenticated
	}
	return s.rest
}

func (s State) signedIn() bool { return s.phase >= idle && s.phase <= checking }

func (s State) account() string {
	if s.signedIn() {
		return s.seen.account
	}
	if s.phase == connecting && s.renewing {
		return s.was
	}
	return ""
}
