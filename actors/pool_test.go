package actors

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/guard"
)

// inBubble runs a test in virtual time with a pool that is shut down at its end, and checks that no process is left.
func inBubble(t *testing.T, c Config, test func(t *testing.T, p *Pool, l *scripted)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := newScripted()
		c.Launcher = l
		if c.Registry == nil {
			c.Registry = newConnections("Contoso", "Fabrikam")
		}
		p := start(t, c)
		test(t, p, l)
		if err := p.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if n := l.alive.Load(); n != 0 {
			t.Errorf("%d processes are left", n)
		}
		time.Sleep(15 * time.Second) // the registry's watch and protoactor's dead-letter throttle end
	})
}

func wantCode(t *testing.T, o mm.Outcome, code mm.Code, executed mm.Executed) {
	t.Helper()
	if o.Err == nil || o.Err.Code != code || o.Err.Executed != executed {
		t.Errorf("got %+v %v, want code %s executed %s", o.Status, o.Err, code, executed)
	}
}

func wantOutput(t *testing.T, o mm.Outcome, output string) {
	t.Helper()
	if o.Status != mm.StatusSuccess || o.Output != output {
		t.Errorf("got %s %q %v, want success with %q", o.Status, o.Output, o.Err, output)
	}
}

func TestACommandRunsInItsSession(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, p *Pool, l *scripted) {
		for _, m := range mm.Modules() {
			o := p.Run(t.Context(), command("contoso", m, "echo hello"), nil)
			wantOutput(t, o, "hello")
			if o.AuthenticatedAs != "admin@contoso.com" || o.Session.Connection != "Contoso" || o.RequestID == "" {
				t.Errorf("%s: %+v", m, o)
			}
		}
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo again"), nil), "again")
		if n := l.launches.Load(); n != 4 {
			t.Errorf("%d processes for 4 sessions", n)
		}
		s, err := p.Status(t.Context())
		if err != nil || len(s.Sessions) != 4 || s.Sessions[1].ID.String() != "Contoso/exo" || s.Sessions[1].State != mm.StateAuthenticated {
			t.Errorf("%+v %v", s, err)
		}
	})
}

func TestEverybodyGetsTheSameCodeUntilSomebodySignsIn(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, p *Pool, l *scripted) {
		l.showCode.Store(true)
		for range 3 {
			o := p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil)
			if o.Status != mm.StatusAuthRequired || o.Challenge == nil || o.Challenge.UserCode != "ABCD1234" {
				t.Fatalf("%+v", o)
			}
			time.Sleep(time.Minute)
		}
		close(l.approve)
		synctest.Wait()
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil), "hello")
	})
}

func TestWhatIsWrongWithARequestIsSaidAtOnce(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, p *Pool, _ *scripted) {
		for text, c := range map[string]mm.Command{
			"Missing connection, module, or command":                 command("Contoso", mm.Exchange, " "),
			"Unknown module: word":                                   command("Contoso", "word", "1"),
			"Connection 'X' not found. Available: Contoso, Fabrikam": command("X", mm.Exchange, "1"),
			"The command has 65537 bytes; at most 65536 are taken.":  command("Contoso", mm.Exchange, strings.Repeat("x", mm.MaxScript+1)),
			"The timeout must be between 1 second and 24h0m0s.":      {Session: mm.SessionID{Connection: "Contoso", Module: mm.Exchange}, Text: "1", Timeout: -1},
			"The request_id is longer than 128 bytes.":               {Session: mm.SessionID{Connection: "Contoso", Module: mm.Exchange}, Text: "1", RequestID: strings.Repeat("x", 129)},
		} {
			o := p.Run(t.Context(), c, nil)
			if o.Err == nil || !strings.HasPrefix(o.Err.Error(), text) || o.Err.Executed != mm.ExecutedNo {
				t.Errorf("got %v, want %s", o.Err, text)
			}
		}
	})
}

