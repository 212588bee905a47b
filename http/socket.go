package http

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// maxSocketPath is how many bytes a socket's path may have; Linux allows 107, macOS 103.
const maxSocketPath = 100

// SocketPath returns where the socket of the daemon with that state folder is: mm.sock in it, or, where that path would be
// too long, in a folder of its own below XDG_RUNTIME_DIR. Without an XDG_RUNTIME_DIR it stays, and listening says why not.
func SocketPath(stateDir string, getenv func(string) string) string {
	path := filepath.Join(stateDir, "mm.sock")
	if len(path) <= maxSocketPath {
		return path
	}
	runtime := getenv("XDG_RUNTIME_DIR")
	if runtime == "" {
		return path
	}
	sum := sha256.Sum256([]byte(filepath.Clean(stateDir)))
	return filepath.Join(runtime, fmt.Sprintf("mm-%x", sum[:6]), "mm.sock")
}

// ListenUnix listens on a unix socket at path that only its owner can open (0600), in a folder that it makes (0700) where
// there is none. The caller holds mm.lock: a socket that nobody answers on is removed, one that somebody answers on is an
// error. Closing the listener removes the socket.
func ListenUnix(path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("the socket's path %s has %d bytes, and a system takes %d: set XDG_RUNTIME_DIR, or a shorter "+
			"SESSION_POOL_STATE_DIR", path, len(path), maxSocketPath)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the socket's folder: %w", err)
	}
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	// On Linux a socket's file takes the mode that the socket had before bind, so nobody else can open it even for a moment.
	private := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(makePrivate)
	}}
	ln, err := private.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on the socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil { // elsewhere
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

// checkFolder sees to it that nobody else can replace the socket in dir: it closes a folder of ours to the others' writing,
// and refuses one of somebody else.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !mayBeTrusted(info) {
		return fmt.Errorf("the folder %s belongs to another user: use one of your own, by SESSION_POOL_STATE_DIR", dir)
	}
	writable, sticky := info.Mode().Perm()&0o022 != 0, info.Mode()&fs.ModeSticky != 0
	if !writable || sticky {
		return nil
	}
	if err := os.Chmod(dir, info.Mode().Perm()&^0o022); err != nil {
		return fmt.Errorf("others can change the folder %s, and so could put their own socket there: %w", dir, err)
	}
	return nil
}

// removeStale removes the socket of a process that has ended.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is not a socket: move it away", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("somebody already serves on %s: end that process first", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s is there, and whether somebody serves on it cannot be told: %w", path, err)
	}
	return os.Remove(path)
}
