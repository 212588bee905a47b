package contracttest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

func unknownConnectionSeen(t *testing.T, v visitor) {
	s := v.send(Ask{Connection: "Nobody", Module: "exo", Command: `1`})
	v.failed(s, mm.UnknownConnection, mm.ExecutedNo)
	known := strings.Join(v.Connections, ", ")
	switch want := "Connection 'Nobody' not found. Available: " + known; {
	case v.overMCP():
		if want := "Error: Connection 'Nobody' not found.\nAvailable: " + known; s.Text != want {
			t.Errorf("\n got %q\nwant %q", s.Text, want)
		}
	case s.Text != want:
		t.Errorf("\n got %q\nwant %q", s.Text, want)
	case v.Kind()&HTTP != 0 && s.HTTPStatus != 200:
		t.Errorf("HTTP status %d", s.HTTPStatus)
	}
}

func unknownModuleSeen(t *testing.T, v visitor) {
	a := v.exo(`1`)
	a.Module = "excel"
	s := v.send(a)
	v.failed(s, mm.UnknownModule, mm.ExecutedNo)
	switch {
	case v.overMCP():
		if !strings.HasPrefix(s.Text, "Error: Unknown module: excel\n") {
			t.Errorf("%q", s.Text)
		}
	case v.Kind()&HTTP != 0:
		if err := Shape(`{"status":"error","error":"Unknown module: excel"}`, s.Body); err != nil || s.HTTPStatus != 400 {
			t.Errorf("HTTP status %d, %v", s.HTTPStatus, err)
		}
	case !strings.HasPrefix(s.Text, "Unknown module: excel"):
		t.Errorf("%q", s.Text)
	}
}

func missingPartsSeen(t *testing.T, v visitor) {
	whole := map[string]any{"connection": v.connection, "module": "exo", "command": "1"}
	for part := range whole {
		for _, instead := range []any{nil, "", "absent"} {
			body := map[string]any{}
			for k, x := range whole {
				body[k] = x
			}
			if body[part] = instead; instead == "absent" {
				delete(body, part)
			}
			text, err := json.Marshal(body)
			must(err)
			missingPart(t, v, string(text))
		}
	}
}

func missingPart(t *testing.T, v visitor, body string) {
	t.Helper()
	switch {
	case v.overMCP():
		s, err := v.Door.(Caller).Call(t.Context(), body)
		if err != nil || s.Text != "Error: connection, module, and command are all required" {
			t.Errorf("%s: %q, %v", body, s.Text, err)
		}
	case v.Kind()&HTTP != 0:
		v.shaped(400, `{"status":"error","error":"Missing connection, module, or command"}`, "POST", "/run", body)
	default:
		var a Ask
		must(json.Unmarshal([]byte(body), &a))
		v.failed(v.send(a), mm.BadRequest, mm.ExecutedNo)
	}
}

func identityBlocked(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	for _, command := range []string{
		`Connect-ExchangeOnline`, `Disconnect-ExchangeOnline`, `Connect-AzAccount`, `Disconnect-AzAccount`, `Connect-MicrosoftTeams`,
		`Connect-PnPOnline -Url 'https://contoso.sharepoint.com'`, `Select-AzContext 'x'`, `Set-AzContext -Tenant 'x'`, `Clear-AzContext`,
		`$blocked = 'was run'; Disconnect-ExchangeOnline`,
	} {
		s := v.ask(command)
		v.failed(s, mm.Blocked, mm.ExecutedNo)
		if !strings.HasPrefix(s.Text, "Command blocked: ") || !strings.Contains(s.Text, ". This operation is not allowed through the session pool.") {
			t.Errorf("%s: %q", command, s.Text)
		}
	}
	v.succeeded(v.ask(`'<'; $blocked; '>'`), "<\n>") // signed in still
}

func subscriptionAllowed(_ *testing.T, v visitor) {
	v.signIn(mm.Azure)
	a := v.exo(`$chosen = Set-AzContext -Subscription 'Contoso Production'; 'allowed'`)
	a.Module = string(mm.Azure)
	v.succeeded(v.send(a), "allowed")
}

func busySeen(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	const asks = 1 + 64 + 5 // one runs, 64 wait
	answers := make(chan Seen, asks)
	v.blocked(func() {
		for range asks - 1 {
			go func() { answers <- v.ask(`'its turn'`) }()
		}
		for range 5 {
			s := <-answers
			v.failed(s, mm.Busy, mm.ExecutedNo)
			if s.HTTPStatus != 200 || s.RetryAfter <= 0 || s.Remedy == "" {
				t.Errorf("HTTP status %d: %s", s.HTTPStatus, s.Body)
			}
		}
	})
	for range asks - 1 - 5 {
		v.succeeded(<-answers, "its turn")
	}
}

// unknownFields: clients send fields of other versions, and null for what they leave out.
func unknownFields(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	for _, more := range []string{`"confirmed":true`, `"confirmed":"true"`, `"confirmation_id":null`, `"background":false`, `"holds":true`,
		`"timeout_seconds":null,"format":null,"max_chars":null,"request_id":null`, `"unheard_of":{"a":[1]}`} {
		body := strings.TrimSuffix(v.exo(`'hello'`).JSON(), "}") + "," + more + "}"
		if v.overMCP() {
			s, err := v.Door.(Caller).Call(t.Context(), body)
			if err != nil {
				t.Errorf("%s: %v", more, err)
			}
			v.succeeded(s, "hello")
			continue
		}
		v.shaped(200, `{"status":"success","output":"hello\n"}`, "POST", "/run", body)
	}
}

