package contracttest

import (
	"testing"

	mm "github.com/microsoft-master/mm"
)

func signInAndOut(t *testing.T, p pool) {
	name := p.Connections[0]
	order := mm.SignInOrder{Connection: name}
	status, err := p.Admin.SignIn(t.Context(), order)
	if p.Remote {
		p.isError(asError(err), mm.NotEnabled, mm.ExecutedNo)
		_, err = p.Admin.SignOut(t.Context(), name)
		p.isError(asError(err), mm.NotEnabled, mm.ExecutedNo)
		return
	}
	if err != nil || status.State != mm.AccountSigning || status.Challenge == nil || status.Connection != name {
		t.Fatalf("%+v, %v", status, err)
	}
	if o := p.graph(p.request("/me")); o.Challenge == nil || o.Challenge.UserCode != status.Challenge.UserCode {
		t.Errorf("a graph request meanwhile: %+v", o)
	}
	p.approve(name, status.Challenge.UserCode)
	p.untilAccount(name, mm.AccountSignedIn)
	if status, err = p.Admin.SignIn(t.Context(), order); err != nil || status.State != mm.AccountSignedIn || status.Account.Username != p.Account(name) {
		t.Errorf("%+v, %v", status, err)
	}
	for _, want := range []bool{true, false} {
		if was, err := p.Admin.SignOut(t.Context(), name); was != want || err != nil {
			t.Errorf("sign-out: %t, %v", was, err)
		}
	}
	if o := p.graph(p.request("/me")); o.Status != mm.StatusAuthRequired {
		t.Errorf("after the sign-out: %+v", o)
	}
	_, err = p.Admin.SignIn(t.Context(), mm.SignInOrder{Connection: "Nobody"})
	p.isError(asError(err), mm.UnknownConnection, mm.ExecutedNo)
}

func graphStranger(t *testing.T, p pool) {
	name := p.Connections[0]
	r := p.newDraft("of a stranger")
	o := p.graph(r)
	if o.Challenge == nil {
		t.Fatalf("%s with error %v", o.Status, o.Err)
	}
	if err := p.SignIn(o.Challenge.UserCode, p.Stranger(name)); err != nil {
		t.Fatal(err)
	}
	p.untilAccount(name, mm.AccountUnknown)
	p.failed(p.graph(r), mm.WrongAccount, mm.ExecutedNo)
	p.account(name)
	if n := p.drafts("of a stranger"); n != "0" {
		t.Errorf("%s were made", n)
	}
}
