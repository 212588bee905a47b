package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
)

// A step is a script and what it gives: lines "STREAM: TEXT", each found in a record of that stream, in any order. The streams
// are output, error, throw, warning, verbose, debug, information and console; "not " before a line means that there is none. An
// error, throw or warning that is not expected fails the test.
type step struct {
	script string
	want   []string
}

// A record is one line of testdata/steps.ps1.
type record struct {
	Step   int    `json:"step"`
	Stream string `json:"stream"`
	Text   string `json:"text"`
}

// runSteps runs the steps in one PowerShell process of the connection and compares. person, if not nil, gets every code that
// appears.
func runSteps(t *testing.T, s *Sandbox, connection string, steps []step, person func(userCode string)) {
	t.Helper()
	var scripts []string
	for _, s := range steps {
		scripts = append(scripts, s.script)
	}
	file := filepath.Join(t.TempDir(), "steps.json")
	if err := writeJSON(file, scripts); err != nil {
		t.Fatal(err)
	}
	records := runPwsh(t, s, connection, person, "testdata/steps.ps1", file)
	got := make([][]record, len(steps))
	for _, r := range records {
		got[r.Step] = append(got[r.Step], r)
	}
	for i, step := range steps {
		if got[i] == nil {
			t.Fatalf("%s: was not reached", step.script)
		}
		compare(t, step, got[i])
	}
}

func compare(t *testing.T, s step, got []record) {
	t.Helper()
	expected := make([]bool, len(got))
	for _, want := range s.want {
		stream, text, _ := strings.Cut(want, ": ")
		stream, unwanted := strings.CutPrefix(stream, "not ")
		found := false
		for i, r := range got {
			if r.Stream == stream && strings.Contains(r.Text, text) {
				expected[i], found = true, true
			}
		}
		if found == unwanted {
			t.Errorf("%s: want %s; got %+v", s.script, want, got)
		}
	}
	for i, r := range got {
		switch r.Stream {
		case "error", "throw", "warning":
			if !expected[i] {
				t.Errorf("%s: unexpected %s: %s", s.script, r.Stream, r.Text)
			}
		}
	}
}

var promptedCode = regexp.MustCompile(`\bcode ([A-Z0-9]{9})\b`)

// runPwsh runs a script file and returns its records. Console text belongs to the step that runs.
func runPwsh(t testing.TB, s *Sandbox, connection string, person func(string), args ...string) []record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, pwshtest.Find(t), append([]string{"-NoLogo", "-NoProfile", "-NonInteractive", "-File"}, args...)...)
	cmd.Env = append(s.Env(), "NO_COLOR=1", ConnectionEnv+"="+connection)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	cmd.Stdout, cmd.Stderr = in, in
	err = cmd.Start()
	_ = in.Close()
	if err != nil {
		t.Fatal(err)
	}
	var records []record
	step, asked := 0, map[string]bool{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil || r.Stream == "" {
			r = record{Step: step, Stream: "console", Text: lines.Text()}
		}
		step = r.Step
		records = append(records, r)
		if m := promptedCode.FindStringSubmatch(r.Text); m != nil && person != nil && !asked[m[1]] {
			asked[m[1]] = true
			person(m[1])
		}
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Logf("pwsh: %v", err)
	}
	return records
}
