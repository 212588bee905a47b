package persistence

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	mm "github.com/microsoft-master/mm"
)

// maxFile bounds what is read of a file. A cache with tokens for ten audiences has 50 KB.
const maxFile = 16 << 20

// Why a file is not used although the system would let us.
var (
	errSymlink  = errors.New("it is a symbolic link")
	errForeign  = errors.New("it belongs to another user")
	errNoFolder = errors.New("it is not a folder")
	errNoFile   = errors.New("it is not a regular file")
	errTooLarge = fmt.Errorf("it has more than %d bytes", maxFile)
)

// makeFolder makes a folder that is ours alone, or makes an existing one so.
func makeFolder(dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		info, err = os.Lstat(dir)
	}
	switch {
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return at(dir, errSymlink)
	case !info.IsDir():
		return at(dir, errNoFolder)
	case !ours(info):
		return at(dir, errForeign)
	case info.Mode().Perm() != 0o700:
		return os.Chmod(dir, 0o700)
	}
	return nil
}

// openOurs opens a regular file of ours, and makes it so that nobody else can.
func openOurs(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|directly, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = at(path, errNoFile)
	case !ours(info):
		err = at(path, errForeign)
	case info.Mode().Perm()&0o077 != 0:
		err = f.Chmod(0o600)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// readFile returns the content of a file of ours.
func readFile(path string) ([]byte, error) {
	f, err := openOurs(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = at(path, errTooLarge)
	}
	return content, err
}

// replaceFile gives a file new content, whole or not at all, even where the process or the machine ends in between. The caller
// is the only one who does so at that time: what is written aside always has the same name, so that nothing piles up where
// processes are killed.
func replaceFile(path string, content []byte) (err error) {
	aside := path + ".new"
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := openOurs(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(aside))
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(aside, path)
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder flushes the names in a folder.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // a file system that cannot
		return err
	}
	return nil
}

// at says which file an error is about, as the errors of package os do.
func at(path string, err error) error { return &fs.PathError{Op: "use", Path: path, Err: err} }

// trouble is an error of the file system for people. doing is what was tried: "read the tokens of Contoso-GA".
func trouble(doing string, err error) *mm.Error {
	remedy := "Look at the folder and its disk, and try again."
	for _, known := range remedies {
		if errors.Is(err, known.err) {
			remedy = known.remedy
			break
		}
	}
	return mm.Errorf(mm.SignInFailed, remedy, "mm could not %s: %v.", doing, err)
}

var remedies = []struct {
	err    error
	remedy string
}{
	{syscall.ENOSPC, "The disk is full: make room, and try again. What was saved before is intact."},
	{syscall.EDQUOT, "Your quota on that disk is used up: make room, and try again. What was saved before is intact."},
	{syscall.EFBIG, "Files may not become that large here (ulimit -f). What was saved before is intact."},
	{syscall.EROFS, "The disk is mounted read-only: mount it for writing, or give mm a home folder on another one."},
	{errSymlink, "mm keeps tokens only where the name leads directly: put a folder of your own in place of the link."},
	{syscall.ELOOP, "mm does not follow symbolic links to tokens: put the file itself in place of the link."},
	{errForeign, "Give it to the user that mm runs as (chown), or run mm as its owner."},
	{fs.ErrPermission, "Make it writable for the user that mm runs as (chmod u+rwx, chown)."},
	{errNoFolder, "Move that file away: mm needs a folder of that name."},
	{syscall.ENOTDIR, "A part of that path is a file and not a folder: move it away."},
	{errNoFile, "Move it away: mm needs a file of that name."},
	{errTooLarge, "It cannot be one of mm's: move it away."},
	{errors.ErrUnsupported, "This system has no locks of files that mm could use: tokens cannot be kept here."},
	{fs.ErrNotExist, "Make the folder, or give mm a home folder that it can write to."},
}
