//go:build linux

package registry

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// childEnv says what a child of the tests does, and to which file.
const childEnv = "MM_REGISTRY_TEST_CHILD"

func TestMain(m *testing.M) {
	if task, path, ok := strings.Cut(os.Getenv(childEnv), ":"); ok {
		os.Exit(child(task, path))
	}
	os.Exit(m.Run())
}

// child is a writer that dies: "rewrite" changes the file again and again, a number changes it once with that limit of bytes
// for every file.
func child(task, path string) int {
	if limit, err := strconv.ParseUint(task, 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			fmt.Println(err)
			return 2
		}
		err := Edit(context.Background(), path, func(d *Draft) error {
			return d.Add("B", []Field{{"description", Text(strings.Repeat("x", 4096))}})
		})
		fmt.Println(err)
		return 1
	}
	for i := 0; ; i++ {
		err := Edit(context.Background(), path, func(d *Draft) error {
			return d.Set("A", []string{"description"}, Text(strings.Repeat("x", i%3*5000)))
		})
		if err != nil {
			fmt.Println(err)
			return 1
		}
		if i == 0 {
			fmt.Println("begun")
		}
	}
}

func childOf(t *testing.T, task, path string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+task+":"+path)
	return cmd
}

func TestAFullDiskIsNoticedBeforeAnythingIsHarmed(t *testing.T) {
	long := `{"connections": {"M": {"x": "` + strings.Repeat("y", 8000) + `"}}}`
	for name, c := range map[string]struct{ text, limit, backup string }{
		"for the backup":          {long, "4000", ""},
		"for the new content":     {long, "9000", long},
		"for a file that is made": {"", "1000", ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "r.json")
			var files []string
			if c.text != "" {
				put(t, path, c.text, 0o600)
				files = []string{"r.json"}
			}
			out, _ := childOf(t, c.limit, path).Output()
			for _, want := range []string{"file too large", "Nothing was changed. Free some space"} {
				if !strings.Contains(string(out), want) {
					t.Errorf("it says %s", out)
				}
			}
			if c.text != "" {
				holds(t, path, c.text)
			}
			if c.backup != "" {
				holds(t, path+".bak", c.backup)
				files = append(files, "r.json.bak")
			}
			onlyFiles(t, filepath.Dir(path), files...)
		})
	}
}

// TestAWriterKilledAtAnyMomentLosesNothing kills real writers. Whatever they leave is a whole version, or is known as broken
// off and has a whole backup.
func TestAWriterKilledAtAnyMomentLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	put(t, path, `{"connections": {"A": {}, "Z": {"description": "stays"}}}`, 0o600)
	brokenOff := 0
	for i := range 25 {
		cmd := childOf(t, "rewrite", path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 16)); err != nil {
			t.Fatal(err)
		}
		// Half of them die at any moment, the others when their mark is seen.
		for range i % 2 * 100_000 {
			if data, err := os.ReadFile(path); err == nil && len(data) > 0 && data[0] == unfinished {
				break
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()

		if data, err := os.ReadFile(path); err == nil && len(data) > 0 && data[0] == unfinished {
			brokenOff++
			err := Edit(t.Context(), path, addB)
			if err == nil || !strings.Contains(err.Error(), "cp "+path+".bak "+path) {
				t.Fatal(err)
			}
			if out, err := exec.Command("cp", path+".bak", path).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		r := Open(path).Read()
		if r.Problem != nil || r.Connections["Z"].Description != "stays" {
			t.Fatalf("%v, Z is %q", r.Problem, r.Connections["Z"].Description)
		}
	}
	t.Logf("%d of 25 were killed while they rewrote", brokenOff)
}
