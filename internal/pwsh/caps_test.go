//go:build linux

package pwsh_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
)

func TestOutputKeepsToItsCapsAndTheCommandRunsOn(t *testing.T) {
	s := newSession(t)
	for name, c := range map[string]struct {
		script string
		want   mm.Want
		text   int   // most characters
		drops  int64 // least characters dropped
	}{
		"lines":               {"1..100000 | ForEach-Object { \"line $_\" }", mm.Want{MaxChars: 5000}, 5000, 900_000},
		"one long line":       {"'x' * 1000000", mm.Want{MaxChars: 5000}, 5000, 995_000},
		"surrogate pairs":     {"'\U0001D11E' * 5000", mm.Want{MaxChars: 999}, 999, 9000},
		"tables":              {"1..20000 | ForEach-Object { [pscustomobject]@{ A = $_ } }", mm.Want{MaxChars: 5000}, 5000, 50_000},
		"Write-Host":          {"1..20000 | ForEach-Object { Write-Host $_ }", mm.Want{MaxChars: 5000}, 5000, 80_000},
		"an error at end":     {"'x' * 5000; 1/0", mm.Want{MaxChars: 1000}, 1000, 4000},
		"more than a frame":   {"\"`0\" * 30000000", mm.Want{}, 30_000_001, 10_000_000},
		"nothing kept at all": {"'abc'", mm.Want{MaxChars: 1}, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.runWith(t, mm.Invocation{Script: c.script, Want: c.want})
			if n := utf8.RuneCountInString(r.Output); n > c.text || !utf8.ValidString(r.Output) {
				t.Errorf("%d characters", n)
			}
			if r.Truncated == nil || r.Truncated.DroppedChars < c.drops {
				t.Errorf("truncated %+v, want at least %d dropped", r.Truncated, c.drops)
			}
			if strings.Contains(name, "error") && !strings.HasSuffix(r.Output, "Attempted to divide by zero.\n") {
				t.Errorf("the error is not at the end: %q", r.Output[len(r.Output)-60:])
			}
		})
	}
}

func TestObjectsKeepToTheirCaps(t *testing.T) {
	s := newSession(t)
	for script, want := range map[string]string{
		"$o = [pscustomobject]@{ n = 1 }; $o | Add-Member self $o; $o":                                   `[{"n":1,"self":"@{n=1; self=}"}]`,
		"$a = [Collections.ArrayList]::new(); $null = $a.Add($a); ,$a":                                   `[["System.Collections.ArrayList"]]`,
		"@{ a = @{ b = @{ c = @{ d = @{ e = 1 } } } } }":                                                 `[{"a":{"b":{"c":{"d":"System.Collections.Hashtable"}}}}]`,
		"$p = [pscredential]::new('u', (ConvertTo-SecureString p -AsPlainText -Force)); $p; $p.Password": `["[redacted credential of u]","[redacted]"]`,
		"1..3 | Format-Table; 'x'":                                                                       `["x"]`,
		"$null; @(); 'x'":                                                                                `["x"]`,
	} {
		r := s.runWith(t, mm.Invocation{Script: script, Want: mm.Want{Format: mm.FormatJSON}})
		if got := string(r.Objects); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", script, got, want)
		}
	}
	r := s.runWith(t, mm.Invocation{Script: "1..100 | ForEach-Object { 'x' * 1MB }", Want: mm.Want{Format: mm.FormatJSON}})
	if r.Truncated == nil || r.Truncated.KeptItems+r.Truncated.DroppedItems != 100 || len(r.Objects) > 17<<20 || len(r.Objects) < 8<<20 {
		t.Errorf("%d bytes, truncated %+v", len(r.Objects), r.Truncated)
	}
}

func TestAResultThatAGetterHoldsUpIsCancelled(t *testing.T) {
	s := newSession(t)
	id := s.id()
	s.Invoke(mm.Invocation{ID: id, Want: mm.Want{Format: mm.FormatJSON}, Script: "Write-Warning 'begun'; " +
		"[pscustomobject]@{} | Add-Member ScriptProperty Slow { Start-Sleep 300 } -PassThru"})
	s.await(t, "begin", func(ev mm.EngineEvent) bool { _, ok := ev.(mm.Streamed); return ok })
	s.Cancel(id)
	if r := s.result(t, id); r.Terminated != mm.Stopped {
		t.Errorf("ended %q", r.Terminated)
	}
}

func TestRunawayOutputIsStopped(t *testing.T) {
	if os.Getenv("MM_LONG_TESTS") != "1" {
		t.Skip("writes ten million objects, which takes 20 s; MM_LONG_TESTS=1 runs it")
	}
	s := newSession(t)
	r := s.runWith(t, mm.Invocation{Script: "1..20000000; 'never'", Want: mm.Want{MaxChars: 1000}})
	if r.Terminated != mm.RunawayOutput {
		t.Errorf("ended %q", r.Terminated)
	}
	if r := s.run(t, "1"); r.Output != "1\n" {
		t.Errorf("the next command: %q", r.Output)
	}
}

func TestCollectGivesMemoryBack(t *testing.T) {
	s := newSession(t)
	for range 4 {
		s.run(t, "'x' * 10MB")
	}
	s.run(t, "1") // $LastResult holds the last one
	before := s.ping(t).RSS
	s.Collect()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) { // no event tells
		if after := s.ping(t).RSS; after < before-30<<20 {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("%d bytes before, %d after", before, after)
		}
	}
}

func TestTwoHundredCommandsInARowHaveTheirOwnAnswers(t *testing.T) {
	s := newSession(t)
	for n := range 200 {
		want := fmt.Sprintf("%d\n", n*n)
		if r := s.run(t, fmt.Sprintf("%d * %d; [Console]::Error.WriteLine(%d)", n, n, n)); r.Output != want ||
			len(r.Streams.Console) != 1 || r.Streams.Console[0] != fmt.Sprint(n) {
			t.Fatalf("%d: %q, console %q", n, r.Output, r.Streams.Console)
		}
	}
}
