// Command testrun runs `go test` with the arguments given (./... where there are none) and ends by saying how many tests
// passed, failed and were skipped, and why those were: a test that needs PowerShell is skipped where there is none, and
// nobody should mistake that for a pass.
//
//	go run ./internal/testrun
//	go run ./internal/testrun -race -run Session ./actors/...
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
)

// An event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64
	Output  string
}

type name struct{ pkg, test string }

// A tally adds the events up.
type tally struct {
	out                     io.Writer
	passed, failed, skipped int
	output                  map[name][]string // of tests and packages that have not ended
	reasons                 map[string]int    // of skips
}

func main() {
	code, err := run(os.Stdout, withPackages(os.Args[1:]))
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
		code = 1
	}
	os.Exit(code)
}

// withPackages adds ./... where no argument names a package: the value of a flag has neither a dot at its begin nor a slash.
func withPackages(args []string) []string {
	for _, a := range args {
		if !strings.HasPrefix(a, "-") && (strings.HasPrefix(a, ".") || strings.Contains(a, "/")) {
			return args
		}
	}
	return append(slices.Clone(args), "./...")
}

func run(out io.Writer, args []string) (int, error) {
	test := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	test.Stderr = os.Stderr
	events, err := test.StdoutPipe()
	if err != nil {
		return 1, err
	}
	signal.Ignore(os.Interrupt) // go test gets it as well, and ends
	if err := test.Start(); err != nil {
		return 1, err
	}
	t := tally{out: out, output: map[name][]string{}, reasons: map[string]int{}}
	if err := t.read(events); err != nil {
		return 1, err
	}
	err = test.Wait()
	t.summary()
	if err != nil || t.failed > 0 || t.passed == 0 {
		return 1, nil
	}
	return 0, nil
}

func (t *tally) read(r io.Reader) error {
	lines := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		var e event
		if json.Unmarshal([]byte(line), &e) == nil {
			t.add(e)
		} else if line != "" {
			fmt.Fprint(t.out, line)
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (t *tally) add(e event) {
	n := name{e.Package, e.Test}
	switch e.Action {
	case "output", "build-output":
		if e.Test == "" && (strings.HasPrefix(e.Output, "ok ") || strings.HasPrefix(e.Output, "ok\t")) || e.Action == "build-output" {
			fmt.Fprint(t.out, e.Output)
			return
		}
		t.output[n] = append(t.output[n], e.Output)
	case "pass":
		if e.Test != "" {
			t.passed++
		}
		delete(t.output, n)
	case "skip":
		if e.Test != "" {
			t.skipped++
			t.reasons[reason(t.output[n])]++
		}
		delete(t.output, n)
	case "fail":
		if e.Test != "" {
			t.failed++
		}
		fmt.Fprint(t.out, strings.Join(t.output[n], ""))
		delete(t.output, n)
	}
}

// reason is what a test said when it skipped itself, without file and line.
func reason(output []string) string {
	for _, line := range output {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") {
			continue
		}
		if place, said, ok := strings.Cut(line, ": "); ok && strings.Contains(place, ".go:") {
			return said
		}
		return line
	}
	return "no reason given"
}

func (t *tally) summary() {
	for _, why := range slices.Sorted(maps.Keys(t.reasons)) {
		fmt.Fprintf(t.out, "skipped %d: %s\n", t.reasons[why], why)
	}
	fmt.Fprintf(t.out, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
}
