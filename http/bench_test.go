package http_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
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
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkRun is one POST /run over the unix socket, by a client that costs next to nothing: what the layer itself costs.
func BenchmarkRun(b *testing.B) {
	s := serve(b, &pool{run: atOnce})
	conn, err := net.Dial("unix", s.socket)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	const body = `{"connection":"Contoso-GA","module":"exo","command":"1"}`
	request := fmt.Appendf(nil, "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\n\r\n%s", len(body), body)
	r := bufio.NewReader(conn)
	var resp fasthttp.Response
	measure(b, func() {
		if _, err := conn.Write(request); err != nil {
			b.Fatal(err)
		}
		if err := resp.Read(r); err != nil || resp.StatusCode() != 200 {
			b.Fatal(err, resp.StatusCode())
		}
	})
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
