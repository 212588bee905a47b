//go:build linux

package pwsh_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh"
	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
)

// leastMeanings is how many cases there have to be.
const leastMeanings = 150

// What PowerShell means is written down in testdata/semantics; README.md there says how to read it. Most cases share one
// process, which is put back after each; a case that cannot be undone has a process of its own.
func TestWhatPowerShellMeans(t *testing.T) {
	files, err := filepath.Glob("testdata/semantics/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var meanings []*meaning
	for _, file := range files {
		meanings = append(meanings, readMeanings(t, file)...)
	}
	if len(meanings) < leastMeanings {
		t.Errorf("there are %d cases, and at least %d are wanted", len(meanings), leastMeanings)
	}
	pwshtest.Find(t)
	shared := startShell(t)
	said := map[string]bool{}
	for _, m := range meanings {
		if said[m.says] {
			t.Errorf("%s: there is another case %q", m.subject, m.says)
		}
		said[m.says] = true
		t.Run(m.subject+": "+m.says, func(t *testing.T) {
			if m.alone {
				t.Parallel()
				m.test(t, startShell(t))
				return
			}
			m.test(t, shared)
			shared.reset(t)
		})
	}
}

// test runs the scripts and compares.
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
			t.Errorf("testdata/semantics/%s.txt:%d (-want +got):\n%s\n%s", m.subject, step.line, step.script, d)
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

// A shell is a session for cases, in a home folder of its own.
type shell struct {
	*session
	home      string
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
`
	cultures = `try { [cultureinfo]::GetCultureInfo('de-DE').NumberFormat.NumberDecimalSeparator } catch { 'none' }`
)

// startShell launches a shell that ends with the test.
func startShell(t *testing.T) *shell {
	t.Helper()
	home := t.TempDir()
	l, err := pwsh.New(pwsh.Config{Pwsh: pwshtest.Find(t), CacheDir: cacheDir, StateDir: cacheDir, RunDir: cacheDir, Home: home})
	if err != nil {
		t.Fatal(err)
	}
	s := &shell{session: launch(t, l, exo), home: home}
	s.invariant = s.run(t, cultures).Output != ",\n"
	s.quietly(t, baseline)
	return s
}

// reset puts the session back to how it began, and removes the files that cases made.
func (s *shell) reset(t *testing.T) {
	t.Helper()
	s.quietly(t, undo)
	files, err := filepath.Glob(filepath.Join(s.home, "[^.]*")) // hidden ones are PowerShell's
	for _, file := range files {
		err = errors.Join(err, os.RemoveAll(file))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// quietly runs a script that gives nothing.
func (s *shell) quietly(t *testing.T, script string) {
	t.Helper()
	if r := s.run(t, script); r.Output != "" || len(r.Errors) > 0 {
		t.Fatalf("%s\ngave %q and %+v", script, r.Output, r.Errors)
	}
}
