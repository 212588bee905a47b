package contracttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// id is a request id that no other test uses.
func (v visitor) id(name string) string { return name + " of " + v.connection }

func timeoutSeen(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	a := v.exo(`'before'; Start-Sleep 60`)
	a.Timeout = time.Second
	s := v.send(a)
	v.failed(s, mm.Timeout, mm.ExecutedYes, mm.ExecutedMaybe)
	if !strings.Contains(s.Text, "did not end within 1s") || s.Remedy == "" {
		t.Errorf("%q", s.Text)
	}
	v.succeeded(v.ask(`'signed in still'`), "signed in still")
}

func cancelSeen(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	a := v.exo(`'before'; Start-Sleep 60`)
	a.RequestID = v.id("cancelled")
	answer := make(chan Seen, 1)
	go func() { answer <- v.send(a) }()
	v.untilStatus(v.session(mm.Exchange), func(s mm.SessionStatus) bool { return s.Busy })
	body := fmt.Sprintf(`{"request_id":%q}`, a.RequestID)
	v.shaped(200, `{"status":"success","cancelled":true}`, "POST", "/cancel", body)
	s := <-answer
	v.failed(s, mm.Cancelled, mm.ExecutedNo, mm.ExecutedYes, mm.ExecutedMaybe) // no: it was still being read
	if s.HTTPStatus != 200 {
		t.Errorf("HTTP status %d", s.HTTPStatus)
	}
	v.shaped(200, `{"status":"success","cancelled":false}`, "POST", "/cancel", body)
	v.shaped(400, `{"status":"error","error":"Missing request_id"}`, "POST", "/cancel", `{}`)
	v.succeeded(v.ask(`'signed in still'`), "signed in still")
}

func cancelledCall(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := v.Ask(ctx, v.exo(`Start-Sleep 60`))
		left <- err
	}()
	v.untilStatus(v.session(mm.Exchange), func(s mm.SessionStatus) bool { return s.Busy })
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled call: %v", err)
	}
	v.untilStatus(v.session(mm.Exchange), func(s mm.SessionStatus) bool { return !s.Busy })
	v.succeeded(v.ask(`'signed in still'`), "signed in still")
}

func deathSeen(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	s := v.ask(`[Environment]::Exit(3)`)
	v.failed(s, mm.SessionDied, mm.ExecutedMaybe)
	if v.overMCP() && !strings.Contains(s.Text, "may have been executed") {
		t.Errorf("%q", s.Text)
	}
	s = v.ask(`'too early'`) // within the backoff
	v.failed(s, mm.SessionDied, mm.ExecutedNo)
	if s.RetryAfter <= 0 {
		t.Errorf("no hint when to try again: %q", s.Text)
	}
}

func repeatSeen(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	a := v.exo(`$v; $v = 'ran before'; 'end'`)
	if !v.overMCP() { // which names its requests itself
		a.RequestID = v.id("repeated")
	}
	first := v.send(a)
	v.succeeded(first, "end")
	if v.overMCP() {
		a.RequestID = first.RequestID
	}
	again := v.send(a)
	if again.Text != first.Text || again.RequestID != a.RequestID || first.RequestID != a.RequestID {
		t.Errorf("first %+v, then %+v", first, again)
	}
	v.succeeded(v.ask(`$v`), "ran before")
}

// repeatAfterSignIn: the command was not run, so a client that repeats its request must not be shown a used code.
func repeatAfterSignIn(_ *testing.T, v visitor) {
	a := v.exo(`'hello'`)
	a.RequestID = v.id("early")
	first := v.code(a)
	v.approve(v.session(mm.Exchange), first.DeviceCode, v.Account(v.connection))
	v.until(v.session(mm.Exchange), mm.StateAuthenticated)
	v.succeeded(v.send(a), "hello")
}

func leftAndFound(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	a := v.exo(`$v; $v = 'ran before'; Start-Sleep -Milliseconds 100; 'end'`)
	a.RequestID = v.id("left")
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := v.Ask(ctx, a)
		left <- err
	}()
	v.untilStatus(v.session(mm.Exchange), func(s mm.SessionStatus) bool { return s.Busy })
	leave()
	if err := <-left; err == nil {
		t.Error("it did not leave")
	}
	v.succeeded(v.send(a), "end")
	v.succeeded(v.ask(`$v`), "ran before")
}

func conflict(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	a := v.exo(`'one'`)
	a.RequestID = v.id("taken")
	v.succeeded(v.send(a), "one")
	a.Command = `'two'`
	s := v.send(a)
	if err := Shape(`{"status":"error","error":"<text>","code":"request_conflict","remedy":"<text>","executed":"no"}`, s.Body); err != nil || s.HTTPStatus != 409 {
		t.Errorf("HTTP status %d, %v", s.HTTPStatus, err)
	}
}
