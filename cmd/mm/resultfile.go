package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// A resultFile is a file that appears whole or not at all: it is written beside its place and moved there at the end. What
// is no regular file, like /dev/null or a pipe, is written to directly.
type resultFile struct {
	name string // as people called it
	path string
	temp *os.File // nil: path is no regular file
	done bool
}

// createResult prepares the file at path, and looks whether it can be written. What is there stays as it is until commit.
func createResult(path string) (*resultFile, error) {
	called := path
	fail := func(err error) (*resultFile, error) {
		if e := (*fs.PathError)(nil); errors.As(err, &e) {
			err = e.Err // the path would be that of the temporary file
		}
		return nil, usageError{fmt.Errorf("%s cannot be written: %w; the command was not run", path, err)}
	}
	mode := fs.FileMode(0)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link stays a link
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return fail(err)
		case info.IsDir():
			return fail(errors.New("it is a folder; name a file in it"))
		case !info.Mode().IsRegular():
			return &resultFile{name: called, path: path}, nil
		case unix.Access(path, unix.W_OK) != nil:
			return fail(fs.ErrPermission)
		}
		mode = info.Mode().Perm()
	}
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+strings.ToLower(rand.Text()[:8])+".tmp")
	temp, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fail(err)
	}
	if mode != 0 {
		if err := temp.Chmod(mode); err != nil {
			return fail(errors.Join(err, temp.Close(), os.Remove(name)))
		}
	}
	return &resultFile{name: called, path: path, temp: temp}, nil
}

// commit puts text into the file's place.
func (f *resultFile) commit(text []byte) error { return f.commitFrom(bytes.NewReader(text)) }

// commitFrom puts what from has into the file's place.
func (f *resultFile) commitFrom(from io.Reader) error {
	if f.temp == nil {
		to, err := os.OpenFile(f.path, os.O_WRONLY, 0)
		if err == nil {
			_, err = io.Copy(to, from)
			err = errors.Join(err, to.Close())
		}
		return err
	}
	_, err := io.Copy(f.temp, from)
	if err == nil {
		err = f.temp.Sync() // before the old file goes
	}
	if err = errors.Join(err, f.temp.Close()); err == nil {
		err = os.Rename(f.temp.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("%s was not written: %w", f.path, err)
	}
	f.done = true
	return nil
}

// discard removes what commit did not put into its place.
func (f *resultFile) discard() {
	if f.temp != nil && !f.done {
		_ = f.temp.Close()
		_ = os.Remove(f.temp.Name())
	}
}
