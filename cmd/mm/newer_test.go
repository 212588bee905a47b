package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAVersionComesFromTheLinkerOrTheModule(t *testing.T) {
	built := func(v string) *debug.BuildInfo { return &debug.BuildInfo{Main: debug.Module{Version: v}} }
	for _, c := range []struct {
		linked string
		info   *debug.BuildInfo
		want   string
	}{
		{"v1.2.3", built("v0.1.0"), "v1.2.3"},
		{"", built("v0.1.0"), "v0.1.0"},
		{"", built("v0.0.0-20261122191300-25d5916abcde+dirty"), "v0.0.0-20261122191300-25d5916abcde+dirty"},
		{"", built("(devel)"), "dev"},
		{"", nil, "dev"},
	} {
		if got := versionOf(c.linked, c.info); got != c.want {
			t.Errorf("%q, %+v: got %s", c.linked, c.info, got)
		}
	}
}

func TestOnlyVersionsThatCanBeComparedAreOlder(t *testing.T) {
	for _, c := range []struct {
		theirs, ours string
		want         bool
	}{
		{"v1.0.0", "v1.1.0", true},
		{"v1.9.0", "v1.10.0", true},
		{"v1.1.0-rc.1", "v1.1.0", true},
		{"v0.0.0-20261122191300-25d5916abcde", "v0.0.0-20261122191301-35d5916abcde", true},
		{"v1.1.0", "v1.1.0", false},
		{"v1.1.0+dirty", "v1.1.0", false},
		{"v2.0.0", "v1.1.0", false},
		{"", "v1.1.0", false},
		{"dev", "v1.1.0", false},
		{"v1.1.0", "dev", false},
	} {
		if got := older(c.theirs, c.ours); got != c.want {
			t.Errorf("%q before %q: %t", c.theirs, c.ours, got)
		}
	}
}

// releases builds the program once for each of these versions, and returns where.
var releases = sync.OnceValues(func() (map[string]string, error) {
	built := map[string]string{}
	for _, v := range []string{"v1.0.0", "v1.1.0"} {
		built[v] = filepath.Join(filepath.Dir(mmPath), "mm-"+v)
		if out, err := exec.Command("go", "build", "-ldflags", "-X main.version="+v, "-o", built[v], ".").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %s", err, out)
		}
	}
	return built, nil
})

// release prepares the program of a version with arguments.
func (w *world) release(version string, args ...string) *exec.Cmd {
	w.t.Helper()
	built, err := releases()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := w.mm(args...)
	cmd.Path = built[version]
	return cmd
}

func TestANewerClientReplacesAnIdleDaemon(t *testing.T) {
	w := newWorld(t, 0)
	ask := func(version string) (pid int, stderr string) {
		t.Helper()
		code, _, stderr := ended(t, w.release(version, "run", "Nobody", "exo", "x"))
		if code != exitFailed {
			t.Fatalf("%s: exit code %d: %s", version, code, stderr)
		}
		return lockHolder(w.s.lockPath()), stderr
	}
	first, _ := ask("v1.0.0")
	second, stderr := ask("v1.1.0")
	if first == second || strings.Contains(stderr, "v1.0.0") {
		t.Errorf("%d, then %d: %s", first, second, stderr)
	}
	contains(t, "log", strings.Join(w.log(), "\n"), "a newer mm (v1.1.0) starts, pid ")
	if third, stderr := ask("v1.0.0"); third != second || strings.Contains(stderr, "v1.1.0") {
		t.Errorf("an older client: %d, not %d: %s", third, second, stderr)
	}
}

func TestANewerClientLeavesADaemonThatIsNeeded(t *testing.T) {
	t.Run("because somebody is signed in", func(t *testing.T) {
		w := newWorld(t, 50*time.Millisecond)
		if code, _, stderr := ended(t, w.release("v1.0.0", "run", "Contoso-GA", "exo", "Get-Mailbox", "--wait")); code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		pid := lockHolder(w.s.lockPath())
		code, stdout, stderr := ended(t, w.release("v1.1.0", "run", "Contoso-GA", "exo", "Get-Mailbox"))
		if code != exitOK || lockHolder(w.s.lockPath()) != pid {
			t.Errorf("exit code %d, daemon %d, not %d", code, lockHolder(w.s.lockPath()), pid)
		}
		contains(t, "stdout", stdout, "Adele")
		contains(t, "stderr", stderr, "mm: mm v1.0.0 serves (pid ")
		contains(t, "stderr", stderr, "1 session signed in")
		contains(t, "stderr", stderr, "`mm stop`")
	})
	t.Run("because it was started by hand", func(t *testing.T) {
		w := newWorld(t, 0)
		daemon := w.watch(w.release("v1.0.0", "serve"))
		host := w.release("v1.1.0", "mcp")
		host.Stdin = strings.NewReader(mcpHello + "\n" + strings.Repeat(toolCall(1, `{"connection":"Nobody","module":"exo","command":"x"}`)+"\n", 3))
		_, stdout, stderr := ended(t, host)
		contains(t, "the answer", stdout, "not found")
		if strings.Count(stderr, "was started by hand") != 1 || lockHolder(w.s.lockPath()) != daemon.Process.Pid {
			t.Errorf("it said %q", stderr)
		}
	})
}

func TestServeByHandTakesThePlaceOfAnIdleDaemonInTheBackground(t *testing.T) {
	w := newWorld(t, 0)
	pid := w.background()
	daemon := w.serve()
	if got := lockHolder(w.s.lockPath()); got != daemon.Process.Pid || got == pid {
		t.Errorf("%d serves", got)
	}
	contains(t, "log", w.log()[len(w.log())-1], "`mm serve` was started by hand")
}

func TestNewAndOldClientsAtOnceEndWithOneDaemonAndLoseNothing(t *testing.T) {
	w := newWorld(t, 0)
	for round := range 3 {
		if code, _, stderr := ended(t, w.release("v1.0.0", "run", "Nobody", "exo", "x")); code != exitFailed {
			t.Fatalf("round %d: exit code %d: %s", round, code, stderr)
		}
		var all sync.WaitGroup
		for i := range 12 {
			version := []string{"v1.0.0", "v1.1.0"}[i%2]
			all.Go(func() {
				// An answer of the router itself: the command arrived, and was neither lost nor kept by a daemon that ended.
				if code, _, stderr := ended(t, w.release(version, "run", "Nobody", "exo", "x")); !strings.Contains(stderr, "Connection 'Nobody' not found.") {
					t.Errorf("%s: exit code %d: %s", version, code, stderr)
				}
			})
		}
		all.Wait()
		if code, _, stderr := w.run("stop"); code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
	}
	serving, ended := 0, 0
	for _, line := range w.log() {
		switch {
		case strings.Contains(line, "- serving"):
			serving++
		case strings.Contains(line, "- ended"):
			ended++
		}
		if serving-ended > 1 {
			t.Fatalf("two at once:\n%s", strings.Join(w.log(), "\n"))
		}
	}
	if serving != ended || serving < 6 {
		t.Errorf("%d began and %d ended:\n%s", serving, ended, strings.Join(w.log(), "\n"))
	}
}
