package mcp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	mm "github.com/microsoft-master/mm"
)

var update = flag.Bool("update", false, "write testdata anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A host writes raw lines to a served Server and reads raw lines from it.
type host struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *bufio.Reader
	done chan error
	stop context.CancelCauseFunc
}

func connect(t *testing.T, svc mm.Service) *host { return connectWith(t, svc, defaultLimits) }

func connectWith(t *testing.T, svc mm.Service, l limits) *host {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ctx, stop := context.WithCancelCause(t.Context())
	h := &host{t: t, in: inW, out: bufio.NewReader(outR), done: make(chan error, 1), stop: stop}
	ids := func() string { return "id-1" }
	s := New(svc, Config{Version: "1.2.3", NewID: ids})
	s.limits = l
	go func() {
		err := s.Serve(ctx, inR, outW)
		outW.Close()
		h.done <- err
	}()
	t.Cleanup(func() {
		inW.Close()
		outR.Close()
		stop(nil)
	})
	return h
}

func (h *host) send(lines ...string) {
	h.t.Helper()
	if _, err := io.WriteString(h.in, strings.Join(lines, "\n")+"\n"); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) receive() string {
	h.t.Helper()
	l, err := h.out.ReadString('\n')
	if err != nil {
		h.t.Fatal(err)
	}
	return l
}

func runs(id, args string) string { return calls("run", id, args) }

func calls(tool, id, args string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + args +
		`,"_meta":{"progressToken":"tok"}}}`
}

const (
	hello = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test host","version":"1"}}}`
	ready = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	list  = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
)

func TestToolsListIsSmallAndAsRecorded(t *testing.T) {
	h := connect(t, &scripted{})
	h.send(hello, ready, list)
	h.receive()
	got := h.receive()
	if len(got) > 4096 {
		t.Errorf("tools/list has %d bytes", len(got))
	}
	for name, schema := range map[string]string{"run": runOutput, "graph_request": graphOutput} {
		n := len(compact(t, schema))
		if n > 500 {
			t.Errorf("the outputSchema of %s has %d bytes", name, n)
		}
		t.Logf("the outputSchema of %s has %d bytes", name, n)
	}
	t.Logf("tools/list has %d bytes", len(got))
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(got), "", "  "); err != nil {
		t.Fatal(err)
	}
	const file = "testdata/tools_list.json"
	if *update {
		if err := os.WriteFile(file, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || pretty.String() != string(want) {
		t.Errorf("tools/list is not as in %s (%v; go test -update writes it):\n%s", file, err, pretty.String())
	}
}

func compact(t *testing.T, s string) string {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestInitializeDoesNotTouchTheService(t *testing.T) {
	h := connect(t, nil)
	h.send(hello, ready, list)
	if got := h.receive(); !strings.Contains(got, `"protocolVersion":"2025-11-25"`) || !strings.Contains(got, `"version":"1.2.3"`) {
		t.Errorf("initialize: %s", got)
	}
	h.receive()
}

func TestACommandIsPassedOnAndItsAnswerComesBack(t *testing.T) {
	svc := &scripted{connections: contoso(), run: always(prints("Ada"))}
	h := connect(t, svc)
	h.send(hello, ready)
	h.receive()
	h.send(runs("5", `{"connection":"Contoso-GA","module":"EXO","command":"Get-Mailbox","timeout_seconds":"60","max_chars":1000}`))
	const want = `{"jsonrpc":"2.0","id":5,"result":{"content":[{"type":"text","text":"Ada"}],"structuredContent":{"status":"success","text":"Ada","request_id":"id-1"}}}`
	if got := h.receive(); got != want+"\n" {
		t.Errorf("got %s", got)
	}
	cmd := mm.Command{RequestID: "id-1", Session: session1, Text: "Get-Mailbox", Caller: "mcp/test host", Timeout: time.Minute,
		Want: mm.Want{Format: mm.FormatText, MaxChars: 1000}}
	if got := svc.asked(); len(got) != 1 || got[0] != cmd {
		t.Errorf("asked %+v", got)
	}
}

func TestCallsThatNeedNoSession(t *testing.T) {
	broken := mm.Errorf(mm.RegistryBroken, "Correct line 3.", "~/.m365-connections.json: line 3, column 9: missing comma.")
	for _, c := range []struct {
		name, args string
		svc        *scripted
		want       []string
	}{
		{"no parameters", `{}`, &scripted{connections: contoso()}, []string{`**Available Connections:**\n- **Contoso-GA**: Contoso, global admin\n\n1 connection not enabled`}},
		{"no parameters, broken registry", `{}`, &scripted{problem: broken}, []string{"line 3, column 9", `"code":"registry_broken"`, `"isError":true`}},
		{"half of the parameters", `{"connection":"Contoso-GA"}`, &scripted{}, []string{`Error: connection, module, and command are all required`, `"isError":true`}},
		{"an unknown module", `{"connection":"Contoso-GA","module":"word","command":"x"}`, &scripted{}, []string{`Error: Unknown module: word\nModules: exo, pnp, azure, teams.`}},
		{"a wrong argument", `{"format":"xml"}`, &scripted{}, []string{`"code":"bad_request"`}},
		{"a connection of other servers", `{"connection":"fabrikam-ga","module":"exo","command":"x"}`, &scripted{connections: contoso()},
			[]string{`"code":"not_enabled"`, "mm-connections edit 'Fabrikam-GA' mcps 'other,graph,mm'", "other, graph"}},
		{"a broken registry", `{"connection":"Contoso-GA","module":"exo","command":"x"}`, &scripted{problem: broken}, []string{`"code":"registry_broken"`}},
		{"an error without a code", `{}`, &scripted{problem: errors.New("odd")}, []string{`"code":"internal"`, "odd"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := connect(t, c.svc)
			h.send(hello, ready)
			h.receive()
			h.send(runs("1", c.args))
			got := h.receive()
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %s in %s", want, got)
				}
			}
			if asked := c.svc.asked(); len(asked) != 0 {
				t.Errorf("a command was run: %+v", asked)
			}
		})
	}
}

