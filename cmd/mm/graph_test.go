package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
)

// answered is a successful answer with data.
func answered(data string, change ...func(*mm.GraphResult)) mm.Outcome {
	r := &mm.GraphResult{HTTPStatus: 200, Data: json.RawMessage(data), Count: -1, Items: -1}
	for _, c := range change {
		c(r)
	}
	return mm.Outcome{Status: mm.StatusSuccess, Graph: r}
}

// asking makes a grapher of a pool that answers so; columns of its terminal, 0: none.
func asking(out mm.Outcome, o graphOptions, columns int) (g *grapher, stdout, stderr *bytes.Buffer) {
	r, stdout, stderr := start(&fakePool{graph: func(mm.GraphRequest) mm.Outcome { return out }}, o.runOptions)
	if columns > 0 {
		r.stdout.size = func() int { return columns }
	}
	return &grapher{runner: r, options: o, files: &poolFiles{}}, stdout, stderr
}

const twoPeople = `{"value":[{"id":"1","displayName":"Ann","mail":null,"manager":{"id":"7"},"phones":["5"]},{"id":"2","mail":"bob@contoso.com","displayName":"Bob"}]}`

func TestAnAnswerOfGraphIsShown(t *testing.T) {
	for _, c := range []struct {
		name           string
		out            mm.Outcome
		o              graphOptions
		request        mm.GraphRequest
		columns        int
		stdout, stderr string
		code           int
	}{
		{"a list on a terminal", answered(twoPeople), graphOptions{}, mm.GraphRequest{Endpoint: "/users"}, 80,
			"id  displayName  mail             manager     phones\n1   Ann                           {\"id\":\"7\"}  [\"5\"]\n2   Bob          bob@contoso.com\n", "", 0},
		{"its columns are those of $select", answered(twoPeople), graphOptions{}, mm.GraphRequest{Endpoint: "/users?$top=2&%24select=mail,DisplayName"}, 80,
			"mail             displayName  id  manager     phones\n                 Ann          1   {\"id\":\"7\"}  [\"5\"]\nbob@contoso.com  Bob          2\n", "", 0},
		{"a narrow terminal has fewer", answered(twoPeople), graphOptions{}, mm.GraphRequest{}, 18,
			"id  displayName\n1   Ann\n2   Bob\n", "Not shown: 3 columns; $select chooses, --json shows all.\n", 0},
		{"an item on a terminal", answered(`{"id":"1","@odata.type":"x","on":true,"tags":[],"none":null}`), graphOptions{}, mm.GraphRequest{}, 80,
			"id    1\non    true\ntags  []\nnone\n", "", 0},
		{"an empty list", answered(`{"value":[]}`), graphOptions{}, mm.GraphRequest{}, 80, "", "The list is empty.\n", 0},
		{"in a pipe", answered(`{"value":[1]}`), graphOptions{}, mm.GraphRequest{}, 0, "{\n  \"value\": [\n    1\n  ]\n}\n", "", 0},
		{"with --json", answered(`[]`), graphOptions{runOptions: runOptions{json: true}}, mm.GraphRequest{}, 80, "[]\n", "", 0},
		{"with --csv", answered(twoPeople), graphOptions{runOptions: runOptions{csv: "-"}}, mm.GraphRequest{Endpoint: "/users?$select=displayName,id"}, 0,
			"\ufeffdisplayName,id,mail,manager,phones\r\nAnn,1,,\"{\"\"id\"\":\"\"7\"\"}\",5\r\nBob,2,bob@contoso.com,,\r\n", "", 0},
		{"what other programs write cannot move the cursor", answered(`[{"a":"x\u001b[2Jy"}]`), graphOptions{}, mm.GraphRequest{}, 80, "a\nx [2Jy\n", "", 0},
		{"text", answered("", func(r *mm.GraphResult) { r.Data, r.Text = nil, "hello" }), graphOptions{}, mm.GraphRequest{}, 0, "hello\n", "", 0},
		{"a file", answered("", func(r *mm.GraphResult) {
			r.Data, r.File, r.FileSize, r.FileType = nil, "/f/a.pdf", 3<<20, "application/pdf"
		}),
			graphOptions{}, mm.GraphRequest{}, 0, "", "Saved to /f/a.pdf (3.0 MB, application/pdf)\n", 0},
		{"there is more", answered(`[]`, func(r *mm.GraphResult) { r.Next, r.Count = "https://g/v1.0/users?$skiptoken=a'b", 300 }), graphOptions{}, mm.GraphRequest{}, 0,
			"[]\n", "300 items in all.\nThere is more. --all reads all of it; for the next page, repeat the command with\n  --page 'https://g/v1.0/users?$skiptoken=a'\\''b'\n", 0},
		{"complete until it changes", answered(`[]`, func(r *mm.GraphResult) { r.Next, r.Delta = "https://g/v1.0/delta", true }), graphOptions{}, mm.GraphRequest{}, 0,
			"[]\n", "For what changes from now on, repeat the command later with\n  --page 'https://g/v1.0/delta'\n", 0},
		{"cut by a bound", answered(`[]`, func(r *mm.GraphResult) { r.Truncated = &mm.Truncated{KeptItems: 5, DroppedItems: 2} }), graphOptions{}, mm.GraphRequest{}, 0,
			"[]\n", "The answer is not complete: 5 items are there, 2 were left out. Ask for less with $select, or follow it with --page.\n", 1},
		{"notes", with(answered(`{}`), func(o *mm.Outcome) { o.Notes = []string{"It was accepted."} }), graphOptions{}, mm.GraphRequest{}, 0,
			"{}\n", "Note: It was accepted.\n", 0},
		{"an error", refused(&mm.Error{Code: mm.GraphFailed, Message: "Graph API 403 (Denied): no.", Remedy: "Consent.", Executed: mm.ExecutedNo}),
			graphOptions{}, mm.GraphRequest{}, 0, "", "mm: Graph API 403 (Denied): no.\nConsent.\n", 1},
		{"a wrong account", refused(mm.Errorf(mm.WrongAccount, "Sign in.", "WARNING: Authenticated with wrong account.")),
			graphOptions{}, mm.GraphRequest{}, 0, "", "WARNING: Authenticated with wrong account.\nSign in.\n", 1},
		{"a held one", refused(mm.Errorf(mm.Held, "", "Draft.")), graphOptions{}, mm.GraphRequest{}, 0, "", "mm: Draft.\n", 4},
		{"an endpoint that is none", refused(mm.Errorf(mm.BadRequest, "", "Bad.")), graphOptions{}, mm.GraphRequest{}, 0, "", "mm: Bad.\n", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.delimiter == 0 {
				c.o.delimiter = ','
			}
			g, stdout, stderr := asking(c.out, c.o, c.columns)
			err := g.send(t.Context(), c.request)
			if code := exitCode(stderr, err); code != c.code || stdout.String() != c.stdout || stderr.String() != c.stderr {
				t.Errorf("exit code %d\nstdout %q\nstderr %q", code, stdout, stderr)
			}
		})
	}
}

