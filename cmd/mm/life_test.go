package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
)

// background starts a daemon in the background, as the first command does, and returns its pid.
func (w *world) background() int {
	w.t.Helper()
	if code, _, stderr := w.run("run", "Nobody", "exo", "x"); code != exitFailed {
		w.t.Fatalf("exit code %d: %s", code, stderr)
	}
	pid := lockHolder(w.s.lockPath())
	if pid == 0 {
		w.t.Fatal("no daemon")
	}
	return pid
}

// log returns the lines of the log of daemons in the background.
func (w *world) log() []string {
	w.t.Helper()
	text, err := os.ReadFile(w.s.logPath())
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// gone waits until no daemon holds the lock.
func (w *world) gone() {
	w.t.Helper()
	if err := waitEnded(w.t.Context(), w.s.lockPath(), 0); err != nil {
		w.t.Fatal(err)
	}
}

// until waits until ok; for what has no event that one could wait for.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func TestTheLastLineOfTheLogSaysWhyTheDaemonEnded(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*world, int) error
		want string
	}{
		{"a signal", func(_ *world, pid int) error { return unix.Kill(pid, unix.SIGTERM) }, `[INFO] session_pool - ended {"why": "SIGTERM", "ran": "`},
		{"mm stop", func(w *world, _ int) error {
			if code, stdout, stderr := w.run("stop"); code != exitOK || !strings.Contains(stdout, "has ended") {
				return fmt.Errorf("exit code %d, %s, %s", code, stdout, stderr)
			}
			return nil
		}, "[INFO] session_pool - ended {\"why\": \"`mm stop`, pid "},
		{"a lock that was removed", func(w *world, _ int) error { return os.Remove(w.s.lockPath()) }, "mm.lock was removed or replaced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 0)
			pid := w.background()
			if err := c.end(w, pid); err != nil {
				t.Fatal(err)
			}
			until(t, "the end", func() bool { return strings.Contains(w.log()[len(w.log())-1], "- ended") })
			contains(t, "the last line", w.log()[len(w.log())-1], c.want)
			w.background()
			if text := strings.Join(w.log(), "\n"); strings.Contains(text, "without a word") {
				t.Errorf("and yet the next one warns:\n%s", text)
			}
		})
	}
}

func TestTheNextDaemonWarnsOfOneThatEndedWithoutAWord(t *testing.T) {
	for _, c := range []struct {
		signal unix.Signal
		trace  string
	}{{unix.SIGKILL, ""}, {unix.SIGABRT, "SIGABRT: abort"}} {
		t.Run(unix.SignalName(c.signal), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 0)
			pid := w.background()
			if err := unix.Kill(pid, c.signal); err != nil {
				t.Fatal(err)
			}
			w.gone()
			w.background()
			text := strings.Join(w.log(), "\n")
			contains(t, "log", text, "[WARNING] session_pool - the mm before this one ended without a word")
			contains(t, "log", text, fmt.Sprintf(`"pid": %d, "last_sign_of_life": "2`, pid))
			contains(t, "log", text, c.trace) // what Go prints of a crash lands in the log too
		})
	}
}

