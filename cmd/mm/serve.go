package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// drainLimit is how long commands may go on after the first signal. Container runtimes kill after 10 s.
const drainLimit = 8 * time.Second

// collectAt is how much garbage, in percent of what is alive, the daemon lets come together. It waits far more than it
// computes, and its memory is wanted by the PowerShell processes.
const collectAt = 40

// serveFlags are the flags of `mm serve` that stand for a variable, and go before it.
var serveFlags = []struct{ flag, variable, usage string }{
	{"host", "SESSION_POOL_HOST", "listen on the address `HOST` (default 127.0.0.1)"},
	{"port", "SESSION_POOL_PORT", "listen on `PORT` (default 5200)"},
	{"log-level", "SESSION_POOL_LOG_LEVEL", "log from `LEVEL`: DEBUG, INFO, WARNING, ERROR, CRITICAL (default INFO)"},
	{"connection", "M365_CONNECTION", "serve just the connection `NAME`"},
}

func serveCommand(e *environ) *cobra.Command {
	var background bool
	drain := seconds(drainLimit)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the daemon that holds all sessions",
		Long: `Run the daemon that holds all sessions, for the HTTP API on 127.0.0.1:5200 and the unix socket in the state folder.

Environment: SESSION_POOL_HOST, SESSION_POOL_PORT, SESSION_POOL_STATE_DIR, SESSION_POOL_LOG_DIR, SESSION_POOL_LOG_LEVEL,
SESSION_POOL_AUTH (none: POST needs no token), COMMAND_TIMEOUT (seconds), M365_CONNECTION (serve just this one), MM_PWSH,
MM_TOKEN_KEY (32 bytes in hexadecimal or base64, which encrypt the token caches in place of the key file beside them).
A flag goes before its variable.

SIGTERM, Ctrl-C or 'mm stop' lets running commands end; a second signal ends at once. It tells a service manager when it is
ready, what it does and that it lives (sd_notify; Type=notify, WatchdogSec).`,
		Example: "  mm serve\n  mm serve --port 5300 --log-level DEBUG",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := e
			for _, f := range serveFlags {
				if cmd.Flags().Changed(f.flag) {
					value, _ := cmd.Flags().GetString(f.flag) // the flag is there
					in = in.with(f.variable, "--"+f.flag, value)
				}
			}
			s, err := in.read()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), in, s, background, time.Duration(drain))
		},
	}
	for _, f := range serveFlags {
		cmd.Flags().String(f.flag, "", f.usage)
	}
	cmd.Flags().Var(&drain, "drain", "how long running commands may go on after a signal")
	cmd.Flags().BoolVar(&background, "background", false, "started by another command of mm")
	_ = cmd.Flags().MarkHidden("background") // the flag is there
	return cmd
}

// An ending says why the daemon ends, and how.
type ending struct {
	why    string
	drain  time.Duration // for what runs
	failed bool          // nobody asked for it
}

