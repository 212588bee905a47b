package main

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	mm "github.com/microsoft-master/mm"
)

// waitPoll is how often --wait asks whether the sign-in is done: the pool has no call that waits for it.
const waitPoll = time.Second

// showNew shows a sign-in, unless it is the one that was shown last.
func (r *runner) showNew(out mm.Outcome, last mm.Challenge) {
	c := *out.Challenge
	if sameChallenge(c, last) {
		return
	}
	r.sayNotes(out)
	next := "Then run the same command again; --wait does that for you."
	if r.options.wait {
		next = "Waiting for it …"
	}
	sayStale(r.stderr, last, time.Now())
	showChallenge(r.stderr, out.Session, c, time.Now(), next)
}

// sameChallenge reports whether a person has to do the same for both.
func sameChallenge(a, b mm.Challenge) bool { return a.UserCode == b.UserCode && a.URL == b.URL }

// sayStale says that another sign-in takes the place of the one that was shown last.
func sayStale(s screen, last mm.Challenge, now time.Time) {
	switch {
	case last.URL == "":
	case now.Before(last.ExpiresAt):
		fmt.Fprint(s, "\nOne more sign-in is needed.\n")
	case last.UserCode != "":
		fmt.Fprintf(s, "\nThe code %s is not valid any more. There is a new one.\n", plain(last.UserCode))
	default:
		fmt.Fprint(s, "\nThat address is not valid any more. There is a new sign-in.\n")
	}
}

// showChallenge says what a person has to do to sign in. The code and the address stand at the end of lines, to be copied.
func showChallenge(s screen, id mm.SessionID, c mm.Challenge, now time.Time, next string) {
	what := plain(id.Connection)
	if id.Module != "" {
		what = plain(id.String())
	}
	if c.Account != "" {
		what += " as " + s.bold(plain(c.Account))
	}
	valid := validFor(c.ExpiresAt.Sub(now))
	if c.UserCode == "" {
		fmt.Fprintf(s, "\n  Sign in to %s with a browser on this computer:\n\n    open   %s\n\n"+
			"  With a browser elsewhere: mm sign-in %s --paste\n  The address is good for %s. %s\n\n",
			what, s.bold(plain(c.URL)), word(id.Connection), valid, next)
		return
	}
	fmt.Fprintf(s, "\n  Sign in to %s:\n\n    open   %s\n    enter  %s\n\n  The code is good for %s. %s\n\n",
		what, s.bold(plain(c.URL)), s.bold(plain(c.UserCode)), valid, next)
}

// word is a name as one types it in a shell.
func word(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("._-", r)
	}) {
		return quote(plain(name))
	}
	return name
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
	with := ""
	if c.UserCode != "" {
		with = " with " + plain(c.UserCode)
	}
	return fmt.Sprintf("Waiting for the sign-in%s: %s left (Ctrl-C gives up)", with, clock(c.ExpiresAt.Sub(now)))
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
