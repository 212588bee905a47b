package http_test

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/microsoft-master/mm/http"
)

func TestATokenIsMadeOnceAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "pool-token")
	if _, err := http.ReadToken(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	first, err := http.EnsureToken(path)
	if err != nil {
		t.Fatal(err)
	}
	if random, err := base64.RawURLEncoding.DecodeString(first.Reveal()); err != nil || len(random) != 32 {
		t.Errorf("%d bytes, %v", len(random), err)
	}
	for name, read := range map[string]func() (string, error){
		"ensured again": func() (string, error) { s, err := http.EnsureToken(path); return s.Reveal(), err },
		"read":          func() (string, error) { s, err := http.ReadToken(path); return s.Reveal(), err },
		"in the file":   func() (string, error) { b, err := os.ReadFile(path); return strings.TrimSpace(string(b)), err },
	} {
		if got, err := read(); got != first.Reveal() || err != nil {
			t.Errorf("%s it is another: %v", name, err)
		}
	}
	for _, p := range []string{path, filepath.Dir(path)} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v %v", p, info.Mode(), err)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("something was left: %v %v", entries, err)
	}
}

func TestOfSeveralThatMakeATokenAllGetTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pool-token")
	var all sync.Map
	var makers sync.WaitGroup
	for range 16 {
		makers.Go(func() {
			token, err := http.EnsureToken(path)
			if err != nil {
				t.Error(err)
			}
			all.Store(token.Reveal(), true)
		})
	}
	makers.Wait()
	n := 0
	all.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d tokens", n)
	}
}

func TestATokenThatAPersonWroteIsKeptAndClosedToOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pool-token")
	if err := os.WriteFile(path, []byte(" mine \r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	token, err := http.EnsureToken(path)
	if err != nil || token.Reveal() != "mine" {
		t.Errorf("%v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestAFileWithoutAUsableTokenIsAnErrorThatNamesIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pool-token")
	for _, text := range []string{"", "\n", "two words", "ümlaut", "nul\x00"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := http.EnsureToken(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
