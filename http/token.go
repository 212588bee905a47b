package http

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// tokenBytes is how much randomness a token has.
const tokenBytes = 32

// EnsureToken returns the token in the file at path, and makes one where there is no such file: 32 random bytes in
// base64url, readable by its owner only. Of several that do so at once, all get the same. An existing file that others can
// read is closed to them.
func EnsureToken(path string) (mm.Secret, error) {
	token, err := ReadToken(path)
	if !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = os.Chmod(path, 0o600)
		}
		return token, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return mm.Secret{}, fmt.Errorf("make the folder of the token: %w", err)
	}
	// Written aside and linked, so that nobody ever reads half a token and the first of several wins.
	f, err := os.CreateTemp(filepath.Dir(path), ".pool-token-*") // 0600
	if err != nil {
		return mm.Secret{}, fmt.Errorf("make the token: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	var random [tokenBytes]byte
	_, _ = rand.Read(random[:]) // it never fails
	_, err = f.WriteString(base64.RawURLEncoding.EncodeToString(random[:]) + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return mm.Secret{}, fmt.Errorf("write the token: %w", err)
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return mm.Secret{}, fmt.Errorf("put the token in place: %w", err)
	}
	return ReadToken(path)
}

// ReadToken returns the token in the file at path. The error wraps fs.ErrNotExist where there is none.
func ReadToken(path string) (mm.Secret, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return mm.Secret{}, fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return mm.Secret{}, fmt.Errorf("%s holds no usable token; remove it, and mm makes a new one at its next start", path)
	}
	return mm.NewSecret(token), nil
}
