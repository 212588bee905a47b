package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
)

// allItems is how many objects --json and --csv ask for: a file that silently lacks rows is worse than a large one.
const allItems = 1_000_000

type runOptions struct {
	json      bool
	csv       string
	delimiter delimiter
	wait      bool
	timeout   seconds
	file      string
	requestID string
}

func (o runOptions) objects() bool { return o.json || o.csv != "" }

func runCommand(e *environ) *cobra.Command {
	o := runOptions{delimiter: ','}
	cmd := &cobra.Command{
		Use:   "run CONNECTION MODULE COMMAND",
		Short: "Run a PowerShell command in the session of a connection and module",
		Long: `Run a PowerShell command in the session of a connection and a module (exo, pnp, azure, teams), and show what it prints.
COMMAND is one argument, so put it in quotes; - reads it from standard input, and --file from a file (at most 64 KiB).

Where nobody is signed in, it shows a device code; sign in and run the command again, or let --wait do both. A daemon is
started where none runs, unless MM_SESSION_POOL_URL says where one is.

Output goes to standard output, errors and warnings to standard error. In a terminal they appear as they are produced, at the
terminal's width; NO_COLOR turns colours off. Ctrl-C stops the command and leaves the session signed in; a second Ctrl-C
leaves without waiting for that.

--csv writes for Excel: all properties of the objects, formulas defused with an apostrophe, dates as Excel reads them, and
digits that Excel would change (00123, more than 15 of them) as ="00123". The file appears whole or not at all. Where Excel
has decimal commas, add --delimiter ';'. For programs there is --json.

Exit codes: 0 the command ran without an error; 1 it wrote an error, threw, or ended with an exit code other than 0, or its
output is not complete; 2 wrong usage; 3 somebody has to sign in first; 4 it is held until a person confirms it; 5 the daemon
cannot be reached.`,
		Example: `  mm run Contoso-GA exo 'Get-Mailbox -ResultSize 5'
  mm run Contoso-GA exo 'Get-Mailbox' --csv mailboxes.csv --wait
  mm run Contoso-GA pnp 'Get-PnPList' --json | jq '.[].Title'
  mm run Contoso-GA azure --file report.ps1 --timeout 30m
  echo 'Get-CsTenant' | mm run Contoso-GA teams -`,
		Args: func(cmd *cobra.Command, args []string) error { return checkRunArgs(cmd, args, o.file != "") },
		RunE: func(cmd *cobra.Command, args []string) error {
			return runForPerson(cmd, e, o, args)
		},
		ValidArgsFunction: completeSession(e),
	}
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print the objects as a JSON array")
	f.StringVar(&o.csv, "csv", "", "write the objects to `FILE` as CSV for Excel; - is standard output")
	f.Var(&o.delimiter, "delimiter", "what divides the columns of --csv: ',', ';' (with decimal commas) or tab")
	f.BoolVar(&o.wait, "wait", false, "wait for the sign-in, then run the command")
	f.Var(&o.timeout, "timeout", "how long the command may run: seconds, or 5m (default: the daemon's COMMAND_TIMEOUT, 300)")
	f.StringVar(&o.file, "file", "", "read the command from `SCRIPT`, in place of COMMAND")
	f.StringVar(&o.requestID, "request-id", "", "`ID` of an earlier run of the same command: wait for its answer, which is kept for 10 minutes")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; PowerShell's parameters belong inside of COMMAND, in quotes: see `%s --help`", err, cmd.CommandPath())}
	})
	return cmd
}

// checkRunArgs says what is wrong with the arguments of `mm run`.
func checkRunArgs(cmd *cobra.Command, args []string, file bool) error {
	switch {
	case file && len(args) == 3:
		return usageError{errors.New("COMMAND and --file exclude each other; leave one of them out")}
	case len(args) > 3:
		return usageError{fmt.Errorf("`%s` wants 3 arguments and got %d: put COMMAND in quotes; see `%s --help`", cmd.UseLine(), len(args), cmd.CommandPath())}
	case file:
		return exactArgs(2)(cmd, args)
	}
	return exactArgs(3)(cmd, args)
}

// parseModule is mm.ParseModule with an error for people.
func parseModule(name string) (mm.Module, error) {
	module, ok := mm.ParseModule(name)
	if !ok {
		return "", usageError{fmt.Errorf("unknown module: %s; the modules are exo, pnp, azure and teams", plain(name))}
	}
	return module, nil
}

