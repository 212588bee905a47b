package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/microsoft-master/mm/internal/sandbox"
)

func sandboxCommand(e *environ) *cobra.Command {
	var dir string
	var approve time.Duration
	cmd := &cobra.Command{
		Use:   "sandbox [-- COMMAND…]",
		Short: "Start a pretended Microsoft 365 to try things on",
		Long: `Start a pretended Microsoft 365: three tenants, their sign-in page, and PowerShell modules under the real names.

With a COMMAND it gives COMMAND its environment, and ends with it and with its exit code; without, it stays until Ctrl-C.
Inside, 'mm sandbox fault' lets its commands hang, fail, print noise or kill their process.`,
		Example: "  mm sandbox -- bash\n  mm sandbox --approve-after 2s -- mm run Contoso-GA exo Get-Mailbox --wait",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSandbox(cmd.Context(), e, sandbox.Options{Dir: dir, ApproveAfter: approve}, args)
		},
	}
	cmd.AddCommand(faultCommand(e))
	cmd.Flags().StringVar(&dir, "dir", "", "keep the sandbox in `DIR` and use it again (default: a temporary folder)")
	cmd.Flags().DurationVar(&approve, "approve-after", 0, "sign the expected account in after that time (default: you do, on the page)")
	return cmd
}

func runSandbox(ctx context.Context, e *environ, o sandbox.Options, command []string) (err error) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)
	sb, err := sandbox.Start(ctx, o)
	if err != nil {
		return err
	}
	// The daemon goes first: it has its state in the sandbox's folder.
	defer func() { err = errors.Join(err, sb.Close()) }()
	inside, err := sandboxSettings(sb, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopDaemon(inside)) }()
	if len(command) == 0 {
		introduce(os.Stdout, sb, inside, o.ApproveAfter)
		<-signals
		return nil
	}
	return runInside(sandboxEnviron(sb, inside), command, signals)
}

// sandboxSettings are the settings of an mm inside of the sandbox: its folders below the sandbox's home, and a port of its
// own. Where the usual port is asked for, as people type it, it is that one unless it is taken; somebody else may take it until
// the daemon starts.
func sandboxSettings(sb *sandbox.Sandbox, usual bool) (settings, error) {
	inside := &environ{getenv: lookupIn(sb.Env())}
	s, err := inside.read()
	if err != nil {
		return s, err
	}
	var ln net.Listener
	if usual {
		ln, _ = net.Listen("tcp", s.address()) // taken: another one does
	}
	if ln == nil {
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return s, err
		}
	}
	s.Port = ln.Addr().(*net.TCPAddr).Port
	return s, errors.Join(ln.Close(), os.MkdirAll(sandboxTemp(sb), 0o700))
}

// sandboxTemp is where programs inside of the sandbox put temporary files: a PowerShell that is killed leaves some behind.
func sandboxTemp(sb *sandbox.Sandbox) string { return filepath.Join(sb.Dir(), "tmp") }

// sandboxEnviron is the environment of programs inside of the sandbox. This mm is the last on their PATH.
func sandboxEnviron(sb *sandbox.Sandbox, s settings) []string {
	env := sb.Env()
	path := lookupIn(env)("PATH")
	if self, err := os.Executable(); err == nil {
		path = strings.TrimPrefix(path+string(os.PathListSeparator)+filepath.Dir(self), string(os.PathListSeparator))
	}
	return append(env, "PATH="+path, "SESSION_POOL_PORT="+strconv.Itoa(s.Port), "TMPDIR="+sandboxTemp(sb))
}

// lookupIn is getenv for a list; the last of several wins, as in exec.
func lookupIn(env []string) func(string) string {
	return func(name string) string {
		for i := len(env) - 1; i >= 0; i-- {
			if key, value, _ := strings.Cut(env[i], "="); key == name {
				return value
			}
		}
		return ""
	}
}

