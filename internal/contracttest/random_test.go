package contracttest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/contracttest"
)

// answerLimit is how long a call may take that nothing should hold up: a fault lasts for 20 ms here.
const answerLimit = 20 * time.Second

// A step is one thing that happens to the pool; calls go on while the next steps happen.
type step struct {
	Do      string // call, twice, fault, reset, cancel
	Door    int
	Session mm.SessionID
	Command string // of a call; the fault
	Account int    // who types the codes that the caller is shown: 0 nobody, 1 a stranger, else the expected one
}

func (s step) String() string {
	return fmt.Sprintf("%s door %d, %s, %s, account %d", s.Do, s.Door, s.Session, s.Command, s.Account)
}

func steps(w world) *rapid.Generator[[]step] {
	sessions := []mm.SessionID{{Connection: "Nobody", Module: mm.Exchange}, {Connection: "Contoso-GA", Module: "excel"}}
	for range 5 { // mostly those that there are; the partner's is always in the wrong tenant
		sessions = append(sessions, mm.SessionID{Connection: "Contoso-GA", Module: mm.Exchange}, mm.SessionID{Connection: "Contoso-GA", Module: mm.Teams},
			mm.SessionID{Connection: "Fabrikam-GA", Module: mm.Exchange})
	}
	sessions = append(sessions, mm.SessionID{Connection: "Northwind-Partner", Module: mm.Exchange})
	one := rapid.Custom(func(t *rapid.T) step {
		s := step{
			Do:      rapid.SampledFrom([]string{"call", "call", "call", "call", "twice", "fault", "reset", "cancel"}).Draw(t, "do"),
			Door:    rapid.IntRange(0, 3).Draw(t, "door"),
			Session: rapid.SampledFrom(sessions).Draw(t, "session"),
			Account: rapid.IntRange(0, 5).Draw(t, "account"),
		}
		s.Command = rapid.SampledFrom([]string{"", "", "", "", `Get-AcceptedDomain`, `Get-Team`, `throw 'no luck'`, `Write-Error 'no luck'`, `'unclosed`,
			`[Environment]::Exit(3)`, `Disconnect-ExchangeOnline`, `Start-Sleep -Milliseconds 20`, `'x' * 100000`}).Draw(t, "command")
		if s.Do == "fault" {
			s.Command = rapid.SampledFrom([]string{"", "", "slow", "hang", "thread-sleep", "throw", "die", "noise", "expired", "no-code", "denied"}).Draw(t, "fault")
		}
		return s
	})
	return rapid.SliceOfN(one, 1, 24)
}

// A crowd is callers at all doors of one pool.
type crowd struct {
	world
	doors []contracttest.Door
	mu    sync.Mutex
	calls int
	bad   []string
	tally map[string]int
}

func TestEveryCallIsAnsweredOnceWhateverHappens(t *testing.T) {
	t.Parallel()
	w := standIns(t, 0)
	socket := overSocket(t, w)
	c := &crowd{world: w, tally: map[string]int{},
		doors: []contracttest.Door{inProcess{w.pool}, socket, overTCP(t, w), asMCPHost(t, socket.client(t))}}
	plans, round := steps(w), 0
	rapid.Check(t, func(rt *rapid.T) {
		plan := plans.Draw(rt, "plan")
		round++
		c.bad = nil
		var callers sync.WaitGroup
		for i, s := range plan {
			c.take(&callers, s, round, i)
		}
		callers.Wait()
		c.calm(plan)
		if len(c.bad) > 0 {
			rt.Fatalf("%s", strings.Join(c.bad, "\n"))
		}
	})
	m, err := w.pool.Metrics(t.Context())
	if err != nil || m.Requests != int64(c.calls) {
		t.Errorf("%d calls, the pool counts %d (%v)", c.calls, m.Requests, err)
	}
	if c.tally["success"] == 0 || c.tally["auth_required"] == 0 || len(c.tally) < 6 {
		t.Errorf("too few kinds of answers: %v", c.tally)
	}
	t.Logf("%d calls, each answered once: %v", c.calls, c.tally)
}

// calm ends the faults and the backoffs of a plan; who is signed in stays so.
func (c *crowd) calm(plan []step) {
	for _, s := range plan {
		if s.Do == "fault" {
			c.fault(s.Session, "")
		}
	}
	status, err := c.pool.Status(context.Background())
	if err != nil {
		c.wrong("status: %v", err)
	}
	for _, s := range status.Sessions {
		switch s.State {
		case mm.StateError:
			c.reset(s.ID)
		case mm.StateInitializing, mm.StateReady, mm.StateAuthPending, mm.StateAuthenticated, mm.StateStopped:
		default:
			c.wrong("%s is %q", s.ID, s.State)
		}
	}
}

