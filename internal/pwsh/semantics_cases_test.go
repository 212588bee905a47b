//go:build linux

package pwsh_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// A meaning is a sentence about PowerShell: scripts that run one after another in one session, and what each gives.
type meaning struct {
	subject string // the file
	says    string
	alone   bool // in a process of its own
	steps   []*meaningStep
}

// A meaningStep is one script and what it gives.
type meaningStep struct {
	line      int // in the file
	script    string
	want      mm.Want
	result    mm.Result // without Duration; HadErrors and Objects count only where the file has them
	hadErrors bool      // HadErrors counts
	invariant *string   // the output instead, where the system has no data of cultures
}

// A block is a line that begins with === or ---, and the lines up to the next.
type block struct {
	line int
	head string
	body []string
}

// text returns the block's lines, each with its end.
func (b block) text() string {
	return strings.Join(append(b.body, ""), "\n")
}

// readMeanings reads the cases of a file. What stands before the first is for people.
func readMeanings(t *testing.T, file string) []*meaning {
	t.Helper()
	subject := strings.TrimSuffix(filepath.Base(file), ".txt")
	var list []*meaning
	for _, b := range readBlocks(t, file) {
		if says, ok := strings.CutPrefix(b.head, "=== "); ok {
			list = append(list, &meaning{subject: subject, says: says})
		}
		m := list[len(list)-1]
		if err := m.add(b); err != nil {
			t.Fatalf("%s:%d: %s: %v", file, b.line, b.head, err)
		}
	}
	return list
}

// invisible stands for a character that could not be seen in a file.
var invisible = regexp.MustCompile(`<U\+([0-9A-F]{4,6})>`)

// readBlocks reads the blocks of a file. The blank line before a case is not part of the block above it.
func readBlocks(t *testing.T, file string) []block {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []block
	for n, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if strings.TrimRight(line, " \t\r") != line {
			t.Fatalf("%s:%d: the line ends with white space; write <U+0020>", file, n+1)
		}
		isCase := strings.HasPrefix(line, "=== ")
		if isCase && len(list) > 0 {
			last := &list[len(list)-1]
			if len(last.body) == 0 || last.body[len(last.body)-1] != "" {
				t.Fatalf("%s:%d: no blank line stands before the case", file, n+1)
			}
			last.body = last.body[:len(last.body)-1]
		}
		switch {
		case isCase, strings.HasPrefix(line, "--- "):
			list = append(list, block{line: n + 1, head: line})
		case len(list) > 0:
			last := &list[len(list)-1]
			last.body = append(last.body, invisible.ReplaceAllStringFunc(line, func(m string) string {
				n, _ := strconv.ParseInt(m[3:len(m)-1], 16, 32) // the expression lets digits through only
				return string(rune(n))
			}))
		}
	}
	return list
}

// add takes a block of the case.
func (m *meaning) add(b block) error {
	name, value, _ := strings.Cut(strings.TrimPrefix(b.head, "--- "), ": ")
	if strings.HasPrefix(b.head, "=== ") || name == "then" {
		want := mm.Want{Format: mm.FormatText}.WithDefaults()
		m.steps = append(m.steps, &meaningStep{line: b.line + 1, script: strings.TrimSuffix(b.text(), "\n"), want: want})
		return nil
	}
	var err error
	step := m.steps[len(m.steps)-1]
	number := func() (n int) {
		n, err = strconv.Atoi(value)
		return n
	}
	r := &step.result
	switch name {
	case "own process":
		m.alone = true
	case "width":
		step.want.Width = number()
	case "depth":
		step.want.Depth = number()
	case "text":
		r.Output = b.text()
	case "text without a newline at the end":
		r.Output = strings.TrimSuffix(b.text(), "\n")
	case "text without data of cultures":
		text := b.text()
		step.invariant = &text
	case "format":
		step.want.Format = mm.Format(value)
	case "objects":
		if step.want.Format == mm.FormatText {
			step.want.Format = mm.FormatBoth
		}
		r.Objects = json.RawMessage(b.text())
	case "error", "terminating error":
		var e mm.ErrorRecord
		e, err = readError(b.body)
		e.Terminating = name == "terminating error"
		r.Errors = append(r.Errors, e)
	case "warning":
		r.Streams.Warning = b.body
	case "verbose":
		r.Streams.Verbose = b.body
	case "debug":
		r.Streams.Debug = b.body
	case "information":
		r.Streams.Information = b.body
	case "console":
		r.Streams.Console = b.body
	case "ended":
		r.Terminated = mm.Termination(value)
	case "exit":
		r.ExitCode = new(number())
	case "last exit code":
		r.LastExit = new(number())
	case "had errors":
		step.hadErrors = true
		r.HadErrors, err = strconv.ParseBool(value)
	default:
		err = errors.New("there is no such section")
	}
	return err
}

// readError reads an error record: lines "member: value", and lines that go on with the message after two spaces.
func readError(lines []string) (mm.ErrorRecord, error) {
	var e mm.ErrorRecord
	for _, line := range lines {
		if more, ok := strings.CutPrefix(line, "  "); ok || line == "" {
			e.Message += "\n" + more
			continue
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return e, fmt.Errorf("%q is not member: value", line)
		}
		switch name {
		case "message":
			e.Message = value
		case "type":
			e.Type = value
		case "id":
			e.FullyQualifiedErrorID = value
		case "category":
			e.Category = value
		case "target":
			e.Target = value
		case "at":
			if _, err := fmt.Sscanf(value, "%d:%d", &e.Line, &e.Column); err != nil {
				return e, err
			}
		default:
			return e, fmt.Errorf("an error record has no %s", name)
		}
	}
	return e, nil
}
