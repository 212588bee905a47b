package contracttest

import (
	"errors"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// asError returns the *mm.Error that err should be; nil where it is none.
func asError(err error) *mm.Error {
	e, _ := errors.AsType[*mm.Error](err)
	return e
}

func brokenRegistry(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	p.writeRegistry(t, "{\n  \"connections\": {\n    oops\n")
	list, err := p.Service.Connections(t.Context())
	p.isError(asError(err), mm.RegistryBroken, mm.ExecutedNo)
	if err == nil || !strings.Contains(err.Error(), "line 3, column 5") || len(list) != len(p.Connections) {
		t.Errorf("%d connections, %v", len(list), err)
	}
	if all, err := p.Admin.Status(t.Context()); err != nil || len(all.Notes) == 0 || !strings.Contains(all.Notes[0], "line 3") {
		t.Errorf("notes %q, %v", all.Notes, err)
	}
	o := p.run(command(s, `'served still'`))
	p.succeeded(o, "served still")
	if len(o.Notes) == 0 || !strings.Contains(strings.Join(o.Notes, " "), "line 3") {
		t.Errorf("notes %q", o.Notes)
	}
	p.failed(p.run(command(p.session(1, mm.Exchange), `1`)), mm.RegistryBroken, mm.ExecutedNo)
}

func removedConnection(t *testing.T, p pool) {
	s := p.signedIn(p.exo())
	p.editRegistry(t, func(_, connections map[string]any) { delete(connections, s.Connection) })
	p.failed(p.run(command(s, `1`)), mm.UnknownConnection, mm.ExecutedNo)
	p.until("its session is gone", func() bool { return p.status(s).ID == mm.SessionID{} })
}

func changedIdentity(t *testing.T, p pool) {
	s, other := p.signedIn(p.exo()), p.signedIn(p.session(1, mm.Exchange))
	p.editRegistry(t, func(_, connections map[string]any) {
		connections[s.Connection].(map[string]any)["expectedEmail"] = p.Stranger(s.Connection)
		connections[other.Connection].(map[string]any)["description"] = "says nothing of the identity"
	})
	o := p.run(command(s, `'as the one before'`))
	if o.Challenge == nil || o.Challenge.Account != p.Stranger(s.Connection) {
		t.Errorf("%s, %+v, %v", o.Status, o.Challenge, o.Err)
	}
	p.succeeded(p.run(command(other, `'signed in still'`)), "signed in still")
}
