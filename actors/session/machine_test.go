package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mm "github.com/microsoft-master/mm"
	"pgregory.net/rapid"
)

// A world is everything around one machine: the requests that wait for answers, and a process that may or may not be there.
// It checks the guarantees of the package with every event.
type world struct {
	t     *rapid.T
	s     State
	now   time.Time
	conn  mm.Connection
	owed  map[string]bool
	asked int

	launches uint64
	launched bool   // a launch was asked for and not answered yet
	alive    uint64 // incarnation of the process that lives; 0: none
	op       string // operation under way in it
	opKind   string
	proven   identity // who is signed in there in truth
	stops    int      // Cancel effects for the operation under way
	drained  bool
	ask      string // the question for a token that is open
	seeking  bool   // it is for the site
}

func newWorld(t *rapid.T, m mm.Module) *world {
	c := mm.Connection{Name: "Contoso", AppID: "app", Tenant: "contoso.com", TenantID: tenantID, ExpectedEmail: "admin@contoso.com", SharePointHost: "contoso"}
	allow := func(_ mm.Connection, _ mm.Module, f mm.Facts) *mm.Error {
		if len(f.Dynamic) > 0 {
			return mm.Errorf(mm.Blocked, "", "blocked")
		}
		return nil
	}
	s := New(mm.SessionID{Connection: "Contoso", Module: m}, allow)
	if rapid.Bool().Draw(t, "sharing") {
		s = s.Sharing()
		c.SharePointGuessed = rapid.Bool().Draw(t, "guessed")
	}
	return &world{t: t, s: s, conn: c,
		now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), owed: map[string]bool{}}
}

const tenantID = "11111111-2222-3333-4444-555555555555"

// feed gives the machine an event and carries its effects out.
func (w *world) feed(e Event) {
	before := w.s
	next, effects := Next(before, w.now, e)
	again, effectsAgain := Next(before, w.now, e)
	if d := cmp.Diff(effects, effectsAgain, cmp.AllowUnexported(mm.Secret{})); d != "" {
		w.t.Fatalf("Next is not pure: %s", d)
	}
	if a, b := fmt.Sprint(next.Status(), next.phase, next.queue), fmt.Sprint(again.Status(), again.phase, again.queue); a != b {
		w.t.Fatalf("Next is not pure: %s against %s", a, b)
	}
	w.s = next
	for _, f := range effects {
		w.carryOut(f)
	}
	if len(w.owed) > 0 && w.s.armed.IsZero() {
		w.t.Fatalf("after %T: %d answers owed, nothing armed, in phase %d", e, len(w.owed), w.s.phase)
	}
	if len(w.s.queue) > QueueLimit+1 { // one more where a command was put back before it began
		w.t.Fatalf("%d requests wait", len(w.s.queue))
	}
}

func (w *world) carryOut(f Effect) {
	switch f := f.(type) {
	case Reply:
		if !w.owed[f.ID] {
			w.t.Fatalf("second or unasked answer to %s: %+v", f.ID, f.Outcome)
		}
		delete(w.owed, f.ID)
		o := f.Outcome
		if set := []bool{o.Status == mm.StatusError, o.Err != nil}; set[0] != set[1] {
			w.t.Fatalf("status %s with error %v", o.Status, o.Err)
		}
		if o.Err != nil && (o.Err.Message == "" || o.Err.Executed == "" || o.Err.Code == "") {
			w.t.Fatalf("incomplete error %+v", *o.Err)
		}
	case Launch:
		if w.alive != 0 || w.launched {
			w.t.Fatal("a second process")
		}
		w.launches++
		w.launched = true
		w.feed(Launching{Incarnation: w.launches})
	case Invoke:
		w.start(f.Invocation.ID, "invoke")
		// In PnP the web may not tell who is signed in; then the answer says so.
		if wrong, _ := w.proven.against(w.conn); wrong && w.s.id.Module != mm.SharePoint {
			w.t.Fatalf("a command runs as %v", w.proven)
		}
	case Call:
		w.start(f.Call.ID, "call")
	case Analyze:
		w.start(f.ID, "analyze")
	case Cancel:
		if f.ID != w.op {
			w.t.Fatalf("cancel of %q while %q runs", f.ID, w.op)
		}
		w.stops++
	case AskToken:
		if w.ask != "" || f.Request.Audience == "" {
			w.t.Fatalf("asks for %v while %s is open", f.Request, w.ask)
		}
		w.ask, w.seeking = f.ID, false
	case AskSite:
		if w.ask != "" {
			w.t.Fatalf("asks for the site while %s is open", w.ask)
		}
		w.ask, w.seeking = f.ID, true
	case DropToken:
		if w.ask != f.ID {
			w.t.Fatalf("drops %s, %q is open", f.ID, w.ask)
		}
		w.ask = ""
	case Drained:
		if len(w.owed) > 0 || w.alive != 0 {
			w.t.Fatal("drained too early")
		}
		w.drained = true
	}
}

