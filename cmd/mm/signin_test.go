package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mm "github.com/microsoft-master/mm"
)

// fakeAdmin answers sign-ins as a test says.
type fakeAdmin struct {
	mm.Admin
	answer func(mm.SignInOrder) (mm.AccountStatus, error)

	mu     sync.Mutex
	orders []mm.SignInOrder
}

func (f *fakeAdmin) SignIn(_ context.Context, o mm.SignInOrder) (mm.AccountStatus, error) {
	f.mu.Lock()
	f.orders = append(f.orders, o)
	f.mu.Unlock()
	s, err := f.answer(o)
	s.Connection = o.Connection
	return s, err
}

func signs(f *fakeAdmin, o signInOptions) (s *signer, stdout, stderr *bytes.Buffer) {
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	return &signer{pool: f, stdout: screen{Writer: stdout}, stderr: screen{Writer: stderr}, options: o, interrupts: make(chan os.Signal, 2)}, stdout, stderr
}

func waits(c mm.Challenge) mm.AccountStatus {
	return mm.AccountStatus{State: mm.AccountSigning, Challenge: &c}
}

func isIn(name string) mm.AccountStatus {
	return mm.AccountStatus{State: mm.AccountSignedIn, Account: mm.Account{Username: name}, Until: time.Now().Add(time.Hour)}
}

// browserPage is a challenge for a browser.
func browserPage(state string) mm.Challenge {
	return mm.Challenge{URL: "https://login.microsoftonline.com/t/authorize?state=" + state, ExpiresAt: time.Now().Add(15 * time.Minute)}
}

func TestASignInWaitsForThePerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		page := browserPage("s")
		f := &fakeAdmin{answer: func(mm.SignInOrder) (mm.AccountStatus, error) {
			if time.Since(begun) < 10*time.Second {
				return waits(page), nil
			}
			return isIn("ann@contoso.com"), nil
		}}
		s, stdout, stderr := signs(f, signInOptions{})
		if err := s.signInOne(t.Context(), "A"); err != nil || stdout.String() != "A is signed in as ann@contoso.com.\n" {
			t.Errorf("%v, %s", err, stdout)
		}
		if strings.Count(stderr.String(), page.URL) != 1 {
			t.Errorf("the address is shown once:\n%s", stderr)
		}
		// Only the first says how: another terminal may have asked for another method meanwhile, and each would undo the other's.
		for i, o := range f.orders {
			if want := map[bool]mm.SignInMethod{true: mm.Browser}[i == 0]; o.Method != want {
				t.Errorf("order %d: %q", i, o.Method)
			}
		}
	})
}

func TestASignInThatIsDoneAlreadySaysWhoItIs(t *testing.T) {
	f := &fakeAdmin{answer: func(mm.SignInOrder) (mm.AccountStatus, error) { return isIn("ann@contoso.com"), nil }}
	s, stdout, stderr := signs(f, signInOptions{})
	if err := s.signInOne(t.Context(), "A"); err != nil || stdout.String() != "A is signed in already, as ann@contoso.com.\n" || stderr.Len() != 0 {
		t.Errorf("%v, %s%s", err, stdout, stderr)
	}
}

func TestACodeThatWentOutOfDateIsReplacedByOneOfItsKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := mm.Challenge{UserCode: "OLD", URL: "u", ExpiresAt: time.Now().Add(3 * time.Second)}
		f := &fakeAdmin{}
		f.answer = func(mm.SignInOrder) (mm.AccountStatus, error) {
			switch {
			case time.Now().Before(old.ExpiresAt.Add(time.Second)):
				return waits(old), nil
			case time.Now().Before(old.ExpiresAt.Add(5 * time.Second)):
				return waits(mm.Challenge{UserCode: "NEW", URL: "u", ExpiresAt: old.ExpiresAt.Add(time.Hour)}), nil
			}
			return isIn("ann"), nil
		}
		s, _, stderr := signs(f, signInOptions{deviceCode: true})
		if err := s.signInOne(t.Context(), "A"); err != nil || !strings.Contains(stderr.String(), "The code OLD is not valid any more.") {
			t.Errorf("%v\n%s", err, stderr)
		}
		asked := 0
		for _, o := range f.orders {
			if o.Method == mm.DeviceCode {
				asked++
			}
		}
		if asked < 2 {
			t.Errorf("orders %+v", f.orders)
		}
	})
}

