package connections

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// escape is the beginning of the names of a connection's token caches, before the dot. Different names can have the same.
func escape(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, name)
}

// sharer returns another connection whose token caches have the same names, also where case does not count; empty: there is none.
func sharer(name string, all []string) string {
	i := slices.IndexFunc(all, func(other string) bool { return other != name && strings.EqualFold(escape(other), escape(name)) })
	if i < 0 {
		return ""
	}
	return all[i]
}

// caches lists the names of the files in the folder that are a connection's token caches, sorted. Without a folder there are none.
func caches(dir, name string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasPrefix(e.Name(), escape(name)+".") {
			files = append(files, e.Name())
		}
	}
	return files, err
}

// moveCaches gives the token caches of one connection to another, which replaces caches of that name that a former connection
// left behind. all are the other connections. It returns what was moved, and why not more.
func moveCaches(dir, from, to string, all []string) (moved []string, why error) {
	if escape(from) == escape(to) {
		return nil, nil
	}
	files, err := caches(dir, from)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	for _, name := range []string{from, to} {
		if other := sharer(name, all); other != "" {
			return nil, fmt.Errorf("the token cache %s may be that of connection '%s'", filepath.Join(dir, escape(name)), other)
		}
	}
	for _, file := range files {
		target := escape(to) + strings.TrimPrefix(file, escape(from))
		if err := os.Rename(filepath.Join(dir, file), filepath.Join(dir, target)); err != nil {
			return moved, err
		}
		moved = append(moved, target)
	}
	return moved, nil
}

// forgetCaches removes files of the folder; what is gone already is fine.
func forgetCaches(dir string, files []string) error {
	var failed []error
	for _, file := range files {
		if err := os.Remove(filepath.Join(dir, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