func TestARepeatAttachesAndNeverRunsTwice(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, p *Pool, l *scripted) {
		c := command("Contoso", mm.Exchange, "hang")
		c.RequestID = "mine"
		outcomes := make(chan mm.Outcome, 2)
		for range 2 {
			go func() { outcomes <- p.Run(t.Context(), c, nil) }()
		}
		synctest.Wait()
		other := c
		other.Text = "echo other"
		wantCode(t, p.Run(t.Context(), other, nil), mm.RequestConflict, mm.ExecutedNo)
		if ok, err := p.Cancel(t.Context(), "mine"); !ok || err != nil {
			t.Errorf("cancel: %v %v", ok, err)
		}
		for range 2 {
			wantCode(t, <-outcomes, mm.Cancelled, mm.ExecutedMaybe)
		}
		wantCode(t, p.Run(t.Context(), c, nil), mm.Cancelled, mm.ExecutedMaybe) // the kept answer
		if ok, _ := p.Cancel(t.Context(), "mine"); ok {
			t.Error("a request that has ended was cancelled")
		}
		time.Sleep(keepFor)
		o := p.Run(t.Context(), c, nil)
		if o.Err == nil || !strings.Contains(o.Err.Message, "its answer is not kept any more") {
			t.Errorf("after %s: %+v", keepFor, o.Err)
		}
	})
}

func TestACallerThatGoesAwayCancelsNothing(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, p *Pool, l *scripted) {
		ctx, leave := context.WithCancel(t.Context())
		c := command("Contoso", mm.Exchange, "hang")
		c.RequestID = "mine"
		left := make(chan mm.Outcome)
		go func() { left <- p.Run(ctx, c, nil) }()
		synctest.Wait()
		leave()
		wantCode(t, <-left, mm.Cancelled, mm.ExecutedMaybe)
		s, _ := p.Status(t.Context())
		if !s.Sessions[0].Busy {
			t.Error("the command does not run on")
		}
	})
}

func TestStreamRecordsComeBeforeTheAnswer(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, p *Pool, _ *scripted) {
		var got []mm.Record
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "warn careful"), func(r []mm.Record) { got = append(got, r...) }), "")
		if len(got) != 1 || got[0].Text != "careful" {
			t.Errorf("%+v", got)
		}
	})
}

func TestADeadProcessIsReplacedAfterThePause(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, p *Pool, l *scripted) {
		wantCode(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "die"), nil), mm.SessionDied, mm.ExecutedMaybe)
		o := p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil)
		wantCode(t, o, mm.SessionDied, mm.ExecutedNo)
		if o.Err.RetryAfter <= 0 || o.Err.RetryAfter > time.Second {
			t.Errorf("retry after %s", o.Err.RetryAfter)
		}
		time.Sleep(o.Err.RetryAfter)
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil), "hello")
	})
}

func TestWhatCannotBeInterruptedIsKilled(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, p *Pool, l *scripted) {
		c := command("Contoso", mm.Exchange, "stuck")
		c.Timeout = 20 * time.Second
		began := time.Now()
		o := p.Run(t.Context(), c, nil)
		wantCode(t, o, mm.Timeout, mm.ExecutedMaybe)
		if took := time.Since(began); took != 21500*time.Millisecond {
			t.Errorf("took %s", took)
		}
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil), "hello")
	})
}

func TestResetAnswersWhatRunsAndNamesTheSessions(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, p *Pool, l *scripted) {
		outcomes := make(chan mm.Outcome, 2)
		for _, text := range []string{"hang", "echo later"} {
			go func() { outcomes <- p.Run(t.Context(), command("Contoso", mm.Exchange, text), nil) }()
			synctest.Wait()
		}
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Azure, "echo hello"), nil), "hello")
		ids, err := p.Reset(t.Context(), "contoso", "")
		if err != nil || fmt.Sprint(ids) != "[Contoso/azure Contoso/exo]" {
			t.Errorf("%v %v", ids, err)
		}
		for range 2 {
			if o := <-outcomes; o.Err == nil || o.Err.Code != mm.SessionReplaced {
				t.Errorf("%+v", o)
			}
		}
		synctest.Wait()
		if n := l.alive.Load(); n != 0 {
			t.Errorf("%d processes are left", n)
		}
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo anew"), nil), "anew")
	})
}

