//go:build unix && !linux

package pwsh

import (
	"time"

	"golang.org/x/sys/unix"
)

// reap waits for the process, kills what is left of its group, and returns how the process ended.
func (p *process) reap() error {
	err := p.cmd.Wait()
	p.Kill() // the id is free only where no member is left; then this finds nobody
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	return err
}

// killMembers does nothing: without /proc nobody tells when a process started. The next rung of the ladder, Kill, does.
func killMembers(int, time.Time) {}

// groupAlive reports whether the group has a member.
func groupAlive(group int) bool { return unix.Kill(-group, 0) != unix.ESRCH }
