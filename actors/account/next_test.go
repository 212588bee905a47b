package account

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func contoso() mm.Connection {
	return mm.Connection{Name: "Contoso", AppID: "app", Tenant: "contoso.com", ExpectedEmail: "admin@contoso.com"}
}

func token(text string, lives time.Duration) mm.Token {
	return mm.Token{Text: mm.NewSecret(text), ExpiresAt: noon.Add(lives), Account: mm.Account{Username: "admin@contoso.com"}}
}

func needs(why mm.InteractionReason) error {
	return &mm.Interaction{Why: why, Err: mm.Errorf(mm.SignInFailed, "", "a person is needed: %s", why)}
}

// A tale feeds an account events and keeps what was done about each.
type tale struct {
	s    State
	last []string
	// of the last Fetch of each key and the last Begin
	fetch  map[Key]Fetch
	serial uint64
}

func (c *tale) happens(e Event) string {
	var effects []Effect
	c.s, effects = Next(c.s, noon, e)
	c.last = nil
	for _, f := range effects {
		word := ""
		switch f := f.(type) {
		case Fetch:
			if c.fetch == nil {
				c.fetch = map[Key]Fetch{}
			}
			c.fetch[f.Key] = f
			word = "fetch " + string(f.Key.Audience)
			if f.Request.Fresh {
				word += " anew"
			}
		case Begin:
			c.serial = f.Serial
			word = fmt.Sprintf("begin %s by %s", f.Request.Audience, f.Request.Method)
			if f.Request.Claims != "" {
				word += " with " + f.Request.Claims
			}
		case Abandon:
			word = "abandon"
		case Tell:
			word = f.ID + ": code " + f.Challenge.UserCode
		case Give:
			word = f.ID + ": token " + f.Token.Text.Reveal()
		case Refuse:
			word = f.ID + ": " + string(f.Err.Code)
			if f.Why != "" {
				word += " " + string(f.Why)
			}
		}
		c.last = append(c.last, word)
	}
	return strings.Join(c.last, ", ")
}

func (c *tale) asks(id string, a mm.Audience) string {
	return c.happens(Ask{ID: id, Connection: contoso(), Audience: a})
}

func (c *tale) fetched(a mm.Audience, t mm.Token, err error) string {
	k := Key{Audience: a}
	return c.happens(Fetched{Epoch: c.fetch[k].Epoch, Key: k, Token: t, Err: err})
}

func TestAnAccountsLife(t *testing.T) {
	var c tale
	steps := []struct {
		what string
		got  func() string
		want string
	}{
		{"the first ask fetches", func() string { return c.asks("a", mm.AudienceGraph) }, "fetch graph"},
		{"the second waits for the same", func() string { return c.asks("b", mm.AudienceGraph) }, ""},
		{"another audience is another matter", func() string { return c.asks("x", mm.AudienceExchange) }, "fetch exchange"},
		{"nobody is signed in, so a person is asked", func() string { return c.fetched(mm.AudienceGraph, mm.Token{}, needs(mm.NoAccount)) }, "begin graph by device_code"},
		{"not twice", func() string { return c.fetched(mm.AudienceExchange, mm.Token{}, needs(mm.NoAccount)) }, ""},
		{"who waits is told", func() string { return c.happens(Shown{c.serial, mm.Challenge{UserCode: "ABC"}}) }, "a: code ABC, b: code ABC, x: code ABC"},
		{"who comes later is told the same", func() string { return c.asks("c", mm.AudienceAzure) }, "c: code ABC"},
		{"b leaves", func() string { return c.happens(Drop{"b"}) }, ""},
		{"signed in: each gets its own", func() string { return c.happens(SignedIn{c.serial, token("g1", time.Hour), nil}) }, "a: token g1, fetch exchange, fetch azure"},
		{"fetched", func() string { return c.fetched(mm.AudienceExchange, token("e1", time.Hour), nil) }, "x: token e1"},
		{"without consent the asker is refused and nobody else", func() string { return c.fetched(mm.AudienceAzure, mm.Token{}, needs(mm.NeedsConsent)) }, "c: sign_in_failed needs_consent"},
		{"what is there is given", func() string { return c.asks("d", mm.AudienceGraph) }, "d: token g1"},
		{"rejected: a new one", func() string {
			return c.happens(Ask{ID: "e", Connection: contoso(), Audience: mm.AudienceGraph, Rejected: mm.NewSecret("g1")})
		}, "fetch graph anew"},
		{"rejected as well: the same new one", func() string {
			return c.happens(Ask{ID: "f", Connection: contoso(), Audience: mm.AudienceGraph, Rejected: mm.NewSecret("g1")})
		}, ""},
		{"both have it", func() string { return c.fetched(mm.AudienceGraph, token("g2", time.Hour), nil) }, "e: token g2, f: token g2"},
		{"a late one gets what the others fetched", func() string {
			return c.happens(Ask{ID: "g", Connection: contoso(), Audience: mm.AudienceGraph, Rejected: mm.NewSecret("g1")})
		}, "g: token g2"},
		{"a claims challenge", func() string {
			return c.happens(Ask{ID: "h", Connection: contoso(), Audience: mm.AudienceGraph, Rejected: mm.NewSecret("g2"), Claims: "{mfa}"})
		}, "fetch graph anew"},
		{"leads to a sign-in with the claims", func() string { return c.fetched(mm.AudienceGraph, mm.Token{}, needs(mm.NeedsClaims)) }, "begin graph by device_code with {mfa}"},
		{"other audiences go on meanwhile", func() string { return c.asks("i", mm.AudienceExchange) }, "i: token e1"},
		{"it fails", func() string { return c.happens(SignedIn{c.serial, mm.Token{}, errors.New("no")}) }, "h: sign_in_failed"},
		{"signed out: nothing is left", func() string { return c.happens(SignOut{contoso()}) }, ""},
		{"and nothing is given", func() string { return c.asks("j", mm.AudienceGraph) }, "fetch graph"},
		{"what belongs to the time before is dropped", func() string {
			return c.happens(Fetched{Epoch: 1, Key: Key{Audience: mm.AudienceGraph}, Token: token("old", time.Hour)})
		}, ""},
		{"device codes are blocked", func() string { return c.fetched(mm.AudienceGraph, mm.Token{}, needs(mm.Expired)) }, "begin graph by device_code"},
		{"so a browser is asked for", func() string { return c.happens(SignedIn{c.serial, mm.Token{}, needs(mm.NeedsBrowser)}) }, "begin graph by browser"},
		{"the registry changes", func() string {
			changed := contoso()
			changed.ExpectedEmail = "other@contoso.com"
			return c.happens(Ask{ID: "k", Connection: changed, Audience: mm.AudienceGraph})
		}, "j: session_replaced, abandon, fetch graph"},
		{"the end", func() string { return c.happens(Stop{mm.Errorf(mm.ShuttingDown, "", "the end")}) }, "k: shutting_down"},
	}
	for _, s := range steps {
		if got := s.got(); got != s.want {
			t.Errorf("%s:\ngot  %s\nwant %s", s.what, got, s.want)
		}
	}
}

