package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mm "github.com/microsoft-master/mm"
)

// A story is a session's life in lines: what happens, and after the arrow what is done about it.
type story struct {
	t    *testing.T
	s    State
	now  time.Time
	conn mm.Connection
	inc  uint64
	op   string
	got  []string
}

func tell(t *testing.T, m mm.Module) *story {
	allow := func(mm.Connection, mm.Module, mm.Facts) *mm.Error { return nil }
	return &story{t: t, s: New(mm.SessionID{Connection: "Contoso", Module: m}, allow), now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC),
		conn: mm.Connection{Name: "Contoso", AppID: "app", Tenant: "contoso.com", TenantID: tenantID, ExpectedEmail: "admin@contoso.com", SharePointHost: "contoso"}}
}

func (s *story) happens(what string, e Event) *story {
	var done []string
	for events := []Event{e}; len(events) > 0; events = events[1:] {
		var effects []Effect
		s.s, effects = Next(s.s, s.now, events[0])
		for _, f := range effects {
			if _, launch := f.(Launch); launch {
				s.inc++
				events = append(events, Launching{Incarnation: s.inc})
			}
			if word := s.word(f); word != "" {
				done = append(done, word)
			}
		}
	}
	s.got = append(s.got, strings.TrimSpace(what+" → "+strings.Join(done, ", ")))
	return s
}

func (s *story) word(f Effect) string {
	switch f := f.(type) {
	case Arm:
		return ""
	case Reply:
		o := f.Outcome
		switch {
		case o.Challenge != nil:
			return fmt.Sprintf("%s: code %s", f.ID, o.Challenge.UserCode)
		case o.Err != nil:
			retry := ""
			if o.Err.RetryAfter > 0 {
				retry = " retry after " + o.Err.RetryAfter.String()
			}
			return fmt.Sprintf("%s: %s executed %s%s", f.ID, o.Err.Code, o.Err.Executed, retry)
		}
		return fmt.Sprintf("%s: %q", f.ID, o.Output)
	case Call:
		s.op = f.Call.ID
		return f.Call.Command
	case Invoke:
		s.op = f.Invocation.ID
		return "invoke " + f.Invocation.Script
	case Analyze:
		s.op = f.ID
		return "analyze"
	}
	return strings.ToLower(strings.TrimPrefix(strings.TrimSuffix(fmt.Sprintf("%T", f), "{}"), "session."))
}

func (s *story) asks(id, text string) *story {
	return s.happens(id+" asks", Request{ID: id, Command: mm.Command{Text: text, Timeout: 300 * time.Second}, Connection: s.conn})
}

func (s *story) comesUp() *story { return s.happens("hello", Launched{Incarnation: s.inc}) }

func (s *story) says(what string, r mm.Result) *story {
	return s.happens(what, FromEngine{Incarnation: s.inc, Event: mm.Completed{ID: s.op, Result: r}})
}

func (s *story) analyzed() *story {
	return s.happens("facts", FromEngine{Incarnation: s.inc, Event: mm.Analyzed{ID: s.op}})
}

func (s *story) prompts(stream mm.Stream, text string) *story {
	return s.happens("prompt", FromEngine{Incarnation: s.inc, Event: mm.Streamed{ID: s.op, Records: []mm.Record{{Stream: stream, Text: text}}}})
}

func (s *story) exits() *story {
	return s.happens("exit", FromEngine{Incarnation: s.inc, Event: mm.Exited{Reason: "killed"}})
}

func (s *story) after(d time.Duration) *story {
	s.now = s.now.Add(d)
	return s.happens(fmt.Sprintf("after %s", d), Wake{})
}

func (s *story) is(state mm.State) *story {
	if got := s.s.Status().State; got != state {
		s.t.Errorf("after %q the state is %s, want %s", s.got[len(s.got)-1], got, state)
	}
	return s
}

// signedIn brings an Exchange session to idle and forgets how.
func (s *story) signedIn() *story {
	s.asks("first", "1").comesUp().prompts(mm.StreamConsole, "enter the code ABCD12345 now").says("signed in", mm.Result{}).
		says("health", mm.Result{Objects: rightAccount}).is(mm.StateAuthenticated)
	s.got = nil
	return s
}

func (s *story) was(lines ...string) {
	s.t.Helper()
	if d := cmp.Diff(lines, s.got); d != "" {
		s.t.Errorf("the story went otherwise (- expected):\n%s", d)
	}
}

