//go:build unix

package actors_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	nethttp "net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors"
	"github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/http/wire"
)

// BenchmarkRunOverTheSocket reports what /run over the unix socket costs above the host's own round trip, for a trivial
// command on a signed-in session, both measured in one run in blocks of 100, as each is when it is asked several times; the
// aim is 500 µs at most. The analysis of the command is part of it.
func BenchmarkRunOverTheSocket(b *testing.B) {
	w := start(b)
	s := w.session(0, mm.Exchange)
	w.signIn(s)
	host := newEngine(b, w)

	socket := serveSocket(b, w.Pool)
	run := poster(b, socket, wire.EncodeRun(mm.Command{Session: s, Text: "1"}))
	inProcess := func() {
		if o := w.run(s, "1"); o.Status != mm.StatusSuccess {
			b.Fatalf("%+v", o.Err)
		}
	}
	var whole, pool, alone []time.Duration
	for b.Loop() {
		for range 100 {
			whole = append(whole, timed(run))
		}
		for range 100 {
			pool = append(pool, timed(inProcess))
		}
		for range 100 {
			alone = append(alone, timed(func() { host("1") }))
		}
	}
	p50 := func(times []time.Duration) float64 {
		slices.Sort(times)
		return float64(times[len(times)/2].Microseconds())
	}
	b.ReportMetric(p50(whole), "run-p50-µs")
	b.ReportMetric(p50(pool), "in-process-p50-µs")
	b.ReportMetric(p50(alone), "host-p50-µs")
	b.ReportMetric(p50(whole)-p50(alone), "above-µs")
}

// BenchmarkRunOfManyCallers measures /run over the unix socket for 1, 8 and 64 callers of one session, each asking again as soon
// as it has its answer, beside the same engine alone, which takes one command after another. The throughput is limited by
// the engine; the ratio says what is left of it.
func BenchmarkRunOfManyCallers(b *testing.B) {
	w := start(b)
	s := w.session(0, mm.Exchange)
	w.signIn(s)
	host := newEngine(b, w)
	socket := serveSocket(b, w.Pool)
	body := wire.EncodeRun(mm.Command{Session: s, Text: "1"})
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("%d callers", callers), func(b *testing.B) {
			posts := make([]func(), callers)
			for i := range posts {
				posts[i] = poster(b, socket, body)
			}
			var all, alone []time.Duration
			var busy, own time.Duration
			for b.Loop() {
				const block = 640 // commands
				times := make([][]time.Duration, callers)
				var group sync.WaitGroup
				busy += timed(func() {
					for i := range callers {
						group.Go(func() {
							for range block / callers {
								times[i] = append(times[i], timed(posts[i]))
							}
						})
					}
					group.Wait()
				})
				all = append(all, slices.Concat(times...)...)
				own += timed(func() {
					for range block {
						alone = append(alone, timed(func() { host("1") }))
					}
				})
			}
			slices.Sort(all)
			slices.Sort(alone)
			at := func(times []time.Duration, percent int) float64 {
				return float64(times[len(times)*percent/100].Microseconds())
			}
			rate, limit := float64(len(all))/busy.Seconds(), float64(len(alone))/own.Seconds()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(at(all, 50), "run-p50-µs")
			b.ReportMetric(at(all, 99), "run-p99-µs")
			b.ReportMetric(rate, "run/s")
			b.ReportMetric(at(alone, 50), "engine-p50-µs")
			b.ReportMetric(at(alone, 99), "engine-p99-µs")
			b.ReportMetric(limit, "engine/s")
			b.ReportMetric(rate/limit, "run/engine")
		})
	}
}

// serveSocket serves the API of a pool until the benchmark ends, and returns its socket.
func serveSocket(b *testing.B, pool *actors.Pool) string {
	listener, err := http.ListenUnix(filepath.Join(b.TempDir(), "s"))
	if err != nil {
		b.Fatal(err)
	}
	server := http.New(http.Config{Service: pool, Admin: pool, Log: slog.New(slog.DiscardHandler)})
	served := make(chan error, 1)
	go func() { served <- server.ServeUnix(listener) }()
	b.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			b.Error(err)
		}
		<-served
	})
	return listener.Addr().String()
}

// poster returns a function that posts body to /run over one connection, as a script does.
func poster(b *testing.B, socket string, body []byte) func() {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	request := fmt.Appendf(nil, "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		len(body), body)
	answers := bufio.NewReader(conn)
	return func() {
		if _, err := conn.Write(request); err != nil {
			b.Fatal(err)
		}
		answer, err := nethttp.ReadResponse(answers, nil)
		if err != nil {
			b.Fatal(err)
		}
		o, err := wire.DecodeOutcome(must(io.ReadAll(answer.Body)), time.Now())
		if err != nil || o.Status != mm.StatusSuccess {
			b.Fatalf("%+v %v", o.Err, err)
		}
	}
}

func must(body []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return body
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
