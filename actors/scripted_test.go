package actors

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// scripted is a Launcher whose engines do what the text of a command says: "echo X", "hang", "stuck", "die", "warn X". They
// exist to disturb the actors; what PowerShell does is tested with PowerShell.
type scripted struct {
	showCode atomic.Bool   // sign-ins show a device code and wait for approve
	approve  chan struct{} // closed: whoever waits is signed in
	fail     atomic.Bool   // launches fail
	alive    atomic.Int64
	launches atomic.Int64
	// connectedTo is the Url of the last connect that had one.
	connectedTo atomic.Value
}

func newScripted() *scripted {
	return &scripted{approve: make(chan struct{})}
}

func (s *scripted) Launch(ctx context.Context, spec mm.LaunchSpec, sink func(mm.EngineEvent)) (mm.Engine, error) {
	s.launches.Add(1)
	if s.fail.Load() {
		return nil, mm.Errorf(mm.LaunchFailed, "Install it.", "no pwsh")
	}
	e := &scriptedEngine{owner: s, spec: spec, ops: make(chan func(), 1000), events: make(chan mm.EngineEvent, 1000), dead: make(chan struct{})}
	s.alive.Add(1)
	stop := context.AfterFunc(ctx, e.Kill)
	go func() {
		defer stop()
		for {
			select {
			case ev := <-e.events:
				sink(ev)
			case <-e.dead:
				for len(e.events) > 0 {
					sink(<-e.events)
				}
				s.alive.Add(-1)
				sink(mm.Exited{Reason: "killed"})
				return
			}
		}
	}()
	return e, nil
}

type scriptedEngine struct {
	owner  *scripted
	spec   mm.LaunchSpec
	ops    chan func()
	events chan mm.EngineEvent
	dead   chan struct{}
	once   sync.Once

	mu      sync.Mutex
	running string // the id of a hanging invoke
}

func (e *scriptedEngine) emit(ev mm.EngineEvent) {
	select {
	case e.events <- ev:
	case <-e.dead:
	}
}

func (e *scriptedEngine) Hello() mm.Hello { return mm.Hello{Protocol: 1, PS: "7", Host: "scripted"} }

func (e *scriptedEngine) Invoke(i mm.Invocation) {
	word, rest, _ := strings.Cut(i.Script, " ")
	done := func(r mm.Result) { e.emit(mm.Completed{ID: i.ID, Result: r}) }
	switch word {
	case "echo":
		done(mm.Result{Output: rest})
	case "warn":
		e.emit(mm.Streamed{ID: i.ID, Records: []mm.Record{{Stream: mm.StreamWarning, Text: rest}}})
		done(mm.Result{Streams: mm.Streams{Warning: []string{rest}}})
	case "hang":
		e.mu.Lock()
		e.running = i.ID
		e.mu.Unlock()
	case "stuck":
	case "die":
		e.Kill()
	default:
		done(mm.Result{Terminated: mm.Threw, Errors: []mm.ErrorRecord{{Message: "what is " + word}}})
	}
}

func (e *scriptedEngine) Call(c mm.Call) {
	id := e.spec.Connection
	if url, ok := c.Parameters["Url"].(string); ok {
		e.owner.connectedTo.Store(url)
	}
	body, _ := json.Marshal([]map[string]any{{"State": "Connected", "TokenStatus": "Active", "StatusCode": 200,
		"UserPrincipalName": id.ExpectedEmail, "TenantID": id.TenantID, "Account": id.ExpectedEmail, "Account.Id": id.ExpectedEmail,
		"TenantId": id.TenantID, "Tenant.Id": id.TenantID, "CurrentUser.UserPrincipalName": id.ExpectedEmail}})
	done := func() { e.emit(mm.Completed{ID: c.ID, Result: mm.Result{Objects: body}}) }
	if !e.owner.showCode.Load() || !strings.HasPrefix(c.Command, "Connect-") {
		done()
		return
	}
	e.emit(mm.Streamed{ID: c.ID, Records: []mm.Record{{Stream: mm.StreamWarning,
		Text: fmt.Sprintf("open the page https://microsoft.com/devicelogin and enter the code %s to authenticate.", "ABCD1234")}}})
	go func() {
		select {
		case <-e.owner.approve:
			done()
		case <-e.dead:
		}
	}()
}

func (e *scriptedEngine) Analyze(id, script string) {
	facts := mm.Facts{}
	if script == "panic" {
		facts.TooComplex = "panic"
	}
	e.emit(mm.Analyzed{ID: id, Facts: facts})
}

func (e *scriptedEngine) Cancel(id string) {
	e.mu.Lock()
	hangs := e.running == id
	e.mu.Unlock()
	if hangs {
		e.emit(mm.Completed{ID: id, Result: mm.Result{Terminated: mm.Stopped}})
	}
}

func (e *scriptedEngine) Ping(string)   {}
func (e *scriptedEngine) Collect()      {}
func (e *scriptedEngine) KillChildren() {}
func (e *scriptedEngine) Kill()         { e.once.Do(func() { close(e.dead) }) }
func (e *scriptedEngine) Shutdown()     { e.Kill() }

// connections is a Registry in memory.
type connections struct {
	mu sync.Mutex
	r  mm.Registered
}

func newConnections(names ...string) *connections {
	c := &connections{}
	c.set(names...)
	return c
}

func (c *connections) set(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.r.Version++
	c.r.Connections = map[string]mm.Connection{}
	for _, n := range names {
		c.r.Connections[n] = mm.Connection{Name: n, AppID: "app", Tenant: "contoso.com", TenantID: "11111111-2222-3333-4444-555555555555",
			ExpectedEmail: "admin@" + strings.ToLower(n) + ".com", SharePointHost: "contoso"}
	}
}

func (c *connections) spoil(problem *mm.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.r.Problem = problem
}

func (c *connections) Read() mm.Registered {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.r
}

func start(t *testing.T, c Config) *Pool {
	t.Helper()
	var n atomic.Int64
	c.NewID = func() string { return fmt.Sprintf("id-%d", n.Add(1)) }
	p, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func command(connection string, m mm.Module, text string) mm.Command {
	return mm.Command{Session: mm.SessionID{Connection: connection, Module: m}, Text: text}
}
