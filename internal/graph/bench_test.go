package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/graph"
)

// page2KB is an answer of 2 KB as Graph gives it.
var page2KB = func() string {
	var items []string
	for i := range 8 {
		items = append(items, fmt.Sprintf(`{"@odata.etag":"W/\"%d\"","id":"%036d","displayName":"Person number %d","mail":"person%d@contoso.com","jobTitle":"%s"}`,
			i, i, i, i, strings.Repeat("x", 70)))
	}
	return `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","@odata.count":8,"value":[` + strings.Join(items, ",") + `]}`
}()

// BenchmarkDo compares Do with a plain client that has the same token: reads the answer and decodes it. Each request of the one
// is followed by one of the other, so that both meet the same machine; the ratio is that of the medians.
func BenchmarkDo(b *testing.B) {
	for _, latency := range []time.Duration{0, 10 * time.Millisecond} {
		b.Run(fmt.Sprintf("2KB/latency=%s", latency), func(b *testing.B) {
			w := serve(b, func(rw http.ResponseWriter, _ *http.Request) {
				time.Sleep(latency)
				answer(rw, 200, page2KB)
			})
			call, failed := w.client.Prepare(w.connection, mm.GraphRequest{Endpoint: "/users"})
			if failed != nil {
				b.Fatal(failed)
			}
			plain := w.plain()
			ours := func() {
				if _, err := w.client.Do(b.Context(), w.connection, call, w.source, nil); err != nil {
					b.Fatal(err)
				}
			}
			theirs := func() { plainGet(b, plain, call.URL) }
			for range 20 {
				ours()
				theirs()
			}
			var us, them []time.Duration
			for b.Loop() {
				us, them = append(us, timed(ours)), append(them, timed(theirs))
			}
			own, other := median(us), median(them)
			b.ReportMetric(float64(own.Microseconds()), "ours-p50-µs")
			b.ReportMetric(float64(other.Microseconds()), "plain-p50-µs")
			b.ReportMetric(float64(own)/float64(other), "ratio")
			b.ReportMetric(float64((own - other).Microseconds()), "overhead-µs")
		})
	}
}

func plainGet(tb testing.TB, client *http.Client, address string) {
	req, err := http.NewRequest("GET", address, nil)
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+theToken)
	resp, err := client.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	var v any
	if err != nil || json.Unmarshal(body, &v) != nil {
		tb.Fatal(err)
	}
}