func rangesRefused(t *testing.T, v visitor) {
	for _, field := range []string{
		`"timeout_seconds":0`, `"timeout_seconds":86401`, `"timeout_seconds":1.5`, `"timeout_seconds":"1"`, `"format":"xml"`, `"width":19`,
		`"depth":33`, `"max_items":0`, `"max_chars":99`, `"request_id":1`, `"request_id":"` + strings.Repeat("x", 129) + `"`,
	} {
		body := fmt.Sprintf(`{"connection":%q,"module":"exo","command":"1",%s}`, v.connection, field)
		name := strings.Trim(strings.SplitN(field, ":", 2)[0], `"`)
		r := v.http("POST", "/run", body)
		if s, err := SeenOverHTTP(r.Status, r.Header["Content-Type"], r.Body); err != nil || r.Status != 400 || s.Code != mm.BadRequest || !strings.Contains(s.Text, name+": want ") {
			t.Errorf("%s: HTTP status %d %s, %v", field, r.Status, r.Body, err)
		}
	}
	for _, body := range []string{`{`, `[]`, `"x"`, `{"connection":1}`, "\xff"} {
		r := v.http("POST", "/run", body)
		if s, err := SeenOverHTTP(r.Status, r.Header["Content-Type"], r.Body); err != nil || r.Status != 400 || s.Code != mm.BadRequest {
			t.Errorf("%s: HTTP status %d %s, %v", body, r.Status, r.Body, err)
		}
	}
}

func tooLarge(t *testing.T, v visitor) {
	r := v.http("POST", "/run", v.exo(strings.Repeat("#", 1<<20)).JSON())
	if s, err := SeenOverHTTP(r.Status, r.Header["Content-Type"], r.Body); err != nil || r.Status != 413 || s.Code != mm.BadRequest {
		t.Errorf("HTTP status %d %s, %v", r.Status, r.Body, err)
	}
}

var posts = map[string]string{"/run": `{"connection":"Nobody","module":"exo","command":"1"}`, "/reset": `{"connection":"Nobody"}`, "/cancel": `{"request_id":"x"}`}

func tokenNeeded(t *testing.T, v visitor) {
	for path, body := range posts {
		for header, status := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer ": 401} {
			r := v.http("POST", path, body, "Authorization", header)
			if err := Shape(`{"status":"error","error":"<text>","code":"unauthorized","remedy":"<text>","executed":"no"}`, r.Body); err != nil || r.Status != status {
				t.Errorf("%s with %q: HTTP status %d, %v", path, header, r.Status, err)
			}
		}
		if r := v.http("POST", path, body); r.Status != 200 {
			t.Errorf("%s with the token: HTTP status %d %s", path, r.Status, r.Body)
		}
	}
	for _, path := range []string{"/health", "/status", "/connections", "/metrics"} {
		if r := v.http("GET", path, "", "Authorization", ""); r.Status != 200 {
			t.Errorf("%s: HTTP status %d %s", path, r.Status, r.Body)
		}
	}
}

func noTokenNeeded(t *testing.T, v visitor) {
	for path, body := range posts {
		if r := v.http("POST", path, body, "Authorization", ""); r.Status != 200 {
			t.Errorf("%s: HTTP status %d %s", path, r.Status, r.Body)
		}
	}
}

func otherPaths(_ *testing.T, v visitor) {
	const golden = `{"status":"error","error":"<text>","code":"bad_request","remedy":"<text>","executed":"no"}`
	for _, c := range []struct {
		status       int
		method, path string
	}{{404, "GET", "/"}, {404, "GET", "/nothing"}, {404, "POST", "/run/"}, {405, "GET", "/run"}, {405, "GET", "/reset"}, {405, "DELETE", "/status"},
		{405, "POST", "/health"}, {405, "PUT", "/run"}} {
		v.shaped(c.status, golden, c.method, c.path, "")
	}
}

func ownPaths(t *testing.T, v visitor) {
	if v.Kind() == TCP {
		const golden = `{"status":"error","error":"<text>","code":"not_enabled","remedy":"<text>","executed":"no"}`
		v.shaped(403, golden, "GET", "/version", "")
		v.shaped(403, golden, "POST", "/stop", `{}`)
		v.code(v.exo(`1`))
		return
	}
	v.shaped(200, `{"version":"v1.2.3","pid":"<number>","started":"<time>","background":false}`, "GET", "/version", "")
	v.code(v.exo(`1`))
	r := v.http("POST", "/stop", `{"if_idle":true}`)
	if err := Shape(`{"status":"error","error":"<text>","code":"busy","remedy":"<text>","executed":"no"}`, r.Body); err != nil {
		t.Error(err)
	}
	v.shaped(200, `{"status":"success","stopping":true}`, "POST", "/stop", `{"drain_seconds":7,"why":"a test"}`)
	if r := <-v.Stopped; r != (mm.StopRequest{Drain: 7 * time.Second, Why: "a test"}) {
		t.Errorf("%+v", r)
	}
	v.shaped(200, `{"status":"error","error":"<text>","code":"shutting_down","remedy":"<text>","executed":"no"}`, "POST", "/run", v.exo(`1`).JSON())
}
