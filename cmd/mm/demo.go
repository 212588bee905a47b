package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/client"
	"github.com/microsoft-master/mm/internal/pwsh"
	"github.com/microsoft-master/mm/internal/sandbox"
)

// demoLimit ends a demo that hangs.
const demoLimit = 55 * time.Second

func demoCommand(e *environ) *cobra.Command {
	return &cobra.Command{
		Use:     "demo",
		Short:   "Show what mm does, on a pretended Microsoft 365",
		Long:    "Show what mm does, on a pretended Microsoft 365 in a temporary folder. It needs no tenant, no configuration and no network.",
		Example: "  mm demo\n  MM_SANDBOX_ENGINE=go mm demo   # without PowerShell, also where there is one",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			ctx, cancel := context.WithTimeout(ctx, demoLimit)
			defer cancel()
			return runDemo(ctx, e, newScreen(os.Stdout))
		},
	}
}

// A demo is one run: a sandbox, a daemon in it, and what was shown so far.
type demo struct {
	out   screen
	self  string // the path of this program
	env   []string
	sb    *sandbox.Sandbox
	s     settings
	pool  *client.Client
	shown []shown
}

// A shown is one step of the summary.
type shown struct {
	title string
	took  time.Duration
	err   error // why it did not show what it should
}

func runDemo(ctx context.Context, e *environ, out screen) (err error) {
	d := &demo{out: out}
	if d.self, err = os.Executable(); err != nil {
		return err
	}
	if d.sb, err = sandbox.Start(ctx, sandbox.Options{}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.sb.Close()) }()
	if d.s, err = sandboxSettings(d.sb, false); err != nil {
		return err
	}
	d.env = sandboxEnviron(d.sb, d.s)
	d.sayEngine()
	stop, err := d.startDaemon(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for i, step := range steps {
		fmt.Fprintf(out, "\n%s\n", out.bold(fmt.Sprintf("%d. %s", i+1, step.title)))
		begun := time.Now()
		err := step.show(d, ctx)
		d.shown = append(d.shown, shown{step.title, time.Since(begun), err})
		if err != nil {
			fmt.Fprintln(out, out.red("   did not work: ")+err.Error())
		}
	}
	return d.sum()
}

// sayEngine says what the commands run on.
func (d *demo) sayEngine() {
	path, err := pwsh.Find()
	switch {
	case d.s.GoOnly:
		fmt.Fprintln(d.out, "Runs on the Go engine that stands in for PowerShell, because of MM_SANDBOX_ENGINE=go.")
	case err != nil:
		fmt.Fprintf(d.out, "%v\nWithout it, this demo runs on the Go engine that stands in for PowerShell.\n", err)
	default:
		fmt.Fprintf(d.out, "Runs on the PowerShell at %s, with stand-ins for Microsoft's modules.\n", path)
	}
}

// startDaemon starts `mm serve` in the sandbox and waits until it answers. The function that it returns ends the daemon.
func (d *demo) startDaemon(ctx context.Context) (stop func() error, err error) {
	logPath := filepath.Join(d.sb.Dir(), "daemon.log")
	log, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(d.self, "serve", "--drain", "1s")
	cmd.Env = d.env
	cmd.Stdout, cmd.Stderr = log, log
	// Ctrl-C is for the demo, which ends the daemon itself.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop = func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			return err
		case <-time.After(stopLimit):
			return errors.Join(errors.New("the daemon did not end and was killed"), cmd.Process.Kill(), <-ended)
		}
	}
	if d.pool, err = poolAt(settings{Socket: d.s.Socket}); err != nil {
		return nil, errors.Join(err, stop())
	}
	again := time.NewTicker(startPoll)
	defer again.Stop()
	for {
		if _, err := d.pool.Health(ctx); err == nil {
			return stop, nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, errors.Join(errors.New("the daemon does not answer"), stop())
		case err := <-ended:
			text, _ := os.ReadFile(logPath)
			return nil, fmt.Errorf("the daemon ended (%w): %s", err, text)
		}
	}
}

// sum writes the summary and returns exit 1 where a step did not show what it should.
func (d *demo) sum() error {
	fmt.Fprintf(d.out, "\n%s\n", d.out.bold("Summary"))
	var failed bool
	for i, s := range d.shown {
		mark := d.out.green("shown ")
		if s.err != nil {
			mark, failed = d.out.red("FAILED"), true
		}
		fmt.Fprintf(d.out, "  %s  %d. %-55s %6.2f s\n", mark, i+1, s.title, s.took.Seconds())
	}
	if failed {
		return exit(exitFailed)
	}
	fmt.Fprintln(d.out, "\nThe sandbox and its daemon end now, and nothing of them stays. `mm sandbox -- bash` is one to play in.")
	return nil
}

// say writes an indented paragraph.
func (d *demo) say(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\r\n")) {
		fmt.Fprintf(d.out, "   %s\n", strings.TrimRight(line, "\r\n"))
	}
}

// sayHead is say for the first lines of a text.
func (d *demo) sayHead(text string, lines int) {
	all := strings.Split(strings.Trim(text, "\r\n"), "\n")
	if len(all) > lines {
		all = append(all[:lines], "…")
	}
	d.say(strings.Join(all, "\n"))
}

// command writes a command line as one would type it.
func (d *demo) command(line string) { d.say(d.out.dim("$ " + line)) }

// expect is nil where out has the status, and else says what it has.
func expect(out mm.Outcome, status mm.Status) error {
	switch {
	case out.Status == status:
		return nil
	case out.Err != nil:
		return fmt.Errorf("status %s, not %s: %w", out.Status, status, out.Err)
	}
	return fmt.Errorf("status %s, not %s", out.Status, status)
}
