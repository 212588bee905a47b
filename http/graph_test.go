package http_test

import (
	"encoding/json"
	nethttp "net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/http/client"
	"github.com/microsoft-master/mm/http/wire"
)

const (
	graphBody   = `{"connection":"C","endpoint":"/me"}`
	signInBody  = `{"connection":"C"}`
	graphAnswer = `{"status":"success","authenticated_as":"a@b.c","request_id":"r","http_status":200,"data":{"id":"1"}}`
)

var graphRequest = request{method: "POST", path: "/graph", body: graphBody}

// me answers a graph request.
func me(r mm.GraphRequest, _ mm.Progress) mm.Outcome {
	return mm.Outcome{Status: mm.StatusSuccess, RequestID: "r", Session: mm.SessionID{Connection: r.Connection}, AuthenticatedAs: "a@b.c",
		Graph: &mm.GraphResult{HTTPStatus: 200, Data: json.RawMessage(`{"id": "1"}`), Count: -1, Items: -1}}
}

// both sends a request to each door.
func (s served) both(t *testing.T, r request, see func(door string, resp *nethttp.Response, body string)) {
	t.Helper()
	resp, body := s.do(t, r)
	see("TCP", resp, body)
	resp, body = s.doUnix(t, r)
	see("socket", resp, body)
}

func TestAGraphRequestIsAnsweredAtBothDoors(t *testing.T) {
	p := &pool{}
	asked := make(chan mm.GraphRequest, 1)
	p.graph = func(r mm.GraphRequest, progress mm.Progress) mm.Outcome {
		asked <- r
		return me(r, progress)
	}
	s := serve(t, p)
	for body, want := range map[string]mm.GraphRequest{
		graphBody: {Connection: "C", Endpoint: "/me", Caller: "api"},
		`{"connection":"C","endpoint":"/me","method":"PATCH","body":{"a":1},"caller_id":"me","timeout_seconds":9,"confirmed":true}`: {Connection: "C",
			Endpoint: "/me", Method: "PATCH", Body: json.RawMessage(`{"a":1}`), Caller: "me", Timeout: 9 * time.Second},
		`{"connection":"C","page":"https://g/x"}`: {Connection: "C", Page: "https://g/x", Caller: "api"},
	} {
		s.both(t, request{method: "POST", path: "/graph", body: body}, func(door string, resp *nethttp.Response, got string) {
			if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" || got != graphAnswer {
				t.Errorf("%s: %d %s %s", door, resp.StatusCode, resp.Header.Get("Content-Type"), got)
			}
			if diff := cmp.Diff(want, <-asked); diff != "" {
				t.Errorf("%s: %s\n%s", door, body, diff)
			}
		})
	}
}

func TestAGraphRequestStreamsItsProgress(t *testing.T) {
	s := serve(t, &pool{graph: func(r mm.GraphRequest, progress mm.Progress) mm.Outcome {
		progress([]mm.Record{{Stream: mm.StreamProgress, Activity: "Saving a.pdf", Text: "8.0 MB", Percent: 50}})
		return me(r, nil)
	}})
	r := graphRequest
	r.header = map[string]string{"Accept": wire.EventStream}
	want := `event: progress` + "\n" + `data: {"records":[{"stream":"progress","text":"8.0 MB","activity":"Saving a.pdf","percent":50}]}` + "\n\n" +
		"event: result\ndata: " + graphAnswer + "\n\n"
	s.both(t, r, func(door string, resp *nethttp.Response, got string) {
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != wire.EventStream || got != want {
			t.Errorf("%s: %d %s", door, resp.StatusCode, got)
		}
	})
}

