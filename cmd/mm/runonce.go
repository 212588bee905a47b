package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// leaveLimit is how long a command that a signal other than Ctrl-C ended may take to be stopped.
const leaveLimit = 5 * time.Second

// hintAfter is how long stopping a command takes until a person is told how to leave it: mostly it has stopped by then.
const hintAfter = 300 * time.Millisecond

func newRequestID() string { return "cli-" + strings.ToLower(rand.Text()) }

// once asks once and shows the command while it runs, and what it printed. The first interrupt cancels the command, the
// second leaves it; stopped says that there was one. waiting is the sign-in that was shown before, if there was one.
func (r *runner) once(ctx context.Context, q question, id string, waiting mm.Challenge) (out mm.Outcome, stopped bool, err error) {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	view := newDisplay(r.stdout, r.stderr, r.options.objects(), idleText(time.Now(), waiting))
	answered := make(chan mm.Outcome, 1)
	go func() { answered <- q.ask(ctx, id, view.watching()) }()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	var slow, overdue <-chan time.Time
	for {
		select {
		case out := <-answered:
			if out.Status != mm.StatusAuthRequired && r.file == nil {
				r.release() // Ctrl-C ends the printing of a long answer
			}
			return out, stopped, view.finish(out)
		case now := <-second.C:
			view.tick(now)
		case sig := <-r.interrupts:
			if !stopped { // first of all: a terminal that stands still would hold up what is written to it
				go r.cancel(ctx, id)
			}
			view.pause()
			if stopped {
				return out, true, r.left(q.noun, id)
			}
			stopped = true
			if sig == os.Interrupt {
				slow = time.After(hintAfter)
			} else {
				overdue = time.After(leaveLimit)
			}
		case <-slow:
			view.pause()
			fmt.Fprintf(r.stderr, "Stopping the %s … (Ctrl-C again leaves without waiting)\n", q.noun)
		case <-overdue:
			view.pause()
			return out, true, r.left(q.noun, id)
		}
	}
}

// left says that nobody waits for the answer any more.
func (r *runner) left(noun, id string) error {
	fmt.Fprintf(r.stderr, "Left. The %s may go on. The same command line with --request-id %s finds its answer.\n", noun, id)
	return exit(exitFailed)
}

// idleText is what the status line says while the command says nothing.
func idleText(begun time.Time, waiting mm.Challenge) func(time.Time) string {
	return func(now time.Time) string {
		switch took := now.Sub(begun); {
		case waiting.URL != "" && took < 3*waitPoll:
			return waitingText(waiting, now)
		case took >= time.Second:
			return "Running: " + clock(took) + " (Ctrl-C stops it)"
		}
		return ""
	}
}

// cancel asks until the pool has found the request: it may still be on its way there. It ends with ctx.
func (r *runner) cancel(ctx context.Context, requestID string) {
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		if found, err := r.pool.Cancel(ctx, requestID); found || err != nil {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}
