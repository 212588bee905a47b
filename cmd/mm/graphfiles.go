package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// poolFiles are the files of one request on their way between the folder that the pool sends from and saves to and where a
// person has them: the pool touches no others.
type poolFiles struct {
	dir  string // files/ of the pool's state folder
	away bool   // the pool is not this machine's
	own  string // a folder in dir for this request alone; empty: not made yet
}

// send returns the name below dir for a file that is to be sent; one that lies elsewhere is copied there.
func (p *poolFiles) send(path string) (string, error) {
	if path == "" || p.away {
		return path, nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if below, err := filepath.Rel(p.dir, abs); err == nil && filepath.IsLocal(below) {
		return below, nil
	}
	from, err := os.Open(abs)
	if err != nil {
		return "", usageError{fmt.Errorf("the file cannot be read: %w", err)}
	}
	defer func() { _ = from.Close() }()
	if info, err := from.Stat(); err == nil && info.IsDir() {
		return "", usageError{fmt.Errorf("%s is a folder; name a file in it", path)}
	}
	if err := p.make(); err != nil {
		return "", err
	}
	name := filepath.Join(p.own, filepath.Base(abs))
	to, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Close()); err != nil {
		return "", fmt.Errorf("%s cannot be copied for the daemon: %w", path, err)
	}
	return filepath.Rel(p.dir, name)
}

// receive returns the name below dir for an answer that is a file.
func (p *poolFiles) receive() (string, error) {
	if p.away {
		return "", usageError{errors.New("--save-to needs the daemon of this machine, and MM_SESSION_POOL_URL names another; " +
			"without it the answer says where the file is there")}
	}
	if err := p.make(); err != nil {
		return "", err
	}
	return filepath.Join(filepath.Base(p.own), "answer"), nil
}

const (
	ownFiles = "cli-" // begins the names of folders for one request
	// keepOwn is how long such a folder may be in use. What is older was left by a command that was killed.
	keepOwn = 48 * time.Hour
)

// sweep removes the folders that earlier commands left.
func (p *poolFiles) sweep() {
	entries, _ := os.ReadDir(p.dir) // none: there is nothing to remove
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() && strings.HasPrefix(e.Name(), ownFiles) && time.Since(info.ModTime()) > keepOwn {
			_ = os.RemoveAll(filepath.Join(p.dir, e.Name()))
		}
	}
}

// make makes the folder of this request.
func (p *poolFiles) make() (err error) {
	if p.own != "" {
		return nil
	}
	if err = os.MkdirAll(p.dir, 0o700); err == nil {
		p.sweep()
		p.own, err = os.MkdirTemp(p.dir, ownFiles)
	}
	return err
}

// open opens a file that the pool saved for this request.
func (p *poolFiles) open(saved string) (*os.File, error) {
	if !strings.HasPrefix(saved, p.own+string(filepath.Separator)) {
		return nil, fmt.Errorf("the daemon saved it elsewhere: %s", saved)
	}
	return os.Open(saved)
}

// discard removes what was copied, and what was saved and has been taken out.
func (p *poolFiles) discard() {
	if p.own != "" {
		_ = os.RemoveAll(p.own)
	}
}
