package persistence

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

func connection(name string) mm.Connection {
	return mm.Connection{Name: name, AppID: "11111111-0000-0000-0000-000000000001", Tenant: "contoso.com",
		TenantID: "22222222-0000-0000-0000-000000000002", ExpectedEmail: "admin@contoso.com"}
}

func newTokens(t *testing.T, o TokenOptions) *Tokens {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "tokens")
	}
	s, err := NewTokens(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// load returns what the store has of a connection.
func load(t *testing.T, s *Tokens, c mm.Connection) string {
	t.Helper()
	h, err := s.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	b, err := h.Load()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func save(t *testing.T, s *Tokens, c mm.Connection, cache string) {
	t.Helper()
	h, err := s.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.Save([]byte(cache)), h.Close()); err != nil {
		t.Fatal(err)
	}
}

// names lists the files of the folder, without locks and key.
func names(t *testing.T, s *Tokens) []string {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if e.Name() != keyName && e.Name() != locksName {
			out = append(out, e.Name())
		}
	}
	return out
}

func TestWhatWasSavedIsLoadedByEveryStoreOfTheFolder(t *testing.T) {
	t.Parallel()
	s := newTokens(t, TokenOptions{})
	c := connection("Contoso-GA")
	if got := load(t, s, c); got != "" {
		t.Errorf("an empty store has %q", got)
	}
	save(t, s, c, "first")
	save(t, s, c, "the refresh token")
	if got := load(t, newTokens(t, TokenOptions{Dir: s.dir}), c); got != "the refresh token" {
		t.Errorf("got %q", got)
	}
	var files []string
	err := filepath.WalkDir(s.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if e.IsDir() {
			if info.Mode().Perm() != 0o700 {
				t.Errorf("%s has mode %o", path, info.Mode().Perm())
			}
			return nil
		}
		files = append(files, path)
		content, err := os.ReadFile(path)
		if info.Mode().Perm() != 0o600 || bytes.Contains(content, []byte("refresh")) {
			t.Errorf("%s has mode %o and %q", path, info.Mode().Perm(), content)
		}
		return err
	})
	if err != nil || len(files) != 4 { // with the key and two locks
		t.Errorf("files %v, %v", files, err)
	}
}

func TestNoTwoConnectionsOrAuthoritiesShareACache(t *testing.T) {
	t.Parallel()
	s := newTokens(t, TokenOptions{})
	var all []mm.Connection
	for _, name := range []string{"a b", "a_b", "a.b", "A b", "ä b", "a b ", strings.Repeat("x", 64), strings.Repeat("x", 64) + "y"} {
		c := connection(name)
		gov := c
		gov.Cloud = "usgov"
		sandbox := c
		sandbox.Cloud, sandbox.Sandbox = "sandbox", &mm.SandboxEndpoints{Login: "https://127.0.0.1:4000"}
		all = append(all, c, gov, sandbox)
	}
	for _, c := range all {
		save(t, s, c, c.Name+c.Cloud)
	}
	for _, c := range all {
		if got := load(t, s, c); got != c.Name+c.Cloud {
			t.Errorf("%s %s: got %q", c.Name, c.Cloud, got)
		}
	}
	lower := map[string]bool{}
	for _, name := range names(t, s) {
		lower[strings.ToLower(name)] = true
	}
	if len(lower) != len(all) {
		t.Errorf("%d names for %d caches", len(lower), len(all))
	}
}

