package persistence

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"path/filepath"
	"time"
)

// keyName is the key file. No cache can have that name.
const keyName = ".key"

// theKey returns the key of all caches. Where there is none yet one process makes it, and the others get that one. A file that
// is no key is set aside: nothing that was encrypted with it can be read anyway.
func (s *Tokens) theKey(ctx context.Context) ([]byte, error) {
	if s.key != nil {
		return s.key, nil
	}
	path := filepath.Join(s.dir, keyName)
	if key, err := readFile(path); err == nil && len(key) == keySize {
		return key, nil
	}
	held, err := lock(ctx, filepath.Join(s.dir, locksName, keyName))
	if err != nil {
		return nil, err
	}
	defer func() { _ = held.Close() }()
	key, err := readFile(path)
	switch {
	case err == nil && len(key) == keySize:
		return key, nil
	case err == nil:
		if err := s.setAside(path, errors.New("it is not a key"), time.Now()); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	key = make([]byte, keySize)
	_, _ = rand.Read(key) // never fails: the program ends where there is no randomness
	return key, replaceFile(path, key)
}
