package persistence

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	mm "github.com/microsoft-master/mm"
)

// keptDamaged is how many caches that were set aside are kept of each file.
const keptDamaged = 3

// A tokenCache is the cache of a connection in the hands of whoever opened it.
type tokenCache struct {
	store *Tokens
	conn  mm.Connection
	path  string
	key   []byte
	lock  *os.File
}

// Load implements mm.TokenCache.
func (t *tokenCache) Load() ([]byte, error) {
	if t.lock == nil {
		return nil, os.ErrClosed
	}
	sealed, err := readFile(t.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, trouble("read the tokens of "+t.conn.Name, err)
	}
	cache, err := unseal(t.key, owner(t.conn), sealed)
	if err == nil {
		return cache, nil
	}
	if err := t.store.setAside(t.path, err, time.Now()); err != nil {
		return nil, trouble("set the damaged tokens of "+t.conn.Name+" aside", err)
	}
	return nil, nil
}

// Save implements mm.TokenCache.
func (t *tokenCache) Save(cache []byte) error {
	if t.lock == nil {
		return os.ErrClosed
	}
	sealed, err := seal(t.key, owner(t.conn), cache)
	if err == nil {
		err = replaceFile(t.path, sealed)
	}
	if err != nil {
		return trouble("save the tokens of "+t.conn.Name, err)
	}
	return nil
}

// Close implements mm.TokenCache. It may be called again.
func (t *tokenCache) Close() error {
	if t.lock == nil {
		return nil
	}
	held := t.lock
	t.lock = nil
	return held.Close()
}

// setAside renames a file that cannot be used, says why, and removes the oldest that were set aside before.
func (s *Tokens) setAside(path string, why error, now time.Time) error {
	aside := path + damagedSuffix + now.UTC().Format("20060102T150405.000000000Z")
	if err := os.Rename(path, aside); err != nil {
		return err
	}
	s.log.Warn("a damaged file of tokens was set aside: a sign-in is needed", slog.String("file", path),
		slog.String("why", why.Error()), slog.String("kept_as", filepath.Base(aside)))
	all, err := damaged(path)
	if err != nil {
		return err
	}
	for _, old := range all[:max(0, len(all)-keptDamaged)] {
		err = errors.Join(err, remove(old))
	}
	return err
}

// damaged lists what was set aside of a file, the oldest first.
func damaged(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	var all []string
	prefix := filepath.Base(path) + damagedSuffix
	for _, e := range entries {
		if name := e.Name(); len(name) > len(prefix) && name[:len(prefix)] == prefix {
			all = append(all, filepath.Join(filepath.Dir(path), name))
		}
	}
	slices.Sort(all)
	return all, nil
}
