package mcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mm "github.com/microsoft-master/mm"
)

// held is a Service whose commands run until the test lets them go.
func held() (svc *scripted, release func(), running chan struct{}) {
	gate := make(chan struct{})
	running = make(chan struct{}, 2*defaultLimits.calls)
	svc = &scripted{connections: contoso(), run: func(context.Context, mm.Command, mm.Progress) mm.Outcome {
		running <- struct{}{}
		<-gate
		return prints("late")
	}}
	return svc, sync.OnceFunc(func() { close(gate) }), running
}

func TestAFloodOfCallsIsBoundedAndEachIsAnswered(t *testing.T) {
	const calls = 10_000
	svc, release, running := held()
	h := connect(t, svc)
	go func() {
		for i := range calls {
			if _, err := fmt.Fprintf(h.in, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"run","arguments":%s}}`+"\n", i, goodArgs); err != nil {
				t.Error(err)
				return
			}
		}
		if _, err := io.WriteString(h.in, `{"jsonrpc":"2.0","id":"ping","method":"ping"}`+"\n"); err != nil {
			t.Error(err)
		}
	}()
	answers := map[string]int{}
	busy := 0
	for len(answers) < calls-defaultLimits.calls+1 { // the refused ones, and the ping behind them
		r := parse(t, h.receive())
		answers[string(r.ID)]++
		if s := r.Result.StructuredContent; r.Result.IsError && s.Code == "busy" && s.RetryAfter == 1 && s.Executed == "no" {
			busy++
		}
	}
	for range defaultLimits.calls {
		<-running
	}
	release()
	for len(answers) < calls+1 {
		r := parse(t, h.receive())
		answers[string(r.ID)]++
	}
	if busy != calls-defaultLimits.calls || answers[`"ping"`] != 1 {
		t.Errorf("%d were refused as busy, %d pings answered", busy, answers[`"ping"`])
	}
	for id, n := range answers {
		if n != 1 {
			t.Errorf("%s was answered %d times", id, n)
		}
	}
	if asked := svc.asked(); len(asked) != defaultLimits.calls {
		t.Errorf("%d commands ran", len(asked))
	}
}

func TestTheMessagesOfRunningCallsAreBounded(t *testing.T) {
	svc, release, running := held()
	defer release()
	h := connectWith(t, svc, limits{line: 2000, calls: 100, bytes: 8000})
	const size, most = 1000, 8
	pad := strings.Repeat("x", size-len(runs("0", strings.TrimSuffix(goodArgs, "}")+`,"pad":""}`)))
	for i := range most {
		h.send(runs(fmt.Sprint(i), strings.TrimSuffix(goodArgs, "}")+`,"pad":"`+pad+`"}`))
		<-running
	}
	h.send(runs(`"too much"`, strings.TrimSuffix(goodArgs, "}")+`,"pad":"`+pad+`"}`))
	if r := parse(t, h.receive()); string(r.ID) != `"too much"` || r.Result.StructuredContent.Code != "busy" {
		t.Errorf("got %+v", r)
	}
	release()
	for range most {
		if r := parse(t, h.receive()); r.Result.StructuredContent.Text != "late" {
			t.Errorf("got %+v", r)
		}
	}
	h.send(runs("9", goodArgs)) // there is room again
	if r := parse(t, h.receive()); string(r.ID) != "9" || r.Result.IsError {
		t.Errorf("got %+v", r)
	}
}

// A client that asks and does not read must not keep the process.
func TestAClientThatDoesNotReadHoldsUpNobodyWhoEnds(t *testing.T) {
	for name, end := range map[string]func(in *io.PipeWriter, stop context.CancelCauseFunc){
		"end of input": func(in *io.PipeWriter, _ context.CancelCauseFunc) { in.Close() },
		"SIGTERM":      func(_ *io.PipeWriter, stop context.CancelCauseFunc) { stop(errors.New("told to")) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inR, inW := io.Pipe()
				outR, outW := io.Pipe()
				ctx, stop := context.WithCancelCause(t.Context())
				ended := make(chan struct{})
				go func() {
					_ = New(&scripted{connections: contoso(), run: always(prints("x"))}, Config{}).Serve(ctx, inR, outW)
					close(ended)
				}()
				if _, err := io.WriteString(inW, runs("1", goodArgs)+"\n"+runs("2", goodArgs)+"\n"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				begun := time.Now()
				end(inW, stop)
				<-ended
				if took := time.Since(begun); took > lastAnswers+lastWrites {
					t.Errorf("it took %s", took)
				}
				outR.Close()
				inW.Close()
			})
		})
	}
}

// slowly is a reader that gives one byte at a time.
type slowly struct{ io.Reader }

func (s slowly) Read(b []byte) (int, error) { return s.Reader.Read(b[:min(1, len(b))]) }

func TestLinesMayComeInPieces(t *testing.T) {
	var out bytes.Buffer
	svc := &scripted{connections: contoso(), run: always(prints("Ada"))}
	if err := New(svc, Config{}).Serve(t.Context(), slowly{strings.NewReader(runs("1", goodArgs) + "\n" + list)}, &out); err != nil || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("%v, %s", err, out.String())
	}
}

func TestInputThatFailsEndsTheServer(t *testing.T) {
	broken := errors.New("the disk is gone")
	err := New(nil, Config{}).Serve(t.Context(), io.MultiReader(strings.NewReader(list+"\n"), failing{broken}), io.Discard)
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