func (w *world) start(id, kind string) {
	if w.alive == 0 {
		w.t.Fatalf("%s without a process", kind)
	}
	if w.op != "" {
		w.t.Fatalf("%s while %s %s is under way", kind, w.opKind, w.op)
	}
	w.op, w.opKind, w.stops = id, kind, 0
}

func (w *world) request(c mm.Connection, problem *mm.Error) {
	w.asked++
	id := fmt.Sprintf("r%d", w.asked)
	w.owed[id] = true
	w.feed(Request{ID: id, Command: mm.Command{RequestID: id, Text: "Get-Thing", Timeout: 20 * time.Second}, Connection: c, Problem: problem})
}

// result answers the operation under way, with the identity objects of every module at once.
func (w *world) result(r mm.Result) {
	id, kind := w.op, w.opKind
	w.op = ""
	if kind == "analyze" {
		var f mm.Facts
		if r.HadErrors {
			f.Dynamic = []string{"& $x"}
		}
		if w.asked%3 == 0 {
			f.Commands = []mm.CommandFact{{Name: "Connect-PnPOnline", Kind: "cmdlet", Parameters: []mm.ParameterFact{
				{Name: "Url", Argument: mm.ArgumentFact{Text: "https://contoso-admin.sharepoint.com"}}}}}
		}
		w.feed(FromEngine{Incarnation: w.alive, Event: mm.Analyzed{ID: id, Facts: f}})
		return
	}
	w.feed(FromEngine{Incarnation: w.alive, Event: mm.Completed{ID: id, Result: r}})
}

func identityObjects(account, tenant string) []byte {
	return []byte(fmt.Sprintf(`[{"State":"Connected","TokenStatus":"Active","StatusCode":200,"UserPrincipalName":%[1]q,"TenantID":%[2]q,
		"Account.Id":%[1]q,"Account":%[1]q,"TenantId":%[2]q,"Tenant.Id":%[2]q,"CurrentUser.LoginName":%[1]q,"":%[2]q}]`, account, tenant))
}

func (w *world) comeUp() {
	w.launched, w.alive, w.proven = false, w.launches, identity{}
	w.feed(Launched{Incarnation: w.alive, Hello: mm.Hello{PID: int(w.alive)}})
}

func (w *world) die() {
	inc := w.alive
	w.alive, w.op = 0, ""
	w.feed(FromEngine{Incarnation: inc, Event: mm.Exited{Reason: "killed"}})
}

var (
	rightAccount = identityObjects("Admin@contoso.com", tenantID)
	wrongAccount = identityObjects("eve@contoso.com", tenantID)
	wrongTenant  = identityObjects("admin@contoso.com", "99999999-2222-3333-4444-555555555555")
)

// token gives what was asked for.
func (w *world) token(lives time.Duration) {
	id := w.ask
	w.ask = ""
	if w.seeking {
		w.feed(SiteFound{ID: id, Host: "contoso"})
		return
	}
	w.feed(TokenGiven{ID: id, Token: mm.Token{Text: mm.NewSecret("t"), ExpiresAt: w.now.Add(lives),
		Account: mm.Account{Username: w.conn.ExpectedEmail, TenantID: tenantID}}})
}

// prove says who is signed in, as a call's answer tells. A health command that comes in the middle tells only what it can: of
// another account in teams or azure nobody could know.
func (w *world) prove(i identity) {
	if w.s.phase == checking {
		reads := healthReads(w.s.id.Module)
		if len(reads.account) == 0 {
			i.account = w.proven.account
		}
		if len(reads.tenant) == 0 {
			i.tenant = w.proven.tenant
		}
	}
	w.proven = i
}

