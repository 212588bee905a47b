package registry

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A file of a test, with a clock that the test moves.
type file struct {
	*File
	t *testing.T
}

func open(t *testing.T) file {
	f := file{Open(filepath.Join(t.TempDir(), "registry.json")), t}
	f.pause = func(time.Duration) { t.Error("Read waited") }
	return f
}

// write writes in place, as the CLI and editors do, and makes the change as old as age.
func (f file) write(text string, age time.Duration) {
	f.t.Helper()
	if err := os.WriteFile(f.path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(f.path, at, at); err != nil {
		f.t.Fatal(err)
	}
}

// has fails unless the version and the connections are those, and the problem contains the text; none where it is empty.
func (f file) has(version uint64, names, problem string) {
	f.t.Helper()
	r := f.Read()
	var got []string
	for _, name := range []string{"A", "B", "C"} {
		if _, ok := r.Connections[name]; ok {
			got = append(got, name)
		}
	}
	if r.Version != version || strings.Join(got, "") != names {
		f.t.Errorf("version %d with %s, want %d with %s", r.Version, got, version, names)
	}
	switch {
	case r.Problem == nil && problem != "":
		f.t.Errorf("no problem, want one with %q", problem)
	case r.Problem != nil && problem == "":
		f.t.Errorf("problem: %s", r.Problem)
	case r.Problem != nil:
		if r.Problem.Code != mm.RegistryBroken || r.Problem.Remedy == "" || r.Problem.Executed != mm.ExecutedNo {
			f.t.Errorf("problem %#v", r.Problem)
		}
		if !strings.Contains(r.Problem.Error(), problem) {
			f.t.Errorf("problem %q, want %q", r.Problem, problem)
		}
	}
}

const (
	justA  = `{"connections": {"A": {}}}`
	andB   = `{"connections": {"A": {}, "B": {}}}`
	broken = `{"connections": {"A": {}, "C"`
	old    = time.Hour
)

func TestAMissingRegistrySaysHowToMakeOne(t *testing.T) {
	f := open(t)
	f.has(0, "", "There is no connection registry at "+f.path+". Make one with `mm connections add NAME`.")
	f.write(justA, old)
	f.has(1, "A", "")
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	f.has(1, "A", "Until then sessions that run go on with its last good version, and new ones are refused.")
	f.write(justA, old)
	f.has(1, "A", "")
}

func TestAChangeIsSeenAtTheNextUse(t *testing.T) {
	f := open(t)
	f.write(justA, old)
	f.has(1, "A", "")
	f.write(andB, old)
	f.has(2, "AB", "")
	f.write(andB+" ", old)
	f.has(2, "AB", "") // nothing that counts changed
	f.write(justA, old)
	f.has(3, "A", "")
}

func TestAFreshChangeOfTheSameSizeAndTimeIsSeen(t *testing.T) {
	f := open(t)
	at := time.Now()
	for i, name := range []string{"A", "B", "C", "A"} {
		f.write(`{"connections": {"`+name+`": {}}}`, 0)
		if err := os.Chtimes(f.path, at, at); err != nil { // as a clock that stands still would
			t.Fatal(err)
		}
		f.has(uint64(i+1), name, "")
	}
}

func TestAFileThatSettledIsNotReadAgain(t *testing.T) {
	f := open(t)
	f.write(justA, time.Minute)
	f.has(1, "A", "")
	info, err := os.Stat(f.path)
	if err != nil {
		t.Fatal(err)
	}
	f.write(strings.Replace(justA, "A", "B", 1), 0)
	if err := os.Chtimes(f.path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	f.has(1, "A", "") // a change that hides itself shows that only stat was asked
}

func TestABrokenFileLeavesTheLastGoodVersionInForce(t *testing.T) {
	f := open(t)
	f.write(broken, old)
	f.has(0, "", "The connection registry is broken at "+f.path+", line 1, column 30: unexpected end of JSON input. Correct it there.")
	f.write(justA, old)
	f.has(1, "A", "")
	f.write(broken, old)
	f.has(1, "A", "line 1, column 30")
	f.has(1, "A", "line 1, column 30")
	f.write(`{"connections": {"A": {"tenant": 5}}}`, old)
	f.has(1, "A", "connections.A.tenant: want a string, got a number")
	f.write(andB, old)
	f.has(2, "AB", "")
}

func TestAHalfWrittenFileIsReadAgainBeforeComplaint(t *testing.T) {
	f := open(t)
	f.write(broken, 0)
	pauses := 0
	f.pause = func(time.Duration) {
		if pauses++; pauses == 3 {
			f.write(andB, 0)
		}
	}
	f.has(1, "AB", "")
	if pauses != 3 {
		t.Errorf("%d pauses", pauses)
	}
}

func TestAFileThatStaysBrokenIsWaitedForOnce(t *testing.T) {
	f := open(t)
	f.write(broken, 0)
	pauses := 0
	f.pause = func(time.Duration) { pauses++ }
	f.has(0, "", "line 1")
	f.has(0, "", "line 1")
	if pauses != retries {
		t.Errorf("%d pauses, want %d", pauses, retries)
	}
}

func TestAByteOrderMarkIsNotInTheWay(t *testing.T) {
	f := open(t)
	f.write("\uFEFF"+justA, old)
	f.has(1, "A", "")
	f.write("\uFEFF[", old)
	f.has(1, "A", "line 1, column 2")
}

func TestWhatCannotBeARegistryIsRefused(t *testing.T) {
	t.Run("a folder", func(t *testing.T) {
		f := open(t)
		if err := os.Mkdir(f.path, 0o700); err != nil {
			t.Fatal(err)
		}
		f.has(0, "", "is not a file")
	})
	t.Run("too large", func(t *testing.T) {
		f := open(t)
		f.write(justA+strings.Repeat(" ", maxSize), old)
		f.has(0, "", "is too large: it has more than 4 MiB")
	})
	t.Run("no permission", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root may read every file")
		}
		f := open(t)
		f.write(justA, old)
		if err := os.Chmod(f.path, 0); err != nil {
			t.Fatal(err)
		}
		f.has(0, "", "mm has no permission")
	})
	t.Run("a path through a file", func(t *testing.T) {
		f := open(t)
		f.write(justA, old)
		f.path = filepath.Join(f.path, "x")
		f.has(0, "", "cannot be read")
	})
}

