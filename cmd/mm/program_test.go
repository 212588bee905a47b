package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/microsoft-master/mm/internal/sandbox"
)

// A world is a sandbox with an empty HOME in which a test runs the program. Its daemon, if one is started, is gone when the
// test ends, or the test fails.
type world struct {
	t   *testing.T
	sb  *sandbox.Sandbox
	s   settings
	env []string
}

func newWorld(t *testing.T, approve time.Duration) *world {
	t.Helper()
	sb, err := sandbox.Start(t.Context(), sandbox.Options{Dir: shortTemp(t), ApproveAfter: approve})
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandboxSettings(sb, false)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, sb: sb, s: s, env: append(sandboxEnviron(sb, s), "MM_SANDBOX_ENGINE=go")}
	t.Cleanup(func() {
		if err := stopDaemon(s); err != nil {
			t.Error(err)
		}
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// shortTemp is t.TempDir with a short name: a socket's path may have 100 bytes.
func shortTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mm-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// edit changes a field of a connection in the registry.
func (w *world) edit(connection, key, value string) {
	w.t.Helper()
	if code, _, stderr := w.run("connections", "edit", connection, key, value); code != exitOK {
		w.t.Fatalf("exit code %d: %s", code, stderr)
	}
}

// mm prepares the program with arguments.
func (w *world) mm(args ...string) *exec.Cmd {
	cmd := exec.Command(mmPath, args...)
	cmd.Env = w.env
	return cmd
}

// run runs the program to its end.
func (w *world) run(args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	return ended(w.t, w.mm(args...))
}

func ended(t *testing.T, cmd *exec.Cmd) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	if e := cmd.Run(); e != nil {
		var exit *exec.ExitError
		if !errors.As(e, &exit) {
			t.Fatal(e)
		}
	}
	return cmd.ProcessState.ExitCode(), out.String(), err.String()
}

// A server is `mm serve` as a child, with the lines that it logs.
type server struct {
	*exec.Cmd
	lines chan string
	first string // the line that says what is served
}

// serve starts the daemon and waits until it serves.
func (w *world) serve(args ...string) *server {
	w.t.Helper()
	return w.watch(w.mm(append([]string{"serve"}, args...)...))
}

// watch starts a daemon by cmd and waits until it serves.
func (w *world) watch(cmd *exec.Cmd) *server {
	w.t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	s := &server{Cmd: cmd, lines: make(chan string, 1000)}
	go func() {
		defer close(s.lines)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.lines <- lines.Text()
		}
	}()
	s.first = s.logged(w.t, "- serving {")
	return s
}

// logged waits for a line with text, and returns it.
func (s *server) logged(t *testing.T, text string) string {
	t.Helper()
	var seen []string
	for l := range s.lines {
		if seen = append(seen, l); strings.Contains(l, text) {
			return l
		}
	}
	t.Fatalf("the daemon ended without %q:\n%s", text, strings.Join(seen, "\n"))
	return ""
}

// end waits for the daemon's end and returns its exit code.
func (s *server) end() int {
	for range s.lines { // until its standard error is closed
	}
	_ = s.Wait()
	return s.ProcessState.ExitCode()
}

func contains(t *testing.T, where, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("%s: no %q in\n%s", where, want, text)
	}
}

