// Package registry reads and edits the connection registry, ~/.m365-connections.json, which people edit while mm runs.
//
// File reads it. Edit changes it, in place and as a whole; a Draft keeps what a change does not touch.
//
// A file that is missing, cannot be read or is not what it should be is a problem that names the place and the remedy; its
// last good version stays in force. One connection that cannot be used (its name, its cloud) is left out with a note and
// does not touch the others. A field of the wrong type is a problem of the whole file: to go on without, say, expectedEmail
// because it was mistyped would switch a safeguard off.
package registry

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"sync"
	"time"

	mm "github.com/microsoft-master/mm"
)

const (
	// maxSize is the most bytes that a registry may have.
	maxSize = 4 << 20
	// settled is how old a change must be until size, time and inode prove that there was none since: filesystems keep
	// times as coarse as two seconds.
	settled = 2 * time.Second
	// A file that changed just now and is not whole is read again a few times, because its writer keeps the inode and so
	// cannot replace it in one step.
	retries    = 5
	retryPause = 20 * time.Millisecond
)

// A File is the registry in a file. It implements mm.Registry.
type File struct {
	path  string
	now   func() time.Time
	pause func(time.Duration)

	mu sync.Mutex
	// seen is the file as it was when it was read last, at readAt; nil: it must be read.
	seen   os.FileInfo
	readAt time.Time
	sum    [sha256.Size]byte // of what was read

	good  mm.Registered // the last good version, without problem
	state mm.Registered // what Read returns
}

var _ mm.Registry = (*File)(nil)

// Open returns the registry in the file at path. It reads nothing yet; the file need not be there.
func Open(path string) *File {
	return &File{path: path, now: time.Now, pause: time.Sleep}
}

// Read implements mm.Registry. Without a change it costs one stat; a file that was changed within the last two seconds is
// read again each time. It waits up to 0.1 s, once, for a file that seems to be half written.
func (f *File) Read() mm.Registered {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	switch {
	case err != nil:
		f.fail(f.unreadable(err))
	case !info.Mode().IsRegular():
		f.fail(mm.Errorf(mm.RegistryBroken, "Move it away and make a registry with `mm connections add NAME`.",
			"The connection registry %s is not a file.", f.path))
	case !f.unchanged(info):
		f.load()
	}
	return f.state
}

// unchanged reports whether info is that of the file as it was read.
func (f *File) unchanged(info os.FileInfo) bool {
	return f.seen != nil && os.SameFile(info, f.seen) && info.Size() == f.seen.Size() && info.Mode() == f.seen.Mode() &&
		info.ModTime().Equal(f.seen.ModTime()) && f.readAt.Sub(f.seen.ModTime()) > settled
}

// load reads the file and takes what it says.
func (f *File) load() {
	for try := 0; ; try++ {
		at := f.now()
		data, info, err := read(f.path)
		if err != nil {
			f.fail(f.unreadable(err))
			return
		}
		sum := sha256.Sum256(data)
		same := f.seen != nil && sum == f.sum && info.Mode() == f.seen.Mode()
		if same {
			f.seen, f.readAt = info, at
			return
		}
		// What was read while somebody wrote can be part old and part new, and yet valid. A second reading is not that again.
		second, _, err := read(f.path)
		if err != nil {
			f.fail(f.unreadable(err))
			return
		}
		moving := !bytes.Equal(data, second)
		data = withoutMark(data)
		connections, notes, broken := parse(data)
		fresh := at.Sub(info.ModTime()) < settled
		if f.good.Version > 0 && (broken != nil && broken.unfinished && fresh || moving && try == retries) {
			f.seen = nil
			return // until the writer has finished, what was in force stays so
		}
		if try < retries && (moving || broken != nil && broken.syntax && fresh) {
			f.pause(retryPause)
			continue
		}
		if broken != nil {
			problem := brokenAt(f.path, data, broken)
			problem.Remedy = f.remedy(problem.Remedy)
			f.fail(problem)
		} else {
			f.accept(connections, append(notes, f.exposed(info)...))
		}
		f.seen, f.readAt, f.sum = info, at, sum
		return
	}
}

// read returns the file's content, and what it was just before it was read.
func read(path string) ([]byte, os.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err == nil && len(data) > maxSize {
		err = errTooLarge
	}
	return data, info, err
}

var errTooLarge = fmt.Errorf("it has more than %d MiB", maxSize>>20)

// withoutMark is the text of a file without the byte order mark that some editors put before it.
func withoutMark(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\uFEFF")) }

// accept makes what was read the good version. Its number grows only where a connection changed.
func (f *File) accept(connections map[string]mm.Connection, notes []string) {
	if f.good.Version == 0 || !reflect.DeepEqual(connections, f.good.Connections) {
		f.good.Version++
		f.good.Connections = connections
	}
	f.good.Notes = notes
	f.state = f.good
}

// fail keeps the good version in force beside a problem, and has the file read again at the next use.
func (f *File) fail(problem *mm.Error) {
	f.seen = nil
	f.state = f.good
	f.state.Problem = problem
}

// unreadable is the problem of a file that cannot be read.
func (f *File) unreadable(err error) *mm.Error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return mm.Errorf(mm.RegistryBroken, f.remedy("Make one with `mm connections add NAME`."),
			"There is no connection registry at %s.", f.path)
	case errors.Is(err, fs.ErrPermission):
		return mm.Errorf(mm.RegistryBroken, f.remedy("Give it to the user that mm runs as, with mode 600."),
			"The connection registry %s cannot be read: mm has no permission.", f.path)
	case errors.Is(err, errTooLarge):
		return mm.Errorf(mm.RegistryBroken, f.remedy("Look what wrote it; a connection takes less than 1 KiB."),
			"The connection registry %s is too large: %s.", f.path, err)
	}
	return mm.Errorf(mm.RegistryBroken, f.remedy("Look whether its disk is in order."),
		"The connection registry cannot be read: %s.", err)
}

// brokenAt is the error of a file whose content is not a registry.
func brokenAt(path string, data []byte, f *fault) *mm.Error {
	remedy := "Correct it there."
	if f.unfinished {
		remedy = fmt.Sprintf("Take back how it was before with `cp %s %s`, then make the change again.",
			quoted(backupOf(path)), quoted(path))
	}
	return mm.Errorf(mm.RegistryBroken, remedy, "The connection registry is broken at %s, %s.", path, f.describe(data))
}

// remedy adds to what to do what holds until then.
func (f *File) remedy(todo string) string {
	if f.good.Version == 0 {
		return todo
	}
	return todo + " Until then sessions that run go on with its last good version, and new ones are refused."
}

// exposed notes a registry that others on this machine can read.
func (f *File) exposed(info os.FileInfo) []string {
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return []string{fmt.Sprintf("The connection registry %s is open to other users of this machine; run `chmod 600 %s`.",
		f.path, f.path)}
}
