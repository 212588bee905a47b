package http_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/client"
	"github.com/valyala/fasthttp"
)

// atOnce answers every command with the same line.
func atOnce(_ context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
	return mm.Outcome{Status: mm.StatusSuccess, RequestID: cmd.RequestID, Session: cmd.Session,
		Result: mm.Result{Output: "1\n", Duration: 400 * time.Microsecond}}
}

var one = mm.Command{Session: mm.SessionID{Connection: "Contoso-GA", Module: mm.Exchange}, Text: "1"}

// timed is f's median and 99th percentile over n calls by each of callers, and all calls per second.
func timed(callers, n int, f func(caller int)) (p50, p99 time.Duration, rate float64) {
	all := make([]time.Duration, callers*n)
	var group sync.WaitGroup
	start := time.Now()
	for c := range callers {
		group.Go(func() {
			for i := range n {
				began := time.Now()
				f(c)
				all[c*n+i] = time.Since(began)
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	slices.Sort(all)
	return all[len(all)/2], all[len(all)*99/100], float64(len(all)) / took.Seconds()
}

// exchange sends text and reads the answer with a client that costs next to nothing.
func exchange(b *testing.B, c *caller, text []byte, resp *fasthttp.Response) {
	if _, err := c.Write(text); err != nil {
		b.Error(err)
		return
	}
	if err := resp.Read(c.r); err != nil || resp.StatusCode() != 200 {
		b.Error(err, resp.StatusCode())
	}
}

// BenchmarkDoors measures one request through both doors, of so many callers at once, beside the same call of the Service in
// this process; the Service does nothing. The doors take turns in blocks, so that a busy machine is as busy for each.
func BenchmarkDoors(b *testing.B) {
	run := []byte(post("/run", `{"connection":"Contoso-GA","module":"exo","command":"1"}`))
	status := []byte(get("/status"))
	p := anyPool()
	s := serve(b, p)
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("%d callers", callers), func(b *testing.B) {
			open := map[string][]*caller{}
			answers := make([]fasthttp.Response, callers)
			for _, network := range networks {
				for range callers {
					c := s.dial(b, network)
					_ = c.SetDeadline(time.Time{})
					open[network] = append(open[network], c)
				}
			}
			ways := []struct {
				name string
				call func(caller int)
			}{
				{"in-process", func(int) { p.Run(b.Context(), one, nil) }},
				{"unix", func(i int) { exchange(b, open["unix"][i], run, &answers[i]) }},
				{"tcp", func(i int) { exchange(b, open["tcp"][i], run, &answers[i]) }},
				{"status-unix", func(i int) { exchange(b, open["unix"][i], status, &answers[i]) }},
			}
			const block = 2000 // calls
			type figures struct{ p50, p99, rate []float64 }
			seen := make([]figures, len(ways))
			for b.Loop() {
				for i, w := range ways {
					p50, p99, rate := timed(callers, block/callers, w.call)
					f := &seen[i]
					f.p50 = append(f.p50, float64(p50)/1e3)
					f.p99 = append(f.p99, float64(p99)/1e3)
					f.rate = append(f.rate, rate)
				}
			}
			b.ReportMetric(0, "ns/op")
			for i, w := range ways {
				b.ReportMetric(median(seen[i].p50), w.name+"-p50-µs")
				b.ReportMetric(median(seen[i].p99), w.name+"-p99-µs")
				b.ReportMetric(median(seen[i].rate), w.name+"-req/s")
			}
			b.ReportMetric(median(seen[2].p50)/median(seen[1].p50), "tcp/unix")
			b.ReportMetric(median(seen[3].p50)/median(seen[1].p50), "status/run")
		})
	}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// measure reports the median and the 99th percentile of f beside the mean.
func measure(b *testing.B, f func()) {
	f()
	took := make([]time.Duration, 0, 1<<16)
	for b.Loop() {
		start := time.Now()
		f()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e3, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100])/1e3, "p99-µs")
}

// BenchmarkTransport compares the two clients that http/client could use, and http/client itself.
func BenchmarkTransport(b *testing.B) {
	s := serve(b, &pool{run: atOnce})
	b.Run("client", func(b *testing.B) {
		c, err := client.New(client.Config{Socket: s.socket})
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		measure(b, func() {
			if o := c.Run(b.Context(), one, nil); o.Err != nil {
				b.Fatal(o.Err)
			}
		})
	})
	b.Run("client with progress", func(b *testing.B) {
		c, err := client.New(client.Config{Socket: s.socket})
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		measure(b, func() {
			if o := c.Run(b.Context(), one, func([]mm.Record) {}); o.Err != nil {
				b.Fatal(o.Err)
			}
		})
	})
	b.Run("fasthttp", func(b *testing.B) {
		c := fasthttp.HostClient{Addr: "localhost", Dial: func(string) (net.Conn, error) { return net.Dial("unix", s.socket) }}
		defer c.CloseIdleConnections()
		measure(b, func() {
			req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			req.Header.SetMethod("POST")
			req.Header.SetContentType("application/json")
			req.SetRequestURI("http://localhost/run")
			req.SetBodyString(`{"connection":"Contoso-GA","module":"exo","command":"1"}`)
			if err := c.Do(req, resp); err != nil || resp.StatusCode() != 200 {
				b.Fatal(err, resp.StatusCode())
			}
			fasthttp.ReleaseRequest(req)
			fasthttp.ReleaseResponse(resp)
		})
	})
}