func TestAGraphRequestIsHTTP200UnlessItIsWrong(t *testing.T) {
	p := &pool{}
	s := serve(t, p)
	for code, want := range map[mm.Code]int{mm.GraphFailed: 200, mm.UnknownConnection: 200, mm.BadRequest: 200, mm.WrongAccount: 200, mm.Busy: 200, mm.RequestConflict: 409} {
		p.graph = func(r mm.GraphRequest, _ mm.Progress) mm.Outcome {
			return mm.Failed(r.RequestID, mm.SessionID{Connection: r.Connection}, mm.Errorf(code, "Do.", "No."))
		}
		s.both(t, graphRequest, func(door string, resp *nethttp.Response, body string) {
			if resp.StatusCode != want {
				t.Errorf("%s: %s is %d", door, code, resp.StatusCode)
			}
			refused(t, body, code)
		})
	}
	for _, body := range []string{"", "{}", "{", `{"connection":"C"}`, `{"endpoint":"/me"}`, `{"connection":"C","endpoint":"/me","resource":"mail"}`} {
		s.both(t, request{method: "POST", path: "/graph", body: body}, func(door string, resp *nethttp.Response, got string) {
			if resp.StatusCode != 400 || !strings.HasPrefix(got, `{"status":"error","error":"`) {
				t.Errorf("%s: %q is %d %s", door, body, resp.StatusCode, got)
			}
		})
	}
}

func TestOverTCPAGraphRequestNeedsTheToken(t *testing.T) {
	p := &pool{graph: me}
	s := serve(t, p)
	for _, token := range []string{"", "Bearer wrong", "Bearer "} {
		r := graphRequest
		r.header = map[string]string{"Authorization": token}
		resp, body := s.do(t, r)
		if resp.StatusCode != 401 {
			t.Errorf("%q: %d %s", token, resp.StatusCode, body)
		}
		refused(t, body, mm.Unauthorized)
		if resp, body := s.doUnix(t, r); resp.StatusCode != 200 {
			t.Errorf("on the socket: %d %s", resp.StatusCode, body)
		}
	}
	if resp, body := s.do(t, request{method: "GET", path: "/graph"}); resp.StatusCode != 405 {
		t.Errorf("GET: %d %s", resp.StatusCode, body)
	}
}

func TestAServerOfOneConnectionSendsGraphRequestsAsThatOne(t *testing.T) {
	p := &pool{graph: func(r mm.GraphRequest, progress mm.Progress) mm.Outcome {
		if r.Connection != "Mine" {
			t.Errorf("asked %s", r.Connection)
		}
		return me(r, progress)
	}}
	s := serve(t, p, func(c *http.Config) { c.Only = "Mine" })
	for _, body := range []string{`{"endpoint":"/me"}`, `{"connection":"Other","endpoint":"/me"}`} {
		if resp, got := s.do(t, request{method: "POST", path: "/graph", body: body}); resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", body, resp.StatusCode, got)
		}
	}
}

func TestAPanicInAGraphRequestIsAnswered(t *testing.T) {
	s := serve(t, &pool{graph: func(mm.GraphRequest, mm.Progress) mm.Outcome { panic("a defect") }})
	for _, accept := range []string{"application/json", wire.EventStream} {
		r := graphRequest
		r.header = map[string]string{"Accept": accept}
		if _, body := s.do(t, r); !strings.Contains(body, `"code":"internal"`) || !strings.Contains(body, `"executed":"maybe"`) {
			t.Errorf("%s: %s", accept, body)
		}
	}
}