func TestAGraphRequestShowsTheAccountsCode(t *testing.T) {
	g, stdout, stderr := asking(code("ABCD1234"), graphOptions{}, 0)
	err := g.send(t.Context(), mm.GraphRequest{Connection: "Contoso-GA", Endpoint: "/me"})
	if !errors.Is(err, exit(exitSignIn)) || stdout.Len() != 0 {
		t.Errorf("%v, stdout %q", err, stdout)
	}
	contains(t, "stderr", stderr.String(), "Sign in to Contoso-GA as admin@contoso.com:")
}

func TestTheCommandLineOfAGraphRequest(t *testing.T) {
	for _, c := range []struct {
		line string // words, divided by |
		want mm.GraphRequest
		err  string
	}{
		{"A|/me", mm.GraphRequest{Endpoint: "/me"}, ""},
		{"A|get|/me", mm.GraphRequest{Method: "GET", Endpoint: "/me"}, ""},
		{"A|PATCH|/me|--body| {\"a\":1} ", mm.GraphRequest{Method: "PATCH", Endpoint: "/me", Body: json.RawMessage(`{"a":1}`)}, ""},
		{"A|/users|--all|--json", mm.GraphRequest{Endpoint: "/users", All: true, MaxItems: allItems}, ""},
		{"A|/users|--all|--max-items|9", mm.GraphRequest{Endpoint: "/users", All: true, MaxItems: 9}, ""},
		{"A|--page|https://g/x", mm.GraphRequest{Page: "https://g/x"}, ""},
		{"A|GET|--page|https://g/x", mm.GraphRequest{Method: "GET", Page: "https://g/x"}, ""},
		{"A|/x|--header|Prefer=a=b|--header|ConsistencyLevel: eventual", mm.GraphRequest{Endpoint: "/x",
			Headers: map[string]string{"Prefer": "a=b", "ConsistencyLevel": "eventual"}}, ""},
		{"A|/x|--resource|flow|--jq|.a", mm.GraphRequest{Endpoint: "/x", Resource: "flow", JQ: ".a"}, ""},
		{"A", mm.GraphRequest{}, "ENDPOINT is missing"},
		{"A|POST", mm.GraphRequest{}, "POST has no ENDPOINT"},
		{"A|FETCH|/me", mm.GraphRequest{}, "there is no method FETCH: use one of GET, POST"},
		{"A|GET|/me|x", mm.GraphRequest{}, "wants 2 or 3 arguments and got 4"},
		{"A|/me|--body|{}", mm.GraphRequest{}, "name the METHOD"},
		{"A|POST|/me|--body|{\"a\":\n b}", mm.GraphRequest{}, "--body is not JSON at line 2, column 2"},
		{"A|POST|/me|--body|@/no/such/file", mm.GraphRequest{}, "the body cannot be read"},
		{"A|POST|/me|--body|{}|--body-file|x", mm.GraphRequest{}, "--body and --body-file exclude each other"},
		{"A|/me|--json|--csv|x", mm.GraphRequest{}, "--csv and --json exclude each other"},
		{"A|/me|--csv|x|-o|y", mm.GraphRequest{}, "--csv and --save-to exclude each other"},
		{"A|/me|--max-items|5", mm.GraphRequest{}, "goes with --all"},
		{"A|/me|--header|Prefer", mm.GraphRequest{}, `--header "Prefer" is not NAME=VALUE; the headers are ConsistencyLevel`},
		{"A|/me|--resource|mail", mm.GraphRequest{}, "it can be graph or flow"},
	} {
		t.Run(strings.ReplaceAll(c.line, "|", " "), func(t *testing.T) {
			var got mm.GraphRequest
			cmd := graphCommandFor(newEnviron(), func(cmd *cobra.Command, _ *environ, o graphOptions, args []string) (err error) {
				got, err = readGraphRequest(cmd, o, args)
				return err
			})
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(strings.Split(c.line, "|"))
			err := cmd.Execute()
			if c.err != "" {
				var usage usageError
				if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %v", err)
				}
				return
			}
			c.want.Connection, c.want.Caller = "A", "cli"
			same, _ := json.Marshal(c.want)
			if is, _ := json.Marshal(got); err != nil || !bytes.Equal(is, same) {
				t.Errorf("%v, got %s, want %s", err, is, same)
			}
		})
	}
}

