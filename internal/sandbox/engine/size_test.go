//go:build !race

package engine_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/internal/sandbox/engine"
)

// The race detector multiplies what everything takes, so this is not looked at under it.

// maxBytes is what one idle engine, signed in and after a command, may take with everything at its other end. Ten thousand
// of them are half of what a daemon with as many sessions may take.
const maxBytes = 10 << 10

func TestAnIdleEngineIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("starts thousands of engines")
	}
	const count = 2000
	before := inUse()
	pool := signedIn(t, count)
	each := (inUse() - before) / count
	t.Logf("%d bytes for each of %d engines", each, count)
	if each > maxBytes {
		t.Errorf("%d bytes for each engine, more than %d", each, maxBytes)
	}
	pool.end()
}

// BenchmarkTenThousandEngines tells what an engine takes: bytes that are in use by the heap and by stacks.
func BenchmarkTenThousandEngines(b *testing.B) {
	const count = 10_000
	for b.Loop() {
		before := inUse()
		pool := signedIn(b, count)
		b.ReportMetric(float64(inUse()-before)/count, "B/engine")
		b.ReportMetric(resident(b), "MB-resident")
		pool.end()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/count/float64(b.N), "µs/engine")
}

// inUse returns the bytes of heap and stacks that are in use, after everything unused was collected.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // finalizers and pools of the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// resident returns the megabytes of this process that are in memory, or 0 where the system does not say.
func resident(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		b.Fatal(err)
	}
	return float64(pages*os.Getpagesize()) / (1 << 20)
}

// A pool is many engines with one sink.
type pool struct {
	engines []mm.Engine
	events  chan mm.EngineEvent
}

// signedIn starts engines, signs each in and lets each answer one command.
func signedIn(t testing.TB, count int) *pool {
	t.Helper()
	entra := sandbox.NewEntra(sandbox.EntraOptions{})
	launcher := engine.New(engine.Config{SignIn: sandbox.Prompt{Entra: entra}})
	at := spec("Contoso-GA", mm.Exchange, mm.SandboxEndpoints{Authority: "http://127.0.0.1:1", Dir: t.TempDir()})
	p := &pool{events: make(chan mm.EngineEvent, 16)}
	for range count {
		e, err := launcher.Launch(context.Background(), at, func(e mm.EngineEvent) { p.events <- e })
		if err != nil {
			t.Fatal(err)
		}
		p.engines = append(p.engines, e)
		e.Call(mm.Call{ID: "1", Module: "ExchangeOnlineManagement", Command: "Connect-ExchangeOnline",
			Parameters: map[string]any{"Device": true}})
		p.completed(t)
		e.Invoke(mm.Invocation{ID: "2", Script: "Get-Mailbox"})
		if r := p.completed(t); r.Output == "" {
			t.Fatalf("no mailboxes: %+v", r)
		}
	}
	return p
}

// completed waits for a result without errors.
func (p *pool) completed(t testing.TB) mm.Result {
	t.Helper()
	for {
		switch e := (<-p.events).(type) {
		case mm.Completed:
			if len(e.Result.Errors) > 0 {
				t.Fatalf("errors %+v", e.Result.Errors)
			}
			return e.Result
		case mm.Exited:
			t.Fatalf("exited: %s", e.Reason)
		}
	}
}

func (p *pool) end() {
	for _, e := range p.engines {
		e.Kill()
		for exited := false; !exited; {
			_, exited = (<-p.events).(mm.Exited)
		}
	}
}
