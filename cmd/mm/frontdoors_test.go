package main

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
)

// emptyTemp makes the programs of a world leave their temporary files in a folder of the test, and returns it.
func (w *world) emptyTemp() string {
	dir := shortTemp(w.t)
	w.env = append(w.env, "TMPDIR="+dir)
	return dir
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left in %s: %v, %v", dir, left, err)
	}
}

func TestASandboxEndsWithItsCommandAndItsDaemon(t *testing.T) {
	w := newWorld(t, 0)
	temp := w.emptyTemp()
	pids := filepath.Join(t.TempDir(), "pid")
	script := `mm run Contoso-GA exo Get-Mailbox --wait && cat "$HOME/.m365-state/mm.lock" > ` + pids + ` && exit 7`
	code, stdout, stderr := w.run("sandbox", "--approve-after", "50ms", "--", "sh", "-c", script)
	if code != 7 || !strings.Contains(stdout, "Adele") {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
	}
	text, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) && !isZombie(pid) {
		t.Errorf("its daemon %d lives on", pid)
	}
	isEmpty(t, temp)
	if code, _, stderr := w.run("sandbox", "--", "no-such-program"); code != exitUsage || !strings.Contains(stderr, "no-such-program") {
		t.Errorf("exit code %d, stderr %s", code, stderr)
	}
	if code, _, _ := w.run("sandbox", "--", "sh", "-c", "kill -9 $$"); code != 128+9 {
		t.Errorf("exit code %d for a killed command", code)
	}
}

func TestTheSwitchboardIsInForceAtOnce(t *testing.T) {
	w := newWorld(t, 0)
	script := `mm sandbox fault exo/Get-Mailbox throw --times 2; mm sandbox fault; mm run Contoso-GA exo Get-Mailbox --wait; echo "ended with $?"
		mm sandbox fault --clear; mm sandbox fault; mm run Contoso-GA exo Get-Mailbox
		mm sandbox fault exo/Get-Mailbox explode; echo "ended with $?"`
	code, stdout, stderr := w.run("sandbox", "--approve-after", "50ms", "--", "sh", "-c", script)
	before, after, _ := strings.Cut(stdout, "ended with 1\n")
	if code != 0 || !strings.HasPrefix(before, "exo/Get-Mailbox throw, 2 times\n") || !strings.Contains(after, "Adele") || !strings.HasSuffix(after, "ended with 2\n") {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
	}
	w.env = append(w.env, "HOME="+t.TempDir())
	if code, _, stderr := w.run("sandbox", "fault"); code != exitFailed || !strings.Contains(stderr, "mm sandbox -- bash") {
		t.Errorf("outside of a sandbox: exit code %d, stderr %s", code, stderr)
	}
}

// isZombie reports whether only the process's entry is left: where nobody collects orphans, as in some containers.
func isZombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestASandboxWithoutACommandSaysWhatIsThere(t *testing.T) {
	w := newWorld(t, 0)
	temp := w.emptyTemp()
	cmd := w.mm("sandbox", "--approve-after", "1s")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Ctrl-C ends") {
			break
		}
	}
	for _, want := range []string{"contoso", "/devicelogin", "export HOME='" + temp, "export SESSION_POOL_PORT=", "Northwind-Partner"} {
		contains(t, "the introduction", said.String(), want)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
	isEmpty(t, temp)
}

func TestTheDemoShowsEverythingAndLeavesNothing(t *testing.T) {
	for _, engine := range []string{"go", "pwsh"} {
		t.Run(engine, func(t *testing.T) {
			if engine == "pwsh" {
				pwshtest.Find(t)
			}
			w := newWorld(t, 0)
			temp := w.emptyTemp()
			w.env = append(w.env, "MM_SANDBOX_ENGINE="+engine)
			begun := time.Now()
			code, stdout, stderr := w.run("demo")
			if code != exitOK || strings.Count(stdout, "  shown   ") != len(steps) {
				t.Errorf("exit code %d after %s, stderr %s, stdout\n%s", code, time.Since(begun), stderr, stdout)
			}
			if strings.Contains(stdout, "\x1b") {
				t.Error("colour without a terminal")
			}
			isEmpty(t, temp)
		})
	}
}
