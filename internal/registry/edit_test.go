package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// addB is a change for the tests that look at the file.
func addB(d *Draft) error { return d.Add("B", nil) }

const withB = "{\n  \"connections\": {\n    \"A\": {},\n    \"B\": {}\n  }\n}\n"

func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

// holds fails unless the file has that text and mode 600.
func holds(t *testing.T, path, want string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || string(text) != want {
		t.Errorf("%s: %v\n%s\nwant\n%s", filepath.Base(path), err, text, want)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm() != 0o600 {
		t.Errorf("%s: mode %v", filepath.Base(path), info.Mode())
	}
}

// onlyFiles fails unless the folder has just those files.
func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

func TestAChangeKeepsTheFileAndLeavesABackup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	put(t, path, justA, 0o644)
	put(t, path+".bak", "an older one", 0o644)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Edit(t.Context(), path, addB); err != nil {
		t.Fatal(err)
	}
	holds(t, path, withB)
	holds(t, path+".bak", justA)
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("it is another file (%v)", err)
	}
	onlyFiles(t, filepath.Dir(path), "r.json", "r.json.bak")
}

func TestAChangeOfNothingWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	put(t, path, withB, 0o644)
	for range 2 {
		if err := Edit(t.Context(), path, func(*Draft) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, path, withB) // but closes it to others
	onlyFiles(t, filepath.Dir(path), "r.json")
}

func TestAChangeThatFailsLeavesTheFileAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	put(t, path, justA, 0o600)
	mine := errors.New("mine")
	if err := Edit(t.Context(), path, func(d *Draft) error { return errors.Join(addB(d), mine) }); !errors.Is(err, mine) {
		t.Error(err)
	}
	holds(t, path, justA)
	onlyFiles(t, filepath.Dir(path), "r.json")
	if err := Edit(t.Context(), filepath.Join(filepath.Dir(path), "new.json"), func(*Draft) error { return mine }); !errors.Is(err, mine) {
		t.Error(err)
	}
	onlyFiles(t, filepath.Dir(path), "r.json")
}

const onlyB = "{\n  \"connections\": {\n    \"B\": {}\n  }\n}\n"

func TestWhatAFileMayBeBeforeAChange(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, path string)
		text    string // of the file then; else
		failure string // the error, and the file is as it was
	}{
		"missing":    {func(*testing.T, string) {}, onlyB, ""},
		"empty":      {func(t *testing.T, path string) { put(t, path, "", 0o600) }, onlyB, ""},
		"blank":      {func(t *testing.T, path string) { put(t, path, "\uFEFF \n\n", 0o600) }, onlyB, ""},
		"with a BOM": {func(t *testing.T, path string) { put(t, path, "\uFEFF"+justA, 0o600) }, withB, ""},
		"missing, with a backup": {func(t *testing.T, path string) { put(t, path+".bak", justA, 0o600) },
			onlyB, ""},
		"empty, with a backup": {func(t *testing.T, path string) { put(t, path, "", 0o600); put(t, path+".bak", justA, 0o600) },
			"", "r.json is empty. Take back how it was before with `cp "},
		"a change was broken off": {func(t *testing.T, path string) { put(t, path, "!"+justA[1:], 0o600) },
			"", ".bak "},
		"broken":    {func(t *testing.T, path string) { put(t, path, broken, 0o600) }, "", "line 1, column 30: unexpected end of JSON input. Correct it there."},
		"too large": {func(t *testing.T, path string) { put(t, path, justA+strings.Repeat(" ", maxSize), 0o600) }, "", "it has more than 4 MiB"},
		"becoming too large": {func(t *testing.T, path string) {
			put(t, path, `{"x": "`+strings.Repeat("x", maxSize-30)+`"}`, 0o600)
		}, "", "would become too large"},
		"a folder": {func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "", "it is not a file"},
		"in no folder": {func(t *testing.T, path string) {
			if err := os.Remove(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
		}, "", "Nothing was changed. Make its folder first."},
		"without a place for the backup": {func(t *testing.T, path string) {
			put(t, path, justA, 0o600)
			if err := os.MkdirAll(path+".bak/x", 0o700); err != nil {
				t.Fatal(err)
			}
		}, "", "Nothing was changed."},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "d", "r.json")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			c.prepare(t, path)
			before, _ := os.ReadFile(path)
			err := Edit(t.Context(), path, addB)
			if c.failure == "" {
				if err != nil {
					t.Fatal(err)
				}
				holds(t, path, c.text)
				return
			}
			if e := (*mm.Error)(nil); !asError(err, &e) || e.Remedy == "" || e.Executed != mm.ExecutedNo || !strings.Contains(e.Error(), c.failure) {
				t.Errorf("%v, want %s", err, c.failure)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Errorf("it changed to %q", after)
			}
		})
	}
}

func TestLinksToTheFileStay(t *testing.T) {
	for name, there := range map[string]bool{"to a file": true, "to a file that is not there yet": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			link, target := filepath.Join(dir, "link"), filepath.Join(dir, "real", "r.json")
			if err := errors.Join(os.Mkdir(filepath.Dir(target), 0o700), os.Symlink("link2", link),
				os.Symlink(target, filepath.Join(dir, "link2"))); err != nil {
				t.Fatal(err)
			}
			if there {
				put(t, target, justA, 0o600)
			}
			if err := Edit(t.Context(), link, addB); err != nil {
				t.Fatal(err)
			}
			if there {
				holds(t, target, withB)
				holds(t, link+".bak", justA)
			} else {
				holds(t, target, onlyB)
			}
			if to, err := os.Readlink(link); err != nil || to != "link2" {
				t.Errorf("the link leads to %q (%v)", to, err)
			}
		})
	}
	t.Run("in a circle are an error", func(t *testing.T) {
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(link, link); err != nil {
			t.Fatal(err)
		}
		if err := Edit(t.Context(), link, addB); err == nil || !strings.Contains(err.Error(), "Nothing was changed.") {
			t.Error(err)
		}
	})
}

