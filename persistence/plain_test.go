package persistence

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// plainText is a cache as the Python version wrote it.
func plainText(c mm.Connection, username, realm string) string {
	return fmt.Sprintf(`{"AccessToken": {}, "AppMetadata": {"appmetadata-login.microsoftonline.com-x": {"client_id": %[1]q}},
"Account": {"a": {"home_account_id": "o.t", "environment": "login.microsoftonline.com", "realm": %[3]q, "username": %[2]q}},
"RefreshToken": {"r": {"client_id": %[1]q, "secret": "old refresh token", "last_modification_time": "1"}}, "IdToken": {}}`, c.AppID, username, realm)
}

func writePlain(t *testing.T, s *Tokens, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnOldPlainCacheIsTakenOverOnceAndKeptForTwoWeeks(t *testing.T) {
	t.Parallel()
	c := connection("Contoso GA")
	for _, name := range []string{"Contoso_GA.json", "Contoso_GA.bin", "Contoso_GA"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTokens(t, TokenOptions{})
			old := plainText(c, "Admin@Contoso.com", c.TenantID)
			path := writePlain(t, s, name, old)
			if got := load(t, s, c); got != old {
				t.Fatalf("got %q", got)
			}
			for file, want := range map[string]os.FileMode{s.dir: 0o700, path: 0o600, path + takenSuffix: 0o600} {
				if info, err := os.Stat(file); err != nil || info.Mode().Perm() != want {
					t.Errorf("%s: %v", file, err)
				}
			}
			save(t, s, c, "new")
			if err := os.Remove(filepath.Join(s.dir, cacheName(c))); err != nil {
				t.Fatal(err)
			}
			if got := load(t, s, c); got != "" {
				t.Errorf("taken over twice: %q", got)
			}
			s.sweep(time.Now().Add(keepPlain - time.Hour))
			if _, err := os.Stat(path); err != nil {
				t.Errorf("removed too early: %v", err)
			}
			s.sweep(time.Now().Add(keepPlain + time.Hour))
			if got := names(t, s); len(got) != 0 {
				t.Errorf("left: %v", got)
			}
		})
	}
}

func TestAPlainCacheOfSomethingElseIsLeftAlone(t *testing.T) {
	t.Parallel()
	c := connection("a b")
	anybody := c
	anybody.ExpectedEmail = ""
	other := connection("other")
	other.AppID = "another app"
	for _, row := range []struct {
		name  string
		conn  mm.Connection
		all   []string
		text  string
		taken bool
	}{
		{"the same account", c, nil, plainText(c, c.ExpectedEmail, "organizations"), true},
		{"any account, where none is expected", anybody, []string{"a b", "c"}, plainText(c, "x@contoso.com", c.TenantID), true},
		{"another account", c, nil, plainText(c, "x@contoso.com", c.TenantID), false},
		{"another app", c, nil, plainText(other, c.ExpectedEmail, c.TenantID), false},
		{"a colliding name, the same account and tenant", c, []string{"a b", "a.b"}, plainText(c, c.ExpectedEmail, strings.ToUpper(c.TenantID)), true},
		{"a colliding name, the same account somewhere", c, []string{"a b", "A.b"}, plainText(c, c.ExpectedEmail, "organizations"), false},
		{"a colliding name, no account expected", anybody, []string{"a b", "a_b"}, plainText(c, "x@contoso.com", c.TenantID), false},
		{"another cloud", c, nil, strings.ReplaceAll(plainText(c, c.ExpectedEmail, c.TenantID), "microsoftonline.com", "microsoftonline.us"), false},
		{"no account", c, nil, `{"RefreshToken": {"r": {"secret": "x"}}}`, false},
		{"other JSON", c, nil, `["Account"]`, false},
		{"no JSON", c, nil, "Account RefreshToken", false},
		{"nothing", c, nil, "", false},
	} {
		s := newTokens(t, TokenOptions{Names: func() []string { return row.all }})
		path := writePlain(t, s, "a_b.json", row.text)
		if got := load(t, s, row.conn); (got == row.text && got != "") != row.taken {
			t.Errorf("%s: got %q", row.name, got)
		}
		if was, err := s.Remove(t.Context(), row.conn); was != row.taken || err != nil {
			t.Errorf("%s: removing: %v, %v", row.name, was, err)
		}
		if _, err := os.Stat(path); (err == nil) == row.taken {
			t.Errorf("%s: the plain cache after Remove: %v", row.name, err)
		}
	}
}

func TestOldDeviceCodesAreRemoved(t *testing.T) {
	t.Parallel()
	s := newTokens(t, TokenOptions{})
	writePlain(t, s, "Contoso-GA.flow.json", `{"device_code": "x"}`)
	kept := writePlain(t, s, "notes.txt", "mine")
	if err := os.Mkdir(filepath.Join(s.dir, "folder.flow.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	load(t, s, connection("Contoso-GA"))
	if got := names(t, s); len(got) != 2 {
		t.Errorf("left: %v", got)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}
