//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// program is mm-connections, built once.
var program string

func TestMain(m *testing.M) { os.Exit(withProgram(m)) }

func withProgram(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mm-connections-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, name)
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// in prepares the program for a home folder.
func in(home string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"HOME=" + home, "TERM=xterm"}
	return cmd
}

func registryOf(t *testing.T, home string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(home, ".m365-connections.json"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func TestExitCodesAndTexts(t *testing.T) {
	home := t.TempDir()
	for _, c := range []struct {
		name, home, stdin string
		args              []string
		code              int
		stdout, stderr    string
	}{
		{"help", home, "", []string{"--help"}, 0, "mm-connections add Contoso-GA", ""},
		{"no registry yet", home, "", nil, 1, "", "mm-connections: There is no connection registry at"},
		{"add", home, "contoso.com\n\nContoso\nadmin@contoso.com\n", []string{"add", "Contoso"}, 0, "Added connection 'Contoso'.", "Tenant: "},
		{"list", home, "", nil, 0, "Contoso                   admin@contoso.com ", ""},
		{"an unknown flag", home, "", []string{"list", "--x"}, 2, "", "mm-connections: Wrong flags: unknown flag: --x. See `mm-connections list --help`."},
		{"an unknown command", home, "", []string{"frobnicate"}, 2, "", "Unknown command"},
		{"an unknown connection", home, "", []string{"show", "Nobody"}, 1, "", "not found"},
		{"no home", "", "", []string{"list"}, 2, "", "HOME"},
		{"completion", home, "", []string{"completion", "bash"}, 0, "bash completion V2 for mm-connections", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := in(c.home, c.args...)
			var out, err bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(c.stdin), &out, &err
			_ = cmd.Run()
			if cmd.ProcessState.ExitCode() != c.code || !strings.Contains(out.String(), c.stdout) || !strings.Contains(err.String(), c.stderr) {
				t.Errorf("exit code %d\n%s\n%s", cmd.ProcessState.ExitCode(), out.String(), err.String())
			}
		})
	}
}

// A terminal runs the program for a person who reads and types.
type terminal struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	seen   string // and not expected yet
}

// at starts the program on a terminal of its own.
func at(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo terminal: %v", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err := errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = slave.Close()
	guard := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }) // ends a test that would hang
	t.Cleanup(func() { guard.Stop() })
	return &terminal{t: t, master: master, cmd: cmd}
}

// expect waits for a text.
func (s *terminal) expect(text string) {
	s.t.Helper()
	buf := make([]byte, 4096)
	for {
		if _, after, ok := strings.Cut(s.seen, text); ok {
			s.seen = after
			return
		}
		n, err := s.master.Read(buf)
		s.seen += string(buf[:n])
		if err != nil {
			s.t.Fatalf("no %q in %q", text, s.seen)
		}
	}
}

func (s *terminal) send(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s.master, text); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the end of the program and returns its exit code.
func (s *terminal) end() int {
	_, _ = io.Copy(io.Discard, s.master)
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

func TestOnATerminalAddExplainsAndDoubts(t *testing.T) {
	home := t.TempDir()
	s := at(t, in(home, "add", "Contoso"))
	s.expect("Connection 'Contoso'. Enter leaves a field out; Ctrl-C ends without a change.")
	s.expect("Tenant (domain or tenant id, like contoso.onmicrosoft.com): ")
	s.send("contoso\n")
	s.expect("contoso is neither a domain like contoso.onmicrosoft.com nor a tenant id.")
	s.expect("Tenant [Enter keeps contoso]: ")
	s.send("contoso.com\n")
	s.expect("App ID (the app registration that signs in, a GUID): ")
	s.send("app\n")
	s.expect("App ID [Enter keeps app]: ")
	s.send("\n")
	s.expect("Description (what people and assistants read in lists): ")
	s.send("\n")
	s.expect("Expected email (the account that signs in, like admin@contoso.com): ")
	s.send("admin@contoso.com\n")
	s.expect("Added connection 'Contoso'.")
	if code := s.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{`"tenant": "contoso.com"`, `"appId": "app"`, `"mcps": ["mm"]`} {
		if text := registryOf(t, home); !strings.Contains(text, want) || strings.Contains(text, "description") {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

func TestEndingTheQuestionsWritesNothing(t *testing.T) {
	for name, keys := range map[string]string{"Ctrl-C": "\x03", "Ctrl-D": "\x04"} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			s := at(t, in(home, "add", "Contoso"))
			s.expect("Tenant (")
			s.send("contoso.com\n")
			s.expect("App ID (")
			s.send(keys)
			s.expect("Nothing was changed.")
			if code := s.end(); code != 1 || registryOf(t, home) != "" {
				t.Errorf("exit code %d, %s", code, registryOf(t, home))
			}
		})
	}
	t.Run("SIGTERM, at a pipe", func(t *testing.T) {
		home := t.TempDir()
		cmd := in(home, "add", "Contoso")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer stdin.Close()
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(stderr, make([]byte, len("Tenant: "))); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(stderr)
		if err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(said), "Interrupted. Nothing was changed.") || registryOf(t, home) != "" {
			t.Errorf("exit code %d, %s", cmd.ProcessState.ExitCode(), said)
		}
	})
}