func (c *crowd) take(callers *sync.WaitGroup, s step, round, i int) {
	name := func(step int) string { return fmt.Sprintf("%d-%d", round, step) }
	id := name(i)
	switch s.Do {
	case "fault":
		c.fault(s.Session, s.Command)
	case "reset":
		callers.Go(func() { c.reset(s.Session) })
	case "cancel":
		callers.Go(func() {
			_, _ = c.pool.Cancel(context.Background(), id[:strings.Index(id, "-")+1]+fmt.Sprint(s.Account))
		})
	case "twice":
		a := c.command(s, id)
		a.RequestID = id
		seen := make([]contracttest.Seen, 2)
		var both sync.WaitGroup
		for i := range seen {
			both.Go(func() { seen[i] = c.call(c.doors[(s.Door+i)%3], a) }) // MCP takes no request ids of others
		}
		callers.Go(func() {
			both.Wait()
			if notExecuted(seen[0]) || notExecuted(seen[1]) {
				return // the later one was a new try
			}
			if seen[0].Status != seen[1].Status || seen[0].Code != seen[1].Code || seen[0].Output != seen[1].Output {
				c.wrong("%s: two callers of one request saw\n%+v\n%+v", s, seen[0], seen[1])
			}
		})
	default:
		callers.Go(func() { c.patient(s, id) })
	}
}

// notExecuted reports whether a repeat of what was answered so may run.
func notExecuted(s contracttest.Seen) bool {
	return s.Status == mm.StatusAuthRequired || s.Executed == mm.ExecutedNo
}

// command is what a step asks; where it says nothing, for a text of its own.
func (c *crowd) command(s step, id string) contracttest.Ask {
	a := contracttest.Ask{Connection: s.Session.Connection, Module: string(s.Session.Module), Command: s.Command}
	if a.Command == "" {
		a.Command = "'answer " + id + "'"
	}
	return a
}

// patient is a caller who has somebody sign in, and then asks again.
func (c *crowd) patient(s step, id string) {
	a := c.command(s, id)
	seen := c.call(c.doors[s.Door], a)
	for range 3 {
		if seen.Status != mm.StatusAuthRequired || s.Account == 0 {
			break
		}
		account := c.Account(s.Session.Connection)
		if s.Account == 1 {
			account = c.Stranger(s.Session.Connection)
		}
		_ = c.SignIn(seen.DeviceCode, account) // somebody else may have used the code
		seen = c.call(c.doors[s.Door], a)
	}
	if seen.Status == mm.StatusSuccess && s.Command == "" && strings.TrimSpace(seen.Text) != "answer "+id {
		c.wrong("%s: the answer is %q", s, seen.Text)
	}
}

// call sends one ask and looks at the answer, which must come in time.
func (c *crowd) call(d contracttest.Door, a contracttest.Ask) contracttest.Seen {
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	defer cancel()
	seen, err := d.Ask(ctx, a)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := mm.ParseModule(a.Module); known || d.Kind() == contracttest.InProcess { // others are refused at the door
		c.calls++
	}
	c.tally[strings.TrimSpace(string(seen.Status)+" "+string(seen.Code))]++
	if err != nil {
		c.bad = append(c.bad, fmt.Sprintf("%+v: %v", a, err))
	}
	return seen
}

func (c *crowd) wrong(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bad = append(c.bad, fmt.Sprintf(format, args...))
}

// fault makes a command of the session's module fail, or its sign-in.
func (c *crowd) fault(s mm.SessionID, kind string) {
	if !slices.Contains(mm.Modules(), s.Module) {
		return
	}
	connect := map[mm.Module]string{mm.Exchange: "Connect-ExchangeOnline", mm.Teams: "Connect-MicrosoftTeams"}[s.Module]
	command := map[mm.Module]string{mm.Exchange: "Get-AcceptedDomain", mm.Teams: "Get-Team"}[s.Module]
	targets := []string{command}
	switch kind {
	case "":
		targets = append(targets, connect)
	case "no-code", "denied":
		targets = []string{connect}
	}
	for _, target := range targets {
		if err := c.Fault(s, target, kind, 0.02); err != nil {
			c.wrong("fault %s of %s: %v", kind, s, err)
		}
	}
}

func (c *crowd) reset(s mm.SessionID) {
	body, _ := json.Marshal(map[string]string{"connection": s.Connection})
	r, err := c.doors[1].(contracttest.Sender).Send(context.Background(), contracttest.Request{Method: "POST", Path: "/reset", Body: string(body)})
	if err != nil || r.Status != 200 || !strings.HasPrefix(r.Body, `{"status":"success","reset":[`) {
		c.wrong("reset of %s: HTTP status %d %s, %v", s.Connection, r.Status, r.Body, err)
	}
}
