package contracttest_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors"
	"github.com/microsoft-master/mm/internal/contracttest"
	"github.com/microsoft-master/mm/internal/entra"
	"github.com/microsoft-master/mm/internal/graph"
	"github.com/microsoft-master/mm/internal/registry"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/internal/sandbox/engine"
	"github.com/microsoft-master/mm/persistence"
)

// A world is the real router on the sandbox, and a registry in a file.
type world struct {
	contracttest.World
	pool *actors.Pool
}

// standIns makes a world of stand-in engines with a sandbox of its own. more is how many connections it has besides the sandbox's.
func standIns(t *testing.T, more int) world {
	t.Helper()
	return standInsOf(t, newSandbox(t, sandbox.Options{}), more)
}

// standInsOf makes a world of stand-in engines. Worlds of one sandbox share its faults and nothing else.
func standInsOf(t *testing.T, box *sandbox.Sandbox, more int) world {
	t.Helper()
	entra := &attended{Entra: box.Entra(), byUser: map[string]chan struct{}{}, byDevice: map[string]chan struct{}{}, clients: map[string]string{}}
	w := newWorld(t, box, more, engine.New(engine.Config{SignIn: entra}))
	w.SignIn, w.Client, w.LoginURL = entra.approve, entra.client, mm.DeviceLoginURL
	return w
}

func newSandbox(t *testing.T, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	// It outlives the test's context: clean-ups still talk to it.
	box, err := sandbox.Start(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	return box
}

// withAccounts makes a world of stand-in engines whose connections have the one sign-in that they share, and Graph and Power
// Automate.
func withAccounts(t *testing.T, box *sandbox.Sandbox, more int) world {
	t.Helper()
	tokens, err := persistence.NewTokens(persistence.TokenOptions{Dir: filepath.Join(t.TempDir(), "tokens")})
	if err != nil {
		t.Fatal(err)
	}
	identity := entra.New(entra.Config{Store: tokens})
	client := graph.New(graph.Config{Files: filepath.Join(t.TempDir(), "files"), Shown: "files"})
	t.Cleanup(func() { identity.Close(); client.Close() })
	w := newWorld(t, box, more, engine.New(engine.Config{SignIn: box.Entra()}), func(c *actors.Config) { c.Identity, c.Graph = identity, client })
	w.SignIn, w.LoginURL = box.Entra().Approve, box.PageURL()
	return w
}

// newWorld makes a world but for the person.
func newWorld(t *testing.T, box *sandbox.Sandbox, more int, launcher mm.Launcher, change ...func(*actors.Config)) world {
	t.Helper()
	file := filepath.Join(t.TempDir(), "connections.json")
	writeRegistry(t, file, box.Connections(), more)
	stopped := make(chan mm.StopRequest, 1)
	config := actors.Config{
		Registry: registry.Open(file),
		Launcher: launcher,
		NewID:    rand.Text,
		About:    mm.About{Version: "v1.2.3", PID: os.Getpid()},
		Stop:     func(r mm.StopRequest) { stopped <- r },
	}
	for _, c := range change {
		c(&config)
	}
	pool, err := actors.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := pool.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	list, err := pool.Connections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]mm.Connection{}
	for _, c := range list {
		byName[c.Name] = c
	}
	account := func(connection string) string { return byName[connection].ExpectedEmail }
	return world{pool: pool, World: contracttest.World{
		Connections: slices.Sorted(maps.Keys(byName)),
		Account:     account,
		Stranger: func(connection string) string {
			home, _, _ := sandbox.Home(box.Tenants(), account(connection))
			return home.Accounts[len(home.Accounts)-1].UserPrincipalName
		},
		Fault: func(s mm.SessionID, command, kind string, seconds float64) error {
			target := fmt.Sprintf("%s:%s/%s", s.Connection, s.Module, command)
			if kind == "" {
				return box.Switchboard().Clear(target)
			}
			return box.Switchboard().Set(target, sandbox.Fault{Kind: sandbox.FaultKind(kind), Seconds: seconds})
		},
		Registry: file,
		Stopped:  stopped,
	}}
}

// writeRegistry writes the connections, and copies of one of them, named Spare-01 and so on.
func writeRegistry(t *testing.T, file string, connections map[string]mm.Connection, more int) {
	t.Helper()
	for i := range more {
		connections[fmt.Sprintf("Spare-%02d", i+1)] = connections["Contoso-GA"]
	}
	text, err := json.Marshal(map[string]any{"connections": connections})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// attended is Entra for a client that hears of an approval at once, where a real one polls every few seconds. Its prompts name
// Microsoft's address, as the real ones do.
type attended struct {
	*sandbox.Entra
	mu       sync.Mutex
	byUser   map[string]chan struct{} // closed at the approval
	byDevice map[string]chan struct{}
	clients  map[string]string // by user code
}

func (a *attended) StartDevice(ctx context.Context, r sandbox.DeviceRequest) (sandbox.DeviceCode, error) {
	code, err := a.Entra.StartDevice(ctx, r)
	if err == nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		approved := make(chan struct{})
		a.byUser[code.UserCode], a.byDevice[code.DeviceCode] = approved, approved
		a.clients[code.UserCode] = r.ClientID
		code.Interval = 0
		code.Message = strings.ReplaceAll(code.Message, code.VerificationURI, mm.DeviceLoginURL)
	}
	return code, err
}

func (a *attended) Redeem(ctx context.Context, r sandbox.TokenRequest) (sandbox.Token, error) {
	a.mu.Lock()
	approved := a.byDevice[r.DeviceCode]
	a.mu.Unlock()
	select {
	case <-approved:
		return a.Entra.Redeem(ctx, r)
	case <-ctx.Done():
		return sandbox.Token{}, ctx.Err()
	}
}

func (a *attended) approve(userCode, account string) error {
	if err := a.Approve(userCode, account); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.byUser[userCode])
	return nil
}

func (a *attended) client(userCode string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.clients[userCode]
}
