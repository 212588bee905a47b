package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	mm "github.com/microsoft-master/mm"
	"pgregory.net/rapid"
)

// same compares what has been over the wire: nil and empty lists, and times in other zones, count as equal.
var same = cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })}

var (
	words   = rapid.String()
	lines   = rapid.SliceOfN(words, 0, 3)
	counts  = rapid.IntRange(0, 1<<40)
	moments = rapid.Custom(func(t *rapid.T) time.Time {
		return now.Truncate(time.Millisecond).Add(time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "ms")) * time.Millisecond)
	})
	sessions = rapid.Custom(func(t *rapid.T) mm.SessionID {
		return mm.SessionID{Connection: rapid.StringMatching(`[A-Za-z][A-Za-z ._-]{0,9}`).Draw(t, "connection"),
			Module: rapid.SampledFrom(mm.Modules()).Draw(t, "module")}
	})
	codes    = rapid.SampledFrom([]mm.Code{mm.Busy, mm.CommandFailed, mm.Timeout, mm.SessionDied, mm.BadRequest, mm.UnknownModule})
	executed = rapid.SampledFrom([]mm.Executed{mm.ExecutedNo, mm.ExecutedYes, mm.ExecutedMaybe})
	failures = rapid.Custom(func(t *rapid.T) *mm.Error {
		return &mm.Error{Code: codes.Draw(t, "code"), Message: words.Draw(t, "message"), Remedy: words.Draw(t, "remedy"),
			Executed: executed.Draw(t, "executed"), RetryAfter: time.Duration(rapid.IntRange(0, 100).Draw(t, "retry")) * time.Second}
	})
	results = rapid.Custom(func(t *rapid.T) mm.Result {
		int64s := func(label string) int64 { return int64(counts.Draw(t, label)) }
		return mm.Result{
			Output:    words.Draw(t, "output"),
			Objects:   rapid.SampledFrom([]json.RawMessage{nil, []byte(`[]`), []byte(`[1,{"a":"<ü>"}]`)}).Draw(t, "objects"),
			Errors:    rapid.SliceOfN(rapid.Make[mm.ErrorRecord](), 0, 2).Draw(t, "errors"),
			Streams:   mm.Streams{Warning: lines.Draw(t, "w"), Verbose: lines.Draw(t, "v"), Debug: lines.Draw(t, "d"), Information: lines.Draw(t, "i"), Console: lines.Draw(t, "c")},
			HadErrors: rapid.Bool().Draw(t, "had"),
			ExitCode:  rapid.Ptr(rapid.Int(), true).Draw(t, "exit"),
			LastExit:  rapid.Ptr(rapid.Int(), true).Draw(t, "last"),
			Truncated: rapid.SampledFrom([]*mm.Truncated{nil, {KeptItems: int64s("ki"), DroppedItems: int64s("di"), KeptChars: int64s("kc"),
				DroppedChars: int64s("dc"), DroppedRecords: int64s("dr")}}).Draw(t, "truncated"),
			Duration:   time.Duration(rapid.Int64Range(0, 1e11).Draw(t, "µs")) * time.Microsecond,
			Terminated: rapid.SampledFrom([]mm.Termination{"", mm.Threw, mm.Stopped}).Draw(t, "terminated"),
		}
	})
)

func TestAnyOutcomeComesOverTheWireAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := mm.Outcome{RequestID: words.Draw(t, "id"), Session: sessions.Draw(t, "session"), AuthenticatedAs: words.Draw(t, "as"),
			Notes: lines.Draw(t, "notes"), Result: results.Draw(t, "result")}
		switch o.Status = rapid.SampledFrom([]mm.Status{mm.StatusSuccess, mm.StatusAuthRequired, mm.StatusError}).Draw(t, "status"); o.Status {
		case mm.StatusAuthRequired:
			o.Challenge = &mm.Challenge{UserCode: words.Draw(t, "code"), URL: words.Draw(t, "url"), Message: words.Draw(t, "message"),
				Account: words.Draw(t, "account"), ExpiresAt: moments.Draw(t, "expires")}
		case mm.StatusError:
			o.Err = failures.Draw(t, "error")
		}
		got, err := DecodeOutcome(EncodeOutcome(o, now), now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(o, got, same, cmp.AllowUnexported(mm.Outcome{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAnyCommandComesOverTheWireAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := mm.Command{RequestID: rapid.StringN(0, -1, 128).Draw(t, "id"), Session: sessions.Draw(t, "session"),
			Text: "x" + words.Draw(t, "text"), Caller: rapid.StringN(0, -1, 256).Draw(t, "caller"),
			Timeout: time.Duration(rapid.IntRange(0, 86400).Draw(t, "s")) * time.Second,
			Want: mm.Want{Format: rapid.SampledFrom([]mm.Format{"", mm.FormatText, mm.FormatJSON, mm.FormatBoth}).Draw(t, "format"),
				Width: rapid.IntRange(20, 10_000).Draw(t, "width"), Depth: rapid.IntRange(0, 32).Draw(t, "depth"),
				MaxItems: rapid.IntRange(0, 1_000_000).Draw(t, "items"), MaxChars: rapid.IntRange(100, 32<<20).Draw(t, "chars")}}
		got, err := DecodeRun(EncodeRun(c), "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

var statuses = rapid.Custom(func(t *rapid.T) mm.SessionStatus {
	s := mm.SessionStatus{ID: sessions.Draw(t, "id"), AuthenticatedAs: words.Draw(t, "as"), Busy: rapid.Bool().Draw(t, "busy"),
		State:  rapid.SampledFrom([]mm.State{mm.StateReady, mm.StateAuthenticated, mm.StateError}).Draw(t, "state"),
		Queued: counts.Draw(t, "queued"), LastError: words.Draw(t, "error"), PID: counts.Draw(t, "pid")}
	if rapid.Bool().Draw(t, "used") {
		s.LastCommand = moments.Draw(t, "last")
	}
	return s
})

func TestTheOtherAnswersComeOverTheWireAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		status := mm.PoolStatus{Notes: lines.Draw(t, "notes"), Sessions: rapid.SliceOfN(statuses, 0, 3).Draw(t, "sessions")}
		got, err := DecodeStatus(EncodeStatus(status))
		if diff := cmp.Diff(status, got, same); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
		e := failures.Draw(t, "error")
		if got, ok := DecodeError(EncodeError(e)); !ok || *got != *e {
			t.Fatalf("got %#v, want %#v", got, e)
		}
		id := sessions.Draw(t, "id")
		ids, err := DecodeResetAnswer(EncodeResetAnswer([]mm.SessionID{id}))
		if err != nil || len(ids) != 1 || ids[0] != id {
			t.Fatal(ids, err)
		}
	})
	list := []mm.Connection{{Name: "A", MCPs: []string{"mm"}, Sandbox: &mm.SandboxEndpoints{Authority: "x"}}, {Name: "B", Tenant: "t"}}
	for _, want := range []*mm.Error{nil, mm.Errorf(mm.RegistryBroken, "Mend it.", "Line 3.")} {
		got, problem, err := DecodeConnections(EncodeConnections([]mm.Connection{list[1], list[0]}, want))
		if diff := cmp.Diff(list, got) + cmp.Diff(want, problem); err != nil || diff != "" {
			t.Error(err, diff)
		}
	}
	if version, err := DecodeHealth(EncodeHealth(now, "1")); version != "1" || err != nil {
		t.Error(version, err)
	}
	if found, err := DecodeCancelAnswer(EncodeCancelAnswer(true)); !found || err != nil {
		t.Error(found, err)
	}
}

func TestWhatTheDaemonSaysOfItselfComesOverTheWireAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		milliseconds := rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "ms")) * time.Millisecond
		})
		int64s := rapid.Int64Range(0, 1<<40)
		m := mm.Metrics{Uptime: milliseconds.Draw(t, "uptime"), Requests: int64s.Draw(t, "requests"), Errors: int64s.Draw(t, "errors"),
			SignIns: int64s.Draw(t, "sign-ins"), Responses: rapid.IntRange(0, 100).Draw(t, "responses"),
			AverageResponse: time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "average")) * time.Microsecond,
			Sessions:        rapid.SliceOfN(statuses, 0, 3).Draw(t, "sessions"),
			Keepalive: mm.Keepalive{Interval: milliseconds.Draw(t, "interval"), Pings: int64s.Draw(t, "pings"), Failures: int64s.Draw(t, "failures"),
				LastPings: rapid.MapOfN(sessions, moments, 0, 3).Draw(t, "last")}}
		got, err := DecodeMetrics(EncodeMetrics(m))
		if diff := cmp.Diff(m, got, same); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
		a := mm.About{Version: words.Draw(t, "version"), PID: counts.Draw(t, "pid"), Started: moments.Draw(t, "started"),
			Background: rapid.Bool().Draw(t, "background"), Log: words.Draw(t, "log")}
		about, err := DecodeAbout(EncodeAbout(a))
		if diff := cmp.Diff(a, about, same); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
		r := mm.StopRequest{IfIdle: rapid.Bool().Draw(t, "idle"), Why: rapid.StringN(0, -1, maxWhy).Draw(t, "why"),
			Drain: time.Duration(rapid.IntRange(-1, maxDrain).Draw(t, "drain")) * time.Second}
		if r.Drain < 0 {
			r.Drain = -1 // none is none
		}
		if stop, bad := DecodeStop(EncodeStop(r)); bad != nil || stop != r {
			t.Fatal(stop, bad)
		}
	})
	if stopping, err := DecodeStopAnswer(EncodeStopAnswer()); !stopping || err != nil {
		t.Error(stopping, err)
	}
	for _, body := range []string{"", "<html>", "{}", `{"status":"success"}`} {
		if _, err := DecodeStopAnswer([]byte(body)); err == nil {
			t.Errorf("%q is taken for an answer", body)
		}
	}
}