func TestASignInIsForGraphWhoeverAsked(t *testing.T) {
	var c tale
	c.asks("x", mm.AudienceExchange)
	if got := c.fetched(mm.AudienceExchange, mm.Token{}, needs(mm.NoAccount)); got != "begin graph by device_code" {
		t.Errorf("got %s", got)
	}
	if got := c.happens(SignedIn{c.serial, token("g1", time.Hour), nil}); got != "fetch exchange" {
		t.Errorf("got %s", got)
	}
	if got := c.fetched(mm.AudienceExchange, mm.Token{}, needs(mm.NeedsConsent)); got != "x: sign_in_failed needs_consent" {
		t.Errorf("got %s", got)
	}
}

func TestAnotherMethodBeginsAnew(t *testing.T) {
	var c tale
	c.asks("a", mm.AudienceGraph)
	c.fetched(mm.AudienceGraph, mm.Token{}, needs(mm.NoAccount))
	first := c.serial
	got := c.happens(Ask{ID: "b", Connection: contoso(), Audience: mm.AudienceGraph, Method: mm.Browser})
	if got != "abandon, begin graph by browser" {
		t.Errorf("got %s", got)
	}
	if got := c.happens(SignedIn{first, mm.Token{}, errors.New("abandoned")}); got != "" {
		t.Errorf("the abandoned one: %s", got)
	}
	if got := c.happens(Shown{c.serial, mm.Challenge{URL: "https://login"}}); got != "a: code , b: code " {
		t.Errorf("got %s", got)
	}
}

func TestAFailureThatNobodyWaitedForIsToldOnce(t *testing.T) {
	var c tale
	begin := func() {
		c.asks("a", mm.AudienceGraph)
		c.fetched(mm.AudienceGraph, mm.Token{}, needs(mm.NoAccount))
		c.happens(Drop{"a"})
	}
	begin()
	c.happens(SignedIn{c.serial, mm.Token{}, mm.Errorf(mm.WrongAccount, "", "another one")})
	if got := c.asks("b", mm.AudienceGraph); got != "b: wrong_account" {
		t.Errorf("got %s", got)
	}
	if got := c.asks("c", mm.AudienceGraph); got != "fetch graph" {
		t.Errorf("got %s", got)
	}
	c.fetched(mm.AudienceGraph, mm.Token{}, needs(mm.NoAccount))
	c.happens(Drop{"c"})
	c.happens(SignedIn{c.serial, mm.Token{}, mm.Errorf(mm.Timeout, "", "nobody came")})
	if got := c.asks("d", mm.AudienceGraph); got != "fetch graph" {
		t.Errorf("an expired code was told as a failure: %s", got)
	}
}

