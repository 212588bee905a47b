package main

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	mm "github.com/microsoft-master/mm"
)

func TestLogLinesLookAsTheyAlwaysDid(t *testing.T) {
	var b bytes.Buffer
	log := newLog(&b, "WARNING")
	log.Info("not shown")
	log.Warn("a message", "key", "value")
	want := regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[WARNING\] session_pool - a message \{"key": "value"\}\n$`)
	if !want.MatchString(b.String()) {
		t.Errorf("got %q", b.String())
	}
}

func TestALockHasOneHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "mm.lock")
	first, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.sign(); err != nil {
		t.Fatal(err)
	}
	if _, err := takeLock(path); !errors.Is(err, errLocked) {
		t.Errorf("a second one: %v", err)
	}
	if lockHolder(path) == 0 {
		t.Error("the holder is not named")
	}
	first.release()
	second, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.release()
	if pid := lockHolder(path); pid != 0 {
		t.Errorf("the new holder goes by the old one's pid %d", pid)
	}
}

// named is a launcher that fails with its name, so that a test sees which was asked.
type named string

func (n named) Launch(context.Context, mm.LaunchSpec, func(mm.EngineEvent)) (mm.Engine, error) {
	return nil, errors.New(string(n))
}

func TestTheGoEngineRunsSandboxConnectionsOnly(t *testing.T) {
	missing := mm.Errorf(mm.LaunchFailed, "Install it.", "no PowerShell")
	for _, c := range []struct {
		name, cloud   string
		found, goOnly bool
		want          string
	}{
		{"a real connection", "", true, false, "pwsh"},
		{"a real connection without PowerShell", "", false, false, missing.Error()},
		{"a real connection, the Go engine asked for", "public", true, true, "pwsh"},
		{"a real connection, the Go engine asked for, without PowerShell", "", false, true, missing.Error()},
		{"a sandbox connection", "sandbox", true, false, "pwsh"},
		{"a sandbox connection without PowerShell", "sandbox", false, false, "go"},
		{"a sandbox connection, the Go engine asked for", "sandbox", true, true, "go"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &launcher{goOnly: c.goOnly, standIn: named("go"), find: func() (mm.Launcher, error) {
				if !c.found {
					return nil, missing
				}
				return named("pwsh"), nil
			}}
			_, err := l.Launch(t.Context(), mm.LaunchSpec{Connection: mm.Connection{Cloud: c.cloud}}, nil)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestPowerShellMayBeInstalledLater(t *testing.T) {
	looked := 0
	l := &launcher{find: func() (mm.Launcher, error) {
		if looked++; looked == 1 {
			return nil, errors.New("none")
		}
		return named("pwsh"), nil
	}}
	for i, want := range []string{"none", "pwsh", "pwsh"} {
		if _, err := l.Launch(t.Context(), mm.LaunchSpec{}, nil); err.Error() != want {
			t.Errorf("launch %d: %v", i, err)
		}
	}
	if looked != 2 {
		t.Errorf("looked %d times", looked)
	}
}

func TestOnlySandboxSessionsLearnTheirConnection(t *testing.T) {
	spec := mm.LaunchSpec{Connection: mm.Connection{Name: "Contoso-GA", Cloud: "sandbox"}}
	if got := sandboxEnv(spec); len(got) != 1 || got[0] != "M365_SANDBOX_CONNECTION=Contoso-GA" {
		t.Errorf("got %q", got)
	}
	spec.Connection.Cloud = ""
	if got := sandboxEnv(spec); got != nil {
		t.Errorf("a real one: %q", got)
	}
}

func TestAnIdleDaemonEndsAfterEightHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last atomic.Int64
		begun := time.Now()
		last.Store(begun.Unix())
		var sessions atomic.Int64
		sessions.Store(1)
		ended := make(chan time.Duration, 1)
		go watchIdle(t.Context(), &last, func(context.Context) (int, error) { return int(sessions.Load()), nil },
			func() { ended <- time.Since(begun) })
		time.Sleep(7 * time.Hour)
		last.Store(time.Now().Unix()) // a command came
		time.Sleep(10 * time.Hour)    // a session is there
		synctest.Wait()
		select {
		case <-ended:
			t.Error("it ended with a session")
		default:
		}
		sessions.Store(0)
		if took := <-ended; took > 17*time.Hour+2*time.Minute {
			t.Errorf("ended after %s", took)
		}
	})
}

// fixed is a registry that never changes.
type fixed map[string]mm.Connection

func (f fixed) Read() mm.Registered { return mm.Registered{Connections: f} }

func TestM365ConnectionShowsAndServesOneConnection(t *testing.T) {
	all := fixed{"A": {Name: "A"}, "B": {Name: "B"}}
	if got := (onlyRegistry{all, "B"}).Read().Connections; len(got) != 1 || got["B"].Name != "B" {
		t.Errorf("got %v", got)
	}
	if got := (onlyRegistry{all, "C"}).Read().Connections; len(got) != 0 {
		t.Errorf("got %v", got)
	}
	var last atomic.Int64
	w := &watched{Service: &fakePool{answer: func(cmd mm.Command) mm.Outcome { return printed(cmd.Session.Connection) }}, only: "B", last: &last}
	if out := w.Run(t.Context(), mm.Command{Session: mm.SessionID{Connection: "A"}}, nil); out.Output != "B" || last.Load() == 0 {
		t.Errorf("got %+v", out)
	}
}

func TestStatusIsATable(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	err := showStatus(&b, mm.PoolStatus{Notes: []string{"the registry is broken"}, Sessions: []mm.SessionStatus{
		{ID: mm.SessionID{Connection: "Contoso-GA", Module: mm.Exchange}, State: mm.StateAuthenticated, Busy: true, Queued: 2,
			AuthenticatedAs: "admin@contoso.com", LastCommand: now.Add(-90 * time.Second), PID: 42},
		{ID: mm.SessionID{Connection: "B", Module: mm.Teams}, State: mm.StateError, LastError: "it\x1b[31m\ndied"},
	}}, now)
	want := `Note: the registry is broken
SESSION         STATE                ACCOUNT            LAST COMMAND  WAITING  PID  ERROR
Contoso-GA/exo  authenticated, busy  admin@contoso.com  1m30s ago     2        42   
B/teams         error                -                  -             0        -    it [31m died
`
	if err != nil || b.String() != want {
		t.Errorf("%v, got\n%s", err, b.String())
	}
	b.Reset()
	if err := showStatus(&b, mm.PoolStatus{}, now); err != nil || !strings.Contains(b.String(), "No sessions yet") {
		t.Errorf("%v, got %s", err, b.String())
	}
}

func TestLinesFitTheTerminal(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{{"short", 10, "short"}, {"exactly ten", 11, "exactly ten"}, {"häßlich lang", 8, "häßlich…"}} {
		if got := fitLine(c.text, c.n); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if got := statusText(mm.Record{Stream: mm.StreamProgress, Activity: "Moving", Text: "mailbox\n3", Percent: 30}); got != " 30% Moving: mailbox 3" {
		t.Errorf("got %q", got)
	}
}