// actions are everything that can happen at any time.
func (w *world) actions() map[string]func(*rapid.T) {
	inProcess := func(f func(*rapid.T)) func(*rapid.T) {
		return func(t *rapid.T) {
			if w.alive == 0 {
				t.Skip("no process")
			}
			f(t)
		}
	}
	withOp := func(f func(*rapid.T)) func(*rapid.T) {
		return inProcess(func(t *rapid.T) {
			if w.op == "" {
				t.Skip("no operation")
			}
			f(t)
		})
	}
	goesWell := func(t *rapid.T) {
		switch {
		case w.launched:
			w.comeUp()
		case w.ask != "":
			w.token(time.Hour)
		case w.op != "":
			if w.opKind == "call" {
				w.prove(identity{w.conn.ExpectedEmail, tenantID})
			}
			w.result(mm.Result{Output: "ok", Objects: identityObjects(w.conn.ExpectedEmail, tenantID)})
		case len(w.owed) == 0:
			w.request(w.conn, nil)
		default:
			w.feed(PlaceGranted{})
		}
	}
	return map[string]func(*rapid.T){
		"goes well": goesWell, "goes on well": goesWell, "goes very well": goesWell,
		"request": func(*rapid.T) { w.request(w.conn, nil) },
		"many requests": func(t *rapid.T) {
			for range rapid.IntRange(1, 80).Draw(t, "requests") {
				w.request(w.conn, nil)
			}
		},
		"broken registry": func(*rapid.T) {
			w.request(w.conn, mm.Errorf(mm.RegistryBroken, "mend it", "line 3"))
		},
		"another account in the registry": func(t *rapid.T) {
			w.conn.ExpectedEmail = rapid.SampledFrom([]string{"admin@contoso.com", "eve@contoso.com", ""}).Draw(t, "email")
			w.request(w.conn, nil)
		},
		"cancel": func(t *rapid.T) {
			w.feed(CancelRequest{ID: fmt.Sprintf("r%d", rapid.IntRange(max(1, w.asked-5), w.asked+1).Draw(t, "id"))})
		},
		"reset": func(*rapid.T) { w.feed(Reset{}) },
		"launched": func(t *rapid.T) {
			if !w.launched {
				t.Skip("not launching")
			}
			w.comeUp()
		},
		"launch failed": func(t *rapid.T) {
			if !w.launched {
				t.Skip("not launching")
			}
			w.launched = false
			w.feed(LaunchFailed{Incarnation: w.launches, Err: mm.Errorf(mm.LaunchFailed, "install it", "no pwsh")})
		},
		"right account": withOp(func(*rapid.T) {
			if w.opKind == "call" {
				w.prove(identity{"Admin@contoso.com", tenantID})
			}
			w.result(mm.Result{Output: "ok", Objects: rightAccount})
		}),
		"wrong account": withOp(func(*rapid.T) {
			if w.opKind == "call" {
				w.prove(identity{"eve@contoso.com", tenantID})
			}
			w.result(mm.Result{Objects: wrongAccount})
		}),
		"wrong tenant": withOp(func(*rapid.T) {
			if w.opKind == "call" {
				w.prove(identity{"admin@contoso.com", "other"})
			}
			w.result(mm.Result{Objects: wrongTenant})
		}),
		"error": withOp(func(t *rapid.T) {
			w.result(mm.Result{HadErrors: true, Errors: []mm.ErrorRecord{{Message: rapid.SampledFrom([]string{"no such mailbox", "AADSTS50173: token expired"}).Draw(t, "message")}},
				Terminated: rapid.SampledFrom([]mm.Termination{mm.RanThrough, mm.Threw, mm.ParseError, mm.Stopped, mm.RunawayOutput}).Draw(t, "end")})
		}),
		"the sign-in ends": withOp(func(t *rapid.T) {
			if w.opKind != "invoke" {
				t.Skip("nothing runs")
			}
			w.result(mm.Result{Errors: []mm.ErrorRecord{{Message: "Run Connect-AzAccount to login."}}})
		}),
		"poisoned": withOp(func(*rapid.T) { w.result(mm.Result{Poisoned: "Constrained Language"}) }),
		"refused": withOp(func(t *rapid.T) {
			id := w.op
			w.op = ""
			w.feed(FromEngine{Incarnation: w.alive, Event: mm.Refused{ID: id, Code: rapid.SampledFrom([]string{"busy", "too_large"}).Draw(t, "code")}})
		}),
		"stream": withOp(func(t *rapid.T) {
			text := rapid.SampledFrom([]string{"enter the code ABCD12345 to authenticate.", "hello"}).Draw(t, "text")
			w.feed(FromEngine{Incarnation: w.alive, Event: mm.Streamed{ID: w.op, Records: []mm.Record{{Stream: mm.StreamConsole, Text: text}}}})
		}),
		"dies": inProcess(func(*rapid.T) { w.die() }),
		"stale events": func(t *rapid.T) {
			inc := rapid.Uint64Range(0, w.launches+1).Draw(t, "incarnation")
			if inc == w.alive || w.launched && inc == w.launches {
				t.Skip("not stale")
			}
			w.feed(FromEngine{Incarnation: inc, Event: mm.Completed{ID: w.op, Result: mm.Result{Objects: rightAccount}}})
			w.feed(FromEngine{Incarnation: inc, Event: mm.Exited{}})
		},
		"late result": inProcess(func(*rapid.T) {
			w.feed(FromEngine{Incarnation: w.alive, Event: mm.Completed{ID: "gone", Result: mm.Result{}}})
		}),
		"a token": func(t *rapid.T) {
			if w.ask == "" {
				t.Skip("none is wanted")
			}
			w.token(time.Duration(rapid.IntRange(-1, 60).Draw(t, "minutes")) * time.Minute)
		},
		"the account's code": func(t *rapid.T) {
			if w.ask == "" {
				t.Skip("no token is wanted")
			}
			w.feed(TokenShown{ID: w.ask, Challenge: mm.Challenge{UserCode: "EFGH5678", ExpiresAt: w.now.Add(15 * time.Minute)}})
		},
		"no token": func(t *rapid.T) {
			if w.ask == "" {
				t.Skip("none is wanted")
			}
			id := w.ask
			w.ask = ""
			w.feed(TokenRefused{ID: id, Err: mm.Errorf(rapid.SampledFrom([]mm.Code{mm.SignInFailed, mm.Timeout, mm.GraphFailed}).Draw(t, "code"), "", "no token"),
				Why: rapid.SampledFrom([]mm.InteractionReason{"", mm.NeedsConsent}).Draw(t, "why")})
		},
		"a late token": func(*rapid.T) { w.feed(TokenGiven{ID: "gone", Token: mm.Token{Text: mm.NewSecret("t")}}) },
		"place":        func(*rapid.T) { w.feed(PlaceGranted{}) },
		"time passes": func(t *rapid.T) {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond)
			if !w.s.armed.IsZero() && !w.now.Before(w.s.armed) {
				w.feed(Wake{})
			}
		},
		"the armed time comes": func(t *rapid.T) {
			if w.s.armed.IsZero() {
				t.Skip("nothing armed")
			}
			w.now = maxTime(w.now, w.s.armed)
			w.feed(Wake{})
		},
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func TestEveryRequestIsAnsweredOnceWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, rapid.SampledFrom(mm.Modules()).Draw(t, "module"))
		t.Repeat(w.actions())
		w.silence(t)
	})
}

