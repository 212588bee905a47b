package entra

import (
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/persistence"
)

// BenchmarkToken compares a token of the cache, for which the encrypted file is locked, read and decrypted, with one that the
// sandbox's Entra gives for the refresh token.
func BenchmarkToken(b *testing.B) {
	s, err := sandbox.Start(b.Context(), sandbox.Options{ApproveAfter: time.Nanosecond})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	store, err := persistence.NewTokens(persistence.TokenOptions{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	i := New(Config{Store: store})
	defer i.Close()
	c := s.Connections()["Contoso-GA"]
	if _, err := i.SignIn(b.Context(), c, mm.SignInRequest{Audience: mm.AudienceGraph, Method: mm.DeviceCode}, func(mm.Challenge) {}); err != nil {
		b.Fatal(err)
	}
	took := map[bool]time.Duration{}
	for _, fresh := range []bool{false, true} {
		name := map[bool]string{false: "cached", true: "refreshed"}[fresh]
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := i.Token(b.Context(), c, mm.TokenRequest{Audience: mm.AudienceGraph, Fresh: fresh}); err != nil {
					b.Fatal(err)
				}
			}
			took[fresh] = b.Elapsed() / time.Duration(b.N)
			if fresh && took[false] > 0 {
				b.ReportMetric(float64(took[true])/float64(took[false]), "x-cached")
			}
		})
	}
}
