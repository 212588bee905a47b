package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
)

// waitPoll is how often --wait asks whether the sign-in is done: the pool has no call that waits for it.
const waitPoll = 2 * time.Second

// allItems is how many objects --json and --csv ask for: a file that silently lacks rows is worse than a large one.
const allItems = 1_000_000

type runOptions struct {
	json    bool
	csv     string
	wait    bool
	timeout seconds
}

func runCommand(e *environ) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run CONNECTION MODULE COMMAND",
		Short: "Run a PowerShell command in the session of a connection and module",
		Long: `Run a PowerShell command in the session of a connection and a module (exo, pnp, azure, teams).

Where nobody is signed in, it shows a device code; sign in and run the command again, or let --wait do that. Ctrl-C stops the
command and leaves the session signed in; a second Ctrl-C leaves the command running.

Exit codes: 0 the command ran, 1 it failed, 2 wrong usage, 3 somebody has to sign in first, 5 the daemon cannot be reached.`,
		Example: `  mm run Contoso-GA exo 'Get-Mailbox -ResultSize 5'
  mm run Contoso-GA exo 'Get-Mailbox' --csv mailboxes.csv --wait`,
		Args: exactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			module, ok := mm.ParseModule(args[1])
			if !ok {
				return usageError{fmt.Errorf("unknown module: %s; the modules are exo, pnp, azure and teams", args[1])}
			}
			if o.json && o.csv != "" {
				return usageError{errors.New("--json and --csv exclude each other; leave one of them out")}
			}
			s, err := e.read()
			if err != nil {
				return err
			}
			pool, err := connect(cmd.Context(), e, s)
			if err != nil {
				return unreachable(err)
			}
			defer pool.Close()
			r := &runner{pool: pool, stdout: cmd.OutOrStdout(), stderr: newScreen(os.Stderr), options: o, interrupts: make(chan os.Signal, 2)}
			signal.Notify(r.interrupts, os.Interrupt, syscall.SIGTERM)
			defer signal.Stop(r.interrupts)
			return r.run(cmd.Context(), mm.Command{
				Session: mm.SessionID{Connection: args[0], Module: module},
				Text:    args[2],
				Caller:  "cli",
				Timeout: time.Duration(o.timeout),
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print the objects as a JSON array")
	f.StringVar(&o.csv, "csv", "", "write the objects to `FILE` as CSV for Excel; - is standard output")
	f.BoolVar(&o.wait, "wait", false, "wait for the sign-in, then run the command")
	f.Var(&o.timeout, "timeout", "how long the command may run: seconds, or 5m (default 300)")
	return cmd
}

// seconds is a duration flag that also takes a plain number.
type seconds time.Duration

func (s *seconds) String() string { return time.Duration(*s).String() }
func (s *seconds) Type() string   { return "duration" }
func (s *seconds) Set(text string) error {
	d, err := time.ParseDuration(text)
	if n, bad := strconv.Atoi(text); bad == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d < time.Second || d > mm.MaxTimeout {
		return fmt.Errorf("want seconds, or a duration like 5m, from 1s to %s", mm.MaxTimeout)
	}
	*s = seconds(d)
	return nil
}

// A runner runs one command for a person.
type runner struct {
	pool       mm.Service
	stdout     io.Writer
	stderr     screen
	options    runOptions
	interrupts chan os.Signal
}

// run runs cmd, shows what comes of it, and returns an error with the exit code.
func (r *runner) run(ctx context.Context, cmd mm.Command) error {
	if r.options.json || r.options.csv != "" {
		cmd.Want = mm.Want{Format: mm.FormatJSON, MaxItems: allItems}
	}
	shown := ""
	for {
		out, err := r.once(ctx, cmd)
		if err != nil {
			return err
		}
		switch {
		case out.Status == mm.StatusSuccess:
			return r.succeeded(out)
		case out.Status != mm.StatusAuthRequired || out.Challenge == nil:
			return r.failed(out)
		}
		if c := out.Challenge; c.UserCode != shown {
			shown = c.UserCode
			r.showChallenge(out.Session, *c, time.Now())
		}
		if !r.options.wait {
			return exit(exitSignIn)
		}
		select {
		case <-time.After(waitPoll):
		case <-r.interrupts:
			return exit(exitSignIn)
		}
	}
}

// once asks once, under a request id of its own. The first interrupt cancels the command, the second leaves it.
func (r *runner) once(ctx context.Context, cmd mm.Command) (mm.Outcome, error) {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	cmd.RequestID = "cli-" + strings.ToLower(rand.Text())
	answered := make(chan mm.Outcome, 1)
	status := &statusLine{screen: r.stderr}
	go func() { answered <- r.pool.Run(ctx, cmd, status.progress()) }()
	for stopping := false; ; {
		select {
		case out := <-answered:
			status.clear()
			return out, nil
		case <-r.interrupts:
			status.clear()
			if stopping {
				fmt.Fprintln(r.stderr, "Left. The command may go on; `mm status` shows it.")
				return mm.Outcome{}, exit(exitFailed)
			}
			stopping = true
			fmt.Fprintln(r.stderr, "Stopping the command … (Ctrl-C again leaves without waiting)")
			go r.cancel(ctx, cmd.RequestID)
		}
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
