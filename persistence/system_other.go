//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package persistence

import (
	"errors"
	"os"
)

const directly = 0

// tryLock refuses: without a lock two processes could lose each other's tokens.
func tryLock(*os.File) error { return errors.ErrUnsupported }

// ours is true where files have no owner as on Unix.
func ours(os.FileInfo) bool { return true }
