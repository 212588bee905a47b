package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// mmPath is the program, built once for the tests that run it.
var mmPath string

func TestMain(m *testing.M) { os.Exit(withProgram(m)) }

func withProgram(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mm-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	mmPath = filepath.Join(dir, "mm")
	if out, err := exec.Command("go", "build", "-o", mmPath, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func TestErrorsBecomeExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		text string
	}{
		{nil, 0, ""},
		{exit(3), 3, ""},
		{fmt.Errorf("closing: %w", exit(7)), 7, ""},
		{errors.New("odd"), 1, "mm: odd\n"},
		{usageError{errors.New("no")}, 2, "mm: no\n"},
		{mm.Errorf(mm.NodeUnreachable, "Start it.", "Nobody answers."), 5, "mm: Nobody answers. Start it.\n"},
		{mm.Errorf(mm.BadRequest, "", "Bad."), 2, "mm: Bad.\n"},
		{fmt.Errorf("x: %w", mm.Errorf(mm.Busy, "", "Busy.")), 1, "mm: x: Busy.\n"},
	} {
		var b bytes.Buffer
		if got := exitCode(&b, c.err); got != c.code || b.String() != c.text {
			t.Errorf("%v: exit code %d, text %q", c.err, got, b.String())
		}
	}
}
