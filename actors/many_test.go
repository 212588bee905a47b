//go:build unix && !race

package actors_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/internal/sandbox/engine"
)

// The race detector multiplies what everything takes, so this is not looked at under it.

// registered is a registry in memory.
type registered mm.Registered

func (r registered) Read() mm.Registered { return mm.Registered(r) }

// copies makes count connections that are all like the sandbox's first.
func copies(t *testing.T, count int) registered {
	one := sandbox.Connections(sandbox.Tenants(), mm.SandboxEndpoints{Authority: "http://127.0.0.1:1", Dir: t.TempDir()})["Contoso-GA"]
	r := registered{Version: 1, Connections: map[string]mm.Connection{}}
	for i := range count {
		one.Name = fmt.Sprintf("Contoso-%04d", i)
		r.Connections[one.Name] = one
	}
	return r
}

// memory returns a figure of /proc/self/status in MB: VmRSS is what is resident, VmHWM the most that was since 5 was written to clear_refs.
func memory(t *testing.T, key string) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("needs /proc: ", err)
	}
	_, rest, _ := strings.Cut(string(status), key+":")
	kb := 0
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		t.Fatal(err)
	}
	return kb / 1024
}

func TestTenThousandSessionsFitInto200MB(t *testing.T) {
	if testing.Short() {
		t.Skip("starts ten thousand sessions")
	}
	const connections, callers, limit = 2500, 64, 200
	defer debug.SetGCPercent(debug.SetGCPercent(40)) // as mm serve does
	entra := sandbox.NewEntra(sandbox.EntraOptions{})
	registry := copies(t, connections)
	debug.FreeOSMemory() // of the tests before
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Skip("cannot begin to measure anew: ", err)
	}
	before := memory(t, "VmRSS")
	p, err := actors.Start(actors.Config{Registry: registry, Launcher: engine.New(engine.Config{SignIn: sandbox.Prompt{Entra: entra}}), NewID: rand.Text})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	sessions := make(chan mm.SessionID)
	go func() {
		defer close(sessions)
		for name := range registry.Connections {
			for _, m := range mm.Modules() {
				sessions <- mm.SessionID{Connection: name, Module: m}
			}
		}
	}()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for s := range sessions {
				answersAfterSignIn(t, p, s)
			}
		})
	}
	wg.Wait()
	took, resident, most := time.Since(began), memory(t, "VmRSS"), memory(t, "VmHWM")
	status, err := p.Status(t.Context())
	if err != nil || len(status.Sessions) != 4*connections {
		t.Errorf("%d sessions, %v", len(status.Sessions), err)
	}
	for _, s := range status.Sessions {
		if s.State != mm.StateAuthenticated {
			t.Fatalf("%s is %s: %s", s.ID, s.State, s.LastError)
		}
	}
	t.Logf("%d sessions signed in, each with an answer, in %s: %d MB resident, %d at most, %d before", len(status.Sessions),
		took.Round(time.Millisecond), resident, most, before)
	if most > limit {
		t.Errorf("%d MB, more than %d", most, limit)
	}
	if err := p.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

// answersAfterSignIn asks until the session, which signs itself in, has run a command.
func answersAfterSignIn(t *testing.T, p *actors.Pool, s mm.SessionID) {
	for {
		o := p.Run(t.Context(), mm.Command{Session: s, Text: fmt.Sprintf("'%s'", s)}, nil)
		switch {
		case o.Status == mm.StatusAuthRequired:
		case o.Status == mm.StatusSuccess && strings.TrimSpace(o.Output) == s.String():
			return
		default:
			t.Errorf("%s: %s %q %v", s, o.Status, o.Output, o.Err)
			return
		}
	}
}
