package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mm "github.com/microsoft-master/mm"
)

// fakePool answers commands as a test says.
type fakePool struct {
	answer func(mm.Command) mm.Outcome
	graph  func(mm.GraphRequest) mm.Outcome
	cancel func(id string) bool

	mu       sync.Mutex
	commands []mm.Command
}

func (p *fakePool) Run(_ context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
	p.mu.Lock()
	p.commands = append(p.commands, cmd)
	p.mu.Unlock()
	out := p.answer(cmd)
	out.RequestID, out.Session = cmd.RequestID, cmd.Session
	return out
}

func (p *fakePool) Graph(_ context.Context, r mm.GraphRequest, _ mm.Progress) mm.Outcome {
	out := p.graph(r)
	out.RequestID, out.Session = r.RequestID, mm.SessionID{Connection: r.Connection}
	return out
}

func (p *fakePool) Cancel(_ context.Context, id string) (bool, error) { return p.cancel(id), nil }

func (p *fakePool) Connections(context.Context) ([]mm.Connection, error) { return nil, nil }

func printed(text string) mm.Outcome {
	return mm.Outcome{Status: mm.StatusSuccess, Result: mm.Result{Output: text}}
}

func code(user string) mm.Outcome {
	return mm.Outcome{Status: mm.StatusAuthRequired, Challenge: &mm.Challenge{
		UserCode: user, URL: mm.DeviceLoginURL, Account: "admin@contoso.com", ExpiresAt: time.Now().Add(15 * time.Minute)}}
}

// start makes a runner for a pool, and what it prints.
func start(pool mm.Service, o runOptions) (r *runner, stdout, stderr *bytes.Buffer) {
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	if o.delimiter == 0 {
		o.delimiter = ','
	}
	return &runner{pool: pool, stdout: screen{Writer: stdout}, stderr: screen{Writer: stderr}, options: o,
		interrupts: make(chan os.Signal, 2), release: func() {}}, stdout, stderr
}

var getMailbox = mm.Command{Session: mm.SessionID{Connection: "Contoso-GA", Module: mm.Exchange}, Text: "Get-Mailbox"}

// with is an outcome with the fields of a result.
func with(out mm.Outcome, change func(*mm.Outcome)) mm.Outcome {
	change(&out)
	return out
}

func refused(err *mm.Error) mm.Outcome { return mm.Outcome{Status: mm.StatusError, Err: err} }

func TestADeviceCodeIsABlockAndAnExitCode(t *testing.T) {
	r, stdout, stderr := start(&fakePool{answer: func(mm.Command) mm.Outcome { return code("ABCD1234") }}, runOptions{})
	err := r.run(t.Context(), getMailbox)
	const want = `
  Sign in to Contoso-GA/exo as admin@contoso.com:

    open   https://microsoft.com/devicelogin
    enter  ABCD1234

  The code is good for 15 minutes. Then run the same command again; --wait does that for you.

`
	if !errors.Is(err, exit(exitSignIn)) || stdout.Len() != 0 || stderr.String() != want {
		t.Errorf("%v, stdout %q, stderr\n%s", err, stdout, stderr)
	}
}

func TestTheOutputIsAsWideAsTheTerminal(t *testing.T) {
	for columns, want := range map[int]int{0: 0, 1: 20, 133: 133, 20_000: 10_000} {
		pool := &fakePool{answer: func(mm.Command) mm.Outcome { return printed("") }}
		r, _, _ := start(pool, runOptions{})
		if columns > 0 {
			r.stdout.size = func() int { return columns }
		}
		if err := r.run(t.Context(), getMailbox); err != nil || pool.commands[0].Want.Width != want {
			t.Errorf("%d columns: %v, asked for %d", columns, err, pool.commands[0].Want.Width)
		}
	}
}

func TestARequestIDFindsTheAnswerOfAnEarlierRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := &fakePool{answer: func(cmd mm.Command) mm.Outcome {
			if cmd.RequestID == "earlier" {
				return code("ABCD1234")
			}
			return printed("Ada")
		}}
		r, stdout, _ := start(pool, runOptions{requestID: "earlier", wait: true})
		if err := r.run(t.Context(), getMailbox); err != nil || stdout.String() != "Ada\n" {
			t.Errorf("%v, stdout %q", err, stdout)
		}
		if len(pool.commands) != 2 || pool.commands[0].RequestID != "earlier" {
			t.Errorf("asked %+v", pool.commands)
		}
	})
}

func TestWaitRunsTheCommandAfterTheSignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		ids := map[string]bool{}
		pool := &fakePool{answer: func(cmd mm.Command) mm.Outcome {
			ids[cmd.RequestID] = true
			asked++
			switch {
			case asked <= 3:
				return code("FIRST123")
			case asked <= 5: // the account is signed in, but the module wants a sign-in of its own
				return code("SECOND12")
			}
			return printed("Ada")
		}}
		r, stdout, stderr := start(pool, runOptions{wait: true})
		if err := r.run(t.Context(), getMailbox); err != nil || stdout.String() != "Ada\n" {
			t.Errorf("%v, stdout %q", err, stdout)
		}
		if strings.Count(stderr.String(), "enter  FIRST123") != 1 || strings.Count(stderr.String(), "enter  SECOND12") != 1 ||
			!strings.Contains(stderr.String(), "One more sign-in is needed.") {
			t.Errorf("each code is shown once:\n%s", stderr)
		}
		if len(ids) != asked {
			t.Errorf("%d ids for %d requests: a repeat would get the old answer", len(ids), asked)
		}
	})
}

func TestWaitEndsWithAnInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _ := start(&fakePool{answer: func(mm.Command) mm.Outcome { return code("ABCD1234") }}, runOptions{wait: true})
		go func() {
			time.Sleep(waitPoll / 2)
			r.interrupts <- os.Interrupt
		}()
		if err := r.run(t.Context(), getMailbox); !errors.Is(err, exit(exitSignIn)) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTimeoutsAreSecondsOrDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{"90": 90 * time.Second, "5m": 5 * time.Minute, "1h30m": 90 * time.Minute} {
		var s seconds
		if err := s.Set(text); err != nil || time.Duration(s) != want {
			t.Errorf("%s: %s, %v", text, &s, err)
		}
	}
	for _, text := range []string{"", "0", "-5", "x", "10ms", "25h"} {
		var s seconds
		if err := s.Set(text); err == nil {
			t.Errorf("%q was taken as %s", text, &s)
		}
	}
}

func TestAPoolThatEndedIsLookedForAgain(t *testing.T) {
	gone := &fakePool{answer: func(mm.Command) mm.Outcome {
		return mm.Outcome{Status: mm.StatusError, Err: mm.Errorf(mm.NodeUnreachable, "", "gone")}
	}}
	alive := &fakePool{answer: func(mm.Command) mm.Outcome { return printed("Ada") }}
	pools := []mm.Service{gone, alive}
	l := &lazyPool{dial: func(context.Context) (mm.Service, error) {
		p := pools[0]
		pools = pools[1:]
		return p, nil
	}}
	if found, err := l.Cancel(t.Context(), "x"); found || err != nil {
		t.Errorf("cancel before anything: %v, %v", found, err)
	}
	if out := l.Run(t.Context(), getMailbox, nil); out.Output != "Ada" || len(pools) != 0 {
		t.Errorf("got %+v", out)
	}
}

func TestACommandThatMayHaveRunIsNotRepeated(t *testing.T) {
	pool := &fakePool{answer: func(mm.Command) mm.Outcome {
		return mm.Outcome{Status: mm.StatusError, Err: &mm.Error{Code: mm.NodeUnreachable, Executed: mm.ExecutedMaybe}}
	}}
	l := &lazyPool{dial: func(context.Context) (mm.Service, error) { return pool, nil }}
	if l.Run(t.Context(), getMailbox, nil); len(pool.commands) != 1 {
		t.Errorf("asked %d times", len(pool.commands))
	}
	l = &lazyPool{dial: func(context.Context) (mm.Service, error) { return nil, errors.New("no way") }}
	out := l.Run(t.Context(), getMailbox, nil)
	if out.Err == nil || out.Err.Code != mm.NodeUnreachable || !strings.Contains(out.Err.Message, "no way") {
		t.Errorf("got %+v", out.Err)
	}
}

func TestASignInThatTookThePlaceOfAnother(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		last mm.Challenge
		want string
	}{
		{"there was none", mm.Challenge{}, ""},
		{"one that was done", mm.Challenge{UserCode: "A", URL: "u", ExpiresAt: now.Add(time.Minute)}, "One more sign-in is needed."},
		{"a code that went out of date", mm.Challenge{UserCode: "A", URL: "u", ExpiresAt: now}, "The code A is not valid any more. There is a new one."},
		{"an address that went out of date", mm.Challenge{URL: "u", ExpiresAt: now}, "That address is not valid any more. There is a new sign-in."},
	} {
		var b bytes.Buffer
		sayStale(screen{Writer: &b}, c.last, now)
		if strings.TrimSpace(b.String()) != c.want {
			t.Errorf("%s: %q", c.name, b.String())
		}
	}
}

func TestABrowsersSignInHasNoCodeAndSaysHowToPaste(t *testing.T) {
	var b bytes.Buffer
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	showChallenge(screen{Writer: &b}, mm.SessionID{Connection: "Ann's"}, mm.Challenge{URL: "https://login.microsoftonline.com/x", Account: "ann@contoso.com",
		ExpiresAt: now.Add(15 * time.Minute)}, now, "Waiting for it …")
	const want = `
  Sign in to Ann's as ann@contoso.com with a browser on this computer:

    open   https://login.microsoftonline.com/x

  With a browser elsewhere: mm sign-in 'Ann'\''s' --paste
  The address is good for 15 minutes. Waiting for it …

`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

func TestWhyAModuleHasASignInOfItsOwnIsSaidWithItsCode(t *testing.T) {
	r, _, stderr := start(&fakePool{answer: func(mm.Command) mm.Outcome {
		return with(code("ABCD1234"), func(o *mm.Outcome) { o.Notes = []string{"The app has no consent for Exchange."} })
	}}, runOptions{})
	if err := r.run(t.Context(), getMailbox); !errors.Is(err, exit(exitSignIn)) {
		t.Error(err)
	}
	contains(t, "stderr", stderr.String(), "Note: The app has no consent for Exchange.\n")
}
