package connections

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/persistence"
)

// store is what the daemon keeps its tokens in.
func (p person) store(key string) *persistence.Tokens {
	p.t.Helper()
	s, err := persistence.NewTokens(persistence.TokenOptions{Dir: filepath.Join(p.home, ".mm-graph-tokens"), Key: key})
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// signIn saves tokens as the daemon does.
func (p person) signIn(key, name, tokens string) {
	p.t.Helper()
	cache, err := p.store(key).Open(p.t.Context(), mm.Connection{Name: name})
	if err != nil {
		p.t.Fatal(err)
	}
	defer cache.Close()
	if err := cache.Save([]byte(tokens)); err != nil {
		p.t.Fatal(err)
	}
}

// tokens returns what the daemon would load.
func (p person) tokens(key, name string) string {
	p.t.Helper()
	cache, err := p.store(key).Open(p.t.Context(), mm.Connection{Name: name})
	if err != nil {
		p.t.Fatal(err)
	}
	defer cache.Close()
	text, err := cache.Load()
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// pythons is a token cache of the Python version.
const pythons = `{"AccessToken": {}, "RefreshToken": {"r": {"secret": "s", "client_id": "c"}}, "IdToken": {}, "AppMetadata": {}, ` +
	`"Account": {"a": {"username": "a@contoso.com", "environment": "login.microsoftonline.com"}}}`

func TestRenameTakesTheSignInAlong(t *testing.T) {
	for name, key := range map[string]string{"by the key file": "", "by MM_TOKEN_KEY": strings.Repeat("0a", 32)} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MM_TOKEN_KEY", key)
			p := newPerson(t, `{"connections": {"A b": {}, "A.b": {}, "A bc": {}}}`)
			p.signIn(key, "A b", "of A b")
			p.signIn(key, "A.b", "of A.b")
			p.signIn(key, "New", "of a former connection")
			code, out, err := p.run("", "rename", "a b", "New")
			is(t, "output", out, "Renamed connection 'A b' to 'New'.\nIts sign-in moved along.\n")
			if code != 0 || err != "" || p.connection("New") != "{}" {
				t.Errorf("exit code %d, %s, registry: %s", code, err, p.registry())
			}
			for of, want := range map[string]string{"New": "of A b", "A b": "", "A.b": "of A.b", "A bc": ""} {
				is(t, of, p.tokens(key, of), want)
			}
		})
	}
	t.Run("from the Python version", func(t *testing.T) {
		p := newPerson(t, `{"connections": {"A b": {}}}`)
		p.put(".mm-graph-tokens/A_b.json", pythons)
		code, out, err := p.run("", "rename", "A b", "New")
		is(t, "output", out, "Renamed connection 'A b' to 'New'.\nIts sign-in moved along.\n")
		if code != 0 || err != "" || !strings.Contains(p.tokens("", "New"), "RefreshToken") {
			t.Errorf("exit code %d, %s, tokens %s", code, err, p.tokens("", "New"))
		}
	})
	t.Run("but makes nothing where nobody is signed in", func(t *testing.T) {
		p := newPerson(t, `{"connections": {"A": {}}}`)
		if code, out, err := p.run("", "rename", "A", "B"); code != 0 || out != "Renamed connection 'A' to 'B'.\n" || err != "" {
			t.Errorf("exit code %d, %s%s", code, out, err)
		}
		if _, err := os.Stat(filepath.Join(p.home, ".mm-graph-tokens")); !os.IsNotExist(err) {
			t.Errorf("a folder: %v", err)
		}
	})
	t.Run("and says where it cannot", func(t *testing.T) {
		p := newPerson(t, `{"connections": {"A": {}}}`)
		p.put(".mm-graph-tokens", "a file")
		code, out, err := p.run("", "rename", "A", "B")
		is(t, "output", out, "Renamed connection 'A' to 'B'.\n")
		if code != 0 || !strings.Contains(err, "Note: Its sign-in was not moved: ") || !strings.Contains(err, "Sign in again when it is asked for.") {
			t.Errorf("exit code %d, %s", code, err)
		}
	})
}