func TestTheFirstCommandStartsTheSignInAndTheNextOneRuns(t *testing.T) {
	tell(t, mm.Exchange).
		asks("a", "Get-Mailbox").is(mm.StateInitializing).
		comesUp().is(mm.StateInitializing).
		asks("b", "Get-Mailbox").
		prompts(mm.StreamConsole, "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter").
		prompts(mm.StreamConsole, " the code ABCD12345 to authenticate.").is(mm.StateAuthPending).
		asks("c", "Get-Mailbox").
		says("signed in", mm.Result{}).
		says("health", mm.Result{Objects: rightAccount}).is(mm.StateAuthenticated).
		asks("d", "Get-Mailbox").analyzed().
		says("result", mm.Result{Output: "admin"}).
		was("a asks → launch",
			"hello → Connect-ExchangeOnline",
			"b asks →",
			"prompt →",
			"prompt → a: code ABCD12345, b: code ABCD12345",
			"c asks → c: code ABCD12345",
			"signed in → Get-ConnectionInformation",
			"health →",
			"d asks → analyze",
			"facts → invoke Get-Mailbox",
			`result → d: "admin"`)
}

func TestACodeThatIsTooOldIsReplaced(t *testing.T) {
	tell(t, mm.Exchange).
		asks("a", "1").comesUp().prompts(mm.StreamInformation, "code ABCD12345").
		after(mm.ChallengeLifetime).is(mm.StateInitializing).
		asks("b", "1").
		says("stopped", mm.Result{Terminated: mm.Stopped}).
		prompts(mm.StreamInformation, "code WXYZ98765").is(mm.StateAuthPending).
		was("a asks → launch", "hello → Connect-ExchangeOnline", "prompt → a: code ABCD12345",
			"after 15m0s → cancel", "b asks →", "stopped → Connect-ExchangeOnline", "prompt → b: code WXYZ98765")
}

func TestASignInThatCannotBeStoppedCostsItsProcess(t *testing.T) {
	tell(t, mm.Exchange).
		asks("a", "1").comesUp().prompts(mm.StreamInformation, "code ABCD12345").
		after(mm.ChallengeLifetime).after(stopGrace).exits().is(mm.StateReady).
		was("a asks → launch", "hello → Connect-ExchangeOnline", "prompt → a: code ABCD12345",
			"after 15m0s → cancel", "after 1s → kill", "exit →")
}

func TestAWrongAccountIsSignedOutAndTheNextCallerIsToldOnce(t *testing.T) {
	tell(t, mm.Exchange).
		asks("a", "1").comesUp().prompts(mm.StreamConsole, "code ABCD12345").
		says("signed in", mm.Result{}).
		says("health", mm.Result{Objects: wrongTenant}).is(mm.StateReady).
		says("signed out", mm.Result{}).
		exits().is(mm.StateReady).
		asks("b", "1").
		asks("c", "1").
		was("a asks → launch", "hello → Connect-ExchangeOnline", "prompt → a: code ABCD12345",
			"signed in → Get-ConnectionInformation", "health → Disconnect-ExchangeOnline", "signed out → shutdown", "exit →",
			"b asks → b: wrong_account executed no", "c asks → launch")
}

func TestASignInThatFailsIsToldOnceAndTheProcessServesTheNext(t *testing.T) {
	failure := mm.Result{Errors: []mm.ErrorRecord{{Message: "Unable to connect using provided arguments"}},
		Streams: mm.Streams{Warning: []string{"\x1b[33mAADSTS700016: Application not found\x1b[0m"}}}
	s := tell(t, mm.SharePoint).
		asks("a", "1").comesUp().happens("place", PlaceGranted{}).says("disconnected", mm.Result{}).
		says("failed", failure).is(mm.StateReady).
		asks("b", "1").happens("place", PlaceGranted{}).says("disconnected", mm.Result{}).
		prompts(mm.StreamWarning, "code ABCD12345").says("failed", failure).
		asks("c", "1")
	s.was("a asks → launch", "hello → askplace", "place → Disconnect-PnPOnline", "disconnected → Connect-PnPOnline",
		"failed → leaveplace, a: sign_in_failed executed no",
		"b asks → askplace", "place → Disconnect-PnPOnline", "disconnected → Connect-PnPOnline", "prompt → b: code ABCD12345",
		"failed → leaveplace", "c asks → c: sign_in_failed executed no")
	if got := cause(failure); got != "AADSTS700016: Application not found" {
		t.Errorf("cause %q", got)
	}
}

func TestStoppingClimbsThreeRungs(t *testing.T) {
	tell(t, mm.Exchange).signedIn().
		asks("a", "x").analyzed().asks("b", "y").
		happens("cancel", CancelRequest{ID: "a"}).
		happens("cancel again", CancelRequest{ID: "a"}).
		after(stopGrace).after(killGrace).is(mm.StateReady).
		exits().
		was("a asks → analyze", "facts → invoke x", "b asks →", "cancel → cancel", "cancel again →",
			"after 1s → killchildren", "after 500ms → a: cancelled executed maybe, kill", "exit → launch")
}

func TestAResultThatCrossesACancelIsASuccess(t *testing.T) {
	tell(t, mm.Exchange).signedIn().
		asks("a", "x").analyzed().happens("cancel", CancelRequest{ID: "a"}).says("result", mm.Result{Output: "done"}).is(mm.StateAuthenticated).
		was("a asks → analyze", "facts → invoke x", "cancel → cancel", `result → a: "done"`)
}

