package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

// connected returns a signed-in session of Exchange in which the fault happens to Get-Mailbox.
func connected(t *testing.T, f sandbox.Fault) *session {
	t.Helper()
	s := newSession(t, "Contoso-GA", mm.Exchange)
	s.connect(mm.Exchange, "admin@contoso.com")
	if err := s.faults.Set("exo/Get-Mailbox", f); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASlowCommandTakesItsTimeAndAnswers(t *testing.T) {
	in(t, func(t *testing.T) {
		s := connected(t, sandbox.Fault{Kind: sandbox.FaultSlow, Seconds: 30})
		began := time.Now()
		s.prints("Get-Mailbox", "Adele")
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestAHangingCommandCanBeStopped(t *testing.T) {
	in(t, func(t *testing.T) {
		s := connected(t, sandbox.Fault{Kind: sandbox.FaultHang})
		id := s.begin("Get-Mailbox", mm.Want{})
		synctest.Wait() // it waits now
		s.engine.Cancel(id)
		if r := s.wait(""); r.Terminated != mm.Stopped {
			t.Errorf("ended %q", r.Terminated)
		}
		s.prints("Get-Recipient", "Adele")
	})
}

func TestAThreadThatSleepsCannotBeStopped(t *testing.T) {
	in(t, func(t *testing.T) {
		s := connected(t, sandbox.Fault{Kind: sandbox.FaultThreadSleep, Seconds: 50})
		began := time.Now()
		id := s.begin("Get-Mailbox", mm.Want{})
		synctest.Wait() // it waits now
		s.engine.Cancel(id)
		if r := s.wait(""); r.Terminated != mm.Stopped || time.Since(began) != 50*time.Second {
			t.Errorf("ended %q after %v", r.Terminated, time.Since(began))
		}
	})
}

func TestACommandThatThrowsEndsItsScript(t *testing.T) {
	in(t, func(t *testing.T) {
		s := connected(t, sandbox.Fault{Kind: sandbox.FaultThrow, Times: 1})
		r := s.run("Get-Mailbox; 'after'")
		if r.Terminated != mm.Threw || len(r.Errors) != 1 || strings.Contains(r.Output, "after\n") {
			t.Errorf("ended %q with %+v and %q", r.Terminated, r.Errors, r.Output)
		}
		s.prints("Get-Mailbox", "Adele") // once only
	})
}

func TestACommandCanTakeTheProcessDown(t *testing.T) {
	in(t, func(t *testing.T) {
		s := connected(t, sandbox.Fault{Kind: sandbox.FaultDie})
		s.begin("Get-Mailbox", mm.Want{})
		e, ok := (<-s.events).(mm.Exited)
		if !ok || e.Reason != "signal: killed" {
			t.Errorf("got %+v", e)
		}
		s.events <- e // for the end of the session
	})
}

func TestNoiseIsOnEveryChannelAndTheAnswerIsRight(t *testing.T) {
	in(t, func(t *testing.T) {
		s := connected(t, sandbox.Fault{Kind: sandbox.FaultNoise})
		r := s.run("Get-Mailbox adele | Select-Object Alias")
		if !strings.Contains(r.Output, "\nAlias\n-----\nAdele\n") || len(r.Errors) != 1 {
			t.Errorf("output %q, errors %+v", r.Output, r.Errors)
		}
		for name, list := range map[string][]string{"warning": r.Streams.Warning, "verbose": r.Streams.Verbose,
			"debug": r.Streams.Debug, "information": r.Streams.Information, "console": r.Streams.Console} {
			if len(list) == 0 {
				t.Errorf("no noise on %s", name)
			}
		}
	})
}

func TestASignInCanBeGone(t *testing.T) {
	in(t, func(t *testing.T) {
		s := connected(t, sandbox.Fault{Kind: sandbox.FaultExpired})
		s.fails("Get-Mailbox", "AADSTS700082")
		s.prints("Get-ConnectionInformation", "Expired")
		if err := s.faults.Clear(); err != nil {
			t.Fatal(err)
		}
		s.connect(mm.Exchange, "admin@contoso.com")
		s.prints("Get-Mailbox", "Adele")
	})
}

func TestATokenEndsByItself(t *testing.T) {
	in(t, func(t *testing.T) {
		s := newSession(t, "Contoso-GA", mm.Azure)
		s.connect(mm.Azure, "admin@contoso.com")
		time.Sleep(sandbox.TokenLifetime + time.Second)
		s.fails("Get-AzSubscription", "have expired")
	})
}

func TestFaultsOfConnecting(t *testing.T) {
	for kind, want := range map[sandbox.FaultKind]string{
		sandbox.FaultDenied: "AADSTS70000: The user declined",
		sandbox.FaultNoCode: "showed no code",
	} {
		t.Run(string(kind), func(t *testing.T) {
			in(t, func(t *testing.T) {
				s := newSession(t, "Contoso-GA", mm.Exchange)
				if err := s.faults.Set("Contoso-GA:exo/*", sandbox.Fault{Kind: kind}); err != nil {
					t.Fatal(err)
				}
				r := s.connect(mm.Exchange, "")
				if len(r.Errors) != 1 || !strings.Contains(r.Errors[0].Message, want) || r.Terminated != mm.Threw {
					t.Errorf("ended %q with %+v", r.Terminated, r.Errors)
				}
				if shown := len(s.seen) > 1; shown != (kind == sandbox.FaultDenied) { // the error is a record too
					t.Errorf("records %+v", s.seen)
				}
			})
		})
	}
}

func TestTheWrongAccountCanSignIn(t *testing.T) {
	in(t, func(t *testing.T) {
		s := newSession(t, "Contoso-GA", mm.Exchange)
		if err := s.faults.Set("exo/Connect-ExchangeOnline", sandbox.Fault{Kind: sandbox.FaultWrongAccount}); err != nil {
			t.Fatal(err)
		}
		s.connect(mm.Exchange, "adele@contoso.com") // the hint, by which the automatic approval signs in, names that account
		s.prints("Get-ConnectionInformation", "adele@contoso.com")
		if s.hint != "adele@contoso.com" {
			t.Errorf("hint %q", s.hint)
		}
	})
}
