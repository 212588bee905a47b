package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lockFD is the file descriptor under which a daemon that was started in the background gets the lock that its starter took
// for it, and lockEnv the variable that says so. So the lock has no gap in which a second daemon could start.
const (
	lockFD  = 3
	lockEnv = "MM_LOCK_FD"
)

// lockPoll is how often a lock is tried: it has no event that one could wait for.
const lockPoll = 20 * time.Millisecond

// A daemonLock is mm.lock: whoever holds it is the daemon of the state folder, or starts it. The file says who that is, or
// that the last one ended without a word (lockNote). The system drops the lock when the last process that has the file open
// ends.
type daemonLock struct {
	f *os.File
	// lost is the daemon before this one, where it ended without a word.
	lost lockNote
}

// errLocked says that another process holds the lock.
var errLocked = errors.New("the lock is held")

// takeLock makes the lock's folder and takes the lock, or returns errLocked at once. Where the last daemon ended without a
// word, the file says so from now on, and its pid, which may be another process's by now, is nobody's any more.
func takeLock(path string) (*daemonLock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, stateError("make the state folder", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, stateError("open the lock", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, lockError(path, err)
	}
	l := &daemonLock{f: f}
	if !l.holds(path) { // the folder was removed in between
		_ = f.Close()
		return nil, errLocked
	}
	if err := l.read(); err != nil {
		_ = f.Close()
		return nil, stateError("read the lock", err)
	}
	if err := l.write(l.lost); err != nil {
		_ = f.Close()
		return nil, stateError("write the lock", err)
	}
	return l, nil
}

// inheritedLock returns the lock of path that the starter took. No child of this process gets it.
func inheritedLock(path string) (*daemonLock, error) {
	unix.CloseOnExec(lockFD)
	l := &daemonLock{f: os.NewFile(lockFD, "mm.lock")}
	if !l.holds(path) {
		return nil, fmt.Errorf("%s=%d is set, and that is not %s; start mm without %[1]s", lockEnv, lockFD, path)
	}
	return l, l.read()
}

// lockError is why the lock could not be taken.
func lockError(path string, err error) error {
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return errLocked
	case errors.Is(err, unix.ENOLCK), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL):
		return fmt.Errorf("the file system of %s does not lock files (%w); set SESSION_POOL_STATE_DIR to a folder on a local disk", path, err)
	}
	return stateError("lock "+path, err)
}

// stateError is why the state folder cannot be used.
func stateError(doing string, err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("cannot %s: %w; free some space there, or set SESSION_POOL_STATE_DIR to a folder on another disk", doing, err)
	}
	return fmt.Errorf("cannot %s: %w; make it writable for you, or set SESSION_POOL_STATE_DIR to another folder", doing, err)
}

// holds reports whether the file at path is still the one that is locked.
func (l *daemonLock) holds(path string) bool {
	mine, err := l.f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}

// read finds out whether the last daemon ended without a word.
func (l *daemonLock) read() error {
	info, err := l.f.Stat()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.NewSectionReader(l.f, 0, maxLockNote))
	if err != nil {
		return err
	}
	if n := parseLockNote(string(text)); n.lost != 0 {
		l.lost = lockNote{lost: n.lost, seen: n.seen}
	} else if n.pid != 0 {
		l.lost = lockNote{lost: n.pid, seen: info.ModTime()}
	}
	return nil
}

// write replaces what the file says.
func (l *daemonLock) write(n lockNote) error {
	text := n.String()
	if _, err := l.f.WriteAt([]byte(text), 0); err != nil {
		return err
	}
	return l.f.Truncate(int64(len(text)))
}

// sign writes into the lock that this process is the daemon. Doing so again is its sign of life.
func (l *daemonLock) sign() error { return l.write(lockNote{pid: os.Getpid()}) }

// signEnding writes into the lock that this process is the daemon and is about to end.
func (l *daemonLock) signEnding() error { return l.write(lockNote{pid: os.Getpid(), ending: true}) }

// release drops the lock for a process that did not become the daemon. The file stays: removing it would let two processes
// lock two files of one name.
func (l *daemonLock) release() { _ = l.f.Close() }

// end drops the daemon's lock with the word that it ended in good order.
func (l *daemonLock) end() {
	_ = l.write(lockNote{}) // else the next one warns, which is true of a disk that cannot be written
	l.release()
}

// readLock returns what the lock's file says; nothing where there is none.
func readLock(path string) lockNote {
	f, err := os.Open(path)
	if err != nil {
		return lockNote{}
	}
	defer func() { _ = f.Close() }()
	text, _ := io.ReadAll(io.LimitReader(f, maxLockNote)) // half of it is none
	return parseLockNote(string(text))
}

// lockHolder returns the pid of the daemon that signed the lock; 0: none did.
func lockHolder(path string) int { return readLock(path).pid }

// waitEnded waits until the daemon with that pid does not hold the lock any more; 0 stands for whoever does. The error is
// that of ctx, or why the lock cannot be tried.
func waitEnded(ctx context.Context, path string, pid int) error {
	again := time.NewTicker(lockPoll)
	defer again.Stop()
	for {
		if now := lockHolder(path); now != 0 && pid != 0 && now != pid {
			return nil // its successor is there
		}
		lock, err := takeLock(path)
		if err == nil {
			lock.release()
			return nil
		}
		if !errors.Is(err, errLocked) {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
