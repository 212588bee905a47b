package connections

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
)

// A person has a home folder and types commands.
type person struct {
	t    *testing.T
	home string
}

func newPerson(t *testing.T, registry string) person {
	p := person{t, t.TempDir()}
	if registry != "" {
		p.put(".m365-connections.json", registry)
	}
	return p
}

// put writes a file below the home folder.
func (p person) put(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.home, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		p.t.Fatal(err)
	}
}

// run runs the command line with that input, and returns the exit code and what it wrote.
func (p person) run(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	root := Command("mm-connections", "mm-connections", func() (string, error) { return p.home, nil })
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&err)
	root.SetArgs(args)
	code = ExitCode(&err, "mm-connections", root.ExecuteContext(p.t.Context()))
	return code, out.String(), err.String()
}

// registry returns the registry's text; empty where there is none.
func (p person) registry() string {
	text, err := os.ReadFile(filepath.Join(p.home, ".m365-connections.json"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	return string(text)
}

// connection returns a connection of the registry as compact JSON, members sorted.
func (p person) connection(name string) string {
	var file struct{ Connections map[string]any }
	if err := json.Unmarshal([]byte(p.registry()), &file); err != nil {
		p.t.Fatal(err)
	}
	text, err := json.Marshal(file.Connections[name])
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

func is(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s:\n%s", what, diff)
	}
}

const (
	someID = "11111111-2222-3333-4444-555555555555"
	two    = `{"connections": {
  "Fabrikam": {"tenant": "fabrikam.com", "expectedEmail": "ben@fabrikam.com", "description": "Fabrikam\u001b[2J, reader", "own": 1.50},
  "Contoso-GA": {"appId": "` + someID + `", "tenant": "contoso.com", "expectedEmail": "admin@contoso.com", "mcps": ["mm"]}
}, "_knownModuleApps": {}}`
)

func TestTheListHasTheColumnsOfThePythonVersion(t *testing.T) {
	const want = `NAME                      EMAIL                                         DESCRIPTION
Contoso-GA                admin@contoso.com                             
Fabrikam                  ben@fabrikam.com                              Fabrikam [2J, reader
`
	p := newPerson(t, two)
	for _, args := range [][]string{{}, {"list"}} {
		code, out, err := p.run("", args...)
		is(t, "output", out, want)
		if code != 0 || err != "" {
			t.Errorf("exit code %d, %s", code, err)
		}
	}
	for _, args := range [][]string{{"--json"}, {"list", "--json"}} {
		_, out, _ := p.run("", args...)
		var got struct{ Connections map[string]mm.Connection }
		if err := json.Unmarshal([]byte(out), &got); err != nil || got.Connections["Fabrikam"].Tenant != "fabrikam.com" {
			t.Errorf("%v: %s", err, out)
		}
	}
}

func TestShowPrintsAConnectionAsItStands(t *testing.T) {
	p := newPerson(t, strings.Replace(two, "reader", "reader\u009b", 1))
	code, out, _ := p.run("", "show", "fabrikam")
	is(t, "output", out, `{
  "tenant": "fabrikam.com",
  "expectedEmail": "ben@fabrikam.com",
  "description": "Fabrikam\u001b[2J, reader\u009b",
  "own": 1.50
}
`)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestAddAsksFourQuestionsInOrder(t *testing.T) {
	p := newPerson(t, "")
	code, out, err := p.run("contoso.onmicrosoft.com\r\n"+someID+"\n  Contoso, <all>  \nadmin@contoso.com", "add", "Contoso-GA")
	is(t, "output", out, "Added connection 'Contoso-GA'.\n")
	is(t, "questions", err, "Tenant: \nApp ID: \nDescription: \nExpected email: \n"+
		"Note: Set its tenantId too, so that mm can verify the tenant: mm-connections edit \"Contoso-GA\" tenantId TENANT-ID\n")
	is(t, "registry", p.registry(), `{
  "connections": {
    "Contoso-GA": {
      "appId": "`+someID+`",
      "tenant": "contoso.onmicrosoft.com",
      "expectedEmail": "admin@contoso.com",
      "description": "Contoso, <all>",
      "mcps": ["mm"]
    }
  }
}
`)
	info, e := os.Stat(filepath.Join(p.home, ".m365-connections.json"))
	if e != nil || info.Mode().Perm() != 0o600 || code != 0 {
		t.Errorf("%v, %v, exit code %d", info, e, code)
	}

	code, _, err = p.run("\n\n\n\n", "add", "Empty")
	is(t, "an empty one", p.connection("Empty"), `{"mcps":["mm"]}`)
	if code != 0 || strings.Contains(err, "is not") {
		t.Errorf("exit code %d, %s", code, err)
	}
	code, _, err = p.run("nowhere\nx\nd\nme\n", "add", "Odd")
	is(t, "an odd one, taken with notes", p.connection("Odd"), `{"appId":"x","description":"d","expectedEmail":"me","mcps":["mm"],"tenant":"nowhere"}`)
	if code != 0 || strings.Count(err, "is not an ")+strings.Count(err, "is neither") != 3 {
		t.Errorf("exit code %d, %s", code, err)
	}
}

// TestWhatIsRefusedSaysWhyAndChangesNothing has the command lines that fail.
func TestWhatIsRefusedSaysWhyAndChangesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		stdin string
		code  int
		want  string
	}{
		"add, input ends":         {[]string{"add", "New"}, "a.com\n\n", 1, "The input ended before everything was answered. Nothing was changed."},
		"add, no input":           {[]string{"add", "New"}, "", 1, "Tenant: \nmm-connections: The input ended"},
		"add, an endless answer":  {[]string{"add", "New"}, strings.Repeat("x", 5000) + "\n\n\n\n", 2, "longer than 4096 bytes"},
		"add, not text":           {[]string{"add", "New"}, "\xff\n\n\n\n", 2, "not text"},
		"add, taken":              {[]string{"add", "contoso-ga"}, "\n\n\n\n", 1, "mm-connections: There is a connection 'Contoso-GA' already."},
		"add, a wrong name":       {[]string{"add", "a/b"}, "\n\n\n\n", 2, `Take another, like "a-b".`},
		"add, no name":            {[]string{"add"}, "", 2, "`mm-connections add NAME` wants 1 argument and got 0. See `mm-connections add --help`."},
		"show, unknown":           {[]string{"show", "Contso-GA"}, "", 1, "Connection 'Contso-GA' not found. Did you mean 'Contoso-GA'? There are: Fabrikam, Contoso-GA."},
		"edit, unknown":           {[]string{"edit", "X", "tenant", "x.com"}, "", 1, "Connection 'X' not found. There are:"},
		"edit, no value":          {[]string{"edit", "Fabrikam", "tenant"}, "", 2, "wants 3 arguments and got 2"},
		"edit, a flag":            {[]string{"edit", "Fabrikam", "skipSendGuards", "maybe"}, "", 2, "Want true or false; null removes it."},
		"edit, a list":            {[]string{"edit", "Fabrikam", "mcps", "[mm"}, "", 2, `Want a list like ["mm","graph"], or mm,graph.`},
		"edit, a list of numbers": {[]string{"edit", "Fabrikam", "mcps", "[1]"}, "", 2, "connections.Fabrikam.mcps[0]: want a string, got a number. Nothing was changed."},
		"edit, an object":         {[]string{"edit", "Fabrikam", "moduleApps", "x"}, "", 2, "Want a JSON object: app ids by module"},
		"edit, the cloud":         {[]string{"edit", "Fabrikam", "cloud", "mars"}, "", 2, `its cloud "mars"`},
		"edit, the name":          {[]string{"edit", "Fabrikam", "name", "F"}, "", 2, "Run `mm-connections rename \"Fabrikam\" \"F\"`."},
		"edit, no field":          {[]string{"edit", "Fabrikam", " ", "F"}, "", 2, "The fields are appId, tenant, tenantId,"},
		"rename, unknown":         {[]string{"rename", "X", "Y"}, "", 1, "Connection 'X' not found."},
		"rename, taken":           {[]string{"rename", "Fabrikam", "CONTOSO-GA"}, "", 1, "names that differ only in case count as one"},
		"rename, to itself":       {[]string{"rename", "fabrikam", "Fabrikam"}, "", 2, "is called 'Fabrikam' already"},
		"duplicate, unknown":      {[]string{"duplicate", "X", "Y"}, "", 1, "Connection 'X' not found."},
		"duplicate, taken":        {[]string{"duplicate", "Fabrikam", "fabrikam"}, "", 1, "There is a connection 'Fabrikam' already."},
		"remove, unknown":         {[]string{"remove", "X", "--yes"}, "", 1, "Connection 'X' not found."},
		"remove, no input":        {[]string{"remove", "Fabrikam"}, "", 1, "Nothing was changed."},
		"an unknown command":      {[]string{"rmove", "X"}, "", 2, "Unknown command \"rmove\". Did you mean `mm-connections remove`?"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPerson(t, two)
			code, out, err := p.run(c.stdin, c.args...)
			if code != c.code || out != "" || !strings.Contains(err, c.want) {
				t.Errorf("exit code %d, not %d\n%s\n%s\nwant %s", code, c.code, out, err, c.want)
			}
			is(t, "registry", p.registry(), two)
		})
	}
}