func TestASignInThatFailsSaysWhy(t *testing.T) {
	for _, c := range []struct {
		err  *mm.Error
		code int
		want string
	}{
		{mm.Errorf(mm.WrongAccount, "Use another.", "WARNING: Authenticated with wrong account."), 1, "WARNING: Authenticated with wrong account.\nUse another.\n"},
		{mm.Errorf(mm.SignInFailed, "Consent.", "App not found."), 1, "mm: App not found.\nConsent.\n"},
		{mm.Errorf(mm.BadRequest, "Set it.", "No appId."), 2, "mm: No appId.\nSet it.\n"},
		{mm.Errorf(mm.NodeUnreachable, "", "Gone."), 5, "mm: Gone.\n"},
	} {
		s, stdout, stderr := signs(&fakeAdmin{answer: func(mm.SignInOrder) (mm.AccountStatus, error) { return mm.AccountStatus{}, c.err }}, signInOptions{})
		if err := s.signInOne(t.Context(), "A"); !errors.Is(err, exit(c.code)) || stderr.String() != c.want || stdout.Len() != 0 {
			t.Errorf("%v, %s%s", err, stdout, stderr)
		}
	}
}

func TestAPastedAddressIsLookedAtAndPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page := browserPage("right")
		const good = "http://localhost:4000/?code=c&state=right"
		passed := false
		f := &fakeAdmin{answer: func(o mm.SignInOrder) (mm.AccountStatus, error) {
			if passed = passed || strings.TrimSpace(o.Pasted) == good; passed {
				return isIn("ann"), nil
			}
			return waits(page), nil
		}}
		s, _, stderr := signs(f, signInOptions{paste: true})
		s.lines = bufio.NewReader(strings.NewReader("hello\nhttp://localhost:4000/?code=c&state=wrong\n" + good + "\n"))
		if err := s.signInOne(t.Context(), "A"); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"Paste the address that the browser cannot open", "That is not the address", "That address is of another sign-in."} {
			contains(t, "stderr", stderr.String(), want)
		}
		pasted := 0
		for _, o := range f.orders {
			if o.Pasted != "" {
				pasted++
			}
		}
		if pasted != 1 {
			t.Errorf("orders %+v", f.orders)
		}
	})
}

func TestAnAddressThatTheTerminalCutIsNotTaken(t *testing.T) {
	s, _, stderr := signs(&fakeAdmin{}, signInOptions{paste: true})
	if got := s.check("http://localhost/?state=s&code="+strings.Repeat("x", terminalLine), browserPage("s")); got != "" {
		t.Errorf("%d characters", len(got))
	}
	contains(t, "stderr", stderr.String(), "--paste < FILE")
}

func TestTheClipboardGetsTheCode(t *testing.T) {
	for _, cursor := range []bool{true, false} {
		s, _, stderr := signs(&fakeAdmin{}, signInOptions{copy: true})
		s.stderr.cursor = cursor
		s.show("A", mm.Challenge{UserCode: "ABCD1234", URL: "u"}, mm.Challenge{})
		if is := strings.Contains(stderr.String(), "\x1b]52;c;"+base64.StdEncoding.EncodeToString([]byte("ABCD1234"))+"\x07"); is != cursor {
			t.Errorf("on a terminal %t: %q", cursor, stderr)
		}
	}
}

