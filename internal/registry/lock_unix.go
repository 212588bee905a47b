//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package registry

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the lock of a file for writing, or returns errLocked at once. The system drops it when the file is closed,
// also by the death of the process.
func tryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return err
}

// giveTo makes the owner of a registry the owner of its backup too, where this process may: `sudo` edits other people's files.
func giveTo(owner os.FileInfo, f *os.File) {
	if stat, ok := owner.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(stat.Uid), int(stat.Gid))
	}
}