func TestARegistryThatOthersCanReadIsNoted(t *testing.T) {
	f := open(t)
	f.write(justA, old)
	if notes := f.Read().Notes; notes != nil {
		t.Errorf("notes %q", notes)
	}
	if err := os.Chmod(f.path, 0o644); err != nil {
		t.Fatal(err)
	}
	if notes := f.Read().Notes; len(notes) != 1 || !strings.Contains(notes[0], "chmod 600 "+f.path) {
		t.Errorf("notes %q", notes)
	}
	if err := os.Chmod(f.path, 0o600); err != nil {
		t.Fatal(err)
	}
	if notes := f.Read().Notes; notes != nil {
		t.Errorf("notes %q", notes)
	}
}

func TestManyReadersSeeWholeVersionsWhileTheFileChanges(t *testing.T) {
	f := open(t)
	f.pause = time.Sleep
	f.write(justA, 0)
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for last := uint64(0); ; {
				r := f.Read()
				if r.Version < last || r.Problem != nil && !strings.Contains(r.Problem.Message, "end of JSON") {
					t.Errorf("version %d after %d, problem %v", r.Version, last, r.Problem)
				}
				last = r.Version
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range 200 {
		if err := os.WriteFile(f.path, fmt.Appendf(nil, `{"connections": {"A": {"description": "%d"}}}`, i), 0o600); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
	if got := f.Read().Connections["A"].Description; got != "199" {
		t.Errorf("at the end: %s", got)
	}
}

func BenchmarkReadWithoutAChange(b *testing.B) {
	f := Open(filepath.Join(b.TempDir(), "registry.json"))
	if err := os.WriteFile(f.path, []byte(andB), 0o600); err != nil {
		b.Fatal(err)
	}
	at := time.Now().Add(-old)
	if err := os.Chtimes(f.path, at, at); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if f.Read().Problem != nil {
			b.Fatal(f.Read().Problem)
		}
	}
}
