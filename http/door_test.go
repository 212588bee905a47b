package http_test

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http"
)

// anyPool answers everything with something.
func anyPool() *pool {
	return &pool{
		run:         atOnce,
		cancel:      func(string) (bool, error) { return true, nil },
		connections: func() ([]mm.Connection, error) { return []mm.Connection{{Name: "A"}}, nil },
		status:      func() (mm.PoolStatus, error) { return mm.PoolStatus{}, nil },
		reset: func(c string, m mm.Module) ([]mm.SessionID, error) {
			return []mm.SessionID{{Connection: c, Module: m}}, nil
		},
	}
}

const runBody = `{"connection":"C","module":"exo","command":"1"}`

// valid is one valid request for each path.
var valid = []request{
	{method: "GET", path: "/health"},
	{method: "GET", path: "/status"},
	{method: "GET", path: "/connections"},
	{method: "GET", path: "/metrics"},
	{method: "POST", path: "/run", body: runBody},
	{method: "POST", path: "/reset", body: `{"connection":"C","module":"exo"}`},
	{method: "POST", path: "/cancel", body: `{"request_id":"r"}`},
}

// refused fails unless body is an error in JSON that says what to do.
func refused(t *testing.T, body string, code mm.Code) {
	t.Helper()
	var e struct{ Status, Error, Code, Remedy, Executed string }
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	if e.Status != "error" || e.Code != string(code) || e.Remedy == "" || !strings.HasSuffix(e.Error, e.Remedy) || e.Executed != "no" {
		t.Errorf("body %s", body)
	}
}

func TestOverTCPEveryPostNeedsTheToken(t *testing.T) {
	s := serve(t, anyPool())
	for _, r := range valid {
		for header, ok := range map[string]bool{
			"":                          false,
			"Bearer":                    false,
			"Bearer ":                   false,
			"Bearer x":                  false,
			token:                       false,
			"Basic " + token:            false,
			"Bearer " + token + "x":     false,
			"Bearer " + token[1:]:       false,
			"Bearer " + token:           true,
			"bearer  " + token + "  ":   true,
			"Bearer " + token + " more": false,
		} {
			r.header = map[string]string{"Authorization": header}
			resp, body := s.do(t, r)
			switch {
			case r.method == "GET" || ok:
				if resp.StatusCode != 200 {
					t.Errorf("%s with %q: %d %s", r.path, header, resp.StatusCode, body)
				}
			case resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") != "Bearer":
				t.Errorf("%s with %q: %d", r.path, header, resp.StatusCode)
			default:
				refused(t, body, mm.Unauthorized)
				if !strings.Contains(body, "/home/me/pool-token") || strings.Contains(body, token) {
					t.Errorf("body %s", body)
				}
			}
		}
	}
}

func TestARefusedCallerNeverReachesThePool(t *testing.T) {
	s := serve(t, &pool{}) // every call of it panics
	for _, r := range valid[4:] {
		r.header = map[string]string{"Authorization": "Bearer wrong"}
		if resp, body := s.do(t, r); resp.StatusCode != 401 {
			t.Errorf("%s: %d %s", r.path, resp.StatusCode, body)
		}
	}
}

func TestWithoutATokenToCompareNothingPassesThatNeedsOne(t *testing.T) {
	s := serve(t, anyPool(), func(c *http.Config) { c.Token = mm.Secret{} })
	for _, header := range []string{"", "Bearer", "Bearer "} {
		resp, _ := s.do(t, request{method: "POST", path: "/run", body: runBody, header: map[string]string{"Authorization": header}})
		if resp.StatusCode != 401 {
			t.Errorf("with %q: %d", header, resp.StatusCode)
		}
	}
}

func TestTheTokenCanBeTurnedOff(t *testing.T) {
	s := serve(t, anyPool(), func(c *http.Config) { c.RequireToken = false })
	for _, r := range valid {
		r.header = map[string]string{"Authorization": ""}
		if resp, body := s.do(t, r); resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", r.path, resp.StatusCode, body)
		}
	}
}

func TestTheUnixSocketNeedsNeitherTokenNorHost(t *testing.T) {
	s := serve(t, anyPool())
	for _, r := range valid {
		r.header, r.host = map[string]string{"Authorization": ""}, "whatever"
		if resp, body := s.doUnix(t, r); resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", r.path, resp.StatusCode, body)
		}
	}
}

func TestOnlyNamesOfThisMachineAreServed(t *testing.T) {
	s := serve(t, anyPool(), func(c *http.Config) { c.Hosts = []string{"Pool.example"} })
	for host, ok := range map[string]bool{
		"localhost": true, "localhost:5200": true, "LOCALHOST.:1": true, "127.0.0.1": true, "127.0.0.1:80": true,
		"127.1.2.3": true, "[::1]:5200": true, "[::1]": true, "pool.example:5200": true, "POOL.EXAMPLE": true,
		"evil.example": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false, "10.0.0.1": false,
		"pool.example.evil": false, "0.0.0.0": false, "[::]": false, "169.254.169.254": false,
	} {
		for _, r := range valid {
			r.host = host
			resp, body := s.do(t, r)
			switch {
			case ok && resp.StatusCode != 200:
				t.Errorf("%s for %s: %d %s", r.path, host, resp.StatusCode, body)
			case !ok && resp.StatusCode != 403:
				t.Errorf("%s for %s: %d", r.path, host, resp.StatusCode)
			case !ok:
				refused(t, body, mm.Unauthorized)
			}
		}
	}
}