func TestABodyIsReadFromAFileOrStandardInput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "b.json")
	if err := os.WriteFile(file, []byte("\ufeff{\"a\": 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"@" + file: `{"a": 1}`, "-": "[2]", `{"b":1}`: `{"b":1}`} {
		if got, err := readBody(text, strings.NewReader(" [2]\n"), nil); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for what, stdin := range map[string]string{"is empty": "\n", "is not JSON": "{", "is longer than 4 MiB; send it with --body-file": strings.Repeat(" ", maxGraphBody+1)} {
		if _, err := readBody("-", strings.NewReader(stdin), nil); err == nil || !strings.Contains(err.Error(), "standard input "+what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestFilesGoByWayOfTheDaemonsFolder(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, "state", "files")
	mine, inside := filepath.Join(home, "report.pdf"), filepath.Join(dir, "kept", "a.txt")
	write(t, mine, "of mine")
	write(t, inside, "inside")
	p := poolFiles{dir: dir}
	if got, err := p.send(inside); err != nil || got != "kept/a.txt" {
		t.Errorf("one that is there already: %s, %v", got, err)
	}
	got, err := p.send(mine)
	if err != nil || !strings.HasSuffix(got, "/report.pdf") || read(t, filepath.Join(dir, got)) != "of mine" {
		t.Errorf("a copy: %s, %v", got, err)
	}
	saved, err := p.receive()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, saved), "the answer")
	f, err := p.open(filepath.Join(dir, saved))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := p.open(inside); err == nil {
		t.Error("it takes another's file away")
	}
	p.discard()
	if names(t, dir) != "kept" {
		t.Errorf("left: %s", names(t, dir))
	}
	for name, path := range map[string]string{"a folder": home, "nothing": filepath.Join(home, "none")} {
		var usage usageError
		if _, err := (&poolFiles{dir: dir}).send(path); !errors.As(err, &usage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	away := poolFiles{dir: dir, away: true}
	if got, err := away.send("a.txt"); err != nil || got != "a.txt" {
		t.Errorf("of a pool elsewhere: %s, %v", got, err)
	}
	if _, err := away.receive(); err == nil {
		t.Error("an answer of a pool elsewhere cannot be fetched")
	}
}