// locked opens the file and takes its lock, as another writer does.
func locked(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := editor{path: path}.tryLock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestAnotherWriterIsWaitedForWithABound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	put(t, path, justA, 0o600)
	other := locked(t, path)

	err := editor{path: path, tries: 1}.edit(t.Context(), addB)
	if e := (*mm.Error)(nil); !asError(err, &e) || e.Code != mm.Busy || !strings.Contains(e.Remedy, "fuser "+path) {
		t.Errorf("while it is locked: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = Edit(ctx, path, addB)
	if e := (*mm.Error)(nil); !asError(err, &e) || e.Code != mm.Cancelled {
		t.Errorf("when the wait is interrupted: %v", err)
	}
	holds(t, path, justA)

	done := make(chan error)
	go func() { done <- Edit(t.Context(), path, addB) }()
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	holds(t, path, withB)
}

func TestAFileThatAnEditorReplacedIsTheOneThatIsChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	put(t, path, `{"connections": {"Old": {}}}`, 0o600)
	locked(t, path) // of the old file, which nobody else holds open then
	put(t, path+".new", justA, 0o600)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if err := Edit(t.Context(), path, addB); err != nil {
		t.Fatal(err)
	}
	holds(t, path, withB)
}

func TestWritersAtOnceLoseNothing(t *testing.T) {
	const writers, each = 6, 8
	path := filepath.Join(t.TempDir(), "r.json") // made by the first
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				add := func(d *Draft) error { return d.Add(fmt.Sprintf("c%d-%d", w, i), nil) }
				if err := (editor{path: path, tries: 100 * lockTries}).edit(t.Context(), add); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	r := Open(path).Read()
	if r.Problem != nil || len(r.Notes) > 0 || len(r.Connections) != writers*each {
		t.Errorf("%d connections, %q, %v", len(r.Connections), r.Notes, r.Problem)
	}
	onlyFiles(t, filepath.Dir(path), "r.json", "r.json.bak")
}

// TestAReaderNeverSeesAMixture has a writer that sets the same words in two connections with much between them, to be longer,
// then shorter, then as long.
func TestAReaderNeverSeesAMixture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	between := strings.Repeat(`"x": "`+strings.Repeat("y", 100)+`", `, 200)
	put(t, path, `{"connections": {"A": {"description": "0"}, "M": {`+between+`"z": 1}, "Z": {"description": "0"}}}`, 0o600)
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			f := Open(path)
			for {
				r := f.Read()
				a, z := r.Connections["A"].Description, r.Connections["Z"].Description
				if r.Problem != nil || a != z || a == "" {
					t.Errorf("A %q, Z %q, problem %v", a, z, r.Problem)
					return
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range 40 {
		words := Text(strings.Repeat("word ", i*7%5) + fmt.Sprint(i))
		if err := Edit(t.Context(), path, func(d *Draft) error {
			return errors.Join(d.Set("A", []string{"description"}, words), d.Set("Z", []string{"description"}, words))
		}); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
}

func TestWhileAFileIsRewrittenTheVersionBeforeStaysInForce(t *testing.T) {
	f := open(t) // which fails when Read waits
	f.write(justA, old)
	f.has(1, "A", "")
	f.write("!"+andB[1:], 0)
	f.has(1, "A", "")
	f.write(andB, 0)
	f.has(2, "AB", "")

	f.write("!"+andB[1:], 0)
	f.has(2, "AB", "")
	f.now = func() time.Time { return time.Now().Add(settled) }
	f.has(2, "AB", "a change of the file was broken off. Take back how it was before with `cp "+f.path+".bak "+f.path+"`")
}

func TestAFreshReaderWaitsForTheWriter(t *testing.T) {
	f := open(t)
	f.write("!"+andB[1:], 0)
	f.pause = func(time.Duration) { f.write(andB, 0) }
	f.has(1, "AB", "")
}

func TestViewShowsWhatStands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	if d, notes, err := View(path); err != nil || notes != nil || d.Names() != nil {
		t.Errorf("of no file: %v, %v", notes, err)
	}
	put(t, path, `{"connections": {"x/y": {}, "A": {"own": [1, 2], "tenant": "a.com"}}}`, 0o600)
	d, notes, err := View(path)
	if err != nil || len(notes) != 1 || !slices.Equal(d.Names(), []string{"x/y", "A"}) {
		t.Fatalf("%v, %v", notes, err)
	}
	if got := string(d.JSON("A")); got != "{\n  \"own\": [1, 2],\n  \"tenant\": \"a.com\"\n}\n" || d.JSON("B") != nil {
		t.Errorf("A is %s, B is %s", got, d.JSON("B"))
	}
	if name, err := d.Find("a"); err != nil || name != "A" {
		t.Errorf("a is %q (%v)", name, err)
	}
	put(t, path, broken, 0o600)
	if _, _, err := View(path); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Error(err)
	}
}

func TestPathsAreShownAsAShellTakesThem(t *testing.T) {
	for path, want := range map[string]string{"/home/a_b/.m-3": "/home/a_b/.m-3", "/a b": "'/a b'", "/it's": `'/it'\''s'`, "/ü": "'/ü'"} {
		if got := quoted(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}
