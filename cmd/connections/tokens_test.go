package connections

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tokens lists the files of ~/.mm-graph-tokens with their content.
func (p person) tokens() string {
	dir := filepath.Join(p.home, ".mm-graph-tokens")
	entries, err := os.ReadDir(dir)
	if err != nil {
		p.t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		text, _ := os.ReadFile(filepath.Join(dir, e.Name()))
		all = append(all, e.Name()+"="+string(text))
	}
	return strings.Join(all, " ")
}

func newSignedIn(t *testing.T, registry string, caches ...string) person {
	p := newPerson(t, registry)
	for _, c := range caches {
		p.put(".mm-graph-tokens/"+c, c)
	}
	return p
}

func TestRenameTakesTheSignInAlong(t *testing.T) {
	for name, c := range map[string]struct {
		registry, from, to string
		want               string // the files, with what they held before
		moved              int
		note               string
	}{
		"every file of it": {`{"connections": {"A b": {}, "A bc": {}}}`, "a b", "New.1",
			"A_bc.json=A_bc.json New_1=New_1 New_1.flow.json=A_b.flow.json New_1.json=A_b.json", 2, ""},
		"not one that is shared": {`{"connections": {"A b": {}, "A.b": {}}}`, "A b", "New",
			"A_b.flow.json=A_b.flow.json A_b.json=A_b.json A_bc.json=A_bc.json New_1=New_1", 0, "A_b may be that of connection 'A.b'"},
		"not one that is shared but for case": {`{"connections": {"A b": {}, "a.B": {}}}`, "A b", "New",
			"A_b.flow.json=A_b.flow.json A_b.json=A_b.json A_bc.json=A_bc.json New_1=New_1", 0, "may be that of connection 'a.B'"},
		"not to where another's is": {`{"connections": {"A b": {}, "A+bc": {}, "A.bc": {}}}`, "A b", "A bc",
			"A_b.flow.json=A_b.flow.json A_b.json=A_b.json A_bc.json=A_bc.json New_1=New_1", 0, "A_bc may be that of connection"},
		"over what a former connection left": {`{"connections": {"A b": {}}}`, "A b", "A bc",
			"A_bc.flow.json=A_b.flow.json A_bc.json=A_b.json New_1=New_1", 2, ""},
		"nowhere, when the file's name stays": {`{"connections": {"A b": {}}}`, "A b", "A.b",
			"A_b.flow.json=A_b.flow.json A_b.json=A_b.json A_bc.json=A_bc.json New_1=New_1", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newSignedIn(t, c.registry, "A_b.json", "A_b.flow.json", "A_bc.json", "New_1")
			code, out, err := p.run("", "rename", c.from, c.to)
			is(t, "tokens", p.tokens(), c.want)
			if code != 0 || !strings.Contains(out, "Renamed connection 'A b' to '"+c.to+"'.") || (c.note == "") != (err == "") ||
				!strings.Contains(err, c.note) || strings.Count(out, "Moved its sign-in to ") != c.moved {
				t.Errorf("exit code %d\n%s%s", code, out, err)
			}
			if p.connection(c.to) != "{}" {
				t.Errorf("registry: %s", p.registry())
			}
		})
	}
}

func TestRemoveAsksAndOffersToSignOut(t *testing.T) {
	const registry = `{"connections": {"A": {}, "B": {}}}`
	const asked = "Remove connection 'A'? (y/N) \n"
	const offered = asked + "Sign it out too, and forget its token cache (A.json)? (y/N) \n"
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
			p := newSignedIn(t, registry, "A.json", "B.json")
			code, out, err := p.run(c.stdin, append([]string{"remove", "a"}, strings.Fields(c.args)...)...)
			is(t, "output", out, c.out)
			is(t, "questions", err, c.asked)
			if removed := p.connection("A") == "null"; code != 0 || removed != c.removed || p.connection("B") != "{}" {
				t.Errorf("exit code %d, %s", code, p.registry())
			}
			want := "A.json=A.json B.json=B.json"
			if c.signedOut {
				want = "B.json=B.json"
			}
			is(t, "tokens", p.tokens(), want)
		})
	}
	t.Run("but not where the cache may be another's", func(t *testing.T) {
		p := newSignedIn(t, `{"connections": {"A b": {}, "A.b": {}}}`, "A_b.json")
		code, out, err := p.run("y\n", "remove", "A b")
		is(t, "output", out, "Removed connection 'A b'.\n")
		is(t, "tokens", p.tokens(), "A_b.json=A_b.json")
		if code != 0 || !strings.Contains(err, "The sign-in is kept: the token cache A_b.json may be that of connection 'A.b'.") {
			t.Errorf("exit code %d, %s", code, err)
		}
	})
}