// remote is a connection that claims to come from elsewhere and to have come in at 192.0.2.1.
type remote struct{ net.Conn }

func (remote) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 4} }
func (remote) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5200} }

type remoteListener struct{ net.Listener }

func (l remoteListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return remote{conn}, err
}

func TestFromOtherMachinesOnlyHealthIsOpen(t *testing.T) {
	s := serve(t, anyPool())
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.ServeTCP(remoteListener{plain}) }()
	s.url = "http://" + plain.Addr().String()
	for _, r := range valid {
		for header, want := range map[string]int{"": 401, "Bearer " + token: 200} {
			if r.path == "/health" {
				want = 200
			}
			r.header, r.host = map[string]string{"Authorization": header}, "192.0.2.1:5200"
			if resp, body := s.do(t, r); resp.StatusCode != want {
				t.Errorf("%s with %q: %d %s", r.path, header, resp.StatusCode, body)
			}
		}
	}
}

func TestWhatIsNoRequestOfTheAPIIsRefusedInJSON(t *testing.T) {
	s := serve(t, anyPool())
	text := map[string]string{"Content-Type": "text/plain"}
	for name, test := range map[string]struct {
		request
		status int
		header string // one that the answer must have, with its value
	}{
		"an unknown path":      {request{method: "GET", path: "/metric"}, 404, ""},
		"the root":             {request{method: "POST", path: "/", body: "{}"}, 404, ""},
		"a path below":         {request{method: "POST", path: "/run/x", body: runBody}, 404, ""},
		"GET of run":           {request{method: "GET", path: "/run"}, 405, "Allow: POST"},
		"POST of status":       {request{method: "POST", path: "/status"}, 405, "Allow: GET, HEAD"},
		"OPTIONS of run":       {request{method: "OPTIONS", path: "/run"}, 405, "Allow: POST"},
		"DELETE of status":     {request{method: "DELETE", path: "/status"}, 405, "Allow: GET, HEAD"},
		"text for a body":      {request{method: "POST", path: "/run", body: runBody, header: text}, 415, ""},
		"no type of a body":    {request{method: "POST", path: "/run", body: runBody, header: map[string]string{"Content-Type": ""}}, 415, ""},
		"a form for a body":    {request{method: "POST", path: "/reset", body: "a=b", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415, ""},
		"a body over 1 MiB":    {request{method: "POST", path: "/run", body: strings.Repeat(" ", 1<<20+1)}, 413, ""},
		"a body of 4 MiB":      {request{method: "POST", path: "/run", body: strings.Repeat(" ", 4<<20)}, 413, ""},
		"a header over 8 KiB":  {request{method: "GET", path: "/status", header: map[string]string{"X": strings.Repeat("x", 9000)}}, 431, ""},
		"a body of exactly it": {request{method: "POST", path: "/run", body: runBody + strings.Repeat(" ", 1<<20-len(runBody))}, 200, ""},
		"compressed":           {request{method: "POST", path: "/run", body: runBody, header: map[string]string{"Content-Encoding": "gzip"}}, 415, ""},
		"in Latin-1":           {request{method: "POST", path: "/run", body: runBody, header: map[string]string{"Content-Type": "application/json; charset=iso-8859-1"}}, 415, ""},
		"not in UTF-8":         {request{method: "POST", path: "/run", body: "{\"connection\":\"M\xfcller\"}"}, 400, ""},
		"a type with charset":  {request{method: "POST", path: "/run", body: runBody, header: map[string]string{"Content-Type": "Application/JSON; charset=UTF-8"}}, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := s.do(t, test.request)
			if resp.StatusCode != test.status || resp.Header.Get("Content-Type") != "application/json" {
				t.Fatalf("%d %s %s", resp.StatusCode, resp.Header.Get("Content-Type"), body)
			}
			if key, value, ok := strings.Cut(test.header, ": "); ok && resp.Header.Get(key) != value {
				t.Errorf("header %s is %q", key, resp.Header.Get(key))
			}
			if test.status != 200 {
				refused(t, body, mm.BadRequest)
			}
		})
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	s := serve(t, anyPool())
	for _, r := range valid {
		status := map[string]int{"GET": 200, "POST": 405}[r.method]
		r.method, r.body = "HEAD", ""
		if resp, body := s.do(t, r); resp.StatusCode != status || body != "" || resp.ContentLength <= 0 {
			t.Errorf("%s: %d %q %d", r.path, resp.StatusCode, body, resp.ContentLength)
		}
	}
}

func TestAPanicIsAnsweredAndTheServerGoesOn(t *testing.T) {
	p := anyPool()
	p.status = func() (mm.PoolStatus, error) { panic("a defect") }
	p.run = func(context.Context, mm.Command, mm.Progress) mm.Outcome { panic("a defect") }
	s := serve(t, p)
	for _, accept := range []string{"application/json", "text/event-stream"} {
		resp, body := s.do(t, request{method: "POST", path: "/run", body: runBody, header: map[string]string{"Accept": accept}})
		if want := map[string]int{"application/json": 500, "text/event-stream": 200}[accept]; resp.StatusCode != want ||
			!strings.Contains(body, `"code":"internal"`) || !strings.Contains(body, `"executed":"maybe"`) {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
	}
	if resp, body := s.do(t, request{method: "GET", path: "/status"}); resp.StatusCode != 500 || !strings.Contains(body, `"code":"internal"`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, _ := s.do(t, request{method: "GET", path: "/health"}); resp.StatusCode != 200 {
		t.Error("the server ended")
	}
}
