package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func TestTheMostExactFaultWins(t *testing.T) {
	s := OpenSwitchboard(t.TempDir())
	for target, seconds := range map[string]float64{
		"*": 1, "exo/*": 2, "exo/Get-Mailbox": 3, "Contoso-GA:*": 4, "Contoso-GA:exo/*": 5, "Contoso-GA:exo/Get-Mailbox": 6,
	} {
		if err := s.Set(target, Fault{Kind: FaultSlow, Seconds: seconds}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		connection string
		module     mm.Module
		command    string
		want       float64
	}{
		{"Contoso-GA", mm.Exchange, "Get-Mailbox", 6},
		{"contoso-ga", mm.Exchange, "get-mailbox", 6},
		{"Contoso-GA", mm.Exchange, "Get-Recipient", 5},
		{"Contoso-GA", mm.Teams, "Get-Team", 4},
		{"Fabrikam-GA", mm.Exchange, "Get-Mailbox", 3},
		{"", mm.Exchange, "Get-Mailbox", 3},
		{"Fabrikam-GA", mm.Exchange, "Get-Recipient", 2},
		{"Fabrikam-GA", mm.Teams, "Get-Team", 1},
	} {
		f, ok, err := s.Lookup(c.connection, c.module, c.command)
		if err != nil || !ok || f.Seconds != c.want {
			t.Errorf("%+v: got %v %v %v", c, f.Seconds, ok, err)
		}
	}
}

func TestFaultsOfConnectingHappenToConnectCommandsOnly(t *testing.T) {
	for _, c := range []struct {
		kind       FaultKind
		connecting bool
		others     bool
	}{
		{FaultSlow, true, true}, {FaultHang, true, true}, {FaultThreadSleep, true, true}, {FaultThrow, true, true},
		{FaultDie, true, true}, {FaultNoise, false, true}, {FaultExpired, false, true}, {FaultWrongAccount, true, false},
		{FaultNoCode, true, false}, {FaultDenied, true, false},
	} {
		s := OpenSwitchboard(t.TempDir())
		if err := s.Set("exo/*", Fault{Kind: c.kind}); err != nil {
			t.Fatal(err)
		}
		for command, want := range map[string]bool{"Connect-ExchangeOnline": c.connecting, "Get-ConnectionInformation": c.others} {
			if _, got, err := s.Lookup("", mm.Exchange, command); got != want || err != nil {
				t.Errorf("%s on %s: got %v %v, want %v", c.kind, command, got, err, want)
			}
		}
	}
}

func TestTimesAreCountedOverAllProcesses(t *testing.T) {
	dir := t.TempDir()
	if err := OpenSwitchboard(dir).Set("*", Fault{Kind: FaultThrow, Times: 5}); err != nil {
		t.Fatal(err)
	}
	var hits atomic.Int32
	var wg sync.WaitGroup
	for range 4 { // each stands for a process of its own
		wg.Go(func() {
			s := OpenSwitchboard(dir)
			for range 10 {
				_, hit, err := s.Lookup("", mm.Teams, "Get-Team")
				if err != nil {
					t.Error(err)
				}
				if hit {
					hits.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if hits.Load() != 5 {
		t.Errorf("happened %d times, want 5", hits.Load())
	}
}

func TestSettingAFaultAgainStartsItsCountAnew(t *testing.T) {
	s := OpenSwitchboard(t.TempDir())
	for range 2 {
		if err := s.Set("exo/get-mailbox", Fault{Kind: FaultThrow, Times: 1}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []bool{true, false} {
			if _, got, err := s.Lookup("", mm.Exchange, "Get-Mailbox"); got != want || err != nil {
				t.Errorf("got %v %v, want %v", got, err, want)
			}
		}
	}
}

func TestClearedFaultsAreGone(t *testing.T) {
	dir := t.TempDir()
	s, other := OpenSwitchboard(dir), OpenSwitchboard(dir)
	for _, target := range []string{"exo/*", "pnp/*", "teams/*"} {
		if err := s.Set(target, Fault{Kind: FaultSlow, Times: 3}); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok, _ := other.Lookup("", mm.SharePoint, "Get-PnPWeb"); !ok {
		t.Error("a fault that another set is not seen")
	}
	if err := s.Clear("EXO/*"); err != nil {
		t.Fatal(err)
	}
	if faults, err := other.Faults(); len(faults) != 2 || err != nil {
		t.Errorf("after clearing one: %v %v", faults, err)
	}
	if err := s.Clear(); err != nil {
		t.Fatal(err)
	}
	if faults, err := other.Faults(); len(faults) != 0 || err != nil {
		t.Errorf("after clearing all: %v %v", faults, err)
	}
	if claims, err := os.ReadDir(filepath.Join(dir, "claims")); len(claims) != 0 || err != nil {
		t.Errorf("claims are left: %v %v", claims, err)
	}
}

func TestAFaultThatMakesNoSenseIsRefused(t *testing.T) {
	s := OpenSwitchboard(t.TempDir())
	for _, c := range []struct {
		target string
		fault  Fault
		want   string
	}{
		{"exo", Fault{Kind: FaultSlow}, "names no command"},
		{"word/Get-Mailbox", Fault{Kind: FaultSlow}, "names no command"},
		{"Contoso-GA:exo/", Fault{Kind: FaultSlow}, "names no command"},
		{"*", Fault{Kind: "explode"}, "the faults are [slow hang"},
		{"*", Fault{Kind: FaultSlow, Seconds: -1}, "0 to 86400 seconds"},
		{"*", Fault{Kind: FaultSlow, Times: 1001}, "0 to 1000 times"},
	} {
		if err := s.Set(c.target, c.fault); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %+v: got %v, want %s", c.target, c.fault, err, c.want)
		}
	}
}

func TestABrokenSwitchboardIsAnErrorAndNotSilence(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "switchboard.json"), []byte(`{"*":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenSwitchboard(dir).Lookup("", mm.Teams, "Get-Team"); err == nil {
		t.Error("no error")
	}
}
