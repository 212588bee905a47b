package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	mm "github.com/microsoft-master/mm"
)

func TestAnIdleDaemonEndsAfterEightHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var u usage
		var signedIn, refuse atomic.Bool
		begun := time.Now()
		ended := make(chan time.Duration, 1)
		stop := func(_ context.Context, r mm.StopRequest) error {
			if !r.IfIdle || !strings.Contains(r.Why, "idle") {
				t.Errorf("asked for %+v", r)
			}
			if refuse.Swap(false) {
				return mm.Errorf(mm.Busy, "", "A request came just now.")
			}
			ended <- time.Since(begun)
			return nil
		}
		go watchIdle(t.Context(), &u, func(context.Context) bool { return signedIn.Load() }, stop, slog.New(slog.DiscardHandler))
		still := func(when string) {
			t.Helper()
			synctest.Wait()
			select {
			case <-ended:
				t.Fatal("it ended " + when)
			default:
			}
		}
		time.Sleep(7 * time.Hour)
		u.now() // a command came
		time.Sleep(7 * time.Hour)
		still("seven hours after a command")
		signedIn.Store(true)
		time.Sleep(10 * time.Hour)
		still("with a session")
		signedIn.Store(false)
		time.Sleep(7 * time.Hour)
		still("seven hours after a session")
		refuse.Store(true)
		if took := <-ended; took < 32*time.Hour-time.Minute || took > 32*time.Hour+3*time.Minute {
			t.Errorf("ended after %s", took)
		}
	})
}

// fixed is a registry that never changes.
type fixed map[string]mm.Connection

func (f fixed) Read() mm.Registered { return mm.Registered{Connections: f} }

func TestM365ConnectionShowsOneConnection(t *testing.T) {
	all := fixed{"A": {Name: "A"}, "B": {Name: "B"}}
	if got := (onlyRegistry{all, "B"}).Read().Connections; len(got) != 1 || got["B"].Name != "B" {
		t.Errorf("got %v", got)
	}
	if got := (onlyRegistry{all, "C"}).Read().Connections; len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestRequestsAndSignInsAreUsesAndAQuestionIsNone(t *testing.T) {
	var u usage
	w := &watched{use: &u, Service: &fakePool{
		answer: func(mm.Command) mm.Outcome { return printed("x") },
		graph:  func(mm.GraphRequest) mm.Outcome { return answered("{}") },
	}}
	n := noted{use: &u, Admin: &fakeAdmin{answer: func(mm.SignInOrder) (mm.AccountStatus, error) { return isIn("ann"), nil }}}
	for name, c := range map[string]struct {
		do   func()
		uses bool
	}{
		"a command":               {func() { w.Run(t.Context(), mm.Command{}, nil) }, true},
		"a request to Graph":      {func() { w.Graph(t.Context(), mm.GraphRequest{}, nil) }, true},
		"a sign-in":               {func() { _, _ = n.SignIn(t.Context(), mm.SignInOrder{}) }, true},
		"the list of connections": {func() { _, _ = w.Connections(t.Context()) }, false},
	} {
		u.last.Store(int64(-time.Hour))
		if c.do(); (u.idle() < time.Hour) != c.uses {
			t.Errorf("%s: idle for %s", name, u.idle())
		}
	}
}

func TestTheStatusHasTheDaemonsOwnNote(t *testing.T) {
	pool := statusOnly{notes: []string{"the registry's"}}
	for note, want := range map[string]int{"": 1, "not on TCP": 2} {
		s, err := noted{Admin: pool, note: note}.Status(t.Context())
		if err != nil || len(s.Notes) != want || (note != "" && s.Notes[0] != note) {
			t.Errorf("%q: %v, %v", note, s.Notes, err)
		}
	}
	if _, err := (noted{Admin: statusOnly{err: errors.New("odd")}, note: "x"}).Status(t.Context()); err == nil {
		t.Error("the error is lost")
	}
}

// statusOnly is an Admin that has a status.
type statusOnly struct {
	mm.Admin
	notes []string
	err   error
}

func (s statusOnly) Status(context.Context) (mm.PoolStatus, error) {
	return mm.PoolStatus{Notes: s.notes}, s.err
}

func TestADaemonThatEndedWithoutAWordIsWarnedOf(t *testing.T) {
	var b bytes.Buffer
	sayLost(newLog(&b, "INFO"), lockNote{})
	if b.Len() != 0 {
		t.Errorf("nothing was lost: %s", b.String())
	}
	sayLost(newLog(&b, "INFO"), lockNote{lost: 42, seen: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)})
	contains(t, "log", b.String(), "[WARNING]")
	contains(t, "log", b.String(), `"pid": 42`)
	contains(t, "log", b.String(), "2026-11-22T10:00:00Z")
}

func TestASocketOfAnotherDaemonIsNotRemoved(t *testing.T) {
	s := settings{Socket: filepath.Join(shortTemp(t), "mm.sock")}
	var first, second doors
	if err := first.listenUnix(s.Socket); err != nil {
		t.Fatal(err)
	}
	if first.lostSocket() {
		t.Error("it is lost from the start")
	}
	if err := os.Remove(s.Socket); err != nil {
		t.Fatal(err)
	}
	if !first.lostSocket() {
		t.Error("removed, and not lost")
	}
	if err := second.listenUnix(s.Socket); err != nil {
		t.Fatal(err)
	}
	if !first.lostSocket() {
		t.Error("replaced, and not lost")
	}
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	if second.lostSocket() {
		t.Error("the first one took the second one's socket with it")
	}
	if err := second.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket stays: %v", err)
	}
}