// silence lets nothing happen any more but time, in a process that never says a word: all answers must come all the same.
func (w *world) silence(t *rapid.T) {
	for n := 0; len(w.owed) > 0; n++ {
		if n > 1000 {
			t.Fatalf("%d answers never come, in phase %d", len(w.owed), w.s.phase)
		}
		w.now = maxTime(w.now, w.s.armed)
		w.alive, w.launched, w.op = w.launches+1, false, "" // whatever it starts hangs, and nothing else is checked
		before := w.s
		var effects []Effect
		w.s, effects = Next(before, w.now, Wake{})
		for i := 0; i < len(effects); i++ {
			switch f := effects[i].(type) {
			case Reply:
				if !w.owed[f.ID] {
					t.Fatalf("second answer to %s", f.ID)
				}
				delete(w.owed, f.ID)
			case Launch:
				w.launches++
				var more []Effect
				w.s, more = Next(w.s, w.now, Launching{Incarnation: w.launches})
				effects = append(effects, more...)
			}
		}
	}
}

func TestADrainedSessionAnswersEverybodyAndReportsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, mm.Exchange)
		t.Repeat(w.actions())
		w.feed(Drain{Why: mm.Errorf(mm.ShuttingDown, "", "ending")})
		w.request(w.conn, nil)
		if len(w.s.queue) > 0 {
			t.Fatal("a draining session took a request")
		}
		w.feed(Halt{Why: mm.Errorf(mm.ShuttingDown, "", "ending")})
		if len(w.owed) > 0 {
			t.Fatalf("%v not answered", w.owed)
		}
		if w.launched {
			w.launched = false
			w.feed(LaunchFailed{Incarnation: w.launches, Err: mm.Errorf(mm.LaunchFailed, "", "killed")})
		}
		if w.alive != 0 {
			w.die()
		}
		if !w.drained {
			t.Fatalf("not drained, in phase %d", w.s.phase)
		}
	})
}

func TestRandomWorldsReachEveryPhase(t *testing.T) {
	seen := map[phase]bool{}
	life := rapid.Custom(func(t *rapid.T) *world {
		w := newWorld(t, rapid.SampledFrom(mm.Modules()).Draw(t, "module"))
		actions := w.actions()
		for name, f := range actions {
			actions[name] = func(t *rapid.T) { f(t); seen[w.s.phase] = true }
		}
		t.Repeat(actions)
		return w
	})
	for seed := range 500 {
		life.Example(seed)
	}
	for p := down; p <= ending; p++ {
		if !seen[p] {
			t.Errorf("the random worlds never come to phase %d: they prove nothing there", p)
		}
	}
}
