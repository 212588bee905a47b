package entra

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	mm "github.com/microsoft-master/mm"
)

// A shelf is where one acquisition of MSAL has its cache.
type shelf interface {
	load(ctx context.Context) ([]byte, error)
	save(cache []byte) error
}

type shelfKey struct{}

// with returns a context for MSAL whose cache is the shelf.
func with(ctx context.Context, s shelf) context.Context { return context.WithValue(ctx, shelfKey{}, s) }

// shelves is what MSAL has for a cache: the shelf of each call's context.
type shelves struct{ log *slog.Logger }

var (
	_          cache.ExportReplace = shelves{}
	errNoShelf                     = errors.New("a call of MSAL without a cache")
	nothing                        = []byte("{}")
)

// Replace implements cache.ExportReplace. MSAL calls it before it reads, and again before it writes.
func (s shelves) Replace(ctx context.Context, into cache.Unmarshaler, _ cache.ReplaceHints) error {
	from, ok := ctx.Value(shelfKey{}).(shelf)
	if !ok {
		return errNoShelf
	}
	text, err := from.load(ctx)
	switch {
	case err != nil:
		return err
	case len(text) == 0:
		return into.Unmarshal(nothing)
	}
	if err := into.Unmarshal(text); err != nil {
		s.log.Warn("a token cache is not one of MSAL's: a sign-in is needed")
		return into.Unmarshal(nothing)
	}
	return nil
}

// Export implements cache.ExportReplace. MSAL calls it after it has written.
func (s shelves) Export(ctx context.Context, from cache.Marshaler, _ cache.ExportHints) error {
	to, ok := ctx.Value(shelfKey{}).(shelf)
	if !ok {
		return errNoShelf
	}
	text, err := from.Marshal()
	if err != nil {
		return err
	}
	return to.save(text)
}

// A stored shelf is the connection's cache in the store, in our hands from open until close.
type stored struct {
	store mm.TokenStore
	conn  mm.Connection
	stale []string // scopes whose access tokens are not wanted any more
	log   *slog.Logger
	held  mm.TokenCache
}

// open takes the cache. It comes before the first call of MSAL: MSAL holds a lock of its own while it loads, and who has the cache
// needs that lock to go on, so that two who waited for the cache inside of MSAL would wait for each other.
func (s *stored) open(ctx context.Context) (err error) {
	s.held, err = s.store.Open(ctx, s.conn)
	return err
}

func (s *stored) load(context.Context) ([]byte, error) {
	text, err := s.held.Load()
	if err != nil {
		return nil, err
	}
	return trim(text, time.Now(), s.stale), nil
}

// save keeps what it can: a token that was got is worth handing out although it could not be saved, and the next process can
// mostly use the refresh token of before.
func (s *stored) save(text []byte) error {
	if err := s.held.Save(text); err != nil {
		s.log.Error("new tokens were not saved", slog.String("connection", s.conn.Name), slog.String("error", err.Error()))
	}
	return nil
}

// close gives the cache back to others.
func (s *stored) close() {
	if err := s.held.Close(); err != nil {
		s.log.Error("a token cache was not closed", slog.String("connection", s.conn.Name), slog.String("error", err.Error()))
	}
}

// A blank shelf is empty at first, and keeps what is saved for who looks at it afterwards.
type blank struct{ text []byte }

func (b *blank) load(context.Context) ([]byte, error) { return b.text, nil }

func (b *blank) save(text []byte) error {
	b.text = text
	return nil
}

// trim leaves access tokens out of a cache of MSAL: those that have expired, for a cache would grow forever otherwise, and those
// for the stale scopes, so that MSAL gets a new one. A cache that cannot be read stays as it is.
func trim(text []byte, now time.Time, stale []string) []byte {
	var all map[string]json.RawMessage
	var tokens map[string]json.RawMessage
	if json.Unmarshal(text, &all) != nil || json.Unmarshal(all["AccessToken"], &tokens) != nil {
		return text
	}
	before := len(tokens)
	for key, raw := range tokens {
		var t struct {
			Target    string      `json:"target"`
			ExpiresOn json.Number `json:"expires_on"`
		}
		if json.Unmarshal(raw, &t) != nil {
			continue
		}
		ends, err := strconv.ParseInt(t.ExpiresOn.String(), 10, 64)
		if err == nil && !time.Unix(ends, 0).After(now) || len(stale) > 0 && covers(t.Target, stale) {
			delete(tokens, key)
		}
	}
	if len(tokens) == before {
		return text
	}
	rest, err := json.Marshal(tokens)
	if err != nil {
		return text
	}
	all["AccessToken"] = rest
	if out, err := json.Marshal(all); err == nil {
		return out
	}
	return text
}

// covers reports whether a token's scopes, separated by spaces, have all of the others, as MSAL decides it.
func covers(target string, scopes []string) bool {
	has := map[string]bool{}
	for s := range strings.FieldsSeq(strings.ToLower(target)) {
		has[s] = true
	}
	for _, s := range scopes {
		if !has[strings.ToLower(s)] {
			return false
		}
	}
	return true
}
