package account

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	mm "github.com/microsoft-master/mm"
)

// Next returns what becomes of a state when an event happens, and what is to be done about it, in order. It changes nothing
// that s refers to.
func Next(s State, now time.Time, e Event) (State, []Effect) {
	m := machine{State: s, now: now}
	switch e := e.(type) {
	case Ask:
		m.ask(e)
	case Drop:
		m.asks = slices.DeleteFunc(slices.Clone(m.asks), func(a ask) bool { return a.id == e.ID })
	case Fetched:
		m.fetched(e)
	case Shown:
		m.shown(e)
	case SignedIn:
		m.signedIn(e)
	case SignOut:
		m.become(e.Connection, mm.Errorf(mm.SessionReplaced, "Ask again for a new sign-in.", "Connection %s was signed out.", e.Connection.Name))
	case Stop:
		m.become(m.conn, e.Why)
	}
	return m.State, m.effects
}

// A machine is one call of Next.
type machine struct {
	State
	now     time.Time
	effects []Effect
}

func (m *machine) do(e ...Effect) { m.effects = append(m.effects, e...) }

func (m *machine) ask(e Ask) {
	if m.epoch == 0 {
		m.become(e.Connection, nil)
	} else if !sameAccount(m.conn, e.Connection) {
		m.become(e.Connection, mm.Errorf(mm.SessionReplaced, "Ask again.",
			"The registry's entry of connection %s changed.", e.Connection.Name))
	}
	m.conn = e.Connection
	a := ask{id: e.ID, key: Key{e.Audience, e.Host}, claims: e.Claims, method: e.Method}
	switch {
	case len(m.asks) >= AskLimit:
		m.do(Refuse{ID: a.id, Err: &mm.Error{Code: mm.Busy, Executed: mm.ExecutedNo, RetryAfter: 5 * time.Second,
			Message: fmt.Sprintf("%d requests already wait for a token of %s.", len(m.asks), m.conn.Name), Remedy: "Try again when some have ended."}})
		return
	case m.untold != nil:
		m.do(Refuse{ID: a.id, Err: m.untold})
		m.untold = nil
		return
	}
	fresh := e.Claims != ""
	if t, ok := m.tokens[a.key]; ok && e.Rejected.Reveal() != "" && t.Text.Reveal() == e.Rejected.Reveal() {
		m.forget(a.key)
		fresh = true
	}
	m.serve(a, fresh)
}

// serve gives an ask its token, or has it wait for one.
func (m *machine) serve(a ask, fresh bool) {
	if t, ok := m.tokens[a.key]; ok && !fresh && t.ExpiresAt.Sub(m.now) >= mm.TokenMargin {
		m.do(Give{ID: a.id, Token: t})
		return
	}
	if m.signing != nil && m.signing.why != mm.NeedsClaims {
		// Nobody is signed in, so that fetching would end here as well.
		m.await(a)
		return
	}
	m.asks = append(slices.Clone(m.asks), a)
	m.fetch(a, fresh)
}

// fetch begins to fetch an ask's token, unless that is being done. A fresh one is wanted where a resource was not content
// with the last.
func (m *machine) fetch(a ask, fresh bool) {
	if m.fetching[a.key] {
		return
	}
	m.fetching = maps.Clone(m.fetching)
	if m.fetching == nil {
		m.fetching = map[Key]bool{}
	}
	m.fetching[a.key] = true
	m.do(Fetch{Epoch: m.epoch, Key: a.key, Connection: m.conn,
		Request: mm.TokenRequest{Audience: a.key.Audience, Host: a.key.Host, Fresh: fresh, Claims: a.claims}})
}

func (m *machine) fetched(e Fetched) {
	if e.Epoch != m.epoch {
		return
	}
	m.fetching = maps.Clone(m.fetching)
	delete(m.fetching, e.Key)
	if e.Err == nil {
		m.keep(e.Key, e.Token)
		m.end(func(a ask) bool { return a.key == e.Key && !a.person }, func(a ask) Effect { return Give{ID: a.id, Token: e.Token} })
		return
	}
	m.forget(e.Key)
	waits := func(a ask) bool { return a.key == e.Key && !a.person }
	i, ok := errors.AsType[*mm.Interaction](e.Err)
	if !ok || i.Why == mm.NeedsConsent {
		why := mm.InteractionReason("")
		if ok {
			why = i.Why
		}
		m.end(waits, func(a ask) Effect { return Refuse{ID: a.id, Err: known(e.Err), Why: why} })
		return
	}
	waiting := slices.DeleteFunc(slices.Clone(m.asks), func(a ask) bool { return !waits(a) })
	if len(waiting) == 0 { // all have gone
		return
	}
	m.asks = slices.DeleteFunc(slices.Clone(m.asks), waits)
	if m.signing == nil {
		m.begin(waiting[0], i)
	}
	for _, a := range waiting {
		m.await(a)
	}
}