func TestATokenKeyThatIsNoneStopsBeforeAnythingIsChanged(t *testing.T) {
	t.Setenv("MM_TOKEN_KEY", "short")
	p := newPerson(t, `{"connections": {"A": {}}}`)
	for _, args := range [][]string{{"rename", "A", "B"}, {"remove", "A", "--yes"}} {
		if code, _, err := p.run("", args...); code == 0 || !strings.Contains(err, "MM_TOKEN_KEY") || p.connection("A") != "{}" {
			t.Errorf("%s: exit code %d, %s, %s", args, code, err, p.registry())
		}
	}
}

func TestRemoveAsksAndOffersToSignOut(t *testing.T) {
	const registry = `{"connections": {"A": {}, "B": {}}}`
	const asked = "Remove connection 'A'? (y/N) \n"
	const offered = asked + "Sign it out too, and forget its tokens? (y/N) \n"
	for name, c := range map[string]struct {
		args       string
		stdin      string
		removed    bool
		signedOut  bool
		out, asked string
	}{
		"yes to both":      {"", "y\nYES\n", true, true, "Removed connection 'A'.\nSigned it out.\n", offered},
		"yes, and no":      {"", "y\nn\n", true, false, "Removed connection 'A'.\n", offered},
		"yes, and nothing": {"", "y", true, false, "Removed connection 'A'.\n", offered},
		"no":               {"", "n\n", false, false, "Connection 'A' was not removed.\n", asked},
		"just Enter":       {"", "\n", false, false, "Connection 'A' was not removed.\n", asked},
		"another word":     {"", "yep\n", false, false, "Connection 'A' was not removed.\n", asked},
		"--yes":            {"--yes", "", true, true, "Removed connection 'A'.\nSigned it out.\n", ""},
		"-y, keep":         {"-y --keep-sign-in", "", true, false, "Removed connection 'A'.\n", ""},
		"yes, keep":        {"--keep-sign-in", "y\n", true, false, "Removed connection 'A'.\n", asked},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPerson(t, registry)
			p.signIn("", "A", "of A")
			p.signIn("", "B", "of B")
			code, out, err := p.run(c.stdin, append([]string{"remove", "a"}, strings.Fields(c.args)...)...)
			is(t, "output", out, c.out)
			is(t, "questions", err, c.asked)
			if removed := p.connection("A") == "null"; code != 0 || removed != c.removed || p.connection("B") != "{}" {
				t.Errorf("exit code %d, %s", code, p.registry())
			}
			want := "of A"
			if c.signedOut {
				want = ""
			}
			is(t, "tokens", p.tokens("", "A"), want)
			is(t, "another's tokens", p.tokens("", "B"), "of B")
		})
	}
	t.Run("nothing is offered where nobody is signed in", func(t *testing.T) {
		p := newPerson(t, registry)
		p.signIn("", "B", "of B")
		code, out, err := p.run("y\n", "remove", "A")
		if code != 0 || out != "Removed connection 'A'.\n" || err != asked {
			t.Errorf("exit code %d, %s%s", code, out, err)
		}
	})
	t.Run("what may be another's cache of the Python version stays", func(t *testing.T) {
		p := newPerson(t, `{"connections": {"A b": {}, "A.b": {}}}`)
		p.put(".mm-graph-tokens/A_b.json", pythons)
		code, out, _ := p.run("y\n", "remove", "A b")
		is(t, "output", out, "Removed connection 'A b'.\n")
		kept, err := os.ReadFile(filepath.Join(p.home, ".mm-graph-tokens", "A_b.json"))
		if code != 0 || err != nil || string(kept) != pythons {
			t.Errorf("exit code %d, %v", code, err)
		}
	})
}
