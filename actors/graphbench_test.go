//go:build unix

package actors_test

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors"
	"github.com/microsoft-master/mm/http/client"
	"github.com/microsoft-master/mm/internal/graph"
)

// constant is an identity whose account is always signed in.
type constant struct{ mm.Identity }

func (constant) Token(context.Context, mm.Connection, mm.TokenRequest) (mm.Token, error) {
	return mm.Token{Text: mm.NewSecret("token"), ExpiresAt: time.Now().Add(time.Hour)}, nil
}

// registryOf has one connection.
type registryOf mm.Connection

func (r registryOf) Read() mm.Registered {
	return mm.Registered{Version: 1, Connections: map[string]mm.Connection{r.Name: mm.Connection(r)}}
}

// BenchmarkGraphRequest measures a GET of 2 KB through the daemon's own way (router, account, normaliser, client; and all of that
// behind the unix socket, as graph_request and mm graph come) beside a plain Go client with the same token, one after the other
// in turns. The aims: at most 1.1 times at 10 ms, and 0.3 ms at none.
func BenchmarkGraphRequest(b *testing.B) {
	item := `{"@odata.etag":"W/\"1\"","id":"%036d","displayName":"Person","mail":"person@contoso.com","jobTitle":"` + strings.Repeat("x", 90) + `"}`
	body := `{"value":[` + strings.TrimSuffix(strings.Repeat(fmt.Sprintf(item, 1)+",", 8), ",") + `]}`
	for _, latency := range []time.Duration{0, 10 * time.Millisecond} {
		b.Run(latency.String(), func(b *testing.B) {
			service := httptest.NewTLSServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
				time.Sleep(latency)
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, body)
			}))
			defer service.Close()
			ca := filepath.Join(b.TempDir(), "ca.pem")
			if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: service.Certificate().Raw}), 0o600); err != nil {
				b.Fatal(err)
			}
			c := mm.Connection{Name: "Contoso", AppID: "app", Tenant: "contoso.com", Cloud: "sandbox",
				Sandbox: &mm.SandboxEndpoints{Authority: "http://127.0.0.1:1", Graph: service.URL, CA: ca}}
			pool, err := actors.Start(actors.Config{Registry: registryOf(c), Launcher: noPowerShell{}, NewID: rand.Text, Identity: constant{}, Graph: graph.New(graph.Config{})})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = pool.Shutdown(context.Background()) })
			far, err := client.New(client.Config{Socket: serveSocket(b, pool)})
			if err != nil {
				b.Fatal(err)
			}
			ask := func(s mm.Service) func() {
				return func() {
					if o := s.Graph(b.Context(), mm.GraphRequest{Connection: "Contoso", Endpoint: "/users"}, nil); o.Status != mm.StatusSuccess {
						b.Fatalf("%+v", o.Err)
					}
				}
			}
			plain := service.Client()
			ways := []func(){ask(pool), ask(far), func() {
				request, _ := nethttp.NewRequest("GET", service.URL+"/v1.0/users", nil)
				request.Header.Set("Authorization", "Bearer token")
				answer, err := plain.Do(request)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
			}}
			times := make([][]time.Duration, len(ways))
			for b.Loop() {
				for i, way := range ways {
					times[i] = append(times[i], timed(way))
				}
			}
			p50 := make([]float64, len(ways))
			for i, t := range times {
				slices.Sort(t)
				p50[i] = float64(t[len(t)/2].Microseconds())
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(p50[2], "plain-p50-µs")
			for i, name := range []string{"pool", "socket"} {
				b.ReportMetric(p50[i], name+"-p50-µs")
				b.ReportMetric(p50[i]-p50[2], name+"-above-µs")
				b.ReportMetric(p50[i]/p50[2], name+"/plain")
			}
			far.Close()
		})
	}
}

// noPowerShell launches nothing.
type noPowerShell struct{ mm.Launcher }
