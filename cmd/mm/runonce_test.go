package main

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	mm "github.com/microsoft-master/mm"
)

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
		go func() {
			time.Sleep(2 * hintAfter)
			r.interrupts <- os.Interrupt
		}()
		err := r.run(t.Context(), getMailbox)
		if !errors.Is(err, exit(exitFailed)) || !strings.Contains(stderr.String(), "--request-id cli-") {
			t.Errorf("%v, stderr %s", err, stderr)
		}
		contains(t, "stderr", stderr.String(), "Stopping the command … (Ctrl-C again leaves without waiting)")
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
			id := <-asked
			pool.mu.Lock()
			defer pool.mu.Unlock()
			if !errors.Is(err, exit(exitFailed)) || id != pool.commands[0].RequestID || time.Since(begun) != leaveLimit {
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