func TestARemovedConnectionDrains(t *testing.T) {
	registry := newConnections("Contoso", "Fabrikam")
	inBubble(t, Config{Registry: registry}, func(t *testing.T, p *Pool, l *scripted) {
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil), "hello")
		registry.set("Fabrikam")
		time.Sleep(registryPeriod)
		synctest.Wait()
		if n := l.alive.Load(); n != 0 {
			t.Errorf("%d processes are left", n)
		}
		wantCode(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil), mm.UnknownConnection, mm.ExecutedNo)
		registry.set("Contoso", "Fabrikam")
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil), "hello")
	})
}

func TestABrokenRegistryStopsNewSessionsOnly(t *testing.T) {
	registry := newConnections("Contoso", "Fabrikam")
	inBubble(t, Config{Registry: registry}, func(t *testing.T, p *Pool, l *scripted) {
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil), "hello")
		registry.spoil(mm.Errorf(mm.RegistryBroken, "Mend it.", "line 3, column 5"))
		o := p.Run(t.Context(), command("Contoso", mm.Exchange, "echo hello"), nil)
		wantOutput(t, o, "hello")
		if len(o.Notes) != 1 || !strings.Contains(o.Notes[0], "line 3, column 5") {
			t.Errorf("notes %q", o.Notes)
		}
		wantCode(t, p.Run(t.Context(), command("Fabrikam", mm.Exchange, "echo hello"), nil), mm.RegistryBroken, mm.ExecutedNo)
	})
}

func TestShutdownLetsTheRunningCommandEndAndTakesNothingNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newScripted()
		p := start(t, Config{Launcher: l, Registry: newConnections("Contoso")})
		outcomes := make(chan mm.Outcome, 2)
		for _, text := range []string{"hang", "echo later"} {
			c := command("Contoso", mm.Exchange, text)
			c.RequestID = text
			go func() { outcomes <- p.Run(t.Context(), c, nil) }()
			synctest.Wait()
		}
		ended := make(chan error)
		go func() { ended <- p.Shutdown(context.Background()) }()
		synctest.Wait()
		wantCode(t, <-outcomes, mm.ShuttingDown, mm.ExecutedNo)
		wantCode(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo new"), nil), mm.ShuttingDown, mm.ExecutedNo)
		if ok, err := p.Cancel(t.Context(), "hang"); !ok || err != nil {
			t.Errorf("cancel: %v %v", ok, err)
		}
		wantCode(t, <-outcomes, mm.Cancelled, mm.ExecutedMaybe)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		time.Sleep(15 * time.Second)
	})
}

func TestShutdownKillsWhatDoesNotEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newScripted()
		p := start(t, Config{Launcher: l, Registry: newConnections("Contoso")})
		outcome := make(chan mm.Outcome, 1)
		go func() { outcome <- p.Run(t.Context(), command("Contoso", mm.Exchange, "stuck"), nil) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		wantCode(t, <-outcome, mm.ShuttingDown, mm.ExecutedMaybe)
		if n := l.alive.Load(); n != 0 {
			t.Errorf("%d processes are left", n)
		}
		time.Sleep(15 * time.Second)
	})
}

