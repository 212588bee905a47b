//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package persistence

import (
	"errors"
	"os"
	"syscall"
)

// directly makes opening fail where the name is a symbolic link, and not wait where it is a pipe.
const directly = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// tryLock takes the lock of a file, or returns errLocked at once. The system drops it when the file is closed, also by the death
// of the process.
func tryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return errLocked
	}
	return err
}

// ours reports whether the file belongs to the user that this process runs as.
func ours(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