func TestSignInsAreTakenOnTheSocketOnly(t *testing.T) {
	p := &pool{
		signIn: func(o mm.SignInOrder) (mm.AccountStatus, error) {
			return mm.AccountStatus{Connection: o.Connection, State: mm.AccountSignedIn, Account: mm.Account{Username: "a@b.c", TenantID: "t"}}, nil
		},
		signOut: func(string) (bool, error) { return true, nil },
	}
	s := serve(t, p)
	for path, want := range map[string]string{
		"/sign-in":  `{"status":"success","connection":"C","account":"a@b.c","tenant_id":"t"}`,
		"/sign-out": `{"status":"success","signed_out":true}`,
	} {
		r := request{method: "POST", path: path, body: signInBody}
		resp, body := s.do(t, r)
		if resp.StatusCode != 403 {
			t.Errorf("%s over TCP: %d %s", path, resp.StatusCode, body)
		}
		refused(t, body, mm.NotEnabled)
		if resp, body := s.doUnix(t, r); resp.StatusCode != 200 || body != want {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
		r.body = "{}"
		if resp, body := s.doUnix(t, r); resp.StatusCode != 400 || !strings.HasPrefix(body, `{"status":"error","error":"Missing connection"`) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	failed := mm.Errorf(mm.SignInFailed, "Do.", "No.")
	p.signIn = func(mm.SignInOrder) (mm.AccountStatus, error) { return mm.AccountStatus{}, failed }
	p.signOut = func(string) (bool, error) { return false, failed }
	for _, path := range []string{"/sign-in", "/sign-out"} {
		resp, body := s.doUnix(t, request{method: "POST", path: path, body: signInBody})
		if resp.StatusCode != 200 {
			t.Errorf("%s that fails: %d", path, resp.StatusCode)
		}
		refused(t, body, mm.SignInFailed)
	}
}

// The client is a Service, so what it is asked for comes to the pool as it was, and the answer back.
func TestTheClientSendsGraphRequestsAndSignIns(t *testing.T) {
	asked := make(chan mm.GraphRequest, 1)
	s := serve(t, &pool{
		graph: func(r mm.GraphRequest, progress mm.Progress) mm.Outcome {
			if progress != nil {
				progress([]mm.Record{{Stream: mm.StreamProgress, Text: "half", Percent: 50}})
			}
			asked <- r
			o := me(r, nil)
			o.RequestID = r.RequestID
			return o
		},
		signIn: func(o mm.SignInOrder) (mm.AccountStatus, error) {
			if o.Pasted != "" {
				return mm.AccountStatus{}, mm.Errorf(mm.BadRequest, "Start it.", "No sign-in of %s waits.", o.Connection)
			}
			return mm.AccountStatus{Connection: o.Connection, State: mm.AccountSigning, Challenge: &mm.Challenge{URL: "https://x", ExpiresAt: time.Unix(1e9, 0).UTC()}}, nil
		},
		signOut: func(c string) (bool, error) { return c == "C", nil },
	})
	c, err := client.New(client.Config{Socket: s.socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	r := mm.GraphRequest{RequestID: "r", Connection: "C", Endpoint: "/me", Method: "POST", Body: json.RawMessage(`{"a":1}`), Caller: "me", Timeout: time.Minute}
	for _, want := range []int{0, 1} {
		var got int
		var progress mm.Progress
		if want > 0 {
			progress = func(all []mm.Record) { got += len(all) }
		}
		o := c.Graph(t.Context(), r, progress)
		if diff := cmp.Diff(r, <-asked); diff != "" || o.Status != mm.StatusSuccess || o.RequestID != "r" || o.Session.Connection != "C" ||
			o.Graph == nil || string(o.Graph.Data) != `{"id":"1"}` || got != want {
			t.Errorf("%+v, %d records\n%s", o, got, diff)
		}
	}
	status, err := c.SignIn(t.Context(), mm.SignInOrder{Connection: "C", Method: mm.Browser})
	want := mm.AccountStatus{Connection: "C", State: mm.AccountSigning, Challenge: &mm.Challenge{URL: "https://x", ExpiresAt: time.Unix(1e9, 0).UTC()}}
	if diff := cmp.Diff(want, status); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := c.SignIn(t.Context(), mm.SignInOrder{Connection: "C", Pasted: "x"}); err == nil || !strings.Contains(err.Error(), "No sign-in of C waits.") {
		t.Errorf("%v", err)
	}
	for name, want := range map[string]bool{"C": true, "D": false} {
		if was, err := c.SignOut(t.Context(), name); err != nil || was != want {
			t.Errorf("%s: %v, %v", name, was, err)
		}
	}
}
