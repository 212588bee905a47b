package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	mm "github.com/microsoft-master/mm"
)

const (
	// lockPause and lockTries bound the wait for another writer to 5 s. A change takes milliseconds, of which most are the
	// disk's.
	lockPause = 20 * time.Millisecond
	lockTries = 250
)

var (
	errLocked    = errors.New("another program is changing it")
	errNotFile   = errors.New("it is not a file")
	errOvertaken = errors.New("another program made it first")
)

// Edit changes the registry in the file at path, as a whole or not at all. Where there is none it makes one, with mode 600.
//
// It takes the file's lock, reads, calls change, checks that the result is a registry and that no connection became unusable,
// writes the old content to path.bak, and rewrites the file in place: inode, owner and links stay, since containers mount the
// single file. A file that others can read is closed to them. Another writer is waited for, up to 5 s or until ctx ends; once
// writing has begun, ctx is not looked at. change may be called again where another writer came first; its errors are
// returned as they are, all others are *mm.Error, and after none of them the file has changed unless it says so.
//
// The lock is flock on the file itself: it goes with the inode, so that writers inside and outside of a container share it
// where they share no folder, and a lock file beside would be another file for each of them.
func Edit(ctx context.Context, path string, change func(*Draft) error) error {
	return editor{path: path, tries: lockTries}.edit(ctx, change)
}

// An editor makes one change.
type editor struct {
	path  string
	tries int // to get the lock
}

func (e editor) edit(ctx context.Context, change func(*Draft) error) error {
	for {
		f, err := e.lock(ctx)
		if errors.Is(err, fs.ErrNotExist) {
			if err = e.create(change); err == errOvertaken {
				continue
			}
			return err
		}
		if err != nil {
			return e.refused(err)
		}
		defer func() { _ = f.Close() }()
		return e.change(f, change)
	}
}

// lock opens the file and takes its lock.
func (e editor) lock(ctx context.Context) (*os.File, error) {
	for try := 0; ; try++ {
		f, err := e.tryLock()
		if !errors.Is(err, errLocked) || try == e.tries {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPause):
		}
	}
}

// tryLock opens the file and takes its lock, or returns errLocked.
func (e editor) tryLock() (_ *os.File, err error) {
	info, err := os.Stat(e.path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotFile
	}
	f, err := os.OpenFile(e.path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	if err := tryLock(f); err != nil {
		return nil, err
	}
	// An editor may have put another file in its place meanwhile.
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if now, err := os.Stat(e.path); err != nil || !os.SameFile(info, now) {
		return nil, errLocked
	}
	return f, nil
}

// change changes the file, which is locked.
func (e editor) change(f *os.File, change func(*Draft) error) error {
	old, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(old) > maxSize {
		err = errTooLarge
	}
	if err != nil {
		return Open(e.path).unreadable(err)
	}
	text, err := e.revise(old, change)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return e.refused(err)
	}
	same := bytes.Equal(old, text)
	if !same {
		if err := writeAside(backupOf(e.path), old, info); err != nil {
			return e.refused(fmt.Errorf("the backup: %w", err))
		}
	}
	if info.Mode().Perm()&0o077 != 0 {
		_ = f.Chmod(0o600) // where it is somebody else's this fails, and File.Read notes it
	}
	if same {
		return nil
	}
	return e.refused(rewrite(f, old, text))
}

// create makes the file with what change makes of an empty registry. The error is errOvertaken where there is one meanwhile.
func (e editor) create(change func(*Draft) error) error {
	text, err := e.revise([]byte("{}"), change)
	if err != nil {
		return err
	}
	target, err := behindLinks(e.path)
	if err != nil {
		return e.refused(err)
	}
	f, err := os.CreateTemp(filepath.Dir(target), ".m365-connections-*")
	if err != nil {
		return e.refused(err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	err = fill(f, text)
	if err == nil {
		err = os.Link(f.Name(), target) // which, unlike a rename, never replaces a file
	}
	if errors.Is(err, fs.ErrExist) {
		return errOvertaken
	}
	if err == nil {
		syncFolder(target)
	}
	return e.refused(err)
}

// revise returns the text of a registry after the change.
func (e editor) revise(old []byte, change func(*Draft) error) ([]byte, error) {
	data, err := whole(e.path, old)
	if err != nil {
		return nil, err
	}
	before, notesBefore, was := parse(data)
	root, unreadable := parseTree(data)
	if unreadable != nil || !holdsConnections(root) {
		return nil, brokenAt(e.path, data, was)
	}
	draft := newDraft(root)
	if err := change(draft); err != nil {
		return nil, err
	}
	text := render(draft.root, indentOf(root))
	if len(text) > maxSize {
		return nil, mm.Errorf(mm.BadRequest, "Remove connections that are not used.",
			"The connection registry would become too large: %s.", errTooLarge)
	}
	_, notes, broken := parse(text)
	if broken != nil && was != nil {
		return nil, brokenAt(e.path, data, was)
	}
	if broken != nil {
		return nil, mm.Errorf(mm.BadRequest, "Nothing was changed.", "The registry would be invalid: %s.", broken.text)
	}
	for _, note := range notes {
		if before != nil && !slices.Contains(notesBefore, note) {
			return nil, mm.Errorf(mm.BadRequest, "Nothing was changed.", "It would not be usable. %s", note)
		}
	}
	return text, nil
}
