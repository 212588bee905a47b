package persistence

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	mm "github.com/microsoft-master/mm"
)

// TokenOptions are the settings of Tokens.
type TokenOptions struct {
	// Dir is the folder: ~/.mm-graph-tokens. It is made when it is needed first, and made private.
	Dir string
	// Key is the text of MM_TOKEN_KEY: 32 bytes in hexadecimal or base64. Empty: a key file in the folder, made where there is none.
	Key string
	// Names lists the connections of the registry, to tell whose an old plain cache is. Nil: there is one connection.
	Names func() []string
	// Log gets what was repaired, set aside, taken over and removed. No tokens are logged. Nil: no log.
	Log *slog.Logger
}

// Tokens is an mm.TokenStore of encrypted files. It may be used from any goroutine, and any number of them may use a folder.
type Tokens struct {
	dir   string
	key   []byte // nil: the key file's
	names func() []string
	log   *slog.Logger

	mu    sync.Mutex
	swept time.Time
}

var _ mm.TokenStore = (*Tokens)(nil)

// NewTokens returns the store of a folder. It touches nothing yet. The error, for a key or a folder that is none, is an *mm.Error
// with code bad_request.
func NewTokens(o TokenOptions) (*Tokens, error) {
	if !filepath.IsAbs(o.Dir) {
		return nil, mm.Errorf(mm.BadRequest, "Set HOME to a folder of yours.", "The folder of tokens %q is no absolute path.", o.Dir)
	}
	s := &Tokens{dir: o.Dir, names: o.Names, log: o.Log}
	if o.Key != "" {
		var ok bool
		if s.key, ok = parseKey(o.Key); !ok {
			return nil, mm.Errorf(mm.BadRequest, "Make one with: openssl rand -hex 32", "MM_TOKEN_KEY is not 32 bytes in hexadecimal or base64.")
		}
	}
	if s.names == nil {
		s.names = func() []string { return nil }
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

// Open implements mm.TokenStore. An old plain cache of the connection is taken over where there is no new one. The error is an
// *mm.Error, with code timeout or cancelled where ctx ended first.
func (s *Tokens) Open(ctx context.Context, c mm.Connection) (mm.TokenCache, error) {
	return s.open(ctx, c)
}

func (s *Tokens) open(ctx context.Context, c mm.Connection) (*tokenCache, error) {
	doing := "open the tokens of " + c.Name
	if err := s.prepare(); err != nil {
		return nil, trouble(doing, err)
	}
	held, err := lock(ctx, s.lockPath(c.Name))
	if err != nil {
		return nil, waited(doing, err)
	}
	t := &tokenCache{store: s, conn: c, path: filepath.Join(s.dir, cacheName(c)), lock: held}
	if t.key, err = s.theKey(ctx); err == nil {
		err = t.adopt(time.Now())
	}
	if err != nil {
		return nil, errors.Join(waited(doing, err), t.Close())
	}
	return t, nil
}

// Remove implements mm.TokenStore. It removes the caches of all authorities, the ones that were set aside, and an old plain cache.
func (s *Tokens) Remove(ctx context.Context, c mm.Connection) (bool, error) {
	doing := "remove the tokens of " + c.Name
	if _, err := os.Lstat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := s.prepare(); err != nil {
		return false, trouble(doing, err)
	}
	held, err := lock(ctx, s.lockPath(c.Name))
	if err != nil {
		return false, waited(doing, err)
	}
	defer func() { _ = held.Close() }()
	was, err := s.forget(c.Name)
	if plain := s.plain(c); plain != nil {
		was = true
		err = errors.Join(err, remove(plain.path))
	}
	if err != nil {
		return was, trouble(doing, err)
	}
	return was, nil
}

// Rename gives the tokens of a connection to one of another name, in place of what that one had. It reports whether there
// were any. from and to differ in nothing else that tokens depend on.
func (s *Tokens) Rename(ctx context.Context, from, to mm.Connection) (bool, error) {
	if from.Name == to.Name {
		return false, nil
	}
	// Always in the same order: two that rename against each other wait for each other otherwise.
	first, second := from, to
	if s.lockPath(second.Name) < s.lockPath(first.Name) {
		first, second = second, first
	}
	a, err := s.open(ctx, first)
	if err != nil {
		return false, err
	}
	defer func() { _ = a.Close() }()
	b, err := s.open(ctx, second)
	if err != nil {
		return false, err
	}
	defer func() { _ = b.Close() }()
	source, target := a, b
	if a.conn.Name != from.Name {
		source, target = b, a
	}
	cache, err := source.Load()
	if err != nil || cache == nil {
		return false, err
	}
	if err := target.Save(cache); err != nil {
		return false, err
	}
	if _, err := s.forget(from.Name); err != nil {
		return true, trouble("remove the tokens of "+from.Name, err)
	}
	return true, nil
}

// forget removes what was saved for a connection of that name. It reports whether a cache was among it.
func (s *Tokens) forget(name string) (was bool, err error) {
	entries, err := os.ReadDir(s.dir)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), stem(name)+".") {
			continue
		}
		removed := remove(filepath.Join(s.dir, e.Name()))
		was = was || removed == nil && strings.HasSuffix(e.Name(), cacheSuffix)
		err = errors.Join(err, removed)
	}
	return was, err
}

// prepare makes the folders, and now and then looks through them.
func (s *Tokens) prepare() error {
	for _, dir := range []string{s.dir, filepath.Join(s.dir, locksName)} {
		if err := makeFolder(dir); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.swept) >= sweepEvery {
		s.swept = now
		s.sweep(now)
	}
	return nil
}

// locksName is the folder of the locks: away from the caches, so that whoever removes or renames those leaves the locks alone.
const locksName = ".locks"

func (s *Tokens) lockPath(name string) string { return filepath.Join(s.dir, locksName, stem(name)) }

// waited is an error of whoever may have had to wait for a lock.
func waited(doing string, err error) *mm.Error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return mm.Errorf(mm.Timeout, "Try again; if it stays so, look for other mm processes that hang.", "mm could not %s in time: another process has them.", doing)
	case errors.Is(err, context.Canceled):
		return mm.Errorf(mm.Cancelled, "Ask again when it is wanted.", "mm did not %s: it was cancelled.", doing)
	}
	return trouble(doing, err)
}

// remove removes a file; one that is gone already is fine.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