func TestACacheIsOpenOnce(t *testing.T) {
	t.Parallel()
	s := newTokens(t, TokenOptions{})
	c := connection("Contoso-GA")
	held, err := s.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for ctx, want := range map[context.Context]mm.Code{ended: mm.Cancelled, late: mm.Timeout} {
		_, err := newTokens(t, TokenOptions{Dir: s.dir}).Open(ctx, c)
		if e, ok := errors.AsType[*mm.Error](err); !ok || e.Code != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if load(t, s, connection("Fabrikam-GA")) != "" {
		t.Error("another connection has tokens")
	}
	opened := make(chan error)
	go func() {
		other, err := s.Open(t.Context(), c)
		if err == nil {
			err = other.Close()
		}
		opened <- err
	}()
	if err := errors.Join(held.Close(), held.Close()); err != nil {
		t.Error(err)
	}
	if err := <-opened; err != nil {
		t.Error(err)
	}
	if _, err := held.Load(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Load after Close: %v", err)
	}
	if err := held.Save(nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Save after Close: %v", err)
	}
}

func TestARemovedLockFileKeepsNobodyFromBeingAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if same(first, path) {
		t.Error("a removed file is still the one")
	}
	second, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	if !same(second, path) || same(first, path) {
		t.Error("the wrong file is the one")
	}
}

func TestRemoveForgetsEverythingOfAConnection(t *testing.T) {
	t.Parallel()
	s := newTokens(t, TokenOptions{})
	c := connection("Contoso-GA")
	if was, err := s.Remove(t.Context(), c); was || err != nil {
		t.Errorf("without a folder: %v, %v", was, err)
	}
	gov := c
	gov.Cloud = "usgov"
	save(t, s, c, "one")
	save(t, s, gov, "two")
	save(t, s, connection("Contoso-GA2"), "other")
	if was, err := s.Remove(t.Context(), c); !was || err != nil {
		t.Errorf("got %v, %v", was, err)
	}
	if was, err := s.Remove(t.Context(), c); was || err != nil {
		t.Errorf("again: %v, %v", was, err)
	}
	if got := names(t, s); len(got) != 1 || load(t, s, connection("Contoso-GA2")) != "other" || load(t, s, c)+load(t, s, gov) != "" {
		t.Errorf("left: %v", got)
	}
}

func TestARenamedConnectionKeepsItsTokens(t *testing.T) {
	t.Parallel()
	s := newTokens(t, TokenOptions{})
	from, to := connection("Old name"), connection("New name")
	if was, err := s.Rename(t.Context(), from, to); was || err != nil {
		t.Errorf("without tokens: %v, %v", was, err)
	}
	for range 2 { // there and back: the order of the names does not matter
		save(t, s, from, "tokens")
		save(t, s, to, "of a former connection")
		if was, err := s.Rename(t.Context(), from, to); !was || err != nil {
			t.Errorf("got %v, %v", was, err)
		}
		if got := load(t, s, to); got != "tokens" || load(t, s, from) != "" {
			t.Errorf("got %q", got)
		}
		from, to = to, from
	}
	if was, err := s.Rename(t.Context(), from, from); was || err != nil || load(t, s, from) != "tokens" {
		t.Errorf("to the same name: %v, %v", was, err)
	}
}

