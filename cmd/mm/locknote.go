package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxLockNote is how many bytes of mm.lock are read.
const maxLockNote = 256

// A lockNote is what mm.lock says. The file holds one of
//
//	                                nobody signed it, or the last daemon ended in good order
//	4242                            the daemon's pid, and the file's time is its last sign of life
//	4242\nending                    the same, about to end
//	lost 4242 2026-11-22T10:00:00Z  the last daemon, which ended without a word, and its last sign of life
type lockNote struct {
	pid    int
	ending bool
	lost   int
	seen   time.Time
}

// String returns the file's content.
func (n lockNote) String() string {
	switch {
	case n.lost != 0:
		return fmt.Sprintf("lost %d %s\n", n.lost, n.seen.UTC().Format(time.RFC3339))
	case n.pid == 0:
		return ""
	case n.ending:
		return strconv.Itoa(n.pid) + "\nending\n"
	}
	return strconv.Itoa(n.pid) + "\n"
}

// parseLockNote reads the file's content. What it cannot read says nothing.
func parseLockNote(text string) lockNote {
	fields := strings.Fields(text)
	if len(fields) == 3 && fields[0] == "lost" {
		pid, err := strconv.Atoi(fields[1])
		seen, bad := time.Parse(time.RFC3339, fields[2])
		if err != nil || bad != nil || pid <= 0 {
			return lockNote{}
		}
		return lockNote{lost: pid, seen: seen}
	}
	if len(fields) == 0 || !strings.Contains(text, "\n") {
		return lockNote{} // half of a line is no pid
	}
	pid, err := strconv.Atoi(fields[0])
	if err != nil || pid <= 0 {
		return lockNote{}
	}
	return lockNote{pid: pid, ending: len(fields) > 1 && fields[1] == "ending"}
}