func TestABrowserIsOpenedWhereThatWasAskedFor(t *testing.T) {
	var opened string
	s, _, stderr := signs(&fakeAdmin{}, signInOptions{open: true})
	s.start = func(address string) error {
		opened = address
		return errors.New("this is no desktop")
	}
	s.show("A", browserPage("s"), mm.Challenge{})
	if opened != browserPage("s").URL || !strings.Contains(stderr.String(), "No browser was opened: this is no desktop.") {
		t.Errorf("opened %q\n%s", opened, stderr)
	}
	for _, address := range []string{"file:///etc/passwd", "http://example.com", "--help", "javascript:1"} {
		if err := startBrowser(address); err == nil || !strings.Contains(err.Error(), "not https") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

type someConnections []mm.Connection

func (s someConnections) Connections(context.Context) ([]mm.Connection, error) { return s, nil }

func TestTheMorning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connection := func(name, app string) mm.Connection {
			return mm.Connection{Name: name, AppID: app, Tenant: "contoso.com"}
		}
		all := someConnections{connection("In", "a"), connection("Out", "a"), connection("Bare", ""), connection("Broken", "a"),
			connection("Stays", "a"), connection("Later", "a")}
		first := map[string]bool{}
		var s *signer
		f := &fakeAdmin{answer: func(o mm.SignInOrder) (mm.AccountStatus, error) {
			before := first[o.Connection]
			first[o.Connection] = true
			switch o.Connection {
			case "In":
				return isIn("in@contoso.com"), nil
			case "Out":
				if before {
					return isIn("out@contoso.com"), nil
				}
			case "Broken":
				return mm.AccountStatus{}, mm.Errorf(mm.SignInFailed, "Ask.", "Refused.")
			case "Stays":
				if before {
					s.interrupts <- os.Interrupt
				}
			default:
				t.Errorf("%s was asked for", o.Connection)
			}
			return waits(mm.Challenge{UserCode: "CODE" + o.Connection, URL: "u", ExpiresAt: time.Now().Add(time.Minute)}), nil
		}}
		s, stdout, stderr := signs(f, signInOptions{all: true})
		err := s.signInAll(t.Context(), all)
		until := time.Now().Add(time.Hour)
		const board = `CONNECTION  ACCOUNT          SIGNED IN
In          in@contoso.com   until CLOCK, then renewed by itself
Out         out@contoso.com  until CLOCK, then renewed by itself
Bare        -                no: has no app of its own: each module signs in with its first command
Broken      -                no: Refused. Ask.
Stays       -                no: left for later
Later       -                no: left for later
`
		got := stdout.String()
		for d := -5 * time.Second; d <= 0; d += time.Second {
			got = strings.ReplaceAll(got, until.Add(d).Format("15:04"), "CLOCK")
		}
		if !errors.Is(err, exit(exitFailed)) || got != board {
			t.Errorf("%v\n%s", err, got)
		}
		for _, want := range []string{"[2/6] Out", "CODEOut", "signed in as out@contoso.com", "mm: Refused.\nAsk.\n", "CODEStays", "Left. The sign-in stays open"} {
			contains(t, "stderr", stderr.String(), want)
		}
		if strings.Contains(stderr.String(), "CODEIn") || f.orders[0].Method != mm.DeviceCode {
			t.Errorf("orders %+v\n%s", f.orders, stderr)
		}
	})
}

func TestUntilWhenTokensLast(t *testing.T) {
	for want, until := range map[string]time.Time{
		"renewed when needed":                      {},
		"11:30, then renewed by itself":            tenOClock.Add(90 * time.Minute),
		"2026-11-24 10:00, then renewed by itself": tenOClock.Add(48 * time.Hour),
	} {
		if got := untilText(until, tenOClock); got != want {
			t.Errorf("%s: %s", until, got)
		}
	}
}

func TestWhatASignOutEnded(t *testing.T) {
	session := func(connection string, m mm.Module, s mm.State) mm.SessionStatus {
		return mm.SessionStatus{ID: mm.SessionID{Connection: connection, Module: m}, State: s}
	}
	before := mm.PoolStatus{
		Accounts: []mm.AccountStatus{{Connection: "A", Account: mm.Account{Username: "ann@contoso.com"}}},
		Sessions: []mm.SessionStatus{session("A", mm.Exchange, mm.StateAuthenticated), session("A", mm.Teams, mm.StateReady), session("B", mm.Azure, mm.StateAuthenticated)},
	}
	for _, c := range []struct {
		was    bool
		before mm.PoolStatus
		want   string
	}{
		{true, before, "a as ann@contoso.com is signed out: no tokens of it are left here. Ended sessions: exo."},
		{true, mm.PoolStatus{}, "a is signed out: no tokens of it are left here."},
		{false, mm.PoolStatus{}, "a was not signed in."},
	} {
		if got := signedOutText("a", c.was, c.before); got != c.want {
			t.Errorf("got %s", got)
		}
	}
}
