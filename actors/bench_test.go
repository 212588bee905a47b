//go:build unix

package actors_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/http/client"
)

// BenchmarkRunOverTheSocket reports what /run over the unix socket costs above the host's own round trip, for a trivial
// command on a signed-in session, both measured in turns in one run; the aim is 500 µs at most. The analysis of the command
// is part of it.
func BenchmarkRunOverTheSocket(b *testing.B) {
	w := start(b)
	s := w.session(0, mm.Exchange)
	w.signIn(s)
	host := newEngine(b, w)

	socket := filepath.Join(b.TempDir(), "s")
	listener, err := http.ListenUnix(socket)
	if err != nil {
		b.Fatal(err)
	}
	server := http.New(http.Config{Service: w.Pool, Admin: w.Pool, Log: slog.New(slog.DiscardHandler)})
	served := make(chan error, 1)
	go func() { served <- server.ServeUnix(listener) }()
	c, err := client.New(client.Config{Socket: socket, NewID: rand.Text})
	if err != nil {
		b.Fatal(err)
	}
	run := func() {
		if o := c.Run(b.Context(), mm.Command{Session: s, Text: "1"}, nil); o.Status != mm.StatusSuccess {
			b.Fatalf("%+v", o.Err)
		}
	}
	for range 300 { // until the JIT compiler is done with it
		run()
		host("1")
	}
	var whole, alone []time.Duration
	for b.Loop() {
		whole, alone = append(whole, timed(run)), append(alone, timed(func() { host("1") }))
	}
	slices.Sort(whole)
	slices.Sort(alone)
	p50, hostP50 := whole[len(whole)/2], alone[len(alone)/2]
	b.ReportMetric(float64(p50.Microseconds()), "run-p50-µs")
	b.ReportMetric(float64(hostP50.Microseconds()), "host-p50-µs")
	b.ReportMetric(float64((p50 - hostP50).Microseconds()), "above-µs")

	c.Close()
	if err := server.Shutdown(context.Background()); err != nil {
		b.Error(err)
	}
	<-served
}

func timed(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

// newEngine returns a function that runs a script in a bare engine of the same launcher.
func newEngine(b *testing.B, w *whole) func(script string) {
	done := make(chan mm.Completed, 1)
	gone := make(chan struct{})
	ctx, end := context.WithCancel(context.Background())
	e, err := w.launcher.Launch(ctx, mm.LaunchSpec{Session: w.session(0, mm.Exchange), Connection: w.connections[0]}, func(ev mm.EngineEvent) {
		switch ev := ev.(type) {
		case mm.Completed:
			done <- ev
		case mm.Exited:
			close(gone)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { end(); <-gone })
	return func(script string) {
		e.Invoke(mm.Invocation{ID: rand.Text(), Script: script, Want: mm.Want{}.WithDefaults()})
		<-done
	}
}
