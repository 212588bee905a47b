//go:build linux

package pwsh_test

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh"
)

// inProcess measures, in the host's own process, invokes of a trivial script on another runspace with ReuseThread: the least
// that a command can cost. It prints the median in microseconds.
const inProcess = `
$runspace = [runspacefactory]::CreateRunspace(); $runspace.ThreadOptions = 'ReuseThread'; $runspace.Open()
$times = foreach ($i in 1..500) {
	$start = [Diagnostics.Stopwatch]::GetTimestamp()
	$shell = [powershell]::Create(); $shell.Runspace = $runspace
	$null = $shell.AddScript('1', $false).Invoke()
	$shell.Dispose()
	[Diagnostics.Stopwatch]::GetElapsedTime($start).TotalMicroseconds
}
$runspace.Dispose()
[long]($times | Sort-Object)[250]`

// BenchmarkRoundTrip reports the time of a trivial rendered command, and its ratio to the in-process limit of the same run;
// the aim is 3 at most.
func BenchmarkRoundTrip(b *testing.B) {
	s := newSession(b)
	limit, err := strconv.Atoi(strings.TrimSpace(s.run(b, inProcess).Output))
	if err != nil {
		b.Fatal(err)
	}
	for range 300 {
		s.run(b, "1") // until the JIT compiler is done with it
	}
	for b.Loop() {
		s.run(b, "1")
	}
	var times []time.Duration
	for range 500 {
		start := time.Now()
		s.run(b, "1")
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	p50 := times[len(times)/2]
	b.ReportMetric(float64(p50.Microseconds()), "p50-µs")
	b.ReportMetric(float64(limit), "limit-µs")
	b.ReportMetric(float64(p50.Microseconds())/float64(limit), "ratio")
}

// BenchmarkAnalyze reports the time to analyse a one-liner of two commands.
func BenchmarkAnalyze(b *testing.B) {
	s := newSession(b)
	s.run(b, "Get-Date | Out-Null; Get-ChildItem / | Out-Null") // loads the modules
	for range 300 {
		s.analyze(b, "Get-ChildItem -Path / -Recurse | Sort-Object Name")
	}
	for b.Loop() {
		s.analyze(b, "Get-ChildItem -Path / -Recurse | Sort-Object Name")
	}
}

// BenchmarkPing reports the time of a round trip without PowerShell.
func BenchmarkPing(b *testing.B) {
	s := newSession(b)
	for b.Loop() {
		s.ping(b)
	}
}

// BenchmarkLaunch reports the time to hello, and its ratio to a bare start of PowerShell; the aim is 2 at most.
func BenchmarkLaunch(b *testing.B) {
	l := newLauncher(b)
	var bare, hello time.Duration
	for b.Loop() {
		start := time.Now()
		if err := exec.Command(l.Pwsh, "-NoLogo", "-NoProfile", "-NonInteractive", "-Command", "exit").Run(); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(start)
		start = time.Now()
		ctx, cancel := context.WithCancel(b.Context())
		gone := make(chan struct{})
		_, err := l.Launch(ctx, exo, func(ev mm.EngineEvent) {
			if _, ok := ev.(mm.Exited); ok {
				close(gone)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		hello += time.Since(start)
		cancel()
		<-gone
	}
	b.ReportMetric(float64(hello.Milliseconds())/float64(b.N), "hello-ms")
	b.ReportMetric(float64(hello)/float64(bare), "ratio")
}

// BenchmarkObjects reports the time for 5,000 objects of 20 properties as JSON; the aim is 0.6 s at most.
func BenchmarkObjects(b *testing.B) {
	s := newSession(b)
	var properties []string
	for n := range 20 {
		properties = append(properties, fmt.Sprintf("Property%d = \"value $_ %d\"", n, n))
	}
	s.run(b, "$objects = 1..5000 | ForEach-Object { [pscustomobject]@{ "+strings.Join(properties, "; ")+" } }")
	for b.Loop() {
		r := s.runWith(b, mm.Invocation{Script: "$objects", Want: mm.Want{Format: mm.FormatJSON}})
		if len(r.Objects) < 1<<20 {
			b.Fatalf("%d bytes", len(r.Objects))
		}
	}
}

// BenchmarkTenMegabytes reports the time for 10 MB of text.
func BenchmarkTenMegabytes(b *testing.B) {
	s := newSession(b)
	for b.Loop() {
		if r := s.run(b, "'x' * 10MB"); len(r.Output) != 10<<20+1 {
			b.Fatalf("%d bytes", len(r.Output))
		}
	}
}

var _ mm.Engine = (*pwsh.Engine)(nil)