// runInside runs command and passes signals on to it, and returns its exit code as an exit.
func runInside(env, command []string, signals <-chan os.Signal) error {
	path, err := lookPath(command[0], lookupIn(env)("PATH"))
	if err != nil {
		return usageError{err}
	}
	child := exec.Command(path, command[1:]...)
	child.Env = env
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	for {
		select {
		case sig := <-signals:
			if sig != os.Interrupt { // Ctrl-C reached it already: it is in our process group
				_ = child.Process.Signal(sig)
			}
		case err := <-ended:
			return exitOf(err)
		}
	}
}

// exitOf is the end of a child as the end of this process: its code, or 128 and the signal as shells have it.
func exitOf(err error) error {
	var ended *exec.ExitError
	if !errors.As(err, &ended) {
		return err
	}
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exit(128 + int(status.Signal()))
	}
	return exit(ended.ExitCode())
}

// lookPath finds a program on a PATH that is not this process's own.
func lookPath(name, path string) (string, error) {
	if strings.ContainsRune(name, filepath.Separator) {
		return name, nil
	}
	for _, dir := range filepath.SplitList(path) {
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil && filepath.IsAbs(p) {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s is not found on PATH", name)
}

const (
	stopLimit = drainLimit + answerLimit + 2*time.Second
	stopPoll  = 20 * time.Millisecond // a lock has no event that one could wait for
)

// stopDaemon ends the daemon of the settings' state folder, if there is one, and waits until it is gone.
func stopDaemon(s settings) error {
	if _, err := os.Stat(s.lockPath()); err != nil {
		return nil // none was ever started
	}
	for _, step := range []struct {
		signal unix.Signal
		wait   time.Duration
	}{{unix.SIGTERM, stopLimit}, {unix.SIGKILL, time.Second}} {
		told := 0
		for deadline := time.Now().Add(step.wait); time.Now().Before(deadline); time.Sleep(stopPoll) {
			lock, err := takeLock(s.lockPath())
			if err == nil {
				lock.release()
				return nil
			}
			if !errors.Is(err, errLocked) {
				return err
			}
			// A starter may hold the lock for a daemon that has not signed it yet.
			if pid := lockHolder(s.lockPath()); pid > 0 && pid != told {
				told = pid
				_ = unix.Kill(pid, step.signal) // gone already: then the lock is free next time
			}
		}
	}
	return fmt.Errorf("the daemon (pid %d) does not end", lockHolder(s.lockPath()))
}

// introduce says what is there.
func introduce(w io.Writer, sb *sandbox.Sandbox, s settings, approve time.Duration) {
	fmt.Fprintf(w, "The sandbox is in %s.\n\n", sb.Dir())
	rows := [][]string{{"TENANT", "DOMAIN", "ACCOUNTS"}}
	for _, t := range sb.Tenants() {
		names := make([]string, len(t.Accounts))
		for i, a := range t.Accounts {
			names[i] = a.UserPrincipalName
		}
		rows = append(rows, []string{t.DisplayName, t.InitialDomain, fitLine(strings.Join(names, ", "), 100)})
	}
	_ = table(w, rows)
	fmt.Fprintln(w)
	_ = listConnections(w, sb.Connections(), false)
	fmt.Fprintf(w, "\nSign-in page: %s\n", sb.PageURL())
	if approve > 0 {
		fmt.Fprintf(w, "The expected account is signed in by itself after %s.\n", approve)
	}
	fmt.Fprintln(w, "\nIn another terminal:")
	env := lookupIn(sandboxEnviron(sb, s))
	for _, name := range []string{"HOME", "PSModulePath", "TMPDIR"} {
		fmt.Fprintf(w, "  export %s=%s\n", name, quote(env(name)))
	}
	fmt.Fprintf(w, "  export SESSION_POOL_PORT=%d\n", s.Port)
	fmt.Fprintln(w, "  mm run Contoso-GA exo Get-Mailbox\n\nCtrl-C ends the sandbox and the daemon that was started in it.")
}

// quote is a word for a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
