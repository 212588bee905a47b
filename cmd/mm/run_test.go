package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
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
	return &runner{pool: pool, stdout: stdout, stderr: screen{Writer: stderr}, options: o, interrupts: make(chan os.Signal, 2)}, stdout, stderr
}

var getMailbox = mm.Command{Session: mm.SessionID{Connection: "Contoso-GA", Module: mm.Exchange}, Text: "Get-Mailbox"}

func TestAnswersAreShown(t *testing.T) {
	objects := mm.Outcome{Status: mm.StatusSuccess, Result: mm.Result{Objects: json.RawMessage(`[{"a":1}]`),
		Errors: []mm.ErrorRecord{{Message: "one failed"}}}}
	cut := objects
	cut.Truncated = &mm.Truncated{DroppedItems: 7}
	failed := mm.Outcome{Status: mm.StatusError, Result: mm.Result{Output: "half\n"}, Err: &mm.Error{Code: mm.SessionDied,
		Message: "It died.", Remedy: "Ask again.", RetryAfter: 2 * time.Second, Executed: mm.ExecutedMaybe}}
	noted := printed("x\n")
	noted.Notes, noted.Streams.Warning = []string{"not verified"}, []string{"old\nmodule"}
	for _, c := range []struct {
		name           string
		options        runOptions
		out            mm.Outcome
		stdout, stderr string
		code           int
	}{
		{"text", runOptions{}, printed("\nName\n----\nAda\n\n"), "\nName\n----\nAda\n", "", 0},
		{"no output", runOptions{}, printed(""), "", "", 0},
		{"warnings and notes", runOptions{}, noted, "x\n", "WARNING: old module\nNote: not verified\n", 0},
		{"objects", runOptions{json: true}, objects, "[{\"a\":1}]\n", "ERROR: one failed\n", 0},
		{"no objects", runOptions{json: true}, printed(""), "[]\n", "", 0},
		{"objects left out", runOptions{json: true}, cut, "[{\"a\":1}]\n",
			"ERROR: one failed\n7 objects were left out: narrow the command.\nWhat was written is not complete.\n", 0},
		{"CSV", runOptions{csv: "-"}, objects, "\ufeffa\r\n1\r\n", "ERROR: one failed\n", 0},
		{"a failure", runOptions{}, failed, "half\n",
			"Error: It died.\nAsk again.\nTry again in 2s.\nThe command may have been executed: check before you repeat it.\n", 1},
		{"the daemon is gone", runOptions{}, mm.Outcome{Status: mm.StatusError, Err: mm.Errorf(mm.NodeUnreachable, "", "Gone.")}, "", "Error: Gone.\n", 5},
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

func TestCSVGoesToItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.csv")
	pool := &fakePool{answer: func(mm.Command) mm.Outcome {
		return mm.Outcome{Status: mm.StatusSuccess, Result: mm.Result{Objects: json.RawMessage(`[{"a":1},{"a":2}]`)}}
	}}
	r, stdout, stderr := start(pool, runOptions{csv: file})
	if err := r.run(t.Context(), getMailbox); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != "\ufeffa\r\n1\r\n2\r\n" || stdout.Len() != 0 || stderr.String() != "2 rows written to "+file+"\n" {
		t.Errorf("%v, %q, stdout %q, stderr %q", err, text, stdout, stderr)
	}
}

func TestADeviceCodeIsABlockAndAnExitCode(t *testing.T) {
	r, stdout, stderr := start(&fakePool{answer: func(mm.Command) mm.Outcome { return code("ABCD1234") }}, runOptions{})
	err := r.run(t.Context(), getMailbox)
	const want = `
  Sign in to Contoso-GA/exo as admin@contoso.com:

    open   https://microsoft.com/devicelogin
    enter  ABCD1234

  The code is good for 15 minutes. Then run the same command again.

`
	if !errors.Is(err, exit(exitSignIn)) || stdout.Len() != 0 || stderr.String() != want {
		t.Errorf("%v, stdout %q, stderr\n%s", err, stdout, stderr)
	}
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
		if strings.Count(stderr.String(), "FIRST123") != 1 || strings.Count(stderr.String(), "SECOND12") != 1 {
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
		if err := r.run(t.Context(), getMailbox); !errors.Is(err, exit(exitFailed)) || !strings.Contains(stderr.String(), "Left.") {
			t.Errorf("%v, stderr %s", err, stderr)
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
