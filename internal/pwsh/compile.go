//go:build unix

package pwsh

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	compileTimeout = 2 * time.Minute // it takes one second
	lockInterval   = 20 * time.Millisecond
)

// A library is a compiled host: what we remember of it in the state folder, out of reach of who may write the cache.
type library struct {
	File   string `json:"file"` // its name in the cache folder
	PS     string `json:"ps"`   // the version that compiled it
	SHA256 string `json:"sha256"`
}

// Compile sees to it that the host is compiled, so that the first launch need not wait for it. It takes a second where it is
// not, and else a millisecond.
func (l *Launcher) Compile(ctx context.Context) error {
	_, err := l.host(ctx)
	return err
}

// host returns the path of the compiled host, whose bytes are those that were compiled. The error is an *mm.Error.
func (l *Launcher) host(ctx context.Context) (string, error) {
	source := hostSource()
	pwsh, err := identity(l.Pwsh)
	if err != nil {
		return "", failed("Install PowerShell again, or set MM_PWSH.", "PowerShell (%s) cannot be read: %v.", l.Pwsh, err)
	}
	memo := filepath.Join(l.StateDir, "host-"+digest(source, pwsh)[:16]+".json")
	if path, err := l.known(memo); err == nil {
		return path, nil
	}
	unlock, err := lock(ctx, filepath.Join(l.StateDir, "host.lock"))
	if err != nil {
		return "", failed("Run the command again.", "The lock for compiling the PowerShell host was not got: %v.", err)
	}
	defer unlock()
	path, err := l.known(memo)
	switch {
	case err == nil:
		return path, nil // somebody else did it
	case !errors.Is(err, os.ErrNotExist):
		l.Log.Warn("the compiled PowerShell host was not what mm compiled; it is compiled anew", "reason", err)
	}
	path, err = l.compile(ctx, source, memo)
	if err != nil {
		return "", failed("See that the folder "+l.CacheDir+" can be written and that pwsh is 7.4 or later.",
			"The PowerShell host could not be compiled: %v.", err)
	}
	return path, nil
}

// identity tells one installation of PowerShell from another without starting it.
func identity(pwsh string) (string, error) {
	real, err := filepath.EvalSymlinks(pwsh)
	if err != nil {
		return "", err
	}
	id := real
	for _, file := range []string{real, filepath.Join(filepath.Dir(real), "System.Management.Automation.dll")} {
		info, err := os.Stat(file)
		switch {
		case err == nil:
			id += fmt.Sprintf("|%d|%d", info.Size(), info.ModTime().UnixNano())
		case file == real:
			return "", err
		}
	}
	return id, nil
}

// known returns the library that memo is about. The error is os.ErrNotExist where there is none yet; any other says what is
// wrong with it.
func (l *Launcher) known(memo string) (string, error) {
	text, err := os.ReadFile(memo)
	if err != nil {
		return "", err
	}
	var lib library
	if err := json.Unmarshal(text, &lib); err != nil || lib.File != filepath.Base(lib.File) {
		return "", fmt.Errorf("%s is damaged", memo)
	}
	path := filepath.Join(l.CacheDir, lib.File)
	body, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != lib.SHA256 {
		return "", fmt.Errorf("%s has other content than was compiled", path)
	}
	return path, nil
}

var psVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\d+\.\d+\.\d+[-.\w]*$`) })

// compile has PowerShell compile the host aside, and moves it to its place.
func (l *Launcher) compile(ctx context.Context, source, memo string) (string, error) {
	aside, err := os.MkdirTemp(l.CacheDir, "compile-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(aside)
	script, in, out := filepath.Join(aside, "compile.ps1"), filepath.Join(aside, "host.cs"), filepath.Join(aside, "host.dll")
	if err := errors.Join(os.WriteFile(script, []byte(compileScript), 0o600), os.WriteFile(in, []byte(source), 0o600)); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, compileTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, l.Pwsh, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", script, in, out)
	cmd.Env = l.environment(os.Environ(), l.Home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, firstLines(plain(append(stderr.Bytes(), stdout.Bytes()...))))
	}
	version := strings.TrimSpace(stdout.String())
	if !psVersion().MatchString(version) {
		return "", fmt.Errorf("pwsh printed %q in place of its version", firstLines(version))
	}
	body, err := os.ReadFile(out)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(body)
	lib := library{File: "mm-host-" + digest(source)[:12] + "-" + version + ".dll", PS: version, SHA256: hex.EncodeToString(sum[:])}
	path := filepath.Join(l.CacheDir, lib.File)
	text, err := json.Marshal(lib)
	if err != nil {
		return "", err
	}
	return path, errors.Join(os.Chmod(out, 0o700), os.Rename(out, path), replace(memo, text))
}

// replace writes a small file aside and moves it to its place, so that nobody reads half of it.
func replace(path string, text []byte) error {
	next := fmt.Sprintf("%s.%d", path, os.Getpid())
	return errors.Join(os.WriteFile(next, text, 0o600), os.Rename(next, path))
}

// firstLines cuts a program's complaint to what fits into a message.
func firstLines(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return text[:min(len(text), 400)]
}

// lock takes a lock between processes, and returns what gives it back. The system gives it back too when we die.
func lock(ctx context.Context, path string) (func(), error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if err != unix.EWOULDBLOCK && err != unix.EINTR {
			file.Close()
			return nil, err
		}
		select { // flock has no event to wait for
		case <-ctx.Done():
			file.Close()
			return nil, context.Cause(ctx)
		case <-time.After(lockInterval):
		}
	}
}
