package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	mm "github.com/microsoft-master/mm"
)

// refused is the error for people of what the system refused; nil for nil.
func (e editor) refused(err error) error {
	if err == nil {
		return nil
	}
	code, remedy := mm.Internal, "Look whether its disk is in order."
	switch {
	case errors.Is(err, errDamaged):
		return &mm.Error{Code: mm.RegistryBroken, Executed: mm.ExecutedMaybe,
			Message: fmt.Sprintf("The connection registry %s is damaged: %v.", e.path, err),
			Remedy: fmt.Sprintf("When its disk is in order, take back how it was before with `cp %s %s`.",
				quoted(backupOf(e.path)), quoted(e.path))}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		code, remedy = mm.Cancelled, ""
	case errors.Is(err, errLocked):
		code, remedy = mm.Busy, fmt.Sprintf("Try again; `fuser %s` shows who holds it.", quoted(e.path))
	case errors.Is(err, errNotFile):
		code, remedy = mm.RegistryBroken, "Move it away and make a registry with `mm connections add NAME`."
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		remedy = "Make the file and its folder writable for you; in a container, change the file on the host."
	case errors.Is(err, fs.ErrNotExist):
		remedy = "Make its folder first."
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		remedy = "Free some space, then try again."
	}
	return mm.Errorf(code, strings.TrimSpace("Nothing was changed. "+remedy), "The connection registry %s cannot be changed: %v.",
		e.path, err)
}

// quoted is a path as a shell takes it.
func quoted(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool { return !strings.ContainsRune("/._-~", r) && !isAlphanumeric(r) }) {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
