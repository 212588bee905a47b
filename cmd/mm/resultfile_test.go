package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// names lists a folder.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

func TestAResultFileAppearsWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.csv")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	f, err := createResult(link)
	if err != nil {
		t.Fatal(err)
	}
	if read(t, path) != "old" {
		t.Error("it was changed before the end")
	}
	f.discard()
	if names(t, dir) != "link.csv out.csv" || read(t, path) != "old" {
		t.Errorf("discarded: %s", names(t, dir))
	}
	if f, err = createResult(link); err != nil {
		t.Fatal(err)
	}
	if err := f.commit([]byte("new")); err != nil {
		t.Fatal(err)
	}
	f.discard()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 || read(t, path) != "new" || names(t, dir) != "link.csv out.csv" {
		t.Errorf("%v, %v, %s", err, info.Mode(), names(t, dir))
	}
	if to, err := os.Readlink(link); err != nil || to != path {
		t.Errorf("the link: %s, %v", to, err)
	}
}

func TestAResultFileIsRefusedBeforeTheCommandRuns(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ path, want string }{
		{dir, "it is a folder"}, {filepath.Join(dir, "none", "out.csv"), "no such file or directory"}, {"/proc/out.csv", ""},
	} {
		f, err := createResult(c.path)
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "the command was not run") {
			t.Errorf("%s: %v, %v", c.path, f, err)
		}
	}
}

func TestAResultMayGoToADevice(t *testing.T) {
	f, err := createResult("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.commit([]byte("x")); err != nil {
		t.Error(err)
	}
	f.discard()
}

func TestCSVGoesToItsFile(t *testing.T) {
	rows := mm.Outcome{Status: mm.StatusSuccess, Result: mm.Result{Objects: json.RawMessage(`[{"a":1},{"a":2}]`)}}
	oneError := func(o *mm.Outcome) { o.Errors = []mm.ErrorRecord{{Message: "no"}} }
	for _, c := range []struct {
		name         string
		out          mm.Outcome
		code         int
		file, stderr string
	}{
		{"rows", rows, 0, bom + "a\r\n1\r\n2\r\n", "2 rows written to FILE\n"},
		{"rows and an error", with(rows, oneError), 1, bom + "a\r\n1\r\n2\r\n", "ERROR: no\n2 rows written to FILE\n"},
		{"no rows", printed(""), 0, bom, "0 rows written to FILE\n"},
		{"nothing but an error", with(printed(""), oneError), 1, "old", "ERROR: no\nFILE was not written: there are no rows.\n"},
		{"a failure", with(rows, func(o *mm.Outcome) { o.Status, o.Err = mm.StatusError, mm.Errorf(mm.Busy, "", "Busy.") }), 1,
			"old", "FILE was not written.\nmm: Busy.\n"},
		{"a sign-in", code("ABCD1234"), 3, "old", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.csv")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			r, stdout, stderr := start(&fakePool{answer: func(mm.Command) mm.Outcome { return c.out }}, runOptions{csv: path})
			var err error
			if r.file, err = createResult(path); err != nil {
				t.Fatal(err)
			}
			got := exitCode(stderr, r.run(t.Context(), getMailbox))
			r.file.discard()
			said := strings.ReplaceAll(stderr.String(), path, "FILE")
			if got != c.code || read(t, path) != c.file || stdout.Len() != 0 || names(t, filepath.Dir(path)) != "out.csv" ||
				(c.stderr != "" && said != c.stderr) {
				t.Errorf("exit code %d, file %q, stdout %q, stderr %q, folder %s", got, read(t, path), stdout, said, names(t, filepath.Dir(path)))
			}
		})
	}
}
