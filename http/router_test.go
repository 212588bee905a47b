package http_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors"
	"github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/internal/sandbox/engine"
)

// registered is a registry in memory.
type registered mm.Registered

func (r registered) Read() mm.Registered { return mm.Registered(r) }

// serveRouter serves the real router with the stand-in engine, whose sessions sign themselves in, and signs in
// Contoso-GA/exo.
func serveRouter(t *testing.T) served {
	t.Helper()
	connections := sandbox.Connections(sandbox.Tenants(), mm.SandboxEndpoints{Authority: "http://127.0.0.1:1", Dir: t.TempDir()})
	router, err := actors.Start(actors.Config{Registry: registered{Version: 1, Connections: connections}, NewID: rand.Text,
		Launcher: engine.New(engine.Config{SignIn: sandbox.Prompt{Entra: sandbox.NewEntra(sandbox.EntraOptions{})}})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := router.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	s := serve(t, &pool{}, func(c *http.Config) { c.Service, c.Admin = router, router })
	for range 100 { // each waits for the sign-in, or is told of its code
		if o := s.ask(t, command("1", "")); o.Status == "success" {
			return s
		}
	}
	t.Fatal("it does not sign in")
	return s
}

// An outcome is what these tests look at of an answer.
type outcome struct {
	Status, Output, Code, Executed string
	RequestID                      string `json:"request_id"`
	http                           int
}

// command is the body of a /run of Contoso-GA/exo; an empty id is left out.
func command(text, id string) string {
	b, _ := json.Marshal(map[string]string{"connection": "Contoso-GA", "module": "exo", "command": text, "request_id": id})
	return string(b)
}

func (s served) ask(t testing.TB, body string) outcome {
	t.Helper()
	c := s.dial(t, "tcp")
	c.send(t, post("/run", body))
	return outcomeOf(t, c.answer(t))
}

func outcomeOf(t testing.TB, a answered) outcome {
	t.Helper()
	o := outcome{http: a.status}
	if err := json.Unmarshal([]byte(a.body), &o); err != nil {
		t.Error(err)
	}
	o.Output = strings.TrimSpace(o.Output)
	return o
}

// busy waits until Contoso-GA/exo runs a command, or does not.
func (s served) busy(t testing.TB, want bool) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		c := s.dial(t, "unix")
		c.send(t, get("/status"))
		if strings.Contains(c.answer(t).body, `"busy":true`) == want {
			return
		}
		_ = c.Close()
		if time.Now().After(end) {
			t.Fatalf("it never was: busy %v", want)
		}
	}
}

func TestARepeatFindsTheAnswerThatAClientDidNotWaitFor(t *testing.T) {
	s := serveRouter(t)
	for i, accept := range []string{"application/json", "text/event-stream"} {
		id := fmt.Sprint("left", i)
		text := "$v; $v = 'was here'; Start-Sleep -Milliseconds 300; 'end'"
		s.ask(t, command("$v = $null", ""))
		for range 2 { // the second attaches to the first while it runs, and goes too
			c := s.dial(t, "tcp")
			c.send(t, post("/run", command(text, id), "Accept: "+accept))
			s.busy(t, true)
			_ = c.Close()
		}
		for _, when := range []string{"at first", "once more"} {
			if o := s.ask(t, command(text, id)); o.Status != "success" || o.Output != "end" || o.RequestID != id {
				t.Errorf("%s, %s: %+v", accept, when, o)
			}
		}
		if o := s.ask(t, command("'other'", id)); o.http != 409 || o.Code != "request_conflict" || o.Executed != "no" {
			t.Errorf("%s: other content: %+v", accept, o)
		}
	}
}

func TestARepeatAsAnEventStreamGetsTheSameResult(t *testing.T) {
	s := serveRouter(t)
	first := s.ask(t, command("'x'", "r"))
	c := s.dial(t, "tcp")
	c.send(t, post("/run", command("'x'", "r"), "Accept: text/event-stream", "Connection: close"))
	var all strings.Builder
	_, _ = c.r.WriteTo(&all)
	if first.Output != "x" || !strings.Contains(all.String(), "event: result\ndata: {\"status\":\"success\",\"output\":\"x\\n\"") {
		t.Errorf("%+v\n%s", first, all.String())
	}
}

func TestARunningCommandIsCancelledByItsID(t *testing.T) {
	s := serveRouter(t)
	cancel := func() string {
		c := s.dial(t, "tcp")
		c.send(t, post("/cancel", `{"request_id":"long"}`))
		return c.answer(t).body
	}
	if body := cancel(); body != `{"status":"success","cancelled":false}` {
		t.Errorf("before: %s", body)
	}
	c := s.dial(t, "tcp")
	c.send(t, post("/run", command("Start-Sleep 60", "long")))
	s.busy(t, true)
	if body := cancel(); body != `{"status":"success","cancelled":true}` {
		t.Errorf("running: %s", body)
	}
	if o := outcomeOf(t, c.answer(t)); o.http != 200 || o.Status != "error" || o.Code != "cancelled" {
		t.Errorf("%+v", o)
	}
	s.busy(t, false)
	if body := cancel(); body != `{"status":"success","cancelled":false}` {
		t.Errorf("after: %s", body)
	}
}

func TestOfAThousandRequestsAtOnceTheRouterAnswersEach(t *testing.T) {
	s := serveRouter(t)
	slow := s.dial(t, "tcp")
	slow.send(t, post("/run", command("Start-Sleep 60", "slow")))
	s.busy(t, true)
	var mu sync.Mutex
	var callers sync.WaitGroup
	got := map[string]int{}
	note := func(o outcome) {
		mu.Lock()
		defer mu.Unlock()
		got[fmt.Sprint(o.http, " ", o.Status, " ", o.Output, o.Code)]++
		if got["200 error busy"] == 1000-64 { // the others wait
			c := s.dial(t, "unix")
			c.send(t, post("/cancel", `{"request_id":"slow"}`))
			c.answer(t)
		}
	}
	for i := range 1000 {
		c := s.dial(t, networks[i%2])
		callers.Go(func() {
			c.send(t, post("/run", command("'mine'", "")))
			a, err := c.read("POST")
			if err != nil {
				t.Error(err)
			}
			note(outcomeOf(t, a))
		})
	}
	callers.Wait()
	if o := outcomeOf(t, slow.answer(t)); o.Code != "cancelled" {
		t.Errorf("%+v", o)
	}
	if got["200 success mine"] != 64 || got["200 error busy"] != 936 {
		t.Errorf("%v", got)
	}
}