// begin asks a person.
func (m *machine) begin(a ask, why *mm.Interaction) {
	claims := a.claims
	if why.Claims != "" {
		claims = why.Claims
	}
	method := a.method
	if method == "" {
		method = mm.DeviceCode
		if m.browser {
			method = mm.Browser
		}
	}
	// Graph is what every app has consent for; the others follow from the refresh token. Claims are one audience's own.
	key := Key{Audience: mm.AudienceGraph}
	if why.Why == mm.NeedsClaims {
		key = a.key
	}
	m.serial++
	m.signing = &signing{key: key, why: why.Why, claims: claims, method: method}
	m.do(Begin{Serial: m.serial, Connection: m.conn,
		Request: mm.SignInRequest{Audience: key.Audience, Host: key.Host, Claims: claims, Method: method}})
}

// await has an ask wait for the sign-in under way. Who wants to sign in by another method begins anew.
func (m *machine) await(a ask) {
	a.person = true
	m.asks = append(slices.Clone(m.asks), a)
	if a.method != "" && a.method != m.signing.method {
		m.do(Abandon{Serial: m.serial})
		m.begin(a, &mm.Interaction{Why: m.signing.why, Claims: m.signing.claims})
		return
	}
	if c := m.signing.challenge; c != nil {
		m.do(Tell{ID: a.id, Challenge: *c})
	}
}

func (m *machine) shown(e Shown) {
	if e.Serial != m.serial || m.signing == nil {
		return
	}
	s := *m.signing
	s.challenge = &e.Challenge
	m.signing = &s
	for _, a := range m.asks {
		if a.person {
			m.do(Tell{ID: a.id, Challenge: e.Challenge})
		}
	}
}

func (m *machine) signedIn(e SignedIn) {
	if e.Serial != m.serial || m.signing == nil {
		return
	}
	was := *m.signing
	m.signing = nil
	waits := func(a ask) bool { return a.person }
	if e.Err == nil {
		m.keep(was.key, e.Token)
		waiting := slices.DeleteFunc(slices.Clone(m.asks), func(a ask) bool { return !a.person })
		m.asks = slices.DeleteFunc(slices.Clone(m.asks), waits)
		for _, a := range waiting {
			a.person, a.claims = false, ""
			m.serve(a, false)
		}
		return
	}
	if i, ok := errors.AsType[*mm.Interaction](e.Err); ok && i.Why == mm.NeedsBrowser && was.method == mm.DeviceCode {
		m.browser = true
		if first := slices.IndexFunc(m.asks, waits); first >= 0 {
			m.begin(m.asks[first], &mm.Interaction{Why: was.why, Claims: was.claims})
			return
		}
	}
	err := known(e.Err)
	if !slices.ContainsFunc(m.asks, waits) && err.Code != mm.Timeout {
		m.untold = err
	}
	m.end(waits, func(a ask) Effect { return Refuse{ID: a.id, Err: err} })
}

// become forgets everything of who was signed in; whoever waits is refused with why.
func (m *machine) become(c mm.Connection, why *mm.Error) {
	m.end(func(ask) bool { return true }, func(a ask) Effect { return Refuse{ID: a.id, Err: why} })
	if m.signing != nil {
		m.do(Abandon{Serial: m.serial})
	}
	m.epoch++
	m.conn = c
	m.tokens, m.fetching, m.signing, m.browser, m.account, m.untold = nil, nil, nil, false, mm.Account{}, nil
}

// end ends the asks that are meant.
func (m *machine) end(meant func(ask) bool, how func(ask) Effect) {
	for _, a := range m.asks {
		if meant(a) {
			m.do(how(a))
		}
	}
	m.asks = slices.DeleteFunc(slices.Clone(m.asks), meant)
}

func (m *machine) keep(k Key, t mm.Token) {
	m.tokens = maps.Clone(m.tokens)
	if m.tokens == nil {
		m.tokens = map[Key]mm.Token{}
	}
	m.tokens[k] = t
	m.account = t.Account
}

func (m *machine) forget(k Key) {
	m.tokens = maps.Clone(m.tokens)
	delete(m.tokens, k)
}

// known is err as an *mm.Error.
func known(err error) *mm.Error {
	if e, ok := errors.AsType[*mm.Error](err); ok {
		return e
	}
	return mm.Errorf(mm.SignInFailed, "Look into the log of mm.", "The sign-in failed: %v", err)
}

// sameAccount reports whether two versions of a connection sign the same account in with the same app.
func sameAccount(a, b mm.Connection) bool {
	return a.Tenant == b.Tenant && a.TenantID == b.TenantID && a.AppID == b.AppID && a.ExpectedEmail == b.ExpectedEmail &&
		a.Cloud == b.Cloud && slices.Equal(a.GraphScopes, b.GraphScopes)
}
