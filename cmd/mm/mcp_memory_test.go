package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// memory returns a line of /proc/PID/status, in KiB.
func memory(t *testing.T, pid int, name string) int {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Skipf("the memory of processes is read from /proc: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, name+":"); found {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Skipf("no %s in /proc/PID/status", name)
	return 0
}

// Hosts keep one process for each window, and some start one for each call.
func TestTheMCPFrontEndIsSmall(t *testing.T) {
	w := newWorld(t, 0)
	h := w.host()
	h.ask(mcpHello)
	h.ask(mcpTools)
	contains(t, "the call", h.ask(toolCall(2, mailboxes)), "DEVICE CODE")
	for name, most := range map[string]int{"VmRSS": 28 << 10, "RssAnon": 8 << 10} {
		if n := memory(t, h.Process.Pid, name); n > most {
			t.Errorf("%s is %d KiB, more than %d", name, n, most)
		} else {
			t.Logf("%s %d KiB", name, n)
		}
	}
	if err := h.in.Close(); err != nil {
		t.Fatal(err)
	}
	h.end()
}
