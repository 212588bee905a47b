package registry

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"

	mm "github.com/microsoft-master/mm"
)

// View returns the registry's content for reading, and the notes of File.Read; a file that is missing or empty has none. It waits
// for a writer as File.Read does.
func View(path string) (*Draft, []string, error) {
	f := Open(path)
	for range retries {
		registered := f.Read()
		old, _, err := read(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return newDraft(value{kind: kindObject}), nil, nil
		case err != nil && registered.Problem == nil:
			return nil, nil, f.unreadable(err)
		case err == nil && sha256.Sum256(old) != f.sum:
			continue // it changed since
		case registered.Problem != nil && (err != nil || !isBlank(old)):
			return nil, nil, registered.Problem
		}
		data, err := whole(path, old)
		if err != nil {
			return nil, nil, err
		}
		root, _ := parseTree(data) // which File.Read has checked
		return newDraft(root), registered.Notes, nil
	}
	return nil, nil, mm.Errorf(mm.Busy, "Try again.", "The connection registry %s is changed all the time.", path)
}

// whole returns the JSON of a file: without a byte order mark, and an empty object for an empty one. A file that is empty although
// it has a backup has lost its content, and is an error.
func whole(path string, old []byte) ([]byte, error) {
	if !isBlank(old) {
		return withoutMark(old), nil
	}
	if backup, err := os.Stat(backupOf(path)); err == nil && backup.Size() > 0 {
		return nil, mm.Errorf(mm.RegistryBroken, fmt.Sprintf("Take back how it was before with `cp %s %s`, or remove that backup.",
			quoted(backupOf(path)), quoted(path)), "The connection registry %s is empty.", path)
	}
	return []byte("{}"), nil
}

func isBlank(data []byte) bool { return len(bytes.TrimSpace(withoutMark(data))) == 0 }

// holdsConnections reports whether a draft can be made of a JSON value.
func holdsConnections(root value) bool {
	list, ok := root.member(connectionsKey)
	return root.kind == kindObject && (!ok || list.kind == kindObject)
}

// backupOf is where the content before the last change is.
func backupOf(path string) string { return path + ".bak" }
