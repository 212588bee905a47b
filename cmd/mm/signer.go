package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A signer lets a person sign in to connections of this machine's daemon.
type signer struct {
	pool           mm.Admin
	stdout, stderr screen
	options        signInOptions
	interrupts     chan os.Signal
	lines          *bufio.Reader              // of pasted addresses; nil: none are read
	start          func(address string) error // opens a browser

	pasted chan string // what lines gave; nil until it is read
}

// signIn signs in to a connection. asked says that a person had to do something. The error is an *mm.Error, or the exit code
// for sign-in where the person left.
func (s *signer) signIn(ctx context.Context, name string) (status mm.AccountStatus, asked bool, err error) {
	var shown mm.Challenge
	order := mm.SignInOrder{Connection: name, Method: s.options.method()}
	line := statusLine{screen: s.stderr}
	defer line.erase()
	second := time.NewTicker(waitPoll)
	defer second.Stop()
	for {
		status, err, left := s.ask(ctx, order)
		if left {
			line.erase()
			s.sayLeft(shown)
			return status, true, exit(exitSignIn)
		}
		if err != nil || status.State == mm.AccountSignedIn {
			return status, shown.URL != "", err
		}
		order = mm.SignInOrder{Connection: name}
		if c := status.Challenge; c != nil {
			if !sameChallenge(*c, shown) {
				line.erase()
				s.show(name, *c, shown)
				shown = *c
			}
			if !time.Now().Before(c.ExpiresAt) { // the next one is to be of the same kind
				order.Method = s.options.method()
			}
		}
		line.draw(waitingText(shown, time.Now()), time.Now())
		select {
		case <-second.C:
		case address := <-s.pasted:
			line.erase()
			order.Pasted = s.check(address, shown)
		case <-s.interrupts:
			line.erase()
			s.sayLeft(shown)
			return status, true, exit(exitSignIn)
		case <-ctx.Done():
			return status, true, exit(exitSignIn)
		}
	}
}

// ask asks the daemon how the sign-in stands; left: an interrupt came meanwhile.
func (s *signer) ask(ctx context.Context, order mm.SignInOrder) (status mm.AccountStatus, err error, left bool) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	done := make(chan struct{})
	go func() {
		defer close(done)
		status, err = s.pool.SignIn(ctx, order)
	}()
	select {
	case <-done:
	case <-s.interrupts:
		end()
		<-done
		left = true
	}
	return status, err, left
}

// show shows a challenge, and does with it what was asked for.
func (s *signer) show(name string, c, last mm.Challenge) {
	sayStale(s.stderr, last, time.Now())
	showChallenge(s.stderr, mm.SessionID{Connection: name}, c, time.Now(), "Waiting for it …")
	if s.options.copy && s.stderr.cursor {
		text := c.UserCode
		if text == "" {
			text = c.URL
		}
		fmt.Fprintf(s.stderr, "\x1b]52;c;%s\x07", base64.StdEncoding.EncodeToString([]byte(text)))
	}
	if s.options.open {
		if err := s.start(c.URL); err != nil {
			fmt.Fprintf(s.stderr, "No browser was opened: %v. Open the address yourself.\n\n", err)
		}
	}
	if s.lines != nil && c.UserCode == "" {
		fmt.Fprintln(s.stderr, "Paste the address that the browser cannot open at the end, and press Enter:")
		if s.pasted == nil {
			s.pasted = make(chan string)
			go s.read()
		}
	}
}

// read reads pasted addresses until the input ends. It goes with the process.
func (s *signer) read() {
	for {
		text, err := s.lines.ReadString('\n')
		if text != "" {
			s.pasted <- text
		}
		if err != nil {
			return
		}
	}
}

// terminalLine is how long a line can be that a terminal gives to a program; it cuts what is longer.
const terminalLine = 4095

// check returns a pasted address where it may be the answer to the sign-in that was shown; else it says why not.
func (s *signer) check(address string, c mm.Challenge) string {
	asked, err := url.Parse(c.URL)
	if err != nil {
		return address
	}
	state, pasted := asked.Query().Get("state"), stateOf(address)
	switch {
	case len(address) >= terminalLine:
		fmt.Fprintln(s.stderr, "The terminal has cut the address. Give it in a file: mm sign-in NAME --paste < FILE")
	case pasted == "":
		fmt.Fprintln(s.stderr, "That is not the address: it begins with http://localhost: and has code= and state=. Paste it again:")
	case state != "" && pasted != state:
		fmt.Fprintln(s.stderr, "That address is of another sign-in. Open the one above, and paste where it leads to:")
	default:
		return address
	}
	return ""
}

// sayLeft says what becomes of a sign-in that nobody waits for.
func (s *signer) sayLeft(c mm.Challenge) {
	if c.URL != "" {
		fmt.Fprintf(s.stderr, "Left. The sign-in stays open for %s; `mm status` shows whether it was done.\n", validFor(time.Until(c.ExpiresAt)))
	}
}
