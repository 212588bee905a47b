//go:build unix

package persistence

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func TestAFolderThatCannotBeUsedIsSaidWithWhatToDo(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		make func(t *testing.T, dir string) string // the folder
		want string                                // in the remedy
	}{
		{"a link", func(t *testing.T, dir string) string {
			check(t, os.Mkdir(dir+".real", 0o700))
			check(t, os.Symlink(dir+".real", dir))
			return dir
		}, "in place of the link"},
		{"a file", func(t *testing.T, dir string) string {
			check(t, os.WriteFile(dir, nil, 0o600))
			return dir
		}, "Move that file away"},
		{"below a file", func(t *testing.T, dir string) string {
			check(t, os.WriteFile(dir, nil, 0o600))
			return filepath.Join(dir, "tokens")
		}, "a file and not a folder"},
		{"nowhere", func(*testing.T, string) string { return "/proc/nowhere/tokens" }, "Make the folder"},
		{"another user's", func(t *testing.T, dir string) string {
			check(t, os.Mkdir(dir, 0o700))
			giveAway(t, dir)
			return dir
		}, "chown"},
		{"another user's key", func(t *testing.T, dir string) string {
			check(t, os.Mkdir(dir, 0o700))
			check(t, os.WriteFile(filepath.Join(dir, keyName), make([]byte, keySize), 0o600))
			giveAway(t, filepath.Join(dir, keyName))
			return dir
		}, "chown"},
		{"a cache that is a link", func(t *testing.T, dir string) string {
			check(t, os.Mkdir(dir, 0o700))
			check(t, os.Symlink("/etc/hostname", filepath.Join(dir, cacheName(connection("Contoso-GA")))))
			return dir
		}, "symbolic links"},
		{"a cache that is a pipe", func(t *testing.T, dir string) string {
			check(t, os.Mkdir(dir, 0o700))
			check(t, syscall.Mkfifo(filepath.Join(dir, cacheName(connection("Contoso-GA"))), 0o600))
			return dir
		}, "needs a file of that name"},
		{"a cache that is huge", func(t *testing.T, dir string) string {
			check(t, os.Mkdir(dir, 0o700))
			check(t, os.WriteFile(filepath.Join(dir, cacheName(connection("Contoso-GA"))), nil, 0o600))
			check(t, os.Truncate(filepath.Join(dir, cacheName(connection("Contoso-GA"))), maxFile+1))
			return dir
		}, "cannot be one of mm's"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newTokens(t, TokenOptions{Dir: row.make(t, filepath.Join(t.TempDir(), "tokens"))})
			h, err := s.Open(t.Context(), connection("Contoso-GA"))
			if err == nil {
				_, err = h.Load()
				_ = h.Close()
			}
			e, ok := errors.AsType[*mm.Error](err)
			if !ok || !strings.Contains(e.Remedy, row.want) || !strings.Contains(e.Message, "Contoso-GA") || e.Code != mm.SignInFailed {
				t.Errorf("got %v", err)
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func giveAway(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to another user")
	}
	check(t, os.Chown(path, 12345, 12345))
}

func TestEveryKnownTroubleHasItsOwnRemedy(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, known := range remedies {
		e := trouble("save the tokens", fmt.Errorf("writing: %w", &fs.PathError{Op: "write", Path: "/x", Err: known.err}))
		if e.Remedy != known.remedy || seen[e.Remedy] || !strings.Contains(e.Message, "/x") || e.Executed != mm.ExecutedNo {
			t.Errorf("%v: %v", known.err, e)
		}
		seen[e.Remedy] = true
	}
	if e := trouble("save", errors.New("strange")); e.Remedy == "" {
		t.Error("an unknown trouble has no remedy")
	}
}

func TestLooseModesAreTightened(t *testing.T) {
	t.Parallel()
	s := newTokens(t, TokenOptions{})
	c := connection("Contoso-GA")
	save(t, s, c, "tokens")
	for _, path := range []string{filepath.Join(s.dir, keyName), filepath.Join(s.dir, cacheName(c)), s.dir} {
		check(t, os.Chmod(path, 0o755))
	}
	if got := load(t, s, c); got != "tokens" {
		t.Errorf("got %q", got)
	}
	for path, want := range map[string]os.FileMode{filepath.Join(s.dir, keyName): 0o600, filepath.Join(s.dir, cacheName(c)): 0o600, s.dir: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}
