package main

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	mm "github.com/microsoft-master/mm"
)

func TestAServiceManagerIsToldOfChangesAndOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan string, 100)
		m := &manager{tell: func(state string) { told <- state }, watchdog: 4 * time.Second}
		var dead atomic.Bool
		sessions := []mm.SessionStatus{{State: mm.StateAuthenticated, Busy: true}, {State: mm.StateReady}}
		go m.watch(t.Context(), func(context.Context) (mm.Metrics, error) {
			if dead.Load() {
				return mm.Metrics{}, errors.New("the router hangs")
			}
			return mm.Metrics{Sessions: sessions}, nil
		})
		begun := time.Now()
		if s := <-told; s != "WATCHDOG=1\nSTATUS=2 sessions, 1 signed in, 1 busy" {
			t.Errorf("got %q", s)
		}
		if s := <-told; strings.TrimSpace(s) != "WATCHDOG=1" || time.Since(begun) != 4*time.Second {
			t.Errorf("got %q after %s", s, time.Since(begun))
		}
		dead.Store(true)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(told) != 0 {
			t.Errorf("it said of a dead router %q", <-told)
		}
	})
}

func TestWithoutAWatchdogOnlyChangesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan string, 100)
		m := &manager{tell: func(state string) { told <- state }}
		var sessions atomic.Pointer[[]mm.SessionStatus]
		sessions.Store(&[]mm.SessionStatus{})
		go m.watch(t.Context(), func(context.Context) (mm.Metrics, error) { return mm.Metrics{Sessions: *sessions.Load()}, nil })
		time.Sleep(time.Minute)
		sessions.Store(&[]mm.SessionStatus{{}})
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(told) != 2 || <-told != "STATUS=no sessions yet" || <-told != "STATUS=1 session, 0 signed in, 0 busy" {
			t.Errorf("told %d more", len(told))
		}
	})
}

// A notifySocket is where a service manager listens.
type notifySocket struct {
	*net.UnixConn
	t    *testing.T
	path string
}

func newNotifySocket(t *testing.T) *notifySocket {
	t.Helper()
	path := filepath.Join(shortTemp(t), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &notifySocket{conn, t, path}
}

// until reads messages up to the one with a line that begins so, and returns them.
func (n *notifySocket) until(line string) (messages []string) {
	n.t.Helper()
	if err := n.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		n.t.Fatal(err)
	}
	buf := make([]byte, 4096)
	for {
		k, err := n.Read(buf)
		if err != nil {
			n.t.Fatalf("no %s after %q: %v", line, messages, err)
		}
		messages = append(messages, string(buf[:k]))
		for _, l := range strings.Split(string(buf[:k]), "\n") {
			if strings.HasPrefix(l, line) {
				return messages
			}
		}
	}
}

func TestTheDaemonTellsItsServiceManager(t *testing.T) {
	w := newWorld(t, 50*time.Millisecond)
	manager := newNotifySocket(t)
	w.env = append(w.env, "NOTIFY_SOCKET="+manager.path, "WATCHDOG_USEC=200000")
	daemon := w.serve("--drain", "2s")
	if first := manager.until("READY=1"); len(first) != 1 {
		t.Errorf("before it was ready it said %q", first)
	}
	manager.until("WATCHDOG=1")
	if code, _, stderr := w.run("run", "Contoso-GA", "exo", "Get-Mailbox", "--wait"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	manager.until("STATUS=1 session, 1 signed in, 0 busy")
	if err := daemon.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	said := manager.until("STOPPING=1")
	contains(t, "the last message", said[len(said)-1], "STATUS=ending: SIGTERM")
	contains(t, "the last message", said[len(said)-1], "EXTEND_TIMEOUT_USEC=12250000")
	if code := daemon.end(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestAWatchdogThatMakesNoSenseIsNotServed(t *testing.T) {
	w := newWorld(t, 0)
	manager := newNotifySocket(t)
	w.env = append(w.env, "NOTIFY_SOCKET="+manager.path, "WATCHDOG_USEC=nonsense")
	daemon := w.serve()
	manager.until("READY=1")
	if err := daemon.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := daemon.end(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
