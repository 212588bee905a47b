package session

import "time"

// The bounds of a session, as decided in docs/design.md.
const (
	// QueueLimit is how many requests may wait; one more is answered with busy.
	QueueLimit = 64
	// FirstWait is how long a request waits for a code or a finished sign-in.
	FirstWait = 60 * time.Second
	// launchLimit is how long a process may take to its hello.
	launchLimit = 60 * time.Second
	// codeLimit is how long a sign-in may take to show a code.
	codeLimit = 120 * time.Second
	// codeMargin is how near its end a code has expired, should the module end the sign-in by itself.
	codeMargin = 30 * time.Second
	// stepLimit is how long a step before or after the sign-in may take: the module's import is part of the first.
	stepLimit = 60 * time.Second
	// checkLimit is how long a health command may take.
	checkLimit = 30 * time.Second
	// analyzeLimit is how long the parser may take; it cannot be interrupted.
	analyzeLimit = 15 * time.Second
	// stopGrace is what BeginStop gets before the command's children are killed, killGrace what follows before the process
	// is.
	stopGrace = time.Second
	killGrace = 500 * time.Millisecond
	// endLimit is how long a process may take to be gone after Kill or Shutdown before it counts as stuck.
	endLimit = 15 * time.Second
	// The backoff after failures doubles from the first to the last.
	backoffFirst = time.Second
	backoffLast  = time.Minute
)

// backoff returns the pause after that many failures in a row.
func backoff(failures int) time.Duration {
	d := backoffFirst
	for i := 1; i < failures && d < backoffLast; i++ {
		d *= 2
	}
	return min(d, backoffLast)
}
