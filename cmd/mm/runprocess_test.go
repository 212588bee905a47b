package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
)

// within is the world for a subtest.
func (w *world) within(t *testing.T) *world {
	inner := *w
	inner.t = t
	return &inner
}

// waitIdle waits until no session runs a command; the status has no event that one could wait for.
func (w *world) waitIdle() {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if code, stdout, _ := w.run("status"); code == exitOK && !strings.Contains(stdout, "busy") {
			return
		}
	}
	w.t.Fatal("a command still runs")
}

func TestSignalsStopTheCommand(t *testing.T) {
	w := signedIn(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			w := w.within(t)
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "out.csv"), []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := w.mm("run", "Contoso-GA", "exo", "Start-Sleep -Seconds 60", "--csv", filepath.Join(dir, "out.csv"))
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			w.waitBusy()
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed {
				t.Errorf("it ended with %s", cmd.ProcessState)
			}
			w.waitIdle()
			if read(t, filepath.Join(dir, "out.csv")) != "old" || names(t, dir) != "out.csv" {
				t.Errorf("the folder has %s", names(t, dir))
			}
		})
	}
	t.Run("but not a hangup that is ignored, as by nohup", func(t *testing.T) {
		w := w.within(t)
		// The shell becomes the program, with its pid and with what it ignores.
		cmd := exec.Command("sh", "-c", `trap '' HUP; exec "$0" run Contoso-GA exo 'Start-Sleep -Seconds 1; 42'`, mmPath)
		cmd.Env = w.env
		var stdout bytes.Buffer
		cmd.Stdout = &stdout
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.waitBusy()
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil || stdout.String() != "42\n" {
			t.Errorf("%v, stdout %q", err, stdout.String())
		}
	})
}

func TestPipes(t *testing.T) {
	w := signedIn(t)
	file := filepath.Join(t.TempDir(), "script.ps1")
	if err := os.WriteFile(file, []byte("\ufeff1\r\n2\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, script   string
		code           int
		stdout, stderr string
	}{
		{"a reader that has enough", `set -o pipefail; mm run Contoso-GA exo "'x' * 1000000" | head -c 3`, 128 + int(syscall.SIGPIPE), "xxx", ""},
		{"a command from standard input", `echo "'a'" | mm run Contoso-GA exo -`, 0, "a\n", ""},
		{"a command from a file", `mm run Contoso-GA exo --file ` + file, 0, "1\n2\n", ""},
		{"output and errors apart", `mm run Contoso-GA exo "'a'; Write-Error boom; Write-Warning w; 'b'"`, 1, "a\nb\n", "WARNING: w\nWrite-Error: boom\n"},
		{"no progress in a pipe", `mm run Contoso-GA exo "Write-Progress -Activity A; 1"`, 0, "1\n", ""},
		{"exit 3", `mm run Contoso-GA exo '1; exit 3'`, 1, "1\n", "The command ended with exit 3.\n"},
		{"a program that fails", `mm run Contoso-GA exo 'sh -c "exit 5"'`, 1, "", "A program that the command started ended with exit code 5.\n"},
		{"one request id, one run", `mm run Contoso-GA exo 1 --request-id same && mm run Contoso-GA exo 1 --request-id same`, 0, "1\n1\n", ""},
		{"CSV", `mm run Contoso-GA exo 'Get-Mailbox | Select-Object -Property Alias -First 1' --csv - | tail -n +2`, 0, "Admin\r\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command("bash", "-c", c.script)
			cmd.Env = append(w.env[:len(w.env):len(w.env)], "PATH="+filepath.Dir(mmPath)+":"+os.Getenv("PATH"))
			code, stdout, stderr := ended(t, cmd)
			if code != c.code || stdout != c.stdout || stderr != c.stderr {
				t.Errorf("exit code %d\nstdout %q\nstderr %q", code, stdout, stderr)
			}
		})
	}
}

func TestCtrlCEndsTheSearchForADaemon(t *testing.T) {
	w := newWorld(t, 0)
	if err := os.MkdirAll(filepath.Dir(w.s.Socket), 0o700); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("unix", w.s.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	cmd := w.mm("run", "Contoso-GA", "exo", "Get-Mailbox")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := silent.Accept() // it asks whether somebody is there, and gets no answer
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("it ended with %s", cmd.ProcessState)
	}
	if pid := lockHolder(w.s.lockPath()); pid != 0 {
		t.Errorf("it started a daemon, %d", pid)
	}
}

func TestErrorsOfARealPowerShellAreFound(t *testing.T) {
	pwshtest.Find(t)
	w := newWorld(t, 50*time.Millisecond)
	w.env = append(w.env, "MM_SANDBOX_ENGINE=pwsh", "PATH="+os.Getenv("PATH"))
	if code, _, stderr := w.run("run", "Contoso-GA", "exo", "'ready'", "--wait"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	long := strings.Repeat("long message ", 30)
	for _, c := range []struct{ name, script, stdout, stderr string }{
		{"a throw", "'a'; throw 'boom'", "a\n", "Exception: boom\n"},
		{"errors between output", "'a'; 1/0; Get-Nonsense; 'b'", "a\nb\n", "RuntimeException: Attempted to divide by zero.\nGet-Nonsense: The term"},
		{"a line without an end", "Write-Host -NoNewline x; Write-Error y", "x\n", "Write-Error: y\n"},
		{"a message of two lines", "function f { throw \"two`nlines\" }; 'a'; f", "a\n", "two"},
		{"a long one", "'a'; Write-Error '" + long + "'", "a\n", "Write-Error: long message"},
		{"what cannot be parsed", "if (", "", "ParserError: \nLine |\n   1 |  if ("},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := w.within(t).run("run", "Contoso-GA", "exo", c.script)
			if code != exitFailed || stdout != c.stdout {
				t.Errorf("exit code %d, stdout %q", code, stdout)
			}
			contains(t, "stderr", stderr, c.stderr)
		})
	}
}

// signedIn is a world whose session Contoso-GA/exo is signed in.
func signedIn(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, 50*time.Millisecond)
	if code, _, stderr := w.run("run", "Contoso-GA", "exo", "Get-Mailbox", "--wait"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	return w
}
