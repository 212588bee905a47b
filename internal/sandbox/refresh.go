package sandbox

import (
	"strings"
	"time"
)

// refreshTokens are the refresh tokens that Entra handed out: a pure state machine. The time and the tokens come in with each
// call. It is not safe for concurrent use.
//
// Each use gives a new token, after which the old one dies once the grace has passed. Real Entra lets old ones live: here a
// client that loses a new one, or overwrites it by an old one, is found out.
type refreshTokens struct {
	lifetime time.Duration // of a token that is not used
	grace    time.Duration // how long a token that was used still works
	max      int

	byText  map[string]*refreshToken
	oldest  []*refreshToken // in the order in which they were issued
	replays int             // uses of dead tokens
}

// A refreshToken is one of the tokens of a sign-in.
type refreshToken struct {
	text   string
	of     *signedIn
	issued time.Time
	used   time.Time // zero: not yet
}

// A signedIn is one sign-in with all the tokens that follow from it.
type signedIn struct {
	account string
	client  string
	family  bool // the client is one of Microsoft's
	revoked bool
	// satisfied says that the person did what a policy's claims demanded.
	satisfied bool
}

// add holds a new token. The oldest are forgotten where there are too many.
func (s *refreshTokens) add(now time.Time, text string, of *signedIn) {
	if len(s.oldest) >= s.max {
		gone := s.oldest[:s.max/2+1]
		for _, t := range gone {
			delete(s.byText, t.text)
		}
		s.oldest = append([]*refreshToken(nil), s.oldest[len(gone):]...)
	}
	t := &refreshToken{text: text, of: of, issued: now}
	s.byText[text] = t
	s.oldest = append(s.oldest, t)
}

// find returns a token that may be used, or why it may not.
func (s *refreshTokens) find(now time.Time, text string, client string, family bool) (*refreshToken, *OAuthError) {
	t, ok := s.byText[text]
	switch {
	case !ok:
		return nil, demanded(9002313)
	case !strings.EqualFold(t.of.client, client) && !(t.of.family && family):
		return nil, demanded(70000)
	case t.of.revoked:
		return nil, demanded(50173)
	case now.Sub(t.issued) >= s.lifetime:
		return nil, demanded(700082)
	}
	return t, s.alive(now, t)
}

// alive returns an error where the token was used, and the grace has passed.
func (s *refreshTokens) alive(now time.Time, t *refreshToken) *OAuthError {
	if t.used.IsZero() || now.Sub(t.used) < s.grace {
		return nil
	}
	s.replays++
	return refuse("invalid_grant", 70000, "Provided grant is invalid or malformed. This refresh token was used at %s and its "+
		"successor was handed out: the client lost it.", t.used.UTC().Format(time.TimeOnly))
}

// use notes that a token's successor is handed out. What find said may have changed since.
func (s *refreshTokens) use(now time.Time, t *refreshToken) *OAuthError {
	if refused := s.alive(now, t); refused != nil {
		return refused
	}
	if t.used.IsZero() {
		t.used = now
	}
	return nil
}

// revoke ends the sign-ins of an account and returns how many there were.
func (s *refreshTokens) revoke(account string) int {
	n := 0
	for _, t := range s.oldest {
		if strings.EqualFold(t.of.account, account) && !t.of.revoked {
			t.of.revoked = true
			n++
		}
	}
	return n
}
