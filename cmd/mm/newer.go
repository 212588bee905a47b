package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"

	"golang.org/x/mod/semver"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/client"
)

// versionOf is the version of a program: what the linker was told, else that of the module where it was built from a known
// commit, else dev.
func versionOf(linked string, info *debug.BuildInfo) string {
	if linked != "" {
		return linked
	}
	if info != nil && semver.IsValid(info.Main.Version) {
		return info.Main.Version
	}
	return "dev"
}

// older reports whether theirs is an earlier version than ours. Versions that cannot be compared are equal.
func older(theirs, ours string) bool {
	return semver.IsValid(theirs) && semver.IsValid(ours) && semver.Compare(theirs, ours) < 0
}

// replaceOlder ends the daemon that c leads to, where it is older than this program, runs in the background and is idle. It
// reports whether that daemon ends, and a new one has to be started. Else it stays in use, and people learn why, once.
func replaceOlder(ctx context.Context, s settings, c *client.Client) bool {
	ours := versionText()
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	about, err := c.About(ctx)
	switch {
	case gone(err):
		return true
	case err != nil:
		tellOnce(fmt.Sprintf("An older mm serves (pid %d), and this is mm %s. It cannot be asked to make room; end it with `kill %[1]d` "+
			"when nobody needs its sessions.", lockHolder(s.lockPath()), ours))
		return false
	case !older(about.Version, ours):
		return false // somebody replaced it just now
	case !about.Background:
		tellOnce(fmt.Sprintf("mm %s serves (pid %d), and this is mm %s. It was started by hand or by a service manager: "+
			"start it anew there to use this version.", about.Version, about.PID, ours))
		return false
	}
	err = c.Stop(ctx, mm.StopRequest{IfIdle: true, Why: fmt.Sprintf("a newer mm (%s) starts, pid %d", ours, os.Getpid())})
	if err != nil && !gone(err) {
		tellOnce(fmt.Sprintf("mm %s serves (pid %d), and this is mm %s. It was not replaced: %s The next call then starts this version.",
			about.Version, about.PID, ours, plain(err.Error())))
		return false
	}
	_ = waitEnded(ctx, s.lockPath(), about.PID) // whoever starts the next one meets the same lock, and says so
	return true
}

// makesRoom reports whether the daemon of the settings was one in the background, was idle, and has ended for one that a
// person or a service manager starts.
func makesRoom(ctx context.Context, s settings) bool {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	c, err := poolAt(settings{Socket: s.Socket})
	if err != nil {
		return false
	}
	defer c.Close()
	about, err := c.About(ctx)
	if err != nil || !about.Background {
		return false
	}
	err = c.Stop(ctx, mm.StopRequest{IfIdle: true, Why: fmt.Sprintf("`mm serve` was started by hand or by a service manager, pid %d", os.Getpid())})
	return err == nil && waitEnded(ctx, s.lockPath(), about.PID) == nil
}

// gone reports whether err says that the daemon has ended, or is about to, and that the call changed nothing.
func gone(err error) bool {
	var e *mm.Error
	if !errors.As(err, &e) || e.Executed != mm.ExecutedNo {
		return false
	}
	// With a time to wait it is one connection that ends, and not the daemon.
	return e.Code == mm.NodeUnreachable || e.Code == mm.ShuttingDown && e.RetryAfter == 0
}

// tellOnce writes each line once to standard error, however often it is told.
var tellOnce = func() func(string) {
	var mu sync.Mutex
	said := map[string]bool{}
	return func(line string) {
		mu.Lock()
		defer mu.Unlock()
		const most = 100 // different lines of one process
		if !said[line] && len(said) < most {
			said[line] = true
			fmt.Fprintln(os.Stderr, "mm: "+strings.TrimSpace(line))
		}
	}
}()
