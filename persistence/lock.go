package persistence

import (
	"context"
	"errors"
	"os"
	"time"
)

// errLocked says that somebody else has the lock.
var errLocked = errors.New("it is locked")

// The pauses between two attempts to get a lock. Waiting in the system instead could not be ended by a context.
const (
	firstPause = time.Millisecond
	lastPause  = 40 * time.Millisecond
)

// lock takes the lock of a file, which is made where there is none, and waits for it as long as ctx. Closing the file gives it
// back.
func lock(ctx context.Context, path string) (*os.File, error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		f, err := openOurs(path, os.O_RDWR|os.O_CREATE)
		if err != nil {
			return nil, err
		}
		if err = tryLock(f); err == nil && same(f, path) {
			return f, nil
		}
		_ = f.Close()
		if err != nil && !errors.Is(err, errLocked) {
			return nil, at(path, err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// same reports whether the open file is still the one of that name: a lock on a file that somebody has removed keeps nobody out.
func same(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Lstat(path)
	return err == nil && os.SameFile(a, b)
}
