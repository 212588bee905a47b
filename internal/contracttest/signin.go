package contracttest

import (
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

func sameCode(t *testing.T, p pool) {
	const callers = 8
	answers := make(chan mm.Outcome, callers)
	for range callers {
		go func() { answers <- p.run(command(p.exo(), `'hello'`)) }()
	}
	var first *mm.Challenge
	for range callers {
		o := <-answers
		if o.Challenge == nil {
			t.Fatalf("%s with error %v", o.Status, o.Err)
		}
		left := time.Until(o.Challenge.ExpiresAt)
		if first == nil {
			first = o.Challenge
			if first.UserCode == "" || first.URL == "" || first.Message == "" || left <= 0 || left > mm.ChallengeLifetime+time.Second {
				t.Errorf("challenge %+v, for %s", first, left)
			}
			if first.Account != p.Account(p.exo().Connection) {
				t.Errorf("%q should sign in", first.Account)
			}
		}
		if o.Challenge.UserCode != first.UserCode || o.Challenge.URL != first.URL {
			t.Errorf("codes %s and %s", o.Challenge.UserCode, first.UserCode)
		}
	}
	if s := p.status(p.exo()); s.State != mm.StateAuthPending {
		t.Errorf("state %s", s.State)
	}
	p.approve(p.exo().Connection, first.UserCode)
	p.until("the sign-in is done", func() bool { return p.status(p.exo()).State == mm.StateAuthenticated })
	o := p.run(command(p.exo(), `'hello'`))
	p.succeeded(o, "hello")
	if o.AuthenticatedAs != p.Account(p.exo().Connection) || p.status(p.exo()).AuthenticatedAs != o.AuthenticatedAs {
		t.Errorf("authenticated as %q", o.AuthenticatedAs)
	}
}

func notRunBeforeSignIn(t *testing.T, p pool) {
	o := p.run(command(p.exo(), `$v = 'set before the sign-in'`))
	if o.Challenge == nil {
		t.Fatalf("%s with error %v", o.Status, o.Err)
	}
	p.approve(p.exo().Connection, o.Challenge.UserCode)
	p.until("the sign-in is done", func() bool { return p.status(p.exo()).State == mm.StateAuthenticated })
	p.succeeded(p.run(command(p.exo(), `$v`)), "")
}

func wrongAccount(_ *testing.T, p pool) {
	s := p.exo()
	c := command(s, `$v = 'ran as somebody else'`)
	o := p.run(c)
	if o.Challenge == nil {
		p.t.Fatalf("%s with error %v", o.Status, o.Err)
	}
	if err := p.SignIn(o.Challenge.UserCode, p.Stranger(s.Connection)); err != nil {
		p.t.Fatal(err)
	}
	p.until("the sign-in is refused", func() bool { return p.status(s).State != mm.StateAuthPending })
	p.failed(p.run(c), mm.WrongAccount, mm.ExecutedNo)
	p.signedIn(s)
	p.succeeded(p.run(command(s, `$v`)), "")
}
