package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestALockHasOneHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "mm.lock")
	first, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.sign(); err != nil {
		t.Fatal(err)
	}
	if _, err := takeLock(path); !errors.Is(err, errLocked) {
		t.Errorf("a second one: %v", err)
	}
	if lockHolder(path) != os.Getpid() {
		t.Error("the holder is not named")
	}
	first.end()
	second, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.release()
	if n := readLock(path); n != (lockNote{}) || second.lost != (lockNote{}) {
		t.Errorf("after a good end: %+v, %+v", n, second.lost)
	}
}

func TestALockTellsThatItsLastDaemonEndedWithoutAWord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mm.lock")
	seen := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, ending := range []string{"", "ending\n"} {
		if err := os.WriteFile(path, []byte("4242\n"+ending), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, seen, seen); err != nil {
			t.Fatal(err)
		}
		// The one that looks first need not become the daemon.
		for range 2 {
			lock, err := takeLock(path)
			if err != nil {
				t.Fatal(err)
			}
			if lock.lost.lost != 4242 || !lock.lost.seen.Equal(seen) {
				t.Errorf("got %+v", lock.lost)
			}
			if pid := lockHolder(path); pid != 0 {
				t.Errorf("the new holder goes by the old one's pid %d", pid)
			}
			lock.release()
		}
	}
}

func TestALockThatWasRemovedIsLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mm.lock")
	lock, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.release()
	if !lock.holds(path) {
		t.Error("it is lost from the start")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if lock.holds(path) {
		t.Error("removed, and still held")
	}
	other, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.release()
	if lock.holds(path) {
		t.Error("replaced, and still held")
	}
}

func TestLockNotesAreReadAsTheyWereWritten(t *testing.T) {
	seen := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, n := range []lockNote{{}, {pid: 7}, {pid: 7, ending: true}, {lost: 7, seen: seen}} {
		if got := parseLockNote(n.String()); got != n {
			t.Errorf("%+v became %+v", n, got)
		}
	}
	for _, text := range []string{"", "x\n", "42", "-3\n", "0\n", "lost 42\n", "lost x 2026-11-22T10:00:00Z\n", "lost 4 today\n", "\x00\xff\n"} {
		if got := parseLockNote(text); got != (lockNote{}) {
			t.Errorf("%q says %+v", text, got)
		}
	}
}

func TestALockThatCannotBeTakenSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		cause error
		want  string
	}{
		{unix.ENOLCK, "a folder on a local disk"},
		{unix.EOPNOTSUPP, "a folder on a local disk"},
		{unix.EIO, "SESSION_POOL_STATE_DIR"},
		{unix.ENOSPC, "free some space"},
		{unix.EDQUOT, "free some space"},
	} {
		if err := lockError("/s/mm.lock", c.cause); !strings.Contains(err.Error(), c.want) || !errors.Is(err, c.cause) {
			t.Errorf("%v: %v", c.cause, err)
		}
	}
	if err := lockError("/s/mm.lock", unix.EWOULDBLOCK); err != errLocked {
		t.Errorf("held: %v", err)
	}
}

func TestTheEndOfADaemonIsSeenByItsLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mm.lock")
	if err := waitEnded(t.Context(), path, 0); err != nil {
		t.Errorf("there is none: %v", err)
	}
	lock, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.sign(); err != nil {
		t.Fatal(err)
	}
	if err := waitEnded(t.Context(), path, os.Getpid()+1); err != nil {
		t.Errorf("its successor is there: %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := waitEnded(over, path, os.Getpid()); !errors.Is(err, context.Canceled) {
		t.Errorf("it is still there: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- waitEnded(t.Context(), path, os.Getpid()) }()
	lock.end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