func TestTheCommandLineInAnEmptyHome(t *testing.T) {
	w := newWorld(t, 100*time.Millisecond)
	elsewhere := append(w.env[:len(w.env):len(w.env)], "MM_SESSION_POOL_URL=http://127.0.0.1:1")
	for _, c := range []struct {
		name           string
		args           []string
		env            []string
		code           int
		stdout, stderr string
	}{
		{"help", []string{}, nil, 0, "Microsoft Master", ""},
		{"version", []string{"version"}, nil, 0, "mm ", ""},
		{"an unknown command", []string{"frobnicate"}, nil, 2, "", "unknown command"},
		{"an unknown flag", []string{"run", "--x"}, nil, 2, "", "unknown flag"},
		{"too few arguments", []string{"run", "Contoso-GA"}, nil, 2, "", "wants 3 arguments"},
		{"an unknown module", []string{"run", "Contoso-GA", "word", "x"}, nil, 2, "", "unknown module: word"},
		{"a wrong setting", []string{"status"}, []string{"HOME=/h", "SESSION_POOL_PORT=x"}, 2, "", "SESSION_POOL_PORT"},
		{"the registry", []string{"connections"}, nil, 0, "Contoso-GA ", ""},
		{"the registry as JSON", []string{"connections", "--json"}, nil, 0, `"expectedEmail": "admin@contoso.com"`, ""},
		{"status without a daemon starts none", []string{"status"}, nil, 5, "", "mm serve"},
		{"reset without a daemon starts none", []string{"reset", "Contoso-GA"}, nil, 5, "", "mm serve"},
		{"a pool elsewhere that is not there", []string{"run", "Contoso-GA", "exo", "x"}, elsewhere, 5, "", "127.0.0.1:1"},
		{"an address that is none", []string{"run", "Contoso-GA", "exo", "x"}, append(w.env[:len(w.env):len(w.env)], "MM_SESSION_POOL_URL=ftp://x"),
			2, "", "is no address of a session pool"},
		{"an unknown connection, and a daemon starts", []string{"run", "Nobody", "exo", "x"}, nil, 1, "", "Connection 'Nobody' not found."},
		{"a sign-in is needed", []string{"run", "Contoso-GA", "exo", "Get-Mailbox"}, nil, 3, "", "admin@contoso.com"},
		{"waiting for it", []string{"run", "Contoso-GA", "exo", "Get-Mailbox", "--wait"}, nil, 0, "Adele", ""},
		{"signed in", []string{"run", "contoso-ga", "EXO", "Get-Mailbox", "--timeout", "20"}, nil, 0, "Adele", ""},
		{"objects", []string{"run", "Contoso-GA", "exo", "Get-Mailbox", "--json"}, nil, 0, `"Adele"`, ""},
		{"CSV", []string{"run", "Contoso-GA", "exo", "Get-Mailbox", "--csv", "-"}, nil, 0, "Adele", ""},
		{"JSON and CSV at once", []string{"run", "Contoso-GA", "exo", "x", "--json", "--csv", "-"}, nil, 2, "", "exclude each other"},
		{"a command that throws", []string{"run", "Contoso-GA", "exo", "throw 'boom'"}, nil, 1, "", "boom"},
		{"status", []string{"status"}, nil, 0, "admin@contoso.com", ""},
		{"status as JSON", []string{"status", "--json"}, nil, 0, `"session_id": "Contoso-GA/exo"`, ""},
		{"reset of an unknown module", []string{"reset", "Contoso-GA", "word"}, nil, 2, "", "unknown module"},
		{"reset", []string{"reset", "Contoso-GA", "exo"}, nil, 0, "reset Contoso-GA/exo", ""},
	} {
		ok := t.Run(c.name, func(t *testing.T) {
			cmd := w.mm(c.args...)
			if c.env != nil {
				cmd.Env = c.env
			}
			code, stdout, stderr := ended(t, cmd)
			if code != c.code {
				t.Errorf("exit code %d, not %d", code, c.code)
			}
			contains(t, "stdout", stdout, c.stdout)
			contains(t, "stderr", stderr, c.stderr)
			if t.Failed() {
				t.Logf("stdout:\n%s\nstderr:\n%s", stdout, stderr)
			}
		})
		if !ok {
			break // what follows builds on it
		}
	}
}

func TestClientsThatStartAtOnceGetOneDaemon(t *testing.T) {
	w := newWorld(t, 0)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if code, _, stderr := w.run("run", "Contoso-GA", "exo", "Get-Mailbox"); code != exitSignIn {
				t.Errorf("exit code %d: %s", code, stderr)
			}
		})
	}
	all.Wait()
	log, err := os.ReadFile(w.s.logPath())
	if err != nil || strings.Count(string(log), "] session_pool - serving") != 1 {
		t.Errorf("%v, log:\n%s", err, log)
	}
	pid := lockHolder(w.s.lockPath())
	if dir, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd"); err == nil && dir != "/" {
		t.Errorf("the daemon stands in %s", dir)
	}
	if sid, err := unix.Getsid(pid); err != nil || sid != pid {
		t.Errorf("the daemon %d is in the session %d (%v)", pid, sid, err)
	}
	info, err := os.Stat(w.s.logPath())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the log's mode: %v, %v", info.Mode(), err)
	}
}

