//go:build linux

package pwsh_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh"
)

// leastMeanings is how many cases there have to be.
const leastMeanings = 150

// What PowerShell means is written down in testdata/semantics; README.md there says how to read it. Most cases share one
// process, which is put back after each; a case that cannot be undone has a process of its own.
func TestWhatPowerShellMeans(t *testing.T) {
	findPwsh(t)
	home := t.TempDir()
	files, err := filepath.Glob("testdata/semantics/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	start := func(t *testing.T) *shell { return startShell(t, home) }
	shared := start(t)
	count, seen := 0, map[string]bool{}
	for _, file := range files {
		for _, m := range readMeanings(t, file) {
			if seen[m.says] {
				t.Errorf("%s: there are two cases %q", file, m.says)
			}
			count++
			seen[m.says] = true
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+": "+m.says, func(t *testing.T) {
				if m.alone {
					t.Parallel()
					m.test(t, start(t))
					return
				}
				m.test(t, shared)
				shared.reset(t)
			})
		}
	}
	if count < leastMeanings {
		t.Errorf("there are %d cases, and at least %d are wanted", count, leastMeanings)
	}
}

// A meaning is a sentence about PowerShell: scripts that run one after another in one session, and what each gives.
type meaning struct {
	says  string
	alone bool // in a process of its own
	steps []*meaningStep
}

// A meaningStep is one script and what it gives.
type meaningStep struct {
	line      int // in the file
	script    string
	want      mm.Want
	result    mm.Result // all but Duration and, unless hadErrors, HadErrors
	invariant *string   // the output instead, where the system has no data of cultures
	hadErrors bool      // HadErrors counts
}

func (m *meaning) test(t *testing.T, s *shell) {
	for _, step := range m.steps {
		want, got := step.result, s.runWith(t, mm.Invocation{Script: step.script, Want: step.want})
		got.Duration = 0
		if !step.hadErrors {
			got.HadErrors = false
		}
		if want.Objects == nil {
			got.Objects = nil
		}
		if step.invariant != nil && s.invariant {
			want.Output = *step.invariant
		}
		tokens := cmp.Transformer("tokens", func(raw json.RawMessage) []string { return tokens(t, raw) })
		if d := cmp.Diff(want, got, tokens); d != "" {
			t.Errorf("the script in line %d (-want +got):\n%s\n%s", step.line, step.script, d)
		}
	}
}

// tokens takes JSON apart, so that the order of members counts and 1.0 is not 1, but not how a text is escaped.
func tokens(t *testing.T, raw json.RawMessage) []string {
	var list []string
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	for {
		token, err := d.Token()
		switch text, isText := token.(string); {
		case errors.Is(err, io.EOF):
			return list
		case err != nil:
			t.Errorf("%v in %s", err, raw)
			return list
		case isText:
			list = append(list, strconv.Quote(text))
		default:
			list = append(list, fmt.Sprint(token))
		}
	}
}

// A shell is a session for cases.
type shell struct {
	*session
	invariant bool // the system has no data of cultures
}

const (
	// baseline keeps what a new session has. Its name is one that no case uses.
	baseline = `
$mmBaseline = @{ Variables = @{}; Functions = @{}; Aliases = @{} }
foreach ($v in Get-Variable -Scope Global) { $mmBaseline.Variables[$v.Name] = $v.Value }
foreach ($f in Get-ChildItem Function:) { $mmBaseline.Functions[$f.Name] = $true }
foreach ($a in Get-Alias) { $mmBaseline.Aliases[$a.Name] = $true }
`
	// undo puts back what a case changed.
	undo = `
Set-StrictMode -Off
$Error.Clear()
Set-Location ~
Get-Job | Remove-Job -Force
foreach ($v in Get-Variable -Scope Global) {
    if (-not $mmBaseline.Variables.ContainsKey($v.Name)) { Remove-Variable $v.Name -Scope Global -Force }
    elseif ($v.Name -like '*Preference') { $v.Value = $mmBaseline.Variables[$v.Name] }
}
foreach ($f in Get-ChildItem Function:) { if (-not $mmBaseline.Functions[$f.Name]) { Remove-Item "Function:$f" -Force } }
foreach ($a in Get-Alias) { if (-not $mmBaseline.Aliases[$a.Name]) { Remove-Item "Alias:$a" -Force } }
Get-ChildItem ~ | Remove-Item -Recurse -Force
`
	cultures = `try { [cultureinfo]::GetCultureInfo('de-DE').NumberFormat.NumberDecimalSeparator } catch { 'none' }`
)

// startShell launches an engine in a home folder of its own that ends with the test.
func startShell(t *testing.T, home string) *shell {
	t.Helper()
	l, err := pwsh.New(pwsh.Config{Pwsh: findPwsh(t), CacheDir: cacheDir, StateDir: cacheDir, RunDir: cacheDir, Home: home})
	if err != nil {
		t.Fatal(err)
	}
	s := &shell{session: launch(t, l, exo)}
	s.invariant = s.run(t, cultures).Output != ",\n"
	s.quietly(t, baseline)
	return s
}

func (s *shell) reset(t *testing.T) {
	t.Helper()
	s.quietly(t, undo)
}

// quietly runs a script that gives nothing.
func (s *shell) quietly(t *testing.T, script string) {
	t.Helper()
	if r := s.run(t, script); r.Output != "" || len(r.Errors) > 0 {
		t.Fatalf("%s\ngave %q and %+v", script, r.Output, r.Errors)
	}
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
	var list []*meaning
	for _, b := range readBlocks(t, file) {
		if says, ok := strings.CutPrefix(b.head, "=== "); ok {
			list = append(list, &meaning{says: says})
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
				n, _ := strconv.ParseUint(m[3:len(m)-1], 16, 32)
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