// runForPerson runs one command as the options say.
func runForPerson(cmd *cobra.Command, e *environ, o runOptions, args []string) error {
	module, err := parseModule(args[1])
	if err != nil {
		return err
	}
	if o.json && o.csv != "" {
		return usageError{errors.New("--json and --csv exclude each other; leave one of them out")}
	}
	script, err := readScript(append(args, "")[2], o.file, cmd.InOrStdin(), os.Stderr)
	if err != nil {
		return err
	}
	var file *resultFile
	if o.csv != "" && o.csv != "-" {
		// Before the command runs: one that took an hour must not find that there is no place for its rows.
		if file, err = createResult(o.csv); err != nil {
			return err
		}
		defer file.discard()
	}
	interrupts, release := catchInterrupts()
	defer release()
	r := &runner{stdout: screenOn(cmd.OutOrStdout()), stderr: newScreen(os.Stderr), options: o, file: file,
		interrupts: interrupts, release: release}
	if r.pool, err = r.connect(cmd.Context(), e); err != nil {
		return err
	}
	return r.run(cmd.Context(), mm.Command{
		Session: mm.SessionID{Connection: args[0], Module: module},
		Text:    script,
		Caller:  "cli",
		Timeout: time.Duration(o.timeout),
	})
}

// catchInterrupts returns the signals that end a command. One that this process was told to ignore, as by nohup, stays
// ignored.
func catchInterrupts() (interrupts chan os.Signal, release func()) {
	interrupts = make(chan os.Signal, 2)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(interrupts, s)
		}
	}
	return interrupts, func() { signal.Stop(interrupts) }
}

// A runner asks the pool one thing for a person, and waits for the sign-in that it may take.
type runner struct {
	pool           mm.Service
	stdout, stderr screen
	options        runOptions
	file           *resultFile // for --csv FILE
	interrupts     chan os.Signal
	release        func() // gives signals their usual effect back
}

// connect finds the daemon, or starts one. An interrupt ends that.
func (r *runner) connect(ctx context.Context, e *environ) (mm.Service, error) {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	type result struct {
		pool mm.Service
		err  error
	}
	found := make(chan result, 1)
	go func() {
		s, err := e.read()
		if err != nil {
			found <- result{err: err}
			return
		}
		pool, err := connect(ctx, e, s)
		found <- result{pool, err}
	}()
	select {
	case f := <-found:
		return f.pool, f.err
	case <-r.interrupts:
		leave()
		<-found // so that a daemon is not left half started
		return nil, exit(exitFailed)
	}
}

// run runs cmd, shows what comes of it, and returns an error with the exit code.
func (r *runner) run(ctx context.Context, cmd mm.Command) error {
	cmd.Want.Width = askedWidth(r.stdout.width())
	if r.options.objects() {
		cmd.Want = mm.Want{Format: mm.FormatJSON, MaxItems: allItems}
	}
	out, err := r.answer(ctx, question{"command", func(ctx context.Context, id string, progress mm.Progress) mm.Outcome {
		cmd := cmd
		cmd.RequestID = id
		return r.pool.Run(ctx, cmd, progress)
	}})
	if err != nil {
		return err
	}
	return r.show(out)
}

// A question is what a runner asks the pool, once or again after a sign-in.
type question struct {
	noun string // as people call it: command
	ask  func(ctx context.Context, id string, progress mm.Progress) mm.Outcome
}

// answer returns the answer to q that is no sign-in; it shows sign-ins, and waits for them where that was asked for. The error
// has the exit code.
func (r *runner) answer(ctx context.Context, q question) (mm.Outcome, error) {
	id := r.options.requestID
	var shown mm.Challenge
	for {
		if id == "" {
			id = newRequestID()
		}
		out, stopped, err := r.once(ctx, q, id, shown)
		if err != nil {
			return out, err
		}
		if out.Status != mm.StatusAuthRequired || out.Challenge == nil {
			return out, nil
		}
		r.showNew(out, shown)
		shown = *out.Challenge
		if !r.options.wait || stopped || !r.waitForSignIn(ctx, shown) {
			return out, exit(exitSignIn)
		}
		id = "" // the answer to the last one stays what it was
	}
}

// askedWidth is the width to ask for on a terminal of n columns: within the pool's bounds, 0 for its default.
func askedWidth(n int) int {
	const least, most = 20, 10_000
	if n == 0 {
		return 0
	}
	return min(max(n, least), most)
}