func TestASocketThatIsRemovedIsMadeAnew(t *testing.T) {
	w := newWorld(t, 0)
	pid := w.background()
	for range 2 {
		if err := os.Remove(w.s.Socket); err != nil {
			t.Fatal(err)
		}
		if got := w.background(); got != pid {
			t.Errorf("daemon %d took the place of %d", got, pid)
		}
	}
	contains(t, "log", strings.Join(w.log(), "\n"), "[WARNING] session_pool - the socket was removed; listening on a new one")
	if code, _, stderr := w.run("stop"); code != exitOK {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if _, err := os.Stat(w.s.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket stays: %v", err)
	}
}

func TestADaemonInTheBackgroundHasNothingOfItsStarter(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("there is no /proc here")
	}
	w := newWorld(t, 0)
	w.env = append(w.env, "NOTIFY_SOCKET=/x", "SECRET=x", "WATCHDOG_USEC=1")
	leaked, err := os.Create(filepath.Join(w.sb.Dir(), "leaked"))
	if err != nil {
		t.Fatal(err)
	}
	defer leaked.Close()
	cmd := w.mm("run", "Nobody", "exo", "x")
	cmd.ExtraFiles = []*os.File{leaked, leaked, leaked}
	if code, _, stderr := ended(t, cmd); code != exitFailed {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	pid := lockHolder(w.s.lockPath())
	proc := "/proc/" + strconv.Itoa(pid)
	fds, err := os.ReadDir(proc + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(proc + "/fd/" + fd.Name()); err == nil && to == leaked.Name() {
			t.Errorf("file %s is %s", fd.Name(), to)
		}
	}
	env, err := os.ReadFile(proc + "/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"NOTIFY_SOCKET", "SECRET", "WATCHDOG_USEC"} {
		if strings.Contains(string(env), name+"=") {
			t.Errorf("it has %s", name)
		}
	}
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "its status", string(status), "Umask:\t0077")
	if err := unix.Kill(pid, unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if got := w.background(); got != pid {
		t.Errorf("SIGHUP ended it: now %d serves, not %d", got, pid)
	}
}

func TestAProgramThatWasReplacedStartsTheNewOne(t *testing.T) {
	w := newWorld(t, 0)
	program := filepath.Join(shortTemp(t), "mm")
	install := func() {
		t.Helper()
		text, err := os.ReadFile(mmPath)
		if err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(program) // the first time there is none
		if err := os.WriteFile(program, text, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	install()
	cmd := w.mm("mcp")
	cmd.Path = program
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewScanner(out)
	ask := func(message string) string {
		t.Helper()
		if _, err := io.WriteString(in, message+"\n"); err != nil || !answers.Scan() {
			t.Fatalf("no answer: %v, %v", err, answers.Err())
		}
		return answers.Text()
	}
	ask(mcpHello)
	install()
	contains(t, "the answer", ask(toolCall(1, `{}`)), "Contoso-GA")
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	exe, err := os.Readlink("/proc/" + strconv.Itoa(lockHolder(w.s.lockPath())) + "/exe")
	if err == nil && exe != program {
		t.Errorf("%s runs", exe)
	}
}

func TestNoPowerShellIsLeftHoweverTheDaemonEnds(t *testing.T) {
	pwshtest.Find(t)
	for _, c := range []struct {
		name string
		end  func(*world, *server) error
	}{
		{"a signal", func(_ *world, d *server) error { return d.Process.Signal(syscall.SIGTERM) }},
		{"two signals", func(_ *world, d *server) error {
			err := d.Process.Signal(syscall.SIGTERM)
			d.logged(t, "- ending {")
			return errors.Join(err, d.Process.Signal(syscall.SIGTERM))
		}},
		{"mm stop --now", func(w *world, _ *server) error {
			if code, _, stderr := w.run("stop", "--now"); code != exitOK {
				return fmt.Errorf("exit code %d: %s", code, stderr)
			}
			return nil
		}},
		{"kill -9", func(_ *world, d *server) error { return d.Process.Kill() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 50*time.Millisecond)
			w.env = append(w.env, "MM_SANDBOX_ENGINE=pwsh", "NOTIFY_SOCKET=/nowhere")
			daemon := w.serve("--drain", "1s")
			answered := w.running()
			pid := w.sessionPID()
			if env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ"); err == nil && strings.Contains(string(env), "NOTIFY_SOCKET") {
				t.Error("PowerShell learns of the service manager")
			}
			if err := c.end(w, daemon); err != nil {
				t.Fatal(err)
			}
			daemon.end()
			<-answered
			until(t, "the end of PowerShell", func() bool { return errors.Is(unix.Kill(-pid, 0), unix.ESRCH) })
		})
	}
}

// sessionPID returns the process of the first session.
func (w *world) sessionPID() int {
	w.t.Helper()
	pool, err := poolAt(settings{Socket: w.s.Socket})
	if err != nil {
		w.t.Fatal(err)
	}
	defer pool.Close()
	status, err := pool.Status(w.t.Context())
	if err != nil || len(status.Sessions) == 0 || status.Sessions[0].PID == 0 {
		w.t.Fatalf("%v, %+v", err, status)
	}
	return status.Sessions[0].PID
}
