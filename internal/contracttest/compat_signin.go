package contracttest

import (
	"fmt"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func firstCode(t *testing.T, v visitor) {
	s := v.code(v.exo(`'hello'`))
	if s.AuthURL != v.LoginURL {
		t.Errorf("address %s", s.AuthURL)
	}
	if v.Kind()&HTTP == 0 {
		return
	}
	golden := fmt.Sprintf(`{"status":"auth_required","device_code":"<code>","auth_url":%q,"message":"<text>","expires_in":"<left>"}`, v.LoginURL)
	if err := Shape(golden, s.Body); err != nil || s.HTTPStatus != 200 {
		t.Errorf("HTTP status %d, %v", s.HTTPStatus, err)
	}
}

func firstCodeInWords(t *testing.T, v visitor) {
	for _, m := range mm.Modules() {
		s := v.code(Ask{Connection: v.connection, Module: string(m), Command: `'hello'`})
		want := "**DEVICE CODE: " + s.DeviceCode + "**\n" +
			"Go to: https://microsoft.com/devicelogin\n" +
			"\n" +
			"Connection: " + v.connection + "\n" +
			"**Sign in as: " + v.Account(v.connection) + "**\n" +
			"Module: " + string(m) + "\n" +
			"\n" +
			"After authenticating, retry the command."
		more, ok := strings.CutPrefix(s.Text, want)
		if !ok || more != "" && !strings.HasPrefix(more, "\n\n") {
			t.Errorf("%s:\n got %q\nwant %q", m, s.Text, want)
		}
	}
}

func sameCodeLessTime(t *testing.T, v visitor) {
	first := v.code(v.exo(`'hello'`))
	if first.ExpiresIn < 880 {
		t.Errorf("a new code expires in %d s", first.ExpiresIn)
	}
	// Time passes until a second has.
	v.untilStatus(v.session(mm.Exchange), func(mm.SessionStatus) bool {
		again := v.code(v.exo(`'another caller'`))
		if again.DeviceCode != first.DeviceCode || again.AuthURL != first.AuthURL || again.ExpiresIn > first.ExpiresIn {
			t.Fatalf("first %+v, then %+v", first, again)
		}
		return again.ExpiresIn < first.ExpiresIn
	})
}

func afterSignIn(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	s := v.ask(`'hello'`)
	v.succeeded(s, "hello")
	if !v.overMCP() && s.AuthenticatedAs != v.Account(v.connection) {
		t.Errorf("authenticated as %q", s.AuthenticatedAs)
	}
}

func notRunWithCode(_ *testing.T, v visitor) {
	s := v.code(v.exo(`$v = 'was run'`))
	v.approve(v.session(mm.Exchange), s.DeviceCode, v.Account(v.connection))
	v.until(v.session(mm.Exchange), mm.StateAuthenticated)
	v.succeeded(v.ask(`'<'; $v; '>'`), "<\n>")
}

// wrongIdentity begins the answer to whoever asks for a session after somebody else has signed in.
const wrongIdentity = "WARNING: Authenticated with wrong account. Re-authentication required."

func wrongAccountSeen(t *testing.T, v visitor) {
	for _, m := range mm.Modules() {
		a := Ask{Connection: v.connection, Module: string(m), Command: `$v = 'was run'`}
		refusedIdentity(t, v, a, v.Stranger(v.connection))
		v.signIn(m)
		a.Command = `'<'; $v; '>'`
		v.succeeded(v.send(a), "<\n>")
	}
}

// refusedIdentity signs somebody in who must not be, and looks at what the next caller is told.
func refusedIdentity(t *testing.T, v visitor, a Ask, account string) {
	t.Helper()
	id := mm.SessionID{Connection: a.Connection, Module: mm.Module(a.Module)}
	first := v.code(a)
	v.approve(id, first.DeviceCode, account)
	v.untilStatus(id, func(s mm.SessionStatus) bool { return s.LastError != "" })
	s := v.send(a)
	v.failed(s, mm.WrongAccount, mm.ExecutedNo)
	if !strings.HasPrefix(s.Text, wrongIdentity) {
		t.Errorf("%s: %q", a.Module, s.Text)
	}
	if next := v.code(a); next.DeviceCode == first.DeviceCode {
		t.Errorf("%s: the used code is shown again", a.Module)
	}
}

// wrongTenantSeen: the account is the expected one, and Exchange signs a guest in to its own tenant.
func wrongTenantSeen(t *testing.T, v visitor) {
	const guest = "Northwind-Partner"
	refusedIdentity(t, v, Ask{Connection: guest, Module: string(mm.Exchange), Command: `1`}, v.Account(guest))
}

func declined(t *testing.T, v visitor) {
	id := v.session(mm.Exchange)
	if err := v.Fault(id, "Connect-ExchangeOnline", "denied", 0); err != nil {
		t.Fatal(err)
	}
	v.code(v.exo(`1`))
	v.untilStatus(id, func(s mm.SessionStatus) bool { return s.LastError != "" })
	v.failed(v.ask(`1`), mm.SignInFailed, mm.ExecutedNo)
}
