package http_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"go.uber.org/goleak"
)

func TestShutdownLetsRunningRequestsEnd(t *testing.T) {
	for _, r := range []request{stream, plainRun} {
		p := anyPool()
		begun, end := make(chan struct{}), make(chan struct{})
		p.run = func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
			close(begun)
			<-end
			return atOnce(ctx, cmd, nil)
		}
		s := serve(t, p)
		conn, answer := s.begin(t, r)
		defer conn.Close()
		<-begun
		down := make(chan error, 1)
		go func() { down <- s.Shutdown(context.Background()) }()
		for { // until nobody listens any more
			c, err := net.Dial("unix", s.socket)
			if err != nil {
				break
			}
			_ = c.Close()
		}
		select {
		case err := <-down:
			t.Fatalf("it did not wait: %v", err)
		default:
		}
		close(end)
		if err := <-down; err != nil {
			t.Error(err)
		}
		text, _ := readUntilEnd(answer)
		if !strings.Contains(text, `"status":"success"`) {
			t.Errorf("answer %q", text)
		}
	}
}

func TestShutdownGivesUpWhatDoesNotEndInTime(t *testing.T) {
	p := anyPool()
	begun := make(chan struct{})
	p.run = func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
		close(begun)
		<-ctx.Done()
		return mm.Failed("r", cmd.Session, &mm.Error{Code: mm.Cancelled, Executed: mm.ExecutedMaybe})
	}
	s := serve(t, p)
	conn, answer := s.begin(t, plainRun)
	defer conn.Close()
	<-begun
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if text, _ := readUntilEnd(answer); !strings.Contains(text, `"code":"cancelled"`) {
		t.Errorf("answer %q", text)
	}
}

func TestNothingIsServedAfterShutdown(t *testing.T) {
	s := serve(t, anyPool())
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ServeTCP(ln); err == nil {
		t.Error("it served")
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
}

func readUntilEnd(r *bufio.Reader) (string, error) {
	var b strings.Builder
	_, err := r.WriteTo(&b)
	return b.String(), err
}

func TestAtTheEndWhatRunsIsAnsweredAndTheRestIsClosed(t *testing.T) {
	p := anyPool()
	end := make(chan struct{})
	var running sync.WaitGroup
	running.Add(200)
	p.run = func(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
		if progress != nil {
			progress([]mm.Record{{Stream: mm.StreamOutput, Text: "begun"}})
		}
		running.Done()
		<-end
		return atOnce(ctx, cmd, nil)
	}
	s := serve(t, p)
	var plain, streams, idle, mute []*caller
	for i := range 100 {
		network := networks[i%2]
		a, b, c := s.dial(t, network), s.dial(t, network), s.dial(t, network)
		a.send(t, post("/run", runBody))
		b.send(t, post("/run", runBody, "Accept: text/event-stream"))
		c.send(t, get("/health"))
		c.answer(t)
		plain, streams, idle = append(plain, a), append(streams, b), append(idle, c)
		if i < 10 {
			half := s.dial(t, network)
			half.send(t, "POST /run HT")
			mute = append(mute, s.dial(t, network), half)
		}
	}
	running.Wait()
	untilOpen(t, s, 320)
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(context.Background()) }()
	for { // until nobody listens any more
		c, err := net.Dial("unix", s.socket)
		if err != nil {
			break
		}
		_ = c.Close()
	}
	// Somebody who asks on an open connection is told, and the connection is at its end with that.
	idle[0].send(t, post("/run", runBody))
	a := idle[0].answer(t)
	if a.status != 503 || !a.last {
		t.Errorf("%+v", a)
	}
	refused(t, a.body, mm.ShuttingDown)
	select {
	case err := <-down:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	close(end)
	for _, c := range plain {
		if a := c.answer(t); a.status != 200 || !a.last || !strings.Contains(a.body, `"status":"success"`) {
			t.Errorf("%+v", a)
		}
		c.ended(t)
	}
	for _, c := range streams {
		text, err := readUntilEnd(c.r)
		if err != nil || !strings.Contains(text, "begun") || !strings.Contains(text, "event: result\ndata: {\"status\":\"success\"") {
			t.Errorf("%q %v", text, err)
		}
	}
	if err := <-down; err != nil || s.Open() != 0 {
		t.Errorf("%v, %d connections are open", err, s.Open())
	}
	for _, c := range append(idle[1:], mute[0]) {
		c.ended(t)
	}
	if err := goleak.Find(leaks...); err != nil {
		t.Error(err)
	}
}

func TestAClientThatDoesNotReadHoldsUpTheEndNoLongerThanTheCallerWaits(t *testing.T) {
	p := anyPool()
	p.run = func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
		o := atOnce(ctx, cmd, nil)
		o.Output = strings.Repeat("x", 30<<20)
		return o
	}
	s := serve(t, p)
	c := s.dial(t, "tcp")
	c.send(t, post("/run", runBody))
	if _, err := c.r.Peek(1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it ended with %v", err)
	}
	if s.Open() != 0 {
		t.Errorf("%d connections are open", s.Open())
	}
}

func TestASocketThatIsDeletedUnderARunningServerServesThoseWhoAreConnected(t *testing.T) {
	s := serve(t, anyPool())
	c := s.dial(t, "unix")
	c.send(t, get("/health"))
	c.answer(t)
	if err := os.Remove(s.socket); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("unix", s.socket); err == nil {
		t.Error("it can still be opened")
	}
	c.send(t, post("/run", runBody))
	if a := c.answer(t); a.status != 200 {
		t.Errorf("%+v", a)
	}
	if resp, _ := s.do(t, valid[0]); resp.StatusCode != 200 {
		t.Error("the other door is closed")
	}
}