// serve runs the daemon until something ends it, and says what that was.
func serve(ctx context.Context, e *environ, s settings, background bool, drain time.Duration) error {
	begun := time.Now()
	signals, stop := watchSignals(background)
	defer stop()
	if e.getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if background {
		unix.Umask(0o077)
	}
	lock, err := daemonsLock(ctx, e, s, background)
	if err != nil {
		return err
	}
	defer lock.end()
	log := newLog(os.Stderr, s.LogLevel)
	sayLost(log, lock.lost)
	d, err := openDaemon(ctx, s, background, log)
	if err != nil {
		return err
	}
	manager := newManager(log)
	manager.ready()
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	go manager.watch(watching, d.pool.Metrics)
	if background {
		go watchIdle(watching, &d.use, d.inUse, d.pool.Stop, log)
	}
	stopKeeping := d.startKeeping(watching, lock, s)

	end := d.wait(signals, drain)
	stopKeeping() // it writes the lock
	log.Info("ending", "why", end.why, "drain", end.drain.String())
	manager.stopping(end)
	if err := lock.signEnding(); err != nil {
		log.Warn("the lock does not say that mm ends", "error", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.stop(end.drain) }()
	ran := func() string { return time.Since(begun).Round(time.Millisecond).String() }
	select {
	case err := <-ended:
		switch {
		case err != nil:
			log.Error("ended", "why", end.why, "ran", ran(), "error", err)
		case end.failed:
			log.Error("ended", "why", end.why, "ran", ran())
		default:
			log.Info("ended", "why", end.why, "ran", ran())
			return nil
		}
	case sig := <-signals:
		// The PowerShell hosts end when their sockets close with this process.
		d.closeDoors()
		log.Warn("ended at once", "why", end.why+", then "+signalText(sig), "ran", ran())
	}
	return exit(exitFailed)
}

// wait blocks until something ends the daemon. drain is for endings that name none.
func (d *daemon) wait(signals <-chan os.Signal, drain time.Duration) ending {
	select {
	case sig := <-signals:
		return ending{why: signalText(sig), drain: drain}
	case r := <-d.stops:
		if r.Drain != 0 {
			drain = max(r.Drain, 0)
		}
		why := plain(r.Why)
		if why == "" {
			why = "a request over the socket, without a reason"
		}
		return ending{why: why, drain: drain}
	case err := <-d.failed:
		return ending{why: err.Error(), drain: drain, failed: true}
	}
}

// watchSignals returns the signals that end the daemon. The others that would end a program without a word are taken and
// dropped: SIGPIPE, whose write fails all the same, and in the background SIGHUP. Ignoring them would be inherited by
// the PowerShell processes.
func watchSignals(background bool) (signals chan os.Signal, stop func()) {
	signals = make(chan os.Signal, 2)
	dropped := make(chan os.Signal, 1) // nobody receives
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT)
	signal.Notify(dropped, unix.SIGPIPE)
	switch {
	case background:
		signal.Notify(dropped, unix.SIGHUP)
	case !signal.Ignored(unix.SIGHUP): // nohup
		signal.Notify(signals, unix.SIGHUP)
	}
	return signals, func() {
		signal.Stop(signals)
		signal.Stop(dropped)
	}
}

// signalText names a signal. Go's runtime keeps no sender, so only the terminal's own are told apart.
func signalText(sig os.Signal) string {
	number, ok := sig.(unix.Signal)
	if !ok {
		return sig.String()
	}
	name := unix.SignalName(number)
	switch {
	case number == unix.SIGINT && term.IsTerminal(int(os.Stdin.Fd())):
		return name + " (Ctrl-C)"
	case number == unix.SIGHUP:
		return name + " (its terminal was closed)"
	}
	return name
}

// sayLost warns of a daemon that ended without a word.
func sayLost(log *slog.Logger, n lockNote) {
	if n.lost == 0 {
		return
	}
	log.Warn("the mm before this one ended without a word: it was killed, crashed, or the machine went down; commands that ran "+
		"may have taken effect or not", "pid", n.lost, "last_sign_of_life", n.seen.UTC().Format(time.RFC3339))
}

// starterPatience is how long a lock that nobody signed is waited for: somebody starts a daemon, or only tried the lock.
const starterPatience = 3 * time.Second

// daemonsLock takes mm.lock, or takes it over from the command that started this daemon in the background, and signs it.
func daemonsLock(ctx context.Context, e *environ, s settings, background bool) (*daemonLock, error) {
	var lock *daemonLock
	var err error
	if background && e.getenv(lockEnv) != "" {
		lock, err = inheritedLock(s.lockPath())
	} else {
		lock, err = ownLock(ctx, s, background)
	}
	if err != nil {
		return nil, err
	}
	if err := lock.sign(); err != nil {
		lock.release()
		return nil, stateError("write "+s.lockPath(), err)
	}
	return lock, nil
}

// ownLock takes mm.lock where it is free, or where the daemon in the background that has it is idle and makes room.
func ownLock(ctx context.Context, s settings, background bool) (*daemonLock, error) {
	for deadline := time.Now().Add(starterPatience); ; time.Sleep(lockPoll) {
		lock, err := takeLock(s.lockPath())
		if err != errLocked {
			return lock, err
		}
		if lockHolder(s.lockPath()) != 0 || time.Now().After(deadline) {
			break
		}
	}
	if !background && makesRoom(ctx, s) {
		if lock, err := takeLock(s.lockPath()); err != errLocked {
			return lock, err
		}
	}
	return nil, fmt.Errorf("another mm serves %s (pid %d); use that, end it with `mm stop`, "+
		"or give this one a SESSION_POOL_STATE_DIR of its own", s.StateDir, lockHolder(s.lockPath()))
}
