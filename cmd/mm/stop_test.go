package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	mm "github.com/microsoft-master/mm"
)

func TestStopWithoutADaemon(t *testing.T) {
	w := newWorld(t, 0)
	for range 2 { // before the first one, and after it
		code, stdout, stderr := w.run("stop")
		if code != exitOK || !strings.Contains(stdout, "No mm runs for "+w.s.StateDir) || stderr != "" {
			t.Errorf("exit code %d, %s, %s", code, stdout, stderr)
		}
		if _, err := os.Stat(w.s.StateDir); err == nil {
			break
		}
		w.background()
		if code, stdout, _ := w.run("stop"); code != exitOK || !strings.Contains(stdout, "has ended") {
			t.Errorf("exit code %d, %s", code, stdout)
		}
	}
}

func TestStopIsForTheDaemonOfThisMachine(t *testing.T) {
	w := newWorld(t, 0)
	w.env = append(w.env, "MM_SESSION_POOL_URL=http://127.0.0.1:1")
	code, _, stderr := w.run("stop")
	if code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	contains(t, "stderr", stderr, "only be stopped over its unix socket")
	if code, _, stderr := w.run("stop", "--now", "--drain", "5s"); code != exitUsage {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestStopWaitsForRunningCommands(t *testing.T) {
	t.Run("for the drain, and says for which", func(t *testing.T) {
		w := newWorld(t, 50*time.Millisecond)
		daemon := w.serve("--drain", "1h")
		answered := w.running()
		code, stdout, stderr := w.run("stop", "--drain", "1s")
		if code != exitOK || daemon.end() != exitOK {
			t.Errorf("exit code %d: %s", code, stderr)
		}
		contains(t, "stdout", stdout, "mm (pid "+strconv.Itoa(daemon.Process.Pid)+") has ended.")
		contains(t, "stderr", stderr, "Waiting up to 1s for commands to end: Contoso-GA/exo.")
		if code := <-answered; code != exitFailed {
			t.Errorf("the command ended with %d", code)
		}
	})
	t.Run("or not, also where another one waits", func(t *testing.T) {
		w := newWorld(t, 50*time.Millisecond)
		daemon := w.serve()
		answered := w.running()
		patient := make(chan int, 1)
		go func() {
			code, _, _ := w.run("stop", "--drain", "1h")
			patient <- code
		}()
		daemon.logged(t, "- ending {")
		until(t, "the lock says so", func() bool { return readLock(w.s.lockPath()).ending })
		code, stdout, stderr := w.run("stop", "--now")
		if code != exitOK {
			t.Errorf("exit code %d: %s", code, stderr)
		}
		contains(t, "stdout", stdout, "has ended")
		contains(t, "stderr", stderr, "is about to end already")
		if code := <-patient; code != exitOK {
			t.Errorf("the first one: exit code %d", code)
		}
		daemon.end()
		<-answered
	})
}

func TestStopNamesADaemonThatDoesNotAnswer(t *testing.T) {
	w := newWorld(t, 0)
	daemon := w.serve()
	if err := daemon.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := w.run("stop")
	if err := daemon.Process.Signal(unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if code != exitUnreachable {
		t.Errorf("exit code %d", code)
	}
	pid := strconv.Itoa(daemon.Process.Pid)
	contains(t, "stderr", stderr, "mm (pid "+pid+") does not take the request to stop")
	contains(t, "stderr", stderr, "kill -9 "+pid)
}

func TestWhatRunsIsNamed(t *testing.T) {
	exo := mm.SessionID{Connection: "A", Module: mm.Exchange}
	for _, c := range []struct {
		sessions []mm.SessionStatus
		want     string
	}{
		{nil, ""},
		{[]mm.SessionStatus{{ID: exo}}, ""},
		{[]mm.SessionStatus{{ID: exo, Busy: true}, {ID: mm.SessionID{Connection: "B", Module: mm.Teams}, Busy: true, Queued: 2}},
			"A/exo, B/teams (and 2 that wait)"},
	} {
		if got := runningText(c.sessions); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
