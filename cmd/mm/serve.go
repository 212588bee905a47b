package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// drainLimit is how long commands may go on after the first signal. Container runtimes kill after 10 s.
const drainLimit = 8 * time.Second

// collectAt is how much garbage, in percent of what is alive, the daemon lets come together. It waits far more than it
// computes, and its memory is wanted by the PowerShell processes.
const collectAt = 40

func serveCommand(e *environ) *cobra.Command {
	var background bool
	drain := seconds(drainLimit)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the daemon that holds all sessions",
		Long: `Run the daemon that holds all sessions, for the HTTP API on 127.0.0.1:5200 and the unix socket in the state folder.

Environment: SESSION_POOL_HOST, SESSION_POOL_PORT, SESSION_POOL_STATE_DIR, SESSION_POOL_LOG_DIR, SESSION_POOL_LOG_LEVEL,
SESSION_POOL_AUTH (none: POST needs no token), COMMAND_TIMEOUT (seconds), M365_CONNECTION (serve just this one), MM_PWSH.

SIGTERM or Ctrl-C lets running commands end; a second one ends at once.`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := e.read()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), e, s, background, time.Duration(drain))
		},
	}
	cmd.Flags().Var(&drain, "drain", "how long running commands may go on after a signal")
	cmd.Flags().BoolVar(&background, "background", false, "started by another command of mm")
	_ = cmd.Flags().MarkHidden("background") // the flag is there
	return cmd
}

// serve runs the daemon until a signal, or until a daemon in the background was idle for long.
func serve(ctx context.Context, e *environ, s settings, background bool, drain time.Duration) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	if e.getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}

	lock, err := daemonsLock(e, s, background)
	if err != nil {
		return err
	}
	defer lock.release()
	log := newLog(os.Stderr, s.LogLevel)
	d, err := startPool(ctx, s, background, log)
	if err != nil {
		return err
	}
	idle := make(chan struct{})
	if background {
		watching, stop := context.WithCancel(ctx)
		defer stop()
		go watchIdle(watching, &d.last, d.sessions, func() { close(idle) })
	}
	select {
	case sig := <-signals:
		log.Info("ending", "signal", sig.String(), "drain", drain.String())
	case r := <-d.stops:
		if r.Drain != 0 {
			drain = max(r.Drain, 0)
		}
		log.Info("ending on request", "why", r.Why, "drain", drain.String())
	case <-idle:
		log.Info("ending: no session and no request", "since", idleLimit.String())
	case err := <-d.failed:
		log.Error("the API cannot be served any more", "error", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.stop(drain) }()
	select {
	case err := <-ended:
		log.Info("ended")
		return err
	case <-signals:
		// The PowerShell hosts end when their sockets close with this process.
		log.Warn("ending at once")
		return exit(exitFailed)
	}
}

// daemonsLock takes mm.lock, or takes it over from the command that started this daemon in the background.
func daemonsLock(e *environ, s settings, background bool) (*daemonLock, error) {
	var lock *daemonLock
	if background && e.getenv(lockEnv) != "" {
		lock = inheritedLock()
	} else {
		var err error
		lock, err = takeLock(s.lockPath())
		if errors.Is(err, errLocked) {
			return nil, fmt.Errorf("another mm serves %s (pid %d); use that, end it with `kill %[2]d`, "+
				"or give this one a SESSION_POOL_STATE_DIR of its own", s.StateDir, lockHolder(s.lockPath()))
		}
		if err != nil {
			return nil, err
		}
	}
	if err := lock.sign(); err != nil {
		lock.release()
		return nil, fmt.Errorf("%s is not writable: %w; make it writable or set SESSION_POOL_STATE_DIR", s.lockPath(), err)
	}
	return lock, nil
}
