package http_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http"
)

func TestRequestsSentBehindOneAnotherAreAnsweredInOrderAndOnceEach(t *testing.T) {
	p := anyPool()
	p.run = func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
		o := atOnce(ctx, cmd, nil)
		o.Output = cmd.Text
		return o
	}
	s := serve(t, p)
	for _, network := range networks {
		c := s.dial(t, network)
		var all strings.Builder
		for i := range 100 {
			all.WriteString(post("/run", fmt.Sprintf(`{"connection":"C","module":"exo","command":"number %d"}`, i)))
		}
		all.WriteString(get("/health", "Connection: close") + get("/status"))
		c.send(t, all.String())
		for i := range 100 {
			if a := c.answer(t); a.status != 200 || !strings.Contains(a.body, fmt.Sprintf(`"output":"number %d"`, i)) {
				t.Fatalf("%d: %d %s", i, a.status, a.body)
			}
		}
		if a := c.answer(t); !strings.Contains(a.body, "healthy") || !a.last {
			t.Errorf("%+v", a)
		}
		c.ended(t) // what was sent behind `Connection: close` is not answered
	}
}

func TestAnAnswerDoesNotWaitForTheRequestBehindIt(t *testing.T) {
	p := anyPool()
	end := make(chan struct{})
	p.run = func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
		<-end
		return atOnce(ctx, cmd, nil)
	}
	s := serve(t, p)
	c := s.dial(t, "tcp")
	c.send(t, get("/health")+post("/run", runBody))
	if a := c.answer(t); !strings.Contains(a.body, "healthy") {
		t.Errorf("%+v", a)
	}
	close(end)
	if a := c.answer(t); !strings.Contains(a.body, `"output"`) {
		t.Errorf("%+v", a)
	}
}

func TestARefusedRequestDoesNotEndItsConnection(t *testing.T) {
	s := serve(t, anyPool())
	c := s.dial(t, "tcp")
	c.send(t, post("/run", "{")+get("/run")+get("/none")+get("/version")+post("/run", runBody))
	for _, want := range []int{400, 405, 404, 403, 200} {
		if a := c.answer(t); a.status != want || a.last {
			t.Errorf("%+v, want %d", a, want)
		}
	}
}

func TestHTTP10IsSpoken(t *testing.T) {
	s := serve(t, anyPool())
	run := strings.Replace(post("/run", runBody, "Accept: text/event-stream"), "HTTP/1.1", "HTTP/1.0", 1)
	for name, test := range map[string]struct {
		text string
		last bool
	}{
		"a probe without a host": {"GET /health HTTP/1.0\r\n\r\n", true},
		"a request":              {run, true}, // no chunks: an answer in one piece, whatever it accepts
		"a kept connection":      {strings.Replace(run, "Host:", "Connection: keep-alive\r\nHost:", 1), false},
	} {
		c := s.dial(t, "tcp")
		c.send(t, test.text)
		if a := c.answer(t); a.status != 200 || a.last != test.last {
			t.Errorf("%s: %+v", name, a)
		}
		if test.last {
			c.ended(t)
		}
	}
}

func TestOtherVersionsOfHTTPAreNotSpoken(t *testing.T) {
	s := serve(t, anyPool())
	for _, version := range []string{"HTTP/0.9", "HTTP/1.2", "HTTP/2.0"} {
		for _, network := range networks {
			c := s.dial(t, network)
			c.send(t, "GET /health "+version+"\r\nHost: localhost\r\n\r\n"+get("/health"))
			a := c.answer(t)
			if a.status != 505 || !a.last {
				t.Errorf("%s: %+v", version, a)
			}
			refused(t, a.body, mm.BadRequest)
			c.halfClose(t)
			c.ended(t)
		}
	}
}

// silent opens n connections that have been answered once and say nothing more.
func silent(t *testing.T, s served, n int) {
	t.Helper()
	for i := range n {
		c := s.dial(t, networks[i%2])
		c.send(t, get("/health"))
		c.answer(t)
	}
}

func TestAThousandSilentConnectionsAreInNobodysWay(t *testing.T) {
	s := serve(t, anyPool())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	silent(t, s, 1000)
	runtime.ReadMemStats(&after)
	if each := (after.Sys - before.Sys) / 1000; each > 64<<10 {
		t.Errorf("each takes %d bytes, its client included", each)
	}
	for _, r := range valid {
		if resp, body := s.do(t, r); resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", r.path, resp.StatusCode, body)
		}
	}
}

func TestOfAThousandRequestsAtOnceEachIsAnswered(t *testing.T) {
	const queue = 64
	p := anyPool()
	free := make(chan struct{}, queue)
	all := make(chan struct{})
	var arrived sync.WaitGroup
	arrived.Add(1000)
	p.run = func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
		arrived.Done()
		select {
		case free <- struct{}{}:
			<-all // until everybody is there
			return atOnce(ctx, cmd, nil)
		default:
			return mm.Failed(cmd.RequestID, cmd.Session, mm.Errorf(mm.Busy, "Wait.", "Busy."))
		}
	}
	s := serve(t, p)
	go func() { arrived.Wait(); close(all) }()
	var mu sync.Mutex
	var callers sync.WaitGroup
	got := map[string]int{}
	for i := range 1000 {
		c := s.dial(t, networks[i%2])
		callers.Go(func() {
			c.send(t, post("/run", runBody))
			a, err := c.read("POST")
			kind := "busy"
			switch {
			case err != nil || a.status != 200:
				kind = fmt.Sprint(a, err)
			case strings.Contains(a.body, `"status":"success"`):
				kind = "success"
			case !strings.Contains(a.body, `"code":"busy"`):
				kind = a.body
			}
			mu.Lock()
			defer mu.Unlock()
			got[kind]++
		})
	}
	callers.Wait()
	if got["success"] != queue || got["busy"] != 1000-queue {
		t.Errorf("%v", got)
	}
}

func TestOneConnectionTooManyIsToldSo(t *testing.T) {
	s := serveLimited(t, anyPool(), http.Limits{Connections: 3, Crowd: 2})
	var inside []*caller
	for range 3 {
		c := s.dial(t, "tcp")
		c.send(t, get("/health"))
		c.answer(t)
		inside = append(inside, c)
	}
	for _, text := range []string{get("/health"), post("/run", runBody, "Expect: 100-continue")} {
		c := s.dial(t, "tcp")
		c.send(t, text)
		a := c.answer(t)
		if a.status != 503 || !a.last || !strings.Contains(a.body, `"retry_after_seconds":1`) {
			t.Errorf("%+v", a)
		}
		refused(t, a.body, mm.Busy)
		_ = c.Close()
	}
	inside[0].send(t, post("/run", runBody))
	if a := inside[0].answer(t); a.status != 200 {
		t.Errorf("one of those inside: %+v", a)
	}

	// Two more fill what there is beyond; the next waits, and is served when there is room.
	untilOpen(t, s, 3)
	for range 2 {
		inside = append(inside, s.dial(t, "tcp"))
	}
	untilOpen(t, s, 5)
	waiting := s.dial(t, "tcp")
	waiting.send(t, get("/health"))
	for _, c := range inside {
		_ = c.Close()
	}
	// It is accepted with the first that goes, when others may still be there.
	if a := waiting.answer(t); a.status != 200 && a.status != 503 {
		t.Errorf("%+v", a)
	}
	_ = waiting.Close()
	untilOpen(t, s, 0)
	if resp, body := s.do(t, valid[0]); resp.StatusCode != 200 {
		t.Errorf("afterwards: %d %s", resp.StatusCode, body)
	}
}