func TestMetricsOfAnOlderPoolAreUnderstood(t *testing.T) {
	m, err := DecodeMetrics([]byte(`{"uptime_seconds": 61.5, "uptime_human": "1m 1s", "total_requests": 2, "total_errors": 1, "error_rate": 50.0,
		"total_auths": 1, "avg_response_ms": 1.5, "last_100_responses": 2, "sessions": [], "active_sessions": 0,
		"keepalive": {"interval_seconds": 300, "total_pings": 0, "failures": 0, "last_pings": {"C/exo": "2026-11-22T10:00:00"}}}`))
	want := mm.Metrics{Uptime: 61500 * time.Millisecond, Requests: 2, Errors: 1, SignIns: 1, AverageResponse: 1500 * time.Microsecond,
		Responses: 2, Keepalive: mm.Keepalive{Interval: 5 * time.Minute}} // a time without a zone is left out
	if diff := cmp.Diff(want, m, same); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for name, decode := range map[string]func([]byte) error{
		"metrics": func(b []byte) error { _, err := DecodeMetrics(b); return err },
		"version": func(b []byte) error { _, err := DecodeAbout(b); return err },
	} {
		for _, body := range []string{"", "<html>", "[]", `{"keepalive":5,"started":"soon"}`} {
			if err := decode([]byte(body)); err == nil {
				t.Errorf("%s: %q is accepted", name, body)
			}
		}
	}
}

func TestAnAnswerOfAnOlderPoolIsUnderstood(t *testing.T) {
	o, err := DecodeOutcome([]byte(`{"status": "auth_required", "device_code": "A", "auth_url": "u", "message": "m", "expires_in": 900}`), now)
	if err != nil || o.Challenge == nil || !o.Challenge.ExpiresAt.Equal(now.Add(900*time.Second)) {
		t.Errorf("%+v, %v", o.Challenge, err)
	}
	o, err = DecodeOutcome([]byte(`{"status": "error", "error": "No."}`), now)
	if want := (mm.Error{Code: mm.Internal, Message: "No.", Executed: mm.ExecutedMaybe}); err != nil || *o.Err != want {
		t.Errorf("%+v, %v", o.Err, err)
	}
	for _, body := range []string{"", "<html>", "[]", "{}", `{"status":"healthy"}`} {
		if o, err := DecodeOutcome([]byte(body), now); err == nil {
			t.Errorf("%q is taken for %+v", body, o)
		}
	}
}

func TestEventsAreReadAsTheyWereWritten(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(KeepAlive)
	for _, name := range []string{EventProgress, EventResult} {
		if err := WriteEvent(&b, name, []byte(`{"x":"`+name+`"}`)); err != nil {
			t.Fatal(err)
		}
		b.WriteString(KeepAlive)
	}
	r := bufio.NewReaderSize(&b, 16)
	for _, want := range []string{EventProgress, EventResult} {
		name, data, err := ReadEvent(r)
		if name != want || string(data) != `{"x":"`+want+`"}` || err != nil {
			t.Errorf("%s %s %v", name, data, err)
		}
	}
	if _, _, err := ReadEvent(r); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestAStreamThatBreaksOffInsideOfAnEventIsTold(t *testing.T) {
	whole := "event: result\r\ndata:{}\r\n\r\n"
	if name, data, err := ReadEvent(bufio.NewReader(strings.NewReader(whole))); name != "result" || string(data) != "{}" || err != nil {
		t.Fatalf("%s %s %v", name, data, err)
	}
	for n := 1; n < len(whole)-1; n++ {
		if _, _, err := ReadEvent(bufio.NewReader(strings.NewReader(whole[:n]))); err != io.ErrUnexpectedEOF {
			t.Errorf("after %q: %v", whole[:n], err)
		}
	}
}
