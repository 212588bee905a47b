package main

import (
	"context"
	"fmt"
	"time"

	mm "github.com/microsoft-master/mm"
)

// waitPoll is how often --wait asks whether the sign-in is done: the pool has no call that waits for it.
const waitPoll = time.Second

// showNew shows a device code, unless it is the one that was shown last.
func (r *runner) showNew(id mm.SessionID, c, last mm.Challenge) {
	if c.UserCode == last.UserCode {
		return
	}
	next := "Then run the same command again; --wait does that for you."
	if r.options.wait {
		next = "Waiting for it …"
	}
	if last.UserCode != "" {
		fmt.Fprintf(r.stderr, "\nThe code %s is not valid any more. There is a new one.\n", plain(last.UserCode))
	}
	showChallenge(r.stderr, id, c, time.Now(), next)
}

// showChallenge says what a person has to do to sign in. The code and the address stand at the end of lines, to be copied.
func showChallenge(s screen, id mm.SessionID, c mm.Challenge, now time.Time, next string) {
	as := ""
	if c.Account != "" {
		as = " as " + s.bold(plain(c.Account))
	}
	fmt.Fprintf(s, "\n  Sign in to %s%s:\n\n    open   %s\n    enter  %s\n\n  The code is good for %s. %s\n\n",
		plain(id.String()), as, s.bold(plain(c.URL)), s.bold(plain(c.UserCode)), validFor(c.ExpiresAt.Sub(now)), next)
}

// validFor is how long a code is valid, rounded as people say it.
func validFor(d time.Duration) string {
	switch minutes := int(d.Round(time.Minute).Minutes()); {
	case minutes > 1:
		return fmt.Sprintf("%d minutes", minutes)
	case minutes == 1:
		return "1 minute"
	}
	return "less than a minute"
}

// waitingText counts down.
func waitingText(c mm.Challenge, now time.Time) string {
	return fmt.Sprintf("Waiting for the sign-in with %s: %s left (Ctrl-C gives up)", plain(c.UserCode), clock(c.ExpiresAt.Sub(now)))
}

// waitForSignIn waits until it is time to ask again; false: nobody waits any more.
func (r *runner) waitForSignIn(ctx context.Context, c mm.Challenge) bool {
	line := statusLine{screen: r.stderr}
	defer line.erase()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	ask := time.After(waitPoll)
	for {
		line.draw(waitingText(c, time.Now()), time.Now())
		select {
		case <-second.C:
		case <-ask:
			return true
		case <-r.interrupts:
			return false
		case <-ctx.Done():
			return false
		}
	}
}
