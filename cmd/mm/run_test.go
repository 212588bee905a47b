package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	mm "github.com/microsoft-master/mm"
)

// fakePool answers commands as a test says.
type fakePool struct {
	answer func(mm.Command) mm.Outcome
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

func TestAnswersAreShown(t *testing.T) {
	seven, zero := 7, 0
	objects := mm.Outcome{Status: mm.StatusSuccess, Result: mm.Result{Objects: json.RawMessage(`[{"a":1}]`)}}
	withError := with(objects, func(o *mm.Outcome) { o.Errors = []mm.ErrorRecord{{Message: "one failed"}} })
	for _, c := range []struct {
		name           string
		options        runOptions
		out            mm.Outcome
		stdout, stderr string
		code           int
	}{
		{"text", runOptions{}, printed("\nName\n----\nAda\n\n"), "\nName\n----\nAda\n", "", 0},
		{"no output", runOptions{}, printed(""), "", "", 0},
		{"warnings, notes and what a program printed", runOptions{}, with(printed("x\n"), func(o *mm.Outcome) {
			o.Notes = []string{"not verified"}
			o.Streams = mm.Streams{Warning: []string{"old\nmodule"}, Verbose: []string{"v"}, Debug: []string{"d"},
				Information: []string{"silent"}, Console: []string{"c"}}
		}), "x\n", "c\nDEBUG: d\nVERBOSE: v\nWARNING: old module\nNote: not verified\n", 0},
		{"errors", runOptions{}, with(printed("a\n\nGet-X: no x\n"), func(o *mm.Outcome) { o.Errors = []mm.ErrorRecord{{Message: "no x"}} }),
			"a\n", "Get-X: no x\n", 1},
		{"errors that are rendered in another way", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.Errors = []mm.ErrorRecord{{Message: "no x"}} }),
			"a\n", "ERROR: no x\n", 1},
		{"a program's standard error is no error", runOptions{}, with(printed("a\nsh: cloning\n"), func(o *mm.Outcome) {
			o.Errors = []mm.ErrorRecord{{Message: "cloning", FullyQualifiedErrorID: "NativeCommandErrorMessage"}}
			o.LastExit = &zero
		}), "a\n", "sh: cloning\n", 0},
		{"exit 7", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.ExitCode = &seven }), "a\n", "The command ended with exit 7.\n", 1},
		{"exit 0", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.ExitCode = &zero }), "a\n", "", 0},
		{"a program's exit code", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.LastExit = &seven }),
			"a\n", "A program that the command started ended with exit code 7.\n", 1},
		{"cut text", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.Truncated = &mm.Truncated{KeptChars: 2, DroppedChars: 98} }),
			"a\n", "The output is not complete: 2 characters are shown, 98 were left out. Narrow the command, or use --csv.\n", 1},
		{"records left out", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.Truncated = &mm.Truncated{DroppedRecords: 9} }),
			"a\n", "9 warnings, errors and the like were left out.\n", 0},
		{"objects", runOptions{json: true}, objects, "[{\"a\":1}]\n", "", 0},
		{"objects and an error", runOptions{json: true}, withError, "[{\"a\":1}]\n", "ERROR: one failed\n", 1},
		{"no objects", runOptions{json: true}, printed(""), "[]\n", "", 0},
		{"objects left out", runOptions{json: true}, with(objects, func(o *mm.Outcome) { o.Truncated = &mm.Truncated{KeptItems: 1, DroppedItems: 7} }),
			"[{\"a\":1}]\n", "The objects are not complete: 1 are there, 7 were left out. Narrow the command.\n", 1},
		{"CSV", runOptions{csv: "-"}, objects, bom + "a\r\n1\r\n", "", 0},
		{"objects of a command that threw", runOptions{json: true}, with(withError, func(o *mm.Outcome) {
			o.Status, o.Err = mm.StatusError, &mm.Error{Code: mm.CommandFailed, Message: "one failed", Executed: mm.ExecutedYes}
		}), "[{\"a\":1}]\n", "ERROR: one failed\n", 1},
		{"CSV of a command that threw", runOptions{csv: "-"}, with(withError, func(o *mm.Outcome) {
			o.Status, o.Err = mm.StatusError, &mm.Error{Code: mm.CommandFailed, Message: "one failed", Executed: mm.ExecutedYes}
		}), "", "ERROR: one failed\n", 1},
		{"a throw, which PowerShell has told", runOptions{}, mm.Outcome{Status: mm.StatusError, Err: &mm.Error{Code: mm.CommandFailed, Message: "boom"},
			Result: mm.Result{Output: "half\nException: boom\n", Errors: []mm.ErrorRecord{{Message: "boom"}}}}, "half\n", "Exception: boom\n", 1},
		{"what cannot be parsed is all error", runOptions{}, mm.Outcome{Status: mm.StatusError,
			Err:    &mm.Error{Code: mm.ParseFailed, Message: "Missing }", Remedy: "Correct the command; nothing was run."},
			Result: mm.Result{Output: "ParserError: \nodd\n", Terminated: mm.ParseError, Errors: []mm.ErrorRecord{{Message: "Missing }"}}}},
			"", "ParserError: \nodd\nCorrect the command; nothing was run.\n", 1},
		{"a failure", runOptions{}, mm.Outcome{Status: mm.StatusError, Result: mm.Result{Output: "half\n"}, Err: &mm.Error{Code: mm.SessionDied,
			Message: "It died.", Remedy: "Ask again.", RetryAfter: 2 * time.Second, Executed: mm.ExecutedMaybe}}, "half\n",
			"mm: It died.\nAsk again.\nTry again in 2s.\nThe command may have been executed: check before you repeat it.\n", 1},
		{"the wrong account begins as it always did", runOptions{}, refused(mm.Errorf(mm.WrongAccount, "Sign in again.", "WARNING: Authenticated with wrong account.")),
			"", "WARNING: Authenticated with wrong account.\nSign in again.\n", 1},
		{"held", runOptions{}, refused(mm.Errorf(mm.Held, "Approve it.", "Draft.")), "", "mm: Draft.\nApprove it.\n", 4},
		{"refused by the pool as wrong", runOptions{}, refused(mm.Errorf(mm.BadRequest, "", "Too long.")), "", "mm: Too long.\n", 2},
		{"the daemon is gone", runOptions{}, refused(mm.Errorf(mm.NodeUnreachable, "", "Gone.")), "", "mm: Gone.\n", 5},
		{"a status of another version", runOptions{}, mm.Outcome{Status: "odd"}, "",
			"mm: the answer has no status that this version knows; is the daemon of another version? `mm version` shows it\n", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			pool := &fakePool{answer: func(mm.Command) mm.Outcome { return c.out }}
			r, stdout, stderr := start(pool, c.options)
			got := exitCode(stderr, r.run(t.Context(), getMailbox))
			if got != c.code || stdout.String() != c.stdout || stderr.String() != c.stderr {
				t.Errorf("exit code %d\nstdout %q\nstderr %q", got, stdout, stderr)
			}
			if asJSON := pool.commands[0].Want.Format == mm.FormatJSON; asJSON != (c.options.json || c.options.csv != "") {
				t.Errorf("asked for %+v", pool.commands[0].Want)
			}
		})
	}
}

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
			case asked <= 5: // the first one went out of date
				return code("SECOND12")
			}
			return printed("Ada")
		}}
		r, stdout, stderr := start(pool, runOptions{wait: true})
		if err := r.run(t.Context(), getMailbox); err != nil || stdout.String() != "Ada\n" {
			t.Errorf("%v, stdout %q", err, stdout)
		}
		if strings.Count(stderr.String(), "enter  FIRST123") != 1 || strings.Count(stderr.String(), "enter  SECOND12") != 1 ||
			!strings.Contains(stderr.String(), "The code FIRST123 is not valid any more. There is a new one.") {
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
			time.Sleep(time.Second)
			r.interrupts <- os.Interrupt
		}()
		if err := r.run(t.Context(), getMailbox); !errors.Is(err, exit(exitSignIn)) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheFirstInterruptCancelsTheCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cancelled := make(chan string, 1)
		tries := 0
		pool := &fakePool{
			answer: func(cmd mm.Command) mm.Outcome {
				if id := <-cancelled; id != cmd.RequestID {
					t.Errorf("cancelled %q", id)
				}
				return mm.Outcome{Status: mm.StatusError, Err: mm.Errorf(mm.Cancelled, "", "Stopped.")}
			},
			cancel: func(id string) bool {
				if tries++; tries == 1 {
					return false // it is still on its way
				}
				cancelled <- id
				return true
			},
		}
		r, _, stderr := start(pool, runOptions{})
		r.interrupts <- os.Interrupt
		if err := r.run(t.Context(), getMailbox); !errors.Is(err, exit(exitFailed)) || !strings.Contains(stderr.String(), "Stopped.") {
			t.Errorf("%v, stderr %s", err, stderr)
		}
	})
}

func TestTheSecondInterruptLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		pool := &fakePool{
			answer: func(mm.Command) mm.Outcome { <-release; return printed("late") },
			cancel: func(string) bool { return true },
		}
		r, _, stderr := start(pool, runOptions{})
		r.interrupts <- os.Interrupt
		r.interrupts <- os.Interrupt
		err := r.run(t.Context(), getMailbox)
		if !errors.Is(err, exit(exitFailed)) || !strings.Contains(stderr.String(), "--request-id cli-") {
			t.Errorf("%v, stderr %s", err, stderr)
		}
	})
}

func TestOtherSignalsStopTheCommandAndWaitForAMoment(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			defer close(release)
			asked := make(chan string, 1)
			pool := &fakePool{
				answer: func(mm.Command) mm.Outcome { <-release; return printed("late") },
				cancel: func(id string) bool { asked <- id; return true },
			}
			r, _, _ := start(pool, runOptions{})
			begun := time.Now()
			r.interrupts <- sig
			err := r.run(t.Context(), getMailbox)
			if id := <-asked; !errors.Is(err, exit(exitFailed)) || id != pool.commands[0].RequestID || time.Since(begun) != leaveLimit {
				t.Errorf("%s: %v after %s", sig, err, time.Since(begun))
			}
		})
	}
}

func TestAnInterruptThatMeetsTheSignInEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan struct{})
		pool := &fakePool{
			answer: func(mm.Command) mm.Outcome { <-asked; return code("ABCD1234") },
			cancel: func(string) bool { close(asked); return true },
		}
		r, _, _ := start(pool, runOptions{wait: true})
		r.interrupts <- os.Interrupt
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
