package account

import (
	"time"

	mm "github.com/microsoft-master/mm"
)

// A Key names the tokens of one audience.
type Key struct {
	Audience mm.Audience
	Host     string // of AudienceSharePoint
}

// AskLimit is how many may wait for tokens at once.
const AskLimit = 2000

// A State is all that an account knows. It is a value: Next returns a new one and leaves the old as it was.
type State struct {
	conn     mm.Connection
	epoch    uint64 // grows when another may be signed in; what belongs to an earlier one is dropped
	tokens   map[Key]mm.Token
	fetching map[Key]bool
	asks     []ask // in the order in which they came; never changed in place

	serial  uint64 // of the last sign-in
	signing *signing
	browser bool // the tenant refuses device codes
	account mm.Account
	untold  *mm.Error // the failure of a sign-in that nobody waited for
}

// New returns the state of an account that nobody has asked for anything.
func New() State { return State{} }

// An ask is somebody who waits.
type ask struct {
	id     string
	key    Key
	claims string
	method mm.SignInMethod
	person bool // only a person can help: it waits for the sign-in
}

// A signing is a sign-in under way.
type signing struct {
	key       Key
	why       mm.InteractionReason
	claims    string
	method    mm.SignInMethod
	challenge *mm.Challenge
}

// Account returns who is signed in, as far as a token has told.
func (s State) Account() mm.Account { return s.account }

// Until returns when the last of the tokens ends; zero where there is none.
func (s State) Until() (last time.Time) {
	for _, t := range s.tokens {
		if t.ExpiresAt.After(last) {
			last = t.ExpiresAt
		}
	}
	return last
}

// Challenge returns what a person was shown and has not answered; nil: nothing.
func (s State) Challenge() *mm.Challenge {
	if s.signing == nil {
		return nil
	}
	return s.signing.challenge
}

// SigningIn reports whether a sign-in is under way.
func (s State) SigningIn() bool { return s.signing != nil }

// Token returns the token of an audience that was fetched last.
func (s State) Token(k Key) (mm.Token, bool) {
	t, ok := s.tokens[k]
	return t, ok
}