func TestAPanicOfASessionIsAnsweredAndNobodyElseNotices(t *testing.T) {
	judge := func(c mm.Connection, m mm.Module, f mm.Facts) *mm.Error {
		if f.TooComplex == "panic" {
			panic("a bug")
		}
		return guard.Judge(c, m, f)
	}
	inBubble(t, Config{judge: judge}, func(t *testing.T, p *Pool, l *scripted) {
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Azure, "echo hello"), nil), "hello")
		bystander := make(chan mm.Outcome, 1)
		go func() { bystander <- p.Run(t.Context(), command("Contoso", mm.Azure, "hang"), nil) }()
		synctest.Wait()

		var wg sync.WaitGroup
		var maybe atomic.Int64
		for range 10 {
			wg.Go(func() {
				o := p.Run(t.Context(), command("Contoso", mm.Exchange, "panic"), nil)
				executed := mm.ExecutedNo // who came after the panic
				if o.Err != nil && o.Err.Executed == mm.ExecutedMaybe {
					executed = mm.ExecutedMaybe
					maybe.Add(1)
				}
				wantCode(t, o, mm.Internal, executed)
			})
		}
		wg.Wait()
		if maybe.Load() == 0 {
			t.Error("nobody was there when the actor panicked")
		}
		synctest.Wait()
		if n := l.alive.Load(); n != 1 {
			t.Errorf("%d processes live, want only the bystander's", n)
		}
		o := p.Run(t.Context(), command("Contoso", mm.Exchange, "echo soon"), nil)
		wantCode(t, o, mm.Internal, mm.ExecutedNo)
		time.Sleep(o.Err.RetryAfter)
		wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo anew"), nil), "anew")
		if _, err := p.Reset(t.Context(), "Contoso", mm.Azure); err != nil {
			t.Error(err)
		}
		wantCode(t, <-bystander, mm.SessionReplaced, mm.ExecutedMaybe)
	})
}

// panicOn makes actors of a kind panic when they get an answer with the output "boom".
func panicOn(kind string) func(string) []actor.PropsOption {
	return func(k string) []actor.PropsOption {
		if k != kind {
			return nil
		}
		return []actor.PropsOption{actor.WithReceiverMiddleware(func(next actor.ReceiverFunc) actor.ReceiverFunc {
			return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
				if a, ok := e.Message.(answer); ok && a.outcome.Output == "boom" {
					panic("a bug")
				}
				next(c, e)
			}
		})}
	}
}

func TestAPanicAboveTheSessionsIsAnsweredToo(t *testing.T) {
	for _, kind := range []string{"connection", "router"} {
		t.Run(kind, func(t *testing.T) {
			inBubble(t, Config{options: panicOn(kind)}, func(t *testing.T, p *Pool, l *scripted) {
				hanging := make(chan mm.Outcome, 1)
				go func() { hanging <- p.Run(t.Context(), command("Contoso", mm.Azure, "hang"), nil) }()
				synctest.Wait()
				wantCode(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo boom"), nil), mm.Internal, mm.ExecutedMaybe)
				wantCode(t, <-hanging, mm.Internal, mm.ExecutedMaybe)
				time.Sleep(time.Second)
				if n := l.alive.Load(); n != 0 {
					t.Errorf("%d processes are left", n)
				}
				wantOutput(t, p.Run(t.Context(), command("Contoso", mm.Exchange, "echo anew"), nil), "anew")
			})
		})
	}
}

func TestAtMostTwoSessionsWaitInAPnPSignIn(t *testing.T) {
	names := []string{"A", "B", "C", "D"}
	inBubble(t, Config{Registry: newConnections(names...)}, func(t *testing.T, p *Pool, l *scripted) {
		l.showCode.Store(true)
		outcomes := make(chan mm.Outcome, len(names))
		for _, n := range names {
			go func() { outcomes <- p.Run(t.Context(), command(n, mm.SharePoint, "echo hello"), nil) }()
		}
		time.Sleep(10 * time.Second)
		if n := len(outcomes); n != 2 {
			t.Errorf("%d codes at once, want 2", n)
		}
		time.Sleep(time.Minute)
		busy := 0
		for range names {
			if o := <-outcomes; o.Err != nil && o.Err.Code == mm.Busy {
				busy++
			}
		}
		if busy != 2 {
			t.Errorf("%d were told to come back, want 2", busy)
		}
		close(l.approve)
	})
}

func TestTheQueueIsBounded(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, p *Pool, l *scripted) {
		outcomes := make(chan mm.Outcome, 66)
		run := func(text string) {
			go func() { outcomes <- p.Run(t.Context(), command("Contoso", mm.Exchange, text), nil) }()
			synctest.Wait()
		}
		run("hang")
		for range 65 {
			run("echo hello")
		}
		o := <-outcomes
		wantCode(t, o, mm.Busy, mm.ExecutedNo)
		if o.Err.RetryAfter == 0 || o.Err.Remedy == "" {
			t.Errorf("%+v", o.Err)
		}
	})
}