func TestARegistryThatCannotBeReadIsSaid(t *testing.T) {
	p := newPerson(t, "")
	for _, args := range [][]string{{"list"}, {"list", "--json"}} {
		if code, _, err := p.run("", args...); code != 1 || !strings.Contains(err, "Make one with `mm connections add NAME`.") {
			t.Errorf("%q: exit code %d, %s", args, code, err)
		}
	}
	for _, args := range [][]string{{"show", "A"}, {"remove", "A"}, {"edit", "A", "tenant", "a"}, {"rename", "A", "B"}, {"duplicate", "A", "B"}} {
		if code, _, err := p.run("", args...); code != 1 || !strings.Contains(err, "There is none yet; add it with `mm connections add NAME`.") {
			t.Errorf("%q: exit code %d, %s", args, code, err)
		}
	}
	if entries, err := os.ReadDir(p.home); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
	p.put(".m365-connections.json", "{\"connections\": {\n  \"A\": }}")
	for _, args := range [][]string{{}, {"show", "A"}, {"add", "B"}, {"edit", "A", "tenant", "a"}, {"remove", "A"}} {
		if code, _, err := p.run("\n\n\n\n", args...); code != 1 || !strings.Contains(err, "line 2, column 8") {
			t.Errorf("%q: exit code %d, %s", args, code, err)
		}
	}
}

func TestEveryCommandHasAHelpWithAnExample(t *testing.T) {
	for _, name := range []string{"list", "show", "add", "edit", "rename", "duplicate", "remove"} {
		if code, out, _ := newPerson(t, "").run("", name, "--help"); code != 0 || !strings.Contains(out, "Examples:\n  mm-connections "+name) {
			t.Errorf("%s: exit code %d\n%s", name, code, out)
		}
	}
}
