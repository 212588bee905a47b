package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/client"
)

const (
	startLimit = 20 * time.Second // for a daemon to answer
	startPoll  = 20 * time.Millisecond
)

// startDaemon starts `mm serve` in the background, or waits for the one that somebody else starts, until c is answered. Of
// several that do so at once only the one that gets mm.lock starts one; where a daemon is about to end, its end is waited for.
// The error is an *mm.Error that says where it logs.
func startDaemon(ctx context.Context, e *environ, s settings, c *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	var ended <-chan error // gets the end of the daemon that we started
	again := time.NewTicker(startPoll)
	defer again.Stop()
	for {
		if ended == nil {
			lock, err := takeLock(s.lockPath())
			if err == nil {
				ended, err = spawnDaemon(e, s, lock)
				lock.release()
			}
			if err != nil && !errors.Is(err, errLocked) {
				return mm.Errorf(mm.NodeUnreachable, "Or start it yourself with `mm serve`.", "mm could not be started: %v.", err)
			}
		}
		if _, err := c.Health(ctx); err == nil {
			return nil
		}
		select {
		case <-again.C:
		case err := <-ended:
			if err == nil { // somebody stopped it in good order: a newer mm, say, which starts one of its own
				ended = nil
				continue
			}
			return mm.Errorf(mm.NodeUnreachable, "It logs to "+s.logPath()+".", "mm was started in the background and ended at once (%v): %s.",
				err, strings.TrimRight(lastLine(s.logPath()), "."))
		case <-ctx.Done():
			if ctx.Err() == context.Canceled {
				return mm.Errorf(mm.Cancelled, "", "Nobody waits for mm any more.")
			}
			return silent(s, startLimit)
		}
	}
}

// silent is the error of a daemon that holds its lock and does not answer.
func silent(s settings, after time.Duration) *mm.Error {
	switch n := readLock(s.lockPath()); {
	case n.ending:
		return mm.Errorf(mm.NodeUnreachable, fmt.Sprintf("Wait for its commands, or end them with `mm stop --now` (pid %d).", n.pid),
			"mm is about to end and lets commands run on; it has not ended after %s.", after)
	case n.pid != 0:
		return mm.Errorf(mm.NodeUnreachable, fmt.Sprintf("End it with `kill %d`, or `kill -9 %[1]d` where that does not help; it logs to %s.", n.pid, s.logPath()),
			"mm (pid %d) is there, but does not answer at %s after %s.", n.pid, s.Socket, after)
	}
	return mm.Errorf(mm.NodeUnreachable, "It logs to "+s.logPath()+".", "mm does not answer at %s after %s.", s.Socket, after)
}

// lastLine returns the last line of a log.
func lastLine(path string) string {
	const most = 2048
	f, err := os.Open(path)
	if err != nil {
		return "it logged nothing"
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd) // else it is read from its beginning
	}
	text, _ := io.ReadAll(io.LimitReader(f, most))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return plain(lines[len(lines)-1])
}

// spawnDaemon starts `mm serve` in a session of its own, with the lock, a clean environment and / as its folder, logging to
// s.logPath. The channel gets its end, should it end before this process does.
func spawnDaemon(e *environ, s settings, lock *daemonLock) (<-chan error, error) {
	self, err := program()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(s.logPath()), 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the log folder: %w; make it writable or set SESSION_POOL_LOG_DIR", err)
	}
	log, err := os.OpenFile(s.logPath(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the log is not writable: %w; make it writable or set SESSION_POOL_LOG_DIR", err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(self, "serve", "--background")
	cmd.Dir = "/"
	cmd.Env = append(cleanEnv(e.list), lockEnv+"=3")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{lock.f}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	keepFiles()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return ended, nil
}

// program returns the path of this program, or of the one that has replaced it there: an update while `mm mcp` runs.
func program() (string, error) {
	self, err := os.Executable()
	return strings.TrimSuffix(self, " (deleted)"), err // Linux says so of a file that was removed
}

// keepFiles keeps the files that whoever started this process left open in it, from the daemon, which outlives them all.
func keepFiles() {
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		return // a system without such a folder
	}
	for _, f := range open {
		if fd, err := strconv.Atoi(f.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
}

// inherited are the variables that a daemon in the background keeps, whoever starts it: what finds programs, folders,
// proxies and certificates, and mm's own settings. A name that ends with _ stands for all that begin so.
var inherited = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_", "TZ", "TMPDIR", "XDG_", "PSModulePath",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy", "SSL_CERT_",
	"SESSION_POOL_", "COMMAND_TIMEOUT", "M365_CONNECTION", "MM_PWSH", "MM_SANDBOX_ENGINE", "MM_CULTURE", "MM_API_SEND_GUARDS",
	"MM_TOKEN_KEY",
}

func cleanEnv(env []string) []string {
	var out []string
	for _, kv := range env {
		key, _, _ := strings.Cut(kv, "=")
		for _, name := range inherited {
			if key == name || (strings.HasSuffix(name, "_") && strings.HasPrefix(key, name)) {
				out = append(out, kv)
				break
			}
		}
	}
	return out
}
