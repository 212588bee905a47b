package mcp

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
)

const graphMe = `{"connection":"Contoso-GA","endpoint":"/me"}`

// answers answers every graph request with the same outcome.
func answers(out mm.Outcome) func(context.Context, mm.GraphRequest, mm.Progress) mm.Outcome {
	return func(context.Context, mm.GraphRequest, mm.Progress) mm.Outcome { return out }
}

func (s *scripted) requested() []mm.GraphRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]mm.GraphRequest(nil), s.requests...)
}

func TestAGraphRequestIsPassedOnAndItsAnswerComesBack(t *testing.T) {
	svc := &scripted{connections: contoso(), graph: answers(gives(data(`{"id":"1"}`)))}
	h := connect(t, svc)
	h.send(hello, ready)
	h.receive()
	h.send(calls("graph_request", "5", `{"connection":"Contoso-GA","endpoint":"/me","method":"Patch","body":{"confirmed":true,"a":1},"timeout_seconds":"60"}`))
	const want = `{"jsonrpc":"2.0","id":5,"result":{"content":[{"type":"text","text":"{\"id\":\"1\"}"}],` +
		`"structuredContent":{"status":"success","text":"{\"id\":\"1\"}","request_id":"id-1","http_status":200}}}`
	if got := h.receive(); got != want+"\n" {
		t.Errorf("got %s", got)
	}
	r := mm.GraphRequest{RequestID: "id-1", Connection: "Contoso-GA", Endpoint: "/me", Method: "Patch", Body: json.RawMessage(`{"confirmed":true,"a":1}`),
		Caller: "mcp/test host", Timeout: time.Minute, MaxChars: wholePage}
	if diff := cmp.Diff([]mm.GraphRequest{r}, svc.requested()); diff != "" {
		t.Error(diff)
	}
}

func TestGraphCallsThatNeedNoService(t *testing.T) {
	const listed, lacking = `**Available Connections:**\n- **Contoso-GA**: Contoso, global admin`, `"text":"Error: connection and endpoint are both required"`
	for name, c := range map[string]struct{ args, want string }{
		"no parameters":                    {`{}`, listed},
		"nulls":                            {`{"connection":null,"endpoint":"","method":"GET","page":null}`, listed},
		"a connection alone":               {`{"connection":"Contoso-GA"}`, lacking},
		"an endpoint alone":                {`{"endpoint":"/me"}`, lacking},
		"a page alone":                     {`{"page":"https://g/v1.0/users?x"}`, lacking},
		"a wrong argument":                 {`{"all":7}`, `"code":"bad_request"`},
		"a connection of other servers":    {`{"connection":"fabrikam-ga","endpoint":"/me"}`, "mm-connections edit 'Fabrikam-GA' mcps 'other,graph,mm'"},
		"a page of such a connection":      {`{"connection":"fabrikam-ga","page":"https://g/v1.0/users?x"}`, `"code":"not_enabled"`},
		"an argument that means something": {`{"connection":"Contoso-GA","endpoint":"/me","resource":"mail"}`, "Use graph or flow."},
	} {
		t.Run(name, func(t *testing.T) {
			svc := &scripted{connections: contoso()}
			h := connect(t, svc)
			h.send(hello, ready)
			h.receive()
			h.send(calls("graph_request", "1", c.args))
			got := h.receive()
			if !strings.Contains(got, c.want) || strings.Contains(got, `"isError":true`) == (c.want == listed) {
				t.Errorf("no %s in %s", c.want, got)
			}
			if asked := svc.requested(); len(asked) != 0 {
				t.Errorf("it was sent: %+v", asked)
			}
		})
	}
}

func TestAPageNeedsNoEndpoint(t *testing.T) {
	svc := &scripted{connections: contoso(), graph: answers(gives(users(1)))}
	lines := exchange(t, svc, calls("graph_request", "1", `{"connection":"Contoso-GA","page":"https://g/v1.0/users?x"}`))
	if r := svc.requested(); len(r) != 1 || r[0].Page != "https://g/v1.0/users?x" {
		t.Errorf("asked %+v, answered %s", r, lines)
	}
}

func TestACancelledGraphCallIsStoppedAndNotAnswered(t *testing.T) {
	svc := &scripted{connections: contoso(), cancelled: make(chan string, 1)}
	stopped := make(chan struct{})
	svc.graph = func(ctx context.Context, r mm.GraphRequest, _ mm.Progress) mm.Outcome {
		if id := <-svc.cancelled; id != r.RequestID || ctx.Err() != nil {
			t.Errorf("cancelled %q, %v", id, ctx.Err())
		}
		close(stopped)
		return mm.Failed(r.RequestID, mm.SessionID{}, mm.Errorf(mm.Cancelled, "", "stopped"))
	}
	h := connect(t, svc)
	h.send(hello, ready, calls("graph_request", `"long"`, graphMe), `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"long"}}`)
	h.receive()
	<-stopped
	h.send(list)
	if got := h.receive(); !strings.Contains(got, `"tools"`) {
		t.Errorf("the cancelled call was answered: %s", got)
	}
}

func TestProgressOfAGraphRequestComesBeforeItsAnswer(t *testing.T) {
	svc := &scripted{connections: contoso(), graph: func(_ context.Context, _ mm.GraphRequest, progress mm.Progress) mm.Outcome {
		progress([]mm.Record{{Stream: mm.StreamProgress, Activity: "Reading a list", Text: "500 items", Percent: -1}})
		return gives(data(`{}`))
	}}
	lines := exchange(t, svc, calls("graph_request", "1", graphMe))
	if len(lines) != 2 || !strings.Contains(lines[0], `"message":"Reading a list: 500 items"`) || parse(t, lines[1]).Result.IsError {
		t.Errorf("got %s", lines)
	}
}

func TestGraphCallsCountAgainstTheSameBound(t *testing.T) {
	release := make(chan struct{})
	running := make(chan struct{})
	svc := &scripted{connections: contoso(), graph: func(context.Context, mm.GraphRequest, mm.Progress) mm.Outcome {
		close(running)
		<-release
		return gives(data(`{}`))
	}}
	h := connectWith(t, svc, limits{line: 2000, calls: 1, bytes: 8000})
	h.send(calls("graph_request", "1", graphMe))
	<-running
	h.send(calls("graph_request", "2", graphMe))
	if r := parse(t, h.receive()); string(r.ID) != "2" || r.Result.StructuredContent.Code != "busy" {
		t.Errorf("got %+v", r)
	}
	close(release)
	if r := parse(t, h.receive()); string(r.ID) != "1" || r.Result.IsError {
		t.Errorf("got %+v", r)
	}
}