func TestTwoThatRenameAgainstEachOtherDoNotWaitForever(t *testing.T) {
	t.Parallel()
	s := newTokens(t, TokenOptions{})
	a, b := connection("a"), connection("b")
	save(t, s, a, "tokens")
	done := make(chan error)
	for _, pair := range [][2]mm.Connection{{a, b}, {b, a}} {
		go func() {
			for range 50 {
				if _, err := s.Rename(t.Context(), pair[0], pair[1]); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Error(err)
	}
	if load(t, s, a)+load(t, s, b) != "tokens" {
		t.Errorf("a has %q, b %q", load(t, s, a), load(t, s, b))
	}
}

func randomText() []byte { return []byte(rand.Text()[:16]) }

func TestADamagedCacheIsSetAsideAndCostsASignIn(t *testing.T) {
	t.Parallel()
	c := connection("Contoso-GA")
	for name, damage := range map[string]func(t *testing.T, s *Tokens, path string, sealed []byte) []byte{
		"empty":          func(*testing.T, *Tokens, string, []byte) []byte { return nil },
		"truncated":      func(_ *testing.T, _ *Tokens, _ string, b []byte) []byte { return b[:len(b)-1] },
		"half a header":  func(_ *testing.T, _ *Tokens, _ string, b []byte) []byte { return b[:headerSize] },
		"a changed byte": func(_ *testing.T, _ *Tokens, _ string, b []byte) []byte { b[len(b)-3] ^= 1; return b },
		"another version": func(_ *testing.T, _ *Tokens, _ string, b []byte) []byte {
			b[len(sealMagic)]++
			return b
		},
		"plain JSON": func(*testing.T, *Tokens, string, []byte) []byte { return []byte(`{"RefreshToken":{}}`) },
		"that of another connection": func(t *testing.T, s *Tokens, _ string, _ []byte) []byte {
			save(t, s, connection("Fabrikam-GA"), "others' tokens")
			b, err := os.ReadFile(filepath.Join(s.dir, cacheName(connection("Fabrikam-GA"))))
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		"another key": func(t *testing.T, s *Tokens, _ string, b []byte) []byte {
			if err := os.WriteFile(filepath.Join(s.dir, keyName), append(randomText(), b[:keySize-16]...), 0o600); err != nil {
				t.Fatal(err)
			}
			return b
		},
		"a key that is none": func(t *testing.T, s *Tokens, _ string, b []byte) []byte {
			if err := os.WriteFile(filepath.Join(s.dir, keyName), []byte("short"), 0o600); err != nil {
				t.Fatal(err)
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s := newTokens(t, TokenOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
			path := filepath.Join(s.dir, cacheName(c))
			for i := range keptDamaged + 2 {
				save(t, s, c, "tokens")
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				b = damage(t, s, path, b)
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
				if got := load(t, s, c); got != "" {
					t.Errorf("got %q", got)
				}
				all, err := damaged(path)
				if err != nil || len(all) != min(i+1, keptDamaged) {
					t.Errorf("%d set aside, %v", len(all), err)
				}
			}
			if !strings.Contains(log.String(), "set aside") || strings.Contains(log.String(), "tokens\x00") {
				t.Errorf("the log:\n%s", &log)
			}
			save(t, s, c, "new tokens")
			if got := load(t, s, c); got != "new tokens" {
				t.Errorf("afterwards %q", got)
			}
		})
	}
}

func TestTheCallersKeyIsUsedAndNotKept(t *testing.T) {
	t.Parallel()
	hexed := strings.Repeat("0f", keySize)
	s := newTokens(t, TokenOptions{Key: hexed})
	c := connection("Contoso-GA")
	save(t, s, c, "tokens")
	if _, err := os.Stat(filepath.Join(s.dir, keyName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key file: %v", err)
	}
	if got := load(t, newTokens(t, TokenOptions{Dir: s.dir, Key: "Dw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8="}), c); got != "tokens" {
		t.Errorf("with the same key in base64: %q", got)
	}
	if got := load(t, newTokens(t, TokenOptions{Dir: s.dir}), c); got != "" {
		t.Errorf("without it: %q", got)
	}
	for _, bad := range []string{"secret", hexed[2:], hexed + "00", "!"} {
		_, err := NewTokens(TokenOptions{Dir: s.dir, Key: bad})
		if e, ok := errors.AsType[*mm.Error](err); !ok || e.Remedy == "" || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := NewTokens(TokenOptions{Dir: "tokens"}); err == nil {
		t.Error("a relative folder is taken")
	}
}

func TestSealedTwiceIsDifferentEachTime(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{1}, keySize)
	a, err := seal(key, "owner", []byte("cache"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := seal(key, "owner", []byte("cache"))
	if err != nil || bytes.Equal(a, b) {
		t.Errorf("the nonce is used twice, %v", err)
	}
	if _, err := unseal(key, "other", a); !errors.Is(err, errNotGenuine) {
		t.Errorf("another owner: %v", err)
	}
	if got, err := unseal(key, "owner", a); err != nil || string(got) != "cache" || !slices.Equal(a[:headerSize], b[:headerSize]) {
		t.Errorf("got %q, %v", got, err)
	}
}
