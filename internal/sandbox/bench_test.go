package sandbox

import (
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// BenchmarkImporting measures what importing each module costs in a fresh process, beside that of an empty module: the first
// import of any module warms PowerShell up.
func BenchmarkImporting(b *testing.B) {
	s, err := Start(b.Context(), Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	empty := filepath.Join(b.TempDir(), "empty.psm1")
	if err := writeFile(empty, []byte("function Get-Nothing { }\n")); err != nil {
		b.Fatal(err)
	}
	measure := func(b *testing.B, module string) {
		var sum float64
		for b.Loop() {
			file := filepath.Join(b.TempDir(), "steps.json")
			script := "$clock = [Diagnostics.Stopwatch]::StartNew(); Import-Module " + module + "; $clock.Elapsed.TotalMilliseconds"
			if err := writeJSON(file, []string{script}); err != nil {
				b.Fatal(err)
			}
			for _, r := range runPwsh(b, s, "Contoso-GA", nil, "testdata/steps.ps1", file) {
				if ms, err := strconv.ParseFloat(r.Text, 64); err == nil && r.Stream == "output" {
					sum += ms
				}
			}
		}
		b.ReportMetric(sum/float64(b.N), "import-ms/op")
	}
	b.Run("empty", func(b *testing.B) { measure(b, empty) })
	for _, m := range mm.Modules() {
		b.Run(string(m), func(b *testing.B) { measure(b, ModuleName(m)) })
	}
}

// BenchmarkLookup measures the switchboard's part in every command of the Go engine.
func BenchmarkLookup(b *testing.B) {
	s := OpenSwitchboard(b.TempDir())
	if err := s.Set("exo/Get-Recipient", Fault{Kind: FaultSlow}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := s.Lookup("Contoso-GA", mm.Exchange, "Get-Mailbox"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignIn measures a whole device code flow in process.
func BenchmarkSignIn(b *testing.B) {
	e := NewEntra(EntraOptions{ApproveAfter: soon})
	for b.Loop() {
		request := exchangeSignIn
		request.LoginHint = "admin@contoso.com"
		code, err := e.StartDevice(b.Context(), request)
		if err != nil {
			b.Fatal(err)
		}
		ask := TokenRequest{Tenant: request.Tenant, ClientID: request.ClientID, DeviceCode: code.DeviceCode}
		if _, err := e.Redeem(b.Context(), ask); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGraphGet measures one message read over TLS, signature check included: what the stand-in takes from measurements of
// those who call it.
func BenchmarkGraphGet(b *testing.B) {
	s, err := Start(b.Context(), Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	token, err := s.Entra().IssueTokenFor(s.Tenants()[0].AppID(), "contoso.com", "adele@contoso.com", GraphResource+"/.default")
	if err != nil {
		b.Fatal(err)
	}
	client, err := s.Client()
	if err != nil {
		b.Fatal(err)
	}
	defer client.CloseIdleConnections()
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.Endpoints().Graph+"/v1.0/me/messages?$top=1", nil)
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(resp.Status, err)
		}
		b.ReportMetric(float64(n), "answer-bytes")
		_ = resp.Body.Close()
	}
}
