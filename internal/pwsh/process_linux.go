package pwsh

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// ticksPerSecond is USER_HZ, the unit of times in /proc; it is 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// reap waits for the process, kills what is left of its group, and returns how the process ended.
func (p *process) reap() error {
	pid := p.cmd.Process.Pid
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	p.Kill() // a zombie's id still names its group, and nobody else's
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	return p.cmd.Wait()
}

// A member is a process of a group.
type member struct {
	pid    int
	zombie bool
	ticks  uint64 // from the system's start to the process's
}

// members returns the processes of a group.
func members(group int) []member {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what was read before an error counts
	var list []member
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it ended
		}
		if m, in, ok := parseStat(stat); ok && in == group {
			m.pid = pid
			list = append(list, m)
		}
	}
	return list
}

// parseStat reads the fields that matter from /proc/PID/stat: "PID (NAME) STATE PPID PGRP …", with the start as field 22.
// NAME may have spaces and parentheses.
func parseStat(stat []byte) (m member, group int, ok bool) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const state, pgrp, start = 0, 2, 19
	if len(fields) <= start {
		return member{}, 0, false
	}
	group, err1 := strconv.Atoi(string(fields[pgrp]))
	ticks, err2 := strconv.ParseUint(string(fields[start]), 10, 64)
	return member{zombie: fields[state][0] == 'Z', ticks: ticks}, group, err1 == nil && err2 == nil
}

// killMembers kills the members of a group that were started at or after since, but not its leader. Who starts children
// faster than this finds them is met again in a later round; there are a few.
func killMembers(leader int, since time.Time) {
	earliest := ticksAt(since)
	for range 5 {
		killed := false
		for _, m := range members(leader) {
			if m.pid != leader && !m.zombie && m.ticks >= earliest {
				killed = unix.Kill(m.pid, unix.SIGKILL) == nil || killed
			}
		}
		if !killed {
			return
		}
	}
}

// ticksAt returns t as /proc would tell it; rounded down, so that nothing started at t or later is missed.
func ticksAt(t time.Time) uint64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0
	}
	up := time.Duration(now.Nano()) - time.Since(t)
	return uint64(max(up, 0) / (time.Second / ticksPerSecond))
}

// groupAlive reports whether a member of the group still runs. Zombies do not: whoever inherited them sees to them.
func groupAlive(group int) bool {
	if unix.Kill(-group, 0) == unix.ESRCH {
		return false
	}
	for _, m := range members(group) {
		if !m.zombie {
			return true
		}
	}
	return false
}