func timed(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// BenchmarkPrepare is what normalising costs.
func BenchmarkPrepare(b *testing.B) {
	client := graph.New(graph.Config{})
	r := mm.GraphRequest{Method: "POST", Endpoint: "/users('a@contoso.com')/messages/AAA/microsoft.graph.reply?$filter=a eq 'b'", Body: json.RawMessage(page2KB)}
	for b.Loop() {
		if _, err := client.Prepare(mm.Connection{}, r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkConcurrent sends 1,000 requests at once over at most 20 connections, and the same with a plain client that has the
// same bound.
func BenchmarkConcurrent(b *testing.B) {
	w := start(b, false, func(rw http.ResponseWriter, _ *http.Request) { answer(rw, 200, page2KB) }, func(c *graph.Config) { c.Connections = 20 })
	call, failed := w.client.Prepare(w.connection, mm.GraphRequest{Endpoint: "/users"})
	if failed != nil {
		b.Fatal(failed)
	}
	plain := w.plain()
	t := plain.Transport.(*http.Transport)
	t.MaxConnsPerHost, t.MaxIdleConnsPerHost = 20, 20
	many := func(f func()) {
		var all sync.WaitGroup
		for range 1000 {
			all.Go(f)
		}
		all.Wait()
	}
	var us, them []time.Duration
	for b.Loop() {
		us = append(us, timed(func() {
			many(func() {
				if _, err := w.client.Do(b.Context(), w.connection, call, w.source, nil); err != nil {
					b.Error(err)
				}
			})
		}))
		them = append(them, timed(func() { many(func() { plainGet(b, plain, call.URL) }) }))
	}
	own, other := median(us), median(them)
	b.ReportMetric(1000/own.Seconds(), "ours-req/s")
	b.ReportMetric(1000/other.Seconds(), "plain-req/s")
	b.ReportMetric(float64(own)/float64(other), "ratio")
}

func TestAThousandRequestsAtOnceShareTwentyConnections(t *testing.T) {
	var connections atomic.Int64
	seen := sync.Map{}
	w := start(t, false, func(rw http.ResponseWriter, r *http.Request) {
		if _, old := seen.LoadOrStore(r.RemoteAddr, true); !old {
			connections.Add(1)
		}
		answer(rw, 200, `{"path":"`+r.URL.Path+`"}`)
	}, func(c *graph.Config) { c.Connections = 20 })
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() {
			path := fmt.Sprintf("/v1.0/users/%d", i)
			got, err := w.do(mm.GraphRequest{Endpoint: path})
			if err != nil || string(got.Data) != `{"path":"`+path+`"}` {
				t.Errorf("%s: %s, %v", path, got.Data, err)
			}
		})
	}
	all.Wait()
	if n := connections.Load(); n > 20 || n == 0 {
		t.Errorf("%d connections", n)
	}
}

func TestAHundredThousandItemsAreReadWithinABoundOnMemory(t *testing.T) {
	const items, bound = 100_000, 24 << 20
	text := strings.Repeat("x", 400)
	item := func(i int) string { return fmt.Sprintf(`{"@odata.etag":"e","id":"%d","text":%q}`, i, text) } // 43 MB in all
	for _, c := range []struct {
		name string
		page int
		r    mm.GraphRequest
		kept int
	}{
		{"in pages of 999, of which 10,000 are kept", 999, mm.GraphRequest{Endpoint: "/users", All: true, MaxItems: 10_000}, 9990},
		{"in one answer, of which 5,000 are kept", items, mm.GraphRequest{Endpoint: "/users"}, 5000},
	} {
		var w *world
		pages := list(&w, items, c.page, item)
		if c.page == items { // written as it is made, so that the server needs no memory for it either
			pages = func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(rw, `{"value":[`)
				for i := range items {
					if i > 0 {
						_, _ = io.WriteString(rw, ",")
					}
					_, _ = io.WriteString(rw, item(i))
				}
				_, _ = io.WriteString(rw, `]}`)
			}
		}
		w = serve(t, pages)
		runtime.GC()
		before := heapInUse()
		var peak atomic.Uint64
		call, failed := w.client.Prepare(w.connection, c.r)
		if failed != nil {
			t.Fatal(failed)
		}
		done := make(chan struct{})
		var watching sync.WaitGroup
		watching.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					runtime.GC() // what is in use, not what waits to be collected
					peak.Store(max(peak.Load(), heapInUse()))
				}
			}
		})
		got, err := w.client.Do(context.Background(), w.connection, call, w.source, nil)
		close(done)
		watching.Wait()
		if err != nil || got.Items != c.kept || got.Truncated == nil {
			t.Errorf("%s: %d items, %+v, %v", c.name, got.Items, got.Truncated, err)
		}
		grown := int64(peak.Load()) - int64(before)
		t.Logf("%s: %.1f MB at most for %.1f MB of data", c.name, float64(grown)/(1<<20), float64(len(got.Data))/(1<<20))
		if grown > bound {
			t.Errorf("%s: %d MB of memory", c.name, grown>>20)
		}
	}
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestAllOfAHundredThousandItemsAreReadWhereTheyFit(t *testing.T) {
	var w *world
	w = serve(t, list(&w, 100_000, 999, number))
	got := w.must(mm.GraphRequest{Endpoint: "/users", All: true, MaxItems: 200_000})
	if got.Items != 100_000 || got.Next != "" || got.Truncated != nil || len(w.arrived()) != 101 {
		t.Errorf("%d items, next %q, %+v", got.Items, got.Next, got.Truncated)
	}
	var v struct{ Value []struct{ N int } }
	if err := json.Unmarshal(got.Data, &v); err != nil || len(v.Value) != 100_000 || v.Value[99_999].N != 99_999 {
		t.Errorf("%d, %v", len(v.Value), err)
	}
}