func TestADaemonThatCannotStartSaysWhereItLogs(t *testing.T) {
	w := newWorld(t, 0)
	// The token's place is taken by a folder, which the daemon finds out, not its starter.
	if err := os.MkdirAll(w.s.tokenPath(), 0o700); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := w.run("run", "Contoso-GA", "exo", "Get-Mailbox")
	if code != exitUnreachable {
		t.Errorf("exit code %d", code)
	}
	contains(t, "stderr", stderr, w.s.logPath())
	contains(t, "stderr", stderr, "pool-token")
}

func TestASecondDaemonIsRefused(t *testing.T) {
	w := newWorld(t, 0)
	first := w.serve()
	if code, _, stderr := w.run("serve"); code != exitFailed || !strings.Contains(stderr, "another mm serves") ||
		!strings.Contains(stderr, "pid "+strconv.Itoa(first.Process.Pid)) {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if err := first.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := first.end(); code != exitOK {
		t.Errorf("the first one ended with %d", code)
	}
	if _, err := os.Stat(w.s.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its socket stays: %v", err)
	}
}

// running starts a long command on a signed-in session and returns when it runs.
func (w *world) running() (answered chan int) {
	w.t.Helper()
	if code, _, stderr := w.run("run", "Contoso-GA", "exo", "Get-Mailbox", "--wait"); code != exitOK {
		w.t.Fatalf("exit code %d: %s", code, stderr)
	}
	answered = make(chan int, 1)
	go func() {
		code, _, _ := w.run("run", "Contoso-GA", "exo", "Start-Sleep -Seconds 60")
		answered <- code
	}()
	w.waitBusy()
	return answered
}

// waitBusy waits until a session runs a command; the status has no event that one could wait for.
func (w *world) waitBusy() {
	w.t.Helper()
	pool, err := poolAt(settings{Socket: w.s.Socket})
	if err != nil {
		w.t.Fatal(err)
	}
	defer pool.Close()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		status, err := pool.Status(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, s := range status.Sessions {
			if s.Busy {
				return
			}
		}
	}
	w.t.Fatal("no command runs")
}

func TestSignalsEndTheDaemon(t *testing.T) {
	t.Run("one lets commands go on for the drain, and answers them", func(t *testing.T) {
		w := newWorld(t, 50*time.Millisecond)
		daemon := w.serve("--drain", "1s")
		answered := w.running()
		if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := daemon.end(); code != exitOK {
			t.Errorf("the daemon ended with %d", code)
		}
		if code := <-answered; code != exitFailed {
			t.Errorf("the command ended with %d", code)
		}
	})
	t.Run("two end it at once", func(t *testing.T) {
		w := newWorld(t, 50*time.Millisecond)
		daemon := w.serve("--drain", "1h")
		answered := w.running()
		if err := daemon.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		daemon.logged(t, "- ending {")
		if err := daemon.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if code := daemon.end(); code != exitFailed {
			t.Errorf("the daemon ended with %d", code)
		}
		<-answered
	})
}

func TestCtrlCStopsTheCommandAndKeepsTheSignIn(t *testing.T) {
	w := newWorld(t, 50*time.Millisecond)
	w.serve()
	if code, _, stderr := w.run("run", "Contoso-GA", "exo", "Get-Mailbox", "--wait"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	cmd := w.mm("run", "Contoso-GA", "exo", "Start-Sleep -Seconds 60")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.waitBusy()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(stderr)
	if err != nil {
		t.Fatal(err)
	}
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("exit code %d", cmd.ProcessState.ExitCode())
	}
	contains(t, "stderr", string(said), "still signed in")
	if code, stdout, _ := w.run("run", "Contoso-GA", "exo", "Get-Mailbox"); code != exitOK || !strings.Contains(stdout, "Adele") {
		t.Errorf("afterwards: exit code %d, %s", code, stdout)
	}
}
