//go:build unix

package http

import (
	"io/fs"
	"os"
	"syscall"
)

// makePrivate gives a socket mode 0600.
func makePrivate(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) }

// mayBeTrusted reports whether a folder is ours or the system's.
func mayBeTrusted(info fs.FileInfo) bool {
	owner, me := info.Sys().(*syscall.Stat_t).Uid, uint32(os.Geteuid())
	return owner == me || owner == 0 || me == 0
}
