package http_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/http/wire"
)

func failing(code mm.Code) func(context.Context, mm.Command, mm.Progress) mm.Outcome {
	return func(_ context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
		return mm.Failed(cmd.RequestID, cmd.Session, mm.Errorf(code, "Do.", "No."))
	}
}

func TestAnOutcomeIsHTTP200UnlessTheRequestItselfIsWrong(t *testing.T) {
	p := anyPool()
	s := serve(t, p)
	for code, want := range map[mm.Code]int{
		mm.Busy: 200, mm.UnknownConnection: 200, mm.WrongAccount: 200, mm.ShuttingDown: 200, mm.Internal: 200, mm.RegistryBroken: 200,
		mm.BadRequest: 200, mm.RequestConflict: 409,
	} {
		p.run = failing(code)
		p.reset = func(string, mm.Module) ([]mm.SessionID, error) { return nil, mm.Errorf(code, "Do.", "No.") }
		p.cancel = func(string) (bool, error) { return false, mm.Errorf(code, "Do.", "No.") }
		for _, r := range valid[4:] {
			resp, body := s.do(t, r)
			if resp.StatusCode != want {
				t.Errorf("%s with %s: %d %s", r.path, code, resp.StatusCode, body)
			}
			refused(t, body, code)
		}
	}
}

func TestAListThatCannotBeGivenIsAnErrorAndNotAnEmptyList(t *testing.T) {
	p := anyPool()
	p.connections = func() ([]mm.Connection, error) { return nil, mm.Errorf(mm.RegistryBroken, "Correct it.", "Broken.") }
	p.status = func() (mm.PoolStatus, error) { return mm.PoolStatus{}, errors.New("unexpected") }
	s := serve(t, p)
	resp, body := s.do(t, request{method: "GET", path: "/connections"})
	if resp.StatusCode != 500 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	refused(t, body, mm.RegistryBroken)
	if resp, body := s.do(t, request{method: "GET", path: "/status"}); resp.StatusCode != 500 || !strings.Contains(body, "unexpected") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestARequestThatCannotBeReadIsHTTP400(t *testing.T) {
	s := serve(t, &pool{})
	for _, r := range []request{
		{path: "/run"}, {path: "/run", body: "{"}, {path: "/run", body: strings.Replace(runBody, "exo", "excel", 1)},
		{path: "/reset", body: "{}"}, {path: "/cancel", body: "[]"},
	} {
		r.method = "POST"
		if resp, body := s.do(t, r); resp.StatusCode != 400 || !strings.HasPrefix(body, `{"status":"error","error":"`) {
			t.Errorf("%s %s: %d %s", r.path, r.body, resp.StatusCode, body)
		}
	}
}

func TestTheCallerIsNamedToThePool(t *testing.T) {
	p := anyPool()
	callers := make(chan string, 1)
	p.run = func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
		callers <- cmd.Caller
		return atOnce(ctx, cmd, nil)
	}
	s := serve(t, p)
	for body, want := range map[string]string{runBody: "api", strings.Replace(runBody, "{", `{"caller_id":"me",`, 1): "me"} {
		s.do(t, request{method: "POST", path: "/run", body: body})
		if got := <-callers; got != want {
			t.Errorf("caller %q, want %q", got, want)
		}
	}
}

func TestAServerOfOneConnectionTakesNoOther(t *testing.T) {
	p := anyPool()
	asked := make(chan string, 1)
	p.run = func(ctx context.Context, cmd mm.Command, _ mm.Progress) mm.Outcome {
		asked <- cmd.Session.String()
		return atOnce(ctx, cmd, nil)
	}
	p.reset = func(c string, m mm.Module) ([]mm.SessionID, error) {
		asked <- c + "/" + string(m)
		return nil, nil
	}
	s := serve(t, p, func(c *http.Config) { c.Only = "Mine" })
	for _, r := range []struct{ path, body, want string }{
		{"/run", `{"module":"exo","command":"1"}`, "Mine/exo"},
		{"/run", `{"connection":"Other","module":"exo","command":"1"}`, "Mine/exo"},
		{"/run", `{"connection":null,"module":"exo","command":"1"}`, "Mine/exo"},
		{"/reset", ``, "Mine/"},
		{"/reset", `{"connection":"Other","module":"pnp"}`, "Mine/pnp"},
	} {
		resp, body := s.do(t, request{method: "POST", path: r.path, body: r.body})
		if resp.StatusCode != 200 {
			t.Fatalf("%s: %d %s", r.body, resp.StatusCode, body)
		}
		if got := <-asked; got != r.want {
			t.Errorf("%s %s: %s", r.path, r.body, got)
		}
	}
}

