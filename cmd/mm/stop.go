package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	mm "github.com/microsoft-master/mm"
)

// stopDrain is how long `mm stop` lets commands run on where nobody says how long.
const stopDrain = 30 * time.Second

func stopCommand(e *environ) *cobra.Command {
	var now bool
	drain := seconds(stopDrain)
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop the daemon",
		Long: `Stop the daemon of this machine and wait until it has ended. Running commands may go on for --drain; what runs longer is
stopped. The accounts of connections stay signed in; a module's own sign-in ends with its session. Where no daemon runs, that is
said, and the exit code is 0.

Ctrl-C leaves the daemon to its end.`,
		Example: "  mm stop\n  mm stop --drain 5m\n  mm stop --now",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := e.read()
			if err != nil {
				return err
			}
			if s.URL != "" {
				return usageError{fmt.Errorf("MM_SESSION_POOL_URL leads to %s, and a daemon can only be stopped over its unix socket; "+
					"run `mm stop` on that machine, or unset MM_SESSION_POOL_URL to stop the one here", s.URL)}
			}
			if now && cmd.Flags().Changed("drain") {
				return usageError{errors.New("--drain and --now exclude each other; leave one of them out")}
			}
			if now {
				drain = 0
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), unix.SIGINT, unix.SIGTERM)
			defer stop()
			return stopper{s: s, out: cmd.OutOrStdout(), screen: cmd.ErrOrStderr()}.run(ctx, time.Duration(drain))
		},
	}
	cmd.Flags().Var(&drain, "drain", "how long running commands may go on")
	cmd.Flags().BoolVar(&now, "now", false, "stop running commands at once")
	return cmd
}

// A stopper is one `mm stop`.
type stopper struct {
	s           settings
	out, screen io.Writer
}

func (st stopper) run(ctx context.Context, drain time.Duration) error {
	pool, err := poolAt(st.s)
	if err != nil {
		return err
	}
	defer pool.Close()
	asking, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	about, err := pool.About(asking)
	if err == nil {
		st.sayRunning(asking, pool, drain)
		err = pool.Stop(asking, stopRequest(drain))
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return exit(exitFailed)
	default:
		return st.unanswered(ctx, drain, err)
	}
	return st.wait(ctx, about.PID, drain)
}

// unanswered deals with a daemon that did not take the request: there is none, it is about to end already, or it hangs.
func (st stopper) unanswered(ctx context.Context, drain time.Duration, cause error) error {
	if _, err := os.Stat(st.s.lockPath()); err != nil {
		return st.none()
	}
	lock, err := takeLock(st.s.lockPath())
	if err == nil {
		lock.release()
		return st.none()
	}
	if !errors.Is(err, errLocked) {
		return err
	}
	note := readLock(st.s.lockPath())
	switch {
	case note.ending && drain == 0:
		fmt.Fprintf(st.screen, "mm (pid %d) is about to end already; it is told to do so at once.\n", note.pid)
		_ = unix.Kill(note.pid, unix.SIGTERM) // gone already: then the lock is free
	case note.ending:
		fmt.Fprintf(st.screen, "mm (pid %d) is about to end already; `mm stop --now` does not wait for its commands.\n", note.pid)
	case note.pid == 0:
		return mm.Errorf(mm.NodeUnreachable, "Try again in a few seconds.", "mm is being started.")
	default:
		return mm.Errorf(mm.NodeUnreachable, fmt.Sprintf("End it with `kill %d`, or `kill -9 %[1]d` where that does not help.", note.pid),
			"mm (pid %d) does not take the request to stop (%s).", note.pid, strings.TrimSuffix(cause.Error(), "."))
	}
	return st.wait(ctx, note.pid, drain)
}

func (st stopper) none() error {
	_, err := fmt.Fprintf(st.out, "No mm runs for %s.\n", st.s.StateDir)
	return err
}

// sayRunning tells what the end waits for.
func (st stopper) sayRunning(ctx context.Context, pool mm.Admin, drain time.Duration) {
	status, err := pool.Status(ctx)
	if err != nil {
		return // the request to stop says more
	}
	if text := runningText(status.Sessions); text != "" && drain > 0 {
		fmt.Fprintf(st.screen, "Waiting up to %s for commands to end: %s.\n", drain, text)
	}
}

// runningText lists the sessions that run commands: Contoso-GA/exo (and 2 that wait).
func runningText(sessions []mm.SessionStatus) string {
	var busy []string
	for _, s := range sessions {
		switch {
		case s.Busy && s.Queued > 0:
			busy = append(busy, fmt.Sprintf("%s (and %d that wait)", s.ID, s.Queued))
		case s.Busy:
			busy = append(busy, s.ID.String())
		}
	}
	return strings.Join(busy, ", ")
}

// stopRequest is what the daemon is asked for. Its log says who asked.
func stopRequest(drain time.Duration) mm.StopRequest {
	why := fmt.Sprintf("`mm stop`, pid %d", os.Getpid())
	if u, err := user.Current(); err == nil {
		why += " of " + u.Username
	}
	if drain <= 0 {
		drain = -1 // 0 is the daemon's default
	}
	return mm.StopRequest{Drain: drain, Why: why}
}

// wait waits until the daemon with that pid has ended.
func (st stopper) wait(ctx context.Context, pid int, drain time.Duration) error {
	limit := drain + lingering + 2*answerLimit
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := waitEnded(waiting, st.s.lockPath(), pid)
	switch {
	case err == nil:
		_, err = fmt.Fprintf(st.out, "mm (pid %d) has ended.\n", pid)
		return err
	case ctx.Err() != nil:
		fmt.Fprintln(st.screen, "Left. mm goes on to its end; `mm stop --now` does not wait for its commands.")
		return exit(exitFailed)
	case waiting.Err() != nil:
		return fmt.Errorf("mm (pid %d) has not ended after %s; end it with `kill %[1]d`, or `kill -9 %[1]d` where that does not help",
			pid, limit.Round(time.Second))
	}
	return err
}
