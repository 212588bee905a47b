package registry

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writeAside makes the file at path hold text, whole or not at all, for its owner's eyes only. It has one name for what is not
// whole yet, so that writers that were killed leave one file; callers hold the registry's lock.
func writeAside(path string, text []byte, owner os.FileInfo) error {
	aside := path + ".new"
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	giveTo(owner, f)
	if err := fill(f, text); err != nil {
		_ = os.Remove(aside)
		return err
	}
	if err := os.Rename(aside, path); err != nil {
		_ = os.Remove(aside)
		return err
	}
	syncFolder(path)
	return nil
}

// fill writes text to a new file, has it on disk, and closes it.
func fill(f *os.File, text []byte) error {
	_, err := f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncFolder has a new name in a folder on disk. Where a filesystem cannot do that, the file is there all the same.
func syncFolder(path string) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return
	}
	_ = folder.Sync()
	_ = folder.Close()
}

// behindLinks is where a new file belongs whose path may be a symbolic link to a file that is not there yet.
func behindLinks(path string) (string, error) {
	for range 40 { // as many as Linux follows
		target, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return "", errors.New("too many symbolic links")
}