// plainRun is a request for one answer.
var plainRun = request{method: "POST", path: "/run", body: runBody}

// stream is a request for an event stream.
var stream = request{method: "POST", path: "/run", body: runBody, header: map[string]string{"Accept": wire.EventStream}}

func TestAStreamCarriesProgressInOrderAndThenTheResult(t *testing.T) {
	p := anyPool()
	p.run = func(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
		for i := range 3 {
			progress([]mm.Record{{Stream: mm.StreamWarning, Text: fmt.Sprintf("line\n%d", i)}})
		}
		return atOnce(ctx, cmd, nil)
	}
	s := serve(t, p)
	resp, body := s.do(t, stream)
	want := ""
	for i := range 3 {
		want += fmt.Sprintf("event: progress\ndata: {\"records\":[{\"stream\":\"warning\",\"text\":\"line\\n%d\"}]}\n\n", i)
	}
	want += "event: result\ndata: " + `{"status":"success","output":"1\n","session_id":"C/exo","duration_ms":0.4}` + "\n\n"
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != wire.EventStream || body != want {
		t.Errorf("%d %s\ngot  %q\nwant %q", resp.StatusCode, resp.Header.Get("Content-Type"), body, want)
	}
}

func TestAStreamIsNotBegunForARequestThatIsRefused(t *testing.T) {
	s := serve(t, &pool{})
	r := stream
	r.body = "{}"
	resp, body := s.do(t, r)
	if resp.StatusCode != 400 || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestProgressArrivesWhileTheCommandRuns(t *testing.T) {
	p := anyPool()
	seen := make(chan struct{})
	p.run = func(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
		progress([]mm.Record{{Stream: mm.StreamOutput, Text: "first"}})
		<-seen
		return atOnce(ctx, cmd, nil)
	}
	s := serve(t, p)
	conn, r := s.begin(t, stream)
	defer conn.Close()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "first") {
			close(seen)
		}
		if strings.Contains(line, `"status":"success"`) {
			return
		}
	}
}

// begin sends r over the unix socket and leaves the answer to the test.
func (s served) begin(t *testing.T, r request) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: %s\r\nContent-Length: %d\r\n\r\n%s",
		r.method, r.path, r.header["Accept"], len(r.body), r.body)
	if err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

func TestAClientThatGoesAwayCancelsNothing(t *testing.T) {
	for _, r := range []request{stream, plainRun} {
		p := anyPool()
		begun, gone, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		p.run = func(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
			close(begun)
			<-gone
			for range 10_000 { // more than a buffer of the stream takes
				if progress != nil {
					progress([]mm.Record{{Text: "x"}})
				}
			}
			ended <- ctx.Err()
			return atOnce(ctx, cmd, nil)
		}
		s := serve(t, p)
		conn, _ := s.begin(t, r)
		<-begun
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		close(gone)
		if err := <-ended; err != nil {
			t.Errorf("its context ended: %v", err)
		}
	}
}

func TestARepeatIsRefusedByAnotherLifeOfTheServer(t *testing.T) {
	s := serve(t, anyPool())
	first, _ := s.do(t, valid[0])
	life := first.Header.Get(wire.HeaderInstance)
	for header, ok := range map[string]bool{life: true, "": true, "another": false, life + "x": false} {
		r := plainRun
		r.header = map[string]string{wire.HeaderInstance: header}
		resp, body := s.do(t, r)
		if resp.Header.Get(wire.HeaderInstance) != life || life == "" {
			t.Errorf("instance %q, before %q", resp.Header.Get(wire.HeaderInstance), life)
		}
		if ok && resp.StatusCode != 200 {
			t.Errorf("%q: %d %s", header, resp.StatusCode, body)
		}
		if !ok && (resp.StatusCode != 503 || !strings.Contains(body, `"code":"node_unreachable"`) || !strings.Contains(body, `"executed":"maybe"`)) {
			t.Errorf("%q: %d %s", header, resp.StatusCode, body)
		}
	}
}
