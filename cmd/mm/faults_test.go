package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// listening takes a port of this machine until the test ends.
func listening(t *testing.T) (port int) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	go func() { _ = server.Serve(ln) }()
	t.Cleanup(func() { _ = server.Close() })
	return ln.Addr().(*net.TCPAddr).Port
}

// write puts text into a file, with its folder.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestADaemonSaysWhyItCannotServe(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*testing.T, *world) (args []string)
		code int
		want string
	}{
		{"the port is another mm's", func(t *testing.T, w *world) []string {
			first := newWorld(t, 0)
			first.serve()
			return []string{"--port", strconv.Itoa(first.s.Port)}
		}, 1, "is taken by another mm, with another state folder"},
		{"the port is another program's", func(t *testing.T, w *world) []string {
			return []string{"--port", strconv.Itoa(listening(t))}
		}, 1, "is taken by another program"},
		{"the address is not this machine's", func(*testing.T, *world) []string {
			return []string{"--host", "192.0.2.1"}
		}, 1, "set SESSION_POOL_HOST"},
		{"a port that is none", func(*testing.T, *world) []string { return []string{"--port", "70000"} }, 2, `--port is "70000"; set it to a number`},
		{"a level that is none", func(*testing.T, *world) []string { return []string{"--log-level", "loud"} }, 2, "--log-level is"},
		{"the state folder is a file", func(t *testing.T, w *world) []string {
			write(t, w.s.StateDir, "")
			return nil
		}, 1, "set SESSION_POOL_STATE_DIR"},
		{"the lock is a folder", func(t *testing.T, w *world) []string {
			write(t, filepath.Join(w.s.lockPath(), "x"), "")
			return nil
		}, 1, "set SESSION_POOL_STATE_DIR"},
		{"the socket's place is taken by a file", func(t *testing.T, w *world) []string {
			write(t, w.s.Socket, "")
			return nil
		}, 1, "is not a socket: move it away"},
		{"the socket's path is too long", func(_ *testing.T, w *world) []string {
			w.env = append(w.env, "XDG_RUNTIME_DIR=", "SESSION_POOL_STATE_DIR="+filepath.Join(w.sb.Dir(), strings.Repeat("long", 25)))
			return nil
		}, 1, "a shorter SESSION_POOL_STATE_DIR"},
		{"the token is broken", func(t *testing.T, w *world) []string {
			write(t, w.s.tokenPath(), "two words\n")
			return nil
		}, 1, "holds no usable token; remove it"},
		{"there is no home", func(_ *testing.T, w *world) []string {
			w.env = append(w.env, "HOME=")
			return nil
		}, 2, "set it to the absolute path of your home folder"},
		{"no token for the whole network", func(t *testing.T, w *world) []string {
			if inContainer() {
				t.Skip("in a container the whole network is Docker's to open")
			}
			w.env = append(w.env, "SESSION_POOL_AUTH=none")
			return []string{"--host", "0.0.0.0"}
		}, 2, "SESSION_POOL_AUTH=none would open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 0)
			before := w.s
			args := c.set(t, w)
			code, _, stderr := w.run(append([]string{"serve"}, args...)...)
			if code != c.code {
				t.Errorf("exit code %d", code)
			}
			contains(t, "stderr", stderr, c.want)
			if lines := strings.Count(strings.TrimSpace(stderr), "mm: "); lines != 1 {
				t.Errorf("it says so %d times: %s", lines, stderr)
			}
			w.tidy(before)
		})
	}
}

// tidy removes what a case put in the way of the world's own end.
func (w *world) tidy(s settings) {
	w.t.Helper()
	if err := os.RemoveAll(s.StateDir); err != nil {
		w.t.Error(err)
	}
}

func TestADaemonThatLacksSomethingServesAndSaysSo(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*testing.T, *world)
		log  string
		run  string // what a command is answered with
	}{
		{"no registry", func(t *testing.T, w *world) {
			if err := os.Remove(w.s.Registry); err != nil {
				t.Fatal(err)
			}
		}, "mm connections add NAME", "There is no connection registry at"},
		{"a broken registry", func(t *testing.T, w *world) { write(t, w.s.Registry, "{\n \"connections\": oops}") },
			"broken at", "line 2"},
		{"a connection that is not in the registry", func(_ *testing.T, w *world) {
			w.env, w.s.Only = append(w.env, "M365_CONNECTION=Nobody"), "Nobody"
		},
			"has no connection of that name", "Connection 'Nobody' not found."},
		{"a token that others could read", func(t *testing.T, w *world) {
			write(t, w.s.tokenPath(), "token\n")
			if err := os.Chmod(w.s.tokenPath(), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "others on this machine could read", "Connection 'Nobody' not found."},
		{"the daemon before was killed", func(t *testing.T, w *world) { write(t, w.s.lockPath(), "4242\n") },
			`ended without a word`, "Connection 'Nobody' not found."},
		{"a socket that nobody listens on", func(t *testing.T, w *world) {
			if err := os.MkdirAll(w.s.StateDir, 0o700); err != nil {
				t.Fatal(err)
			}
			ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: w.s.Socket, Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			ln.SetUnlinkOnClose(false)
			if err := ln.Close(); err != nil {
				t.Fatal(err)
			}
		}, "serving", "Connection 'Nobody' not found."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 0)
			c.set(t, w)
			code, _, stderr := w.run("run", "Nobody", "exo", "x")
			if code != exitFailed {
				t.Errorf("exit code %d", code)
			}
			contains(t, "stderr", stderr, c.run)
			contains(t, "log", strings.Join(w.log(), "\n"), c.log)
		})
	}
}