func TestTokensThatEndSoonAreNotGiven(t *testing.T) {
	var c tale
	c.asks("a", mm.AudienceGraph)
	if got := c.fetched(mm.AudienceGraph, token("short", mm.TokenMargin-time.Second), nil); got != "a: token short" {
		t.Errorf("whoever waited has to do with it: %s", got)
	}
	if got := c.asks("b", mm.AudienceGraph); got != "fetch graph" {
		t.Errorf("got %s", got)
	}
}

// Random worlds: every ask ends exactly once, nothing is fetched twice at a time, no token survives a sign-out.
func TestEveryAskEndsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, open := New(), map[string]bool{}
		fetching, signing, epoch, asked := map[Key]Fetch{}, uint64(0), 0, 0
		feed := func(e Event) {
			var effects []Effect
			s, effects = Next(s, noon, e)
			for _, f := range effects {
				switch f := f.(type) {
				case Fetch:
					if _, twice := fetching[f.Key]; twice {
						t.Fatalf("%v is fetched twice", f.Key)
					}
					fetching[f.Key] = f
				case Begin:
					if signing != 0 {
						t.Fatal("two sign-ins")
					}
					signing = f.Serial
				case Abandon:
					signing = 0
				case Give:
					if !open[f.ID] || f.Token.Scopes[0] != fmt.Sprint(epoch) {
						t.Fatalf("%s got a token of %v in epoch %d", f.ID, f.Token.Scopes, epoch)
					}
					delete(open, f.ID)
				case Refuse:
					if !open[f.ID] || f.Err == nil {
						t.Fatalf("%s refused with %v", f.ID, f.Err)
					}
					delete(open, f.ID)
				case Tell:
					if !open[f.ID] {
						t.Fatalf("%s was told", f.ID)
					}
				}
			}
		}
		tok := func() mm.Token {
			tk := token(fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "text")), rapid.SampledFrom([]time.Duration{time.Minute, time.Hour}).Draw(t, "lives"))
			tk.Scopes = []string{fmt.Sprint(epoch)}
			return tk
		}
		failures := []error{nil, nil, nil, errors.New("no"), needs(mm.NoAccount), needs(mm.Expired), needs(mm.NeedsClaims), needs(mm.NeedsConsent), needs(mm.NeedsBrowser)}
		audiences := []mm.Audience{mm.AudienceGraph, mm.AudienceExchange, mm.AudienceAzure}
		endFetch := func(k Key, err error) {
			f := fetching[k]
			delete(fetching, k)
			done := Fetched{Epoch: f.Epoch, Key: k, Err: err}
			if err == nil {
				done.Token = tok()
			}
			feed(done)
		}
		endSignIn := func(err error) {
			done := SignedIn{Serial: signing, Err: err}
			if err == nil {
				done.Token = tok()
			}
			signing = 0
			feed(done)
		}
		t.Repeat(map[string]func(*rapid.T){
			"ask": func(t *rapid.T) {
				asked++
				id := fmt.Sprint(asked)
				open[id] = true
				rejected := rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "rejected")
				feed(Ask{ID: id, Connection: contoso(), Audience: rapid.SampledFrom(audiences).Draw(t, "audience"), Rejected: mm.NewSecret(rejected),
					Claims: rapid.SampledFrom([]string{"", "", "{c}"}).Draw(t, "claims"), Method: rapid.SampledFrom([]mm.SignInMethod{"", "", mm.Browser}).Draw(t, "method")})
			},
			"fetched": func(t *rapid.T) {
				for k := range fetching {
					endFetch(k, rapid.SampledFrom(failures).Draw(t, "failure"))
					return
				}
			},
			"shown": func(*rapid.T) {
				if signing != 0 {
					feed(Shown{signing, mm.Challenge{UserCode: "C"}})
				}
			},
			"signed in": func(t *rapid.T) {
				if signing != 0 {
					endSignIn(rapid.SampledFrom(failures).Draw(t, "failure"))
				}
			},
			"leaves": func(*rapid.T) {
				for id := range open {
					delete(open, id)
					feed(Drop{id})
					return
				}
			},
			"sign out": func(t *rapid.T) {
				if asked > 0 && rapid.IntRange(0, 9).Draw(t, "rarely") == 0 {
					epoch++
					fetching = map[Key]Fetch{}
					feed(SignOut{contoso()})
				}
			},
		})
		// The world ends well: everything succeeds from now on.
		for range 100 {
			for k := range fetching {
				endFetch(k, nil)
			}
			if signing != 0 {
				endSignIn(nil)
			}
		}
		if len(open) > 0 {
			t.Fatalf("%d asks never end: %v", len(open), open)
		}
	})
}