func TestALastGoodRegistryStaysInForce(t *testing.T) {
	svc := &scripted{connections: contoso(), problem: mm.Errorf(mm.RegistryBroken, "", "broken"), run: always(prints("Ada"))}
	h := connect(t, svc)
	h.send(hello, ready)
	h.receive()
	h.send(runs("1", `{"connection":"Contoso-GA","module":"exo","command":"x"}`))
	if got := h.receive(); !strings.Contains(got, "Ada") {
		t.Errorf("got %s", got)
	}
}

func TestACancelledCallStopsItsCommandAndIsNotAnswered(t *testing.T) {
	svc := &scripted{connections: contoso(), cancelled: make(chan string, 1), unknown: 2}
	stopped := make(chan struct{})
	svc.run = func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
		if id := <-svc.cancelled; id != cmd.RequestID {
			t.Errorf("cancelled %q", id)
		}
		if ctx.Err() != nil {
			t.Error("the request was abandoned, not cancelled")
		}
		close(stopped)
		return mm.Failed(cmd.RequestID, cmd.Session, mm.Errorf(mm.Cancelled, "", "stopped"))
	}
	h := connect(t, svc)
	// All at once: the cancellation follows its request as closely as it can.
	h.send(hello, ready, runs(`"long"`, `{"connection":"Contoso-GA","module":"exo","command":"Start-Sleep 60"}`),
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"long","reason":"enough"}}`)
	h.receive()
	<-stopped
	h.send(list)
	if got := h.receive(); !strings.Contains(got, `"tools"`) {
		t.Errorf("the cancelled call was answered: %s", got)
	}
}

func TestTheEndOfInputLeavesTheCommandRunning(t *testing.T) {
	for name, end := range map[string]func(*host){
		"end of input": func(h *host) { h.in.Close() },
		"SIGTERM":      func(h *host) { h.stop(errInputEnded) },
	} {
		synctest.Test(t, func(t *testing.T) {
			svc := &scripted{connections: contoso(), cancelled: make(chan string, 1)}
			running := make(chan struct{})
			svc.run = func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
				close(running)
				<-ctx.Done()
				return mm.Failed(cmd.RequestID, cmd.Session, mm.Errorf(mm.Cancelled, "", "abandoned"))
			}
			h := connect(t, svc)
			h.send(hello, ready)
			h.receive()
			h.send(runs("1", `{"connection":"Contoso-GA","module":"exo","command":"Start-Sleep 60"}`))
			<-running
			end(h)
			if rest, err := io.ReadAll(h.out); err != nil || !strings.Contains(string(rest), `"text":"Error: abandoned"`) {
				t.Errorf("%s: %s, %v", name, rest, err)
			}
			<-h.done
			if len(svc.cancelled) != 0 {
				t.Errorf("%s: the command was cancelled", name)
			}
		})
	}
}

func TestRequestsBeforeTheEndOfInputAreAnswered(t *testing.T) {
	var out bytes.Buffer
	err := New(&scripted{}, Config{}).Serve(t.Context(), strings.NewReader(hello+"\n"+list), &out)
	if err != nil || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("%v, %s", err, out.String())
	}
}

func TestACallRightBeforeTheEndOfInputIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := &scripted{connections: contoso(), run: func(context.Context, mm.Command, mm.Progress) mm.Outcome {
			time.Sleep(lastAnswers / 2)
			return prints("in time")
		}}
		var out bytes.Buffer
		in := strings.NewReader(hello + "\n" + ready + "\n" + runs("1", `{"connection":"Contoso-GA","module":"exo","command":"x"}`))
		if err := New(svc, Config{}).Serve(t.Context(), in, &out); err != nil || !strings.Contains(out.String(), "in time") {
			t.Errorf("%v, %s", err, out.String())
		}
	})
}

func TestAnIDInUseIsRefused(t *testing.T) {
	release := make(chan struct{})
	svc := &scripted{connections: contoso(), run: func(context.Context, mm.Command, mm.Progress) mm.Outcome {
		<-release
		return prints("late")
	}}
	h := connect(t, svc)
	h.send(hello, ready)
	h.receive()
	run := runs("3", `{"connection":"Contoso-GA","module":"exo","command":"x"}`)
	h.send(run, run)
	if got := h.receive(); !strings.Contains(got, "A request with this id is running.") {
		t.Errorf("got %s", got)
	}
	close(release)
	if got := h.receive(); !strings.Contains(got, "late") {
		t.Errorf("got %s", got)
	}
}

func TestAServerServesOneClientAtATime(t *testing.T) {
	s := New(&scripted{}, Config{})
	r, w := io.Pipe()
	first := make(chan error, 1)
	out, lines := io.Pipe()
	go func() { first <- s.Serve(t.Context(), r, lines) }()
	if _, err := io.WriteString(w, hello+"\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context(), strings.NewReader(""), io.Discard); err == nil {
		t.Error("a second one is served")
	}
	w.Close()
	if err := <-first; err != nil {
		t.Error(err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestABrokenOutputEndsTheServer(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	done := make(chan error, 1)
	go func() { done <- New(&scripted{}, Config{}).Serve(t.Context(), r, brokenPipe{}) }()
	if _, err := io.WriteString(w, hello+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), "standard output is closed") {
		t.Errorf("got %v", err)
	}
}