func TestTheFirstLineSaysWhatIsServed(t *testing.T) {
	w := newWorld(t, 0)
	port := strconv.Itoa(w.s.Port)
	w.env = append(w.env, "SESSION_POOL_PORT=1", "SESSION_POOL_LOG_LEVEL=ERROR")
	daemon := w.mm("serve", "--port", port, "--log-level", "info")
	line := w.watch(daemon).first
	for _, want := range []string{`"address": "127.0.0.1:` + port + `"`, `"socket": "` + w.s.Socket + `"`, `"registry": "` + w.s.Registry + `"`,
		`"connections": ` + strconv.Itoa(len(w.sb.Connections())), `"log_level": "INFO"`, `"version": "`, fmt.Sprintf(`"pid": %d`, daemon.Process.Pid)} {
		contains(t, "the first line", line, want)
	}
}

func TestADaemonInTheBackgroundDoesWithoutItsPort(t *testing.T) {
	w := newWorld(t, 0)
	port := strconv.Itoa(listening(t))
	w.env = append(w.env, "SESSION_POOL_PORT="+port)
	w.background()
	contains(t, "log", strings.Join(w.log(), "\n"), "[WARNING] session_pool - not on TCP: port "+port+" is taken by another program")
	code, stdout, stderr := w.run("status")
	if code != exitOK {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	contains(t, "status", stdout, "not on TCP: port "+port)
}

func TestAStarterSaysWhyNoDaemonCanBeStarted(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*testing.T, *world)
		want string
	}{
		{"the log folder is a file", func(t *testing.T, w *world) { write(t, w.s.LogDir, "") }, "set SESSION_POOL_LOG_DIR"},
		{"the log is a folder", func(t *testing.T, w *world) { write(t, filepath.Join(w.s.logPath(), "x"), "") }, "set SESSION_POOL_LOG_DIR"},
		{"the state folder is a file", func(t *testing.T, w *world) { write(t, w.s.StateDir, "") }, "set SESSION_POOL_STATE_DIR"},
		{"the token is broken", func(t *testing.T, w *world) { write(t, w.s.tokenPath(), "two words\n") }, "holds no usable token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 0)
			c.set(t, w)
			code, _, stderr := w.run("run", "Nobody", "exo", "x")
			if code != exitUnreachable {
				t.Errorf("exit code %d", code)
			}
			contains(t, "stderr", stderr, c.want)
			w.tidy(w.s)
		})
	}
}

func TestADaemonThatHangsIsNamed(t *testing.T) {
	t.Parallel() // it waits as long as a client does
	w := newWorld(t, 0)
	daemon := w.serve()
	if err := daemon.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := w.run("run", "Nobody", "exo", "x")
	if err := daemon.Process.Signal(unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if code != exitUnreachable {
		t.Errorf("exit code %d", code)
	}
	contains(t, "stderr", stderr, "kill -9 "+strconv.Itoa(daemon.Process.Pid))
}

func TestAFullDiskIsNamed(t *testing.T) {
	w := newWorld(t, 0)
	full := filepath.Join(w.sb.Dir(), "full")
	if err := os.Mkdir(full, 0o700); err != nil {
		t.Fatal(err)
	}
	// A disk of 16 KiB, in a mount namespace of the daemon's own.
	const script = `mount -t tmpfs -o size=16k none "$1" || exit 99; cat /dev/zero > "$1/zeros" 2> /dev/null; exec "$2" serve`
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Skip("there is no unshare here")
	}
	cmd := exec.Command(unshare, "-Urm", "sh", "-c", script, "sh", full, mmPath)
	cmd.Env = append(w.env, "SESSION_POOL_STATE_DIR="+full)
	code, _, stderr := ended(t, cmd)
	if strings.Contains(stderr, "unshare") || code == 99 {
		t.Skipf("no namespaces here: %s", stderr)
	}
	if code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	contains(t, "stderr", stderr, "no space left on device; free some space there")
}
