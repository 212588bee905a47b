package main

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A terminal is a pseudo terminal in which the program runs.
type terminal struct {
	*exec.Cmd
	t      *testing.T
	master *os.File
	chunks chan string // what the program writes; closed at its end
	seen   string
}

// inTerminal starts the program in a terminal of n columns.
func (w *world) inTerminal(n uint16, env []string, args ...string) *terminal {
	w.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		w.t.Skipf("no pseudo terminals: %v", err)
	}
	w.t.Cleanup(func() { _ = master.Close() })
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		w.t.Fatal(err)
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	t := &terminal{Cmd: w.mm(args...), t: w.t, master: master, chunks: make(chan string, 10_000)}
	t.resize(n)
	t.Env = append(append(t.Env[:len(t.Env):len(t.Env)], "TERM=xterm"), env...)
	t.Stdin, t.Stdout, t.Stderr = slave, slave, slave
	t.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := t.Start(); err != nil {
		w.t.Fatal(err)
	}
	_ = slave.Close()
	go func() {
		defer close(t.chunks)
		for buffer := make([]byte, 4096); ; {
			n, err := master.Read(buffer)
			if n > 0 {
				t.chunks <- string(buffer[:n])
			}
			if err != nil { // EIO: nobody has the other side any more
				return
			}
		}
	}()
	return t
}

func (t *terminal) resize(n uint16) {
	t.t.Helper()
	if err := unix.IoctlSetWinsize(int(t.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: n}); err != nil {
		t.t.Fatal(err)
	}
}

// press types a key.
func (t *terminal) press(key string) {
	t.t.Helper()
	if _, err := io.WriteString(t.master, key); err != nil {
		t.t.Fatal(err)
	}
}

const ctrlC = "\x03"

// saw waits until text is on the terminal.
func (t *terminal) saw(text string) {
	t.t.Helper()
	for !strings.Contains(t.seen, text) {
		chunk, more := <-t.chunks
		if !more {
			t.t.Fatalf("the program ended without %q:\n%q", text, t.seen)
		}
		t.seen += chunk
	}
}

// end waits for the program's end and returns its exit code.
func (t *terminal) end() int {
	for chunk := range t.chunks {
		t.seen += chunk
	}
	_ = t.Wait()
	return t.ProcessState.ExitCode()
}

func TestACommandInATerminal(t *testing.T) {
	w := signedIn(t)
	t.Run("its output and progress appear while it runs, and Ctrl-C ends it", func(t *testing.T) {
		w := w.within(t)
		p := w.inTerminal(60, nil, "run", "Contoso-GA", "exo",
			"Write-Warning careful; 'first'; Write-Progress -Activity Moving -Status mailboxes -PercentComplete 30; Start-Sleep -Seconds 60")
		p.saw("\x1b[33mWARNING: careful\x1b[0m\r\n")
		p.saw("first\r\n")
		p.saw("\x1b[2m 30% Moving: mailboxes\x1b[0m")
		p.resize(12)
		p.press(ctrlC)
		if code := p.end(); code != exitFailed {
			t.Errorf("exit code %d", code)
		}
		contains(t, "the terminal", p.seen, "still signed in")
		if strings.Count(p.seen, "first") != 1 || strings.Count(p.seen, "careful") != 1 {
			t.Errorf("something was shown twice:\n%q", p.seen)
		}
	})
	t.Run("errors are red, and it fails", func(t *testing.T) {
		p := w.within(t).inTerminal(60, nil, "run", "Contoso-GA", "exo", "'before'; Write-Error boom; 'after'")
		if code := p.end(); code != exitFailed {
			t.Errorf("exit code %d", code)
		}
		if !regexp.MustCompile(`before\r\nafter\r\n[^\n]*\x1b\[31m[^\n]*boom\x1b\[0m\r\n$`).MatchString(p.seen) {
			t.Errorf("got %q", p.seen)
		}
	})
	t.Run("a table is as wide as the terminal", func(t *testing.T) {
		p := w.within(t).inTerminal(34, nil, "run", "Contoso-GA", "exo", "Get-Mailbox")
		if code := p.end(); code != exitOK {
			t.Errorf("exit code %d", code)
		}
		longest := 0
		for line := range strings.Lines(regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`).ReplaceAllString(p.seen, "")) {
			longest = max(longest, textWidth(strings.TrimSpace(line)))
		}
		if longest > 34 || !strings.Contains(p.seen, "Adele") {
			t.Errorf("%d columns:\n%s", longest, p.seen)
		}
	})
	for _, c := range []struct{ name, env, forbidden string }{
		{"no colours with NO_COLOR", "NO_COLOR=1", "\x1b[31m"}, {"nothing but text with TERM=dumb", "TERM=dumb", "\x1b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := w.within(t).inTerminal(60, []string{c.env}, "run", "Contoso-GA", "exo", "Write-Warning w; Write-Error boom")
			if code := p.end(); code != exitFailed || strings.Contains(p.seen, c.forbidden) || !strings.Contains(p.seen, "boom") {
				t.Errorf("exit code %d: %q", code, p.seen)
			}
		})
	}
	t.Run("a closed terminal stops it", func(t *testing.T) {
		w := w.within(t)
		p := w.inTerminal(60, nil, "run", "Contoso-GA", "exo", "'first'; Start-Sleep -Seconds 60")
		p.saw("first")
		if err := p.master.Close(); err != nil {
			t.Fatal(err)
		}
		if code := p.end(); code != exitFailed {
			t.Errorf("exit code %d", code)
		}
		w.waitIdle()
	})
	t.Run("the status has colours", func(t *testing.T) {
		p := w.within(t).inTerminal(120, nil, "status")
		if code := p.end(); code != exitOK || !strings.Contains(p.seen, "\x1b[32mauthenticated\x1b[0m") {
			t.Errorf("exit code %d: %q", code, p.seen)
		}
	})
}

func TestWaitingCountsDownAndCtrlCGivesUp(t *testing.T) {
	w := newWorld(t, 0)
	p := w.inTerminal(100, nil, "run", "Contoso-GA", "exo", "Get-Mailbox", "--wait")
	p.saw("enter  \x1b[1m")
	p.saw(" left (Ctrl-C gives up)")
	p.saw("\r\x1b[J\x1b[2mWaiting for the sign-in") // drawn anew
	p.press(ctrlC)
	if code := p.end(); code != exitSignIn {
		t.Errorf("exit code %d", code)
	}
	// What the terminal echoes of the key may come before or after.
	if !regexp.MustCompile(`left \(Ctrl-C gives up\)\x1b\[0m(\^C)?\r\x1b\[J(\^C)?$`).MatchString(p.seen) {
		t.Errorf("the status line stays: %q", p.seen)
	}
}

func TestWaitingInATerminalEndsWithTheOutput(t *testing.T) {
	w := newWorld(t, 0)
	p := w.inTerminal(100, nil, "run", "Contoso-GA", "exo", "Get-Mailbox", "--wait")
	p.saw(" left (Ctrl-C gives up)")
	code := regexp.MustCompile(`with ([A-Z0-9]+): `).FindStringSubmatch(p.seen)
	if err := w.sb.Entra().Approve(code[1], "admin@contoso.com"); err != nil {
		t.Fatal(err)
	}
	if code := p.end(); code != exitOK || !strings.Contains(p.seen, "Adele") {
		t.Errorf("exit code %d: %q", code, p.seen)
	}
}
