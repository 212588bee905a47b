package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// lockFD is the file descriptor under which a daemon that was started in the background gets the lock that its starter took
// for it, and lockEnv the variable that says so. So the lock has no gap in which a second daemon could start.
const (
	lockFD  = 3
	lockEnv = "MM_LOCK_FD"
)

// A daemonLock is mm.lock: whoever holds it is the daemon of the state folder, or starts it. The file holds the daemon's pid.
// The system drops the lock when the last process that has the file open ends.
type daemonLock struct{ f *os.File }

// errLocked says that another process holds the lock.
var errLocked = errors.New("the lock is held")

// takeLock makes the lock's folder and takes the lock, or returns errLocked at once.
func takeLock(path string) (*daemonLock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the state folder: %w; make it writable or set SESSION_POOL_STATE_DIR", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the state folder is not writable: %w; make it writable or set SESSION_POOL_STATE_DIR", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	// An earlier daemon's pid may be another process's by now.
	if err := f.Truncate(0); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &daemonLock{f}, nil
}

// inheritedLock returns the lock that the starter took. No child of this process gets it.
func inheritedLock() *daemonLock {
	unix.CloseOnExec(lockFD)
	return &daemonLock{os.NewFile(lockFD, "mm.lock")}
}

// sign writes this process's pid into the lock.
func (l *daemonLock) sign() error {
	_, err := l.f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// release drops the lock. The file stays: removing it would let two processes lock two files of one name.
func (l *daemonLock) release() { _ = l.f.Close() }

// lockHolder returns the pid in the lock's file; 0 where there is none.
func lockHolder(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	text, _ := io.ReadAll(io.LimitReader(f, 32))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}
