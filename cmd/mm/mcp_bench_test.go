package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkMCPInitialize runs `mm mcp` from its start to its answer to initialize, and beside it an empty Go program from its
// start to its end. It reports the medians; -benchtime 20x is what mcp.md asks for.
func BenchmarkMCPInitialize(b *testing.B) {
	dir := b.TempDir()
	source, empty := filepath.Join(dir, "empty.go"), filepath.Join(dir, "empty")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", empty, source).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var answers, ends []time.Duration
	for b.Loop() {
		begun := time.Now()
		if err := exec.Command(empty).Run(); err != nil {
			b.Fatal(err)
		}
		ends = append(ends, time.Since(begun))
		answers = append(answers, initializeOnce(b))
	}
	mm, floor := median(answers), median(ends)
	b.ReportMetric(mm.Seconds()*1000, "mm-ms")
	b.ReportMetric(floor.Seconds()*1000, "empty-ms")
	b.ReportMetric(mm.Seconds()/floor.Seconds(), "x-empty")
	b.ReportMetric(0, "ns/op")
}

func initializeOnce(b *testing.B) time.Duration {
	cmd := exec.Command(mmPath, "mcp")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if _, err := io.WriteString(in, mcpHello+"\n"); err != nil {
		b.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	took := time.Since(begun)
	if err := in.Close(); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return took
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