func TestTimeoutCountsFromTheStartOfExecution(t *testing.T) {
	s := tell(t, mm.Exchange).signedIn().asks("a", "x").analyzed()
	s.now = s.now.Add(100 * time.Second)
	s.asks("b", "y").after(200*time.Second).says("stopped", mm.Result{Terminated: mm.Stopped}).analyzed().
		after(299*time.Second).after(time.Second).
		was("a asks → analyze", "facts → invoke x", "b asks →", "after 3m20s → cancel",
			"stopped → a: timeout executed maybe, analyze", "facts → invoke y", "after 4m59s →", "after 1s → cancel")
}

func TestWaitingForATurnIsLimitedToo(t *testing.T) {
	s := tell(t, mm.Exchange).signedIn()
	s.happens("a asks", Request{ID: "a", Command: mm.Command{Text: "x", Timeout: time.Hour}, Connection: s.conn}).analyzed().
		asks("b", "y").happens("cancel c, who never asked", CancelRequest{ID: "c"}).after(300*time.Second).
		was("a asks → analyze", "facts → invoke x", "b asks →", "cancel c, who never asked →",
			"after 5m0s → b: queue_timeout executed no")
}

func TestAnEndedSignInIsNoticedBehindAFailedCommand(t *testing.T) {
	lost := mm.Result{Output: "half", Errors: []mm.ErrorRecord{{Message: "AADSTS50173: the token has expired"}}}
	tell(t, mm.Exchange).signedIn().
		asks("a", "x").analyzed().says("result", lost).is(mm.StateAuthenticated).
		says("unhealthy", mm.Result{Objects: []byte(`[{"State":"Connected","TokenStatus":"Expired"}]`)}).is(mm.StateReady).
		asks("b", "y").prompts(mm.StreamConsole, "code ABCD12345").says("signed in", mm.Result{}).says("health", mm.Result{Objects: rightAccount}).
		asks("c", "z").analyzed().says("result", lost).says("healthy", mm.Result{Objects: rightAccount}).is(mm.StateAuthenticated).
		asks("d", "z").analyzed().says("result", lost).exits().is(mm.StateError).
		was("a asks → analyze", "facts → invoke x", "result → Get-ConnectionInformation", `unhealthy → a: "half"`,
			"b asks → Connect-ExchangeOnline", "prompt → b: code ABCD12345", "signed in → Get-ConnectionInformation", "health →",
			"c asks → analyze", "facts → invoke z", "result → Get-ConnectionInformation", `healthy → c: "half"`,
			"d asks → analyze", "facts → invoke z", "result → Get-ConnectionInformation", `exit → d: "half"`)
}

func TestADeathIsAnsweredAndTheBackoffGrows(t *testing.T) {
	tell(t, mm.Exchange).signedIn().
		asks("a", "x").asks("b", "y").analyzed().exits().is(mm.StateError).
		asks("c", "z").after(time.Second).
		asks("d", "z").exits().asks("e", "z").
		was("a asks → analyze", "b asks →", "facts → invoke x",
			"exit → a: session_died executed maybe, b: session_died executed no retry after 1s",
			"c asks → c: session_died executed no retry after 1s", "after 1s →",
			"d asks → launch", "exit → d: session_died executed no retry after 2s",
			"e asks → e: session_died executed no retry after 2s")
}

func TestAChangedRegistryResetsTheSessionBeforeItsNextCommand(t *testing.T) {
	s := tell(t, mm.Exchange).signedIn().asks("a", "x").analyzed()
	s.conn.ExpectedEmail = "eve@contoso.com"
	s.asks("b", "y").says("result", mm.Result{Output: "done"}).exits().comesUp()
	s.conn.Description = "another description changes nothing"
	s.asks("c", "y").
		was("a asks → analyze", "facts → invoke x", "b asks →", `result → a: "done", shutdown`, "exit → launch",
			"hello → Connect-ExchangeOnline", "c asks →")
}

func TestNobodyWaitsLongerThanAMinuteForACode(t *testing.T) {
	tell(t, mm.Exchange).
		asks("a", "1").comesUp().after(FirstWait).after(codeLimit-FirstWait).exits().is(mm.StateReady).
		asks("b", "1").
		was("a asks → launch", "hello → Connect-ExchangeOnline", "after 1m0s → a: busy executed no retry after 10s",
			"after 1m0s → kill", "exit →", "b asks → b: sign_in_failed executed no")
}

func TestAPoisonedProcessIsReplaced(t *testing.T) {
	tell(t, mm.Exchange).signedIn().
		asks("a", "x").analyzed().asks("b", "y").says("result", mm.Result{Output: "done", Poisoned: "Constrained Language"}).exits().
		was("a asks → analyze", "facts → invoke x", "b asks →", `result → a: "done", kill`, "exit → launch")
}
