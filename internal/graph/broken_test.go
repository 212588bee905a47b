package graph_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A breakage is a way in which a server or the network in front of it misbehaves, and what the caller gets. With get, the
// request is a GET and nothing was done; otherwise it is a POST of a mail, and executed says what is known.
type breakage struct {
	name     string
	serve    http.HandlerFunc
	message  string // a part of it; empty: there is no error
	remedy   string // a part of it
	executed mm.Executed
	check    func(*testing.T, mm.GraphResult) // without an error
}

func status(code int, headers, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for line := range strings.SplitSeq(headers, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				w.Header().Set(name, value)
			}
		}
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// say is an error in Graph's shape.
func say(code, message string) string {
	return fmt.Sprintf(`{"error":{"code":%q,"message":%q,"innerError":{"date":"2026-11-22T10:00:00","request-id":"r"}}}`, code, message)
}

// hangUp answers with a text of its own and ends the connection.
func hangUp(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

const jsonHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

func zipped(n int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(`{"a":"`))
	zeros := bytes.Repeat([]byte("0"), 1<<20)
	for range n {
		_, _ = z.Write(zeros)
	}
	_, _ = z.Write([]byte(`"}`))
	_ = z.Close()
	return b.Bytes()
}

var bomb = zipped(36)

var breakages = []breakage{
	{"401 for ever", status(401, "", say("InvalidAuthenticationToken", "Access token has expired.")), "Graph API 401 (InvalidAuthenticationToken): Access token has expired.", "mm sign-in Contoso-GA", mm.ExecutedNo, nil},
	{"403 that names the scope", status(403, "", say("Forbidden", "Missing scope permissions on the request. API requires one of 'Mail.Send, Mail.Send.Shared'. Scopes on the request 'User.Read'")),
		"Graph API 403 (Forbidden)", "permission Mail.Send. Add it to the app registration; then an administrator consents at https://127.0.0.1:2/11111111", mm.ExecutedNo, nil},
	{"403 that names nothing", status(403, "", say("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")),
		"Graph API 403 (Authorization_RequestDenied): Insufficient privileges to complete the operation.", "Mail.", mm.ExecutedNo, nil},
	{"404", status(404, "", say("Request_ResourceNotFound", "Resource 'x' does not exist.")), "404 (Request_ResourceNotFound)", "list the collection", mm.ExecutedNo, nil},
	{"404 without a body", status(404, "", ""), "Graph API 404: Not Found", "list the collection", mm.ExecutedNo, nil},
	{"400 for a segment", status(400, "", say("BadRequest", "Resource not found for the segment 'mesages'.")), "mesages", "check its spelling", mm.ExecutedNo, nil},
	{"405", status(405, "", say("Request_BadRequest", "Specified HTTP method is not allowed for the request target.")), "405", "not what this address takes", mm.ExecutedNo, nil},
	{"409", status(409, "", say("nameAlreadyExists", "An item with the same name already exists.")), "409 (nameAlreadyExists)", "read it again", mm.ExecutedNo, nil},
	{"412", status(412, "", say("ErrorIrresolvableConflict", "The send or update operation could not be performed because the change key passed in the request does not match.")), "412", "If-Match", mm.ExecutedNo, nil},
	{"413", status(413, "", ""), "413", "body_file", mm.ExecutedNo, nil},
	{"415", status(415, "", ""), "415", "JSON object", mm.ExecutedNo, nil},
	{"423", status(423, "", say("resourceLocked", "The resource is locked.")), "423 (resourceLocked)", "open or checked out", mm.ExecutedNo, nil},
	{"429 for longer than anybody waits", status(429, "Retry-After: 7200", say("TooManyRequests", "x")), "429", "wait 2h0m0s", mm.ExecutedNo, nil},
	{"500", status(500, "", say("InternalServerError", "x")), "500", "in trouble", mm.ExecutedMaybe, nil},
	{"502 of a gateway", status(502, "Content-Type: text/html", "<html><h1>Bad Gateway</h1></html>"), "HTML page", "proxy", mm.ExecutedMaybe, nil},
	{"503 for long", status(503, "Retry-After: 7200", ""), "503", "in trouble", mm.ExecutedMaybe, nil},
	{"504 that says nothing", status(504, "", ""), "504", "in trouble", mm.ExecutedMaybe, nil},
	{"507", status(507, "", say("quotaLimitReached", "x")), "507", "quota", mm.ExecutedMaybe, nil},
	{"an error that is no object", status(400, "", `{"error":"invalid_request","error_description":"No such thing."}`), "400 (invalid_request): No such thing.", "message", mm.ExecutedNo, nil},
	{"an error of an older service", status(400, "", `{"error":{"code":"x","message":{"lang":"en","value":"Old."}}}`), "400 (x): Old.", "message", mm.ExecutedNo, nil},
	{"an error in plain text", status(400, "Content-Type: text/plain", "no such tenant"), "400: no such tenant", "message", mm.ExecutedNo, nil},
	{"an error that is broken JSON", status(400, "", `{"error":{"code":"x"`), "400: Bad Request", "message", mm.ExecutedNo, nil},
	{"an error of a megabyte", status(400, "", say("x", strings.Repeat("long ", 200_000))), "400: Bad Request", "message", mm.ExecutedNo, nil},
	{"an error with binary in it", status(400, "Content-Type: text/plain", "bad\x00\x1b[31m\xff"), "400", "message", mm.ExecutedNo, nil},
	{"a sign-in page of the network", status(200, "Content-Type: text/html; charset=utf-8", "<html>Welcome to the hotel</html>"), "HTML page", "who runs the network", mm.ExecutedYes, nil},
	{"a page that calls itself JSON", status(200, "", "<!DOCTYPE html><p>x"), "HTML page", "who runs the network", mm.ExecutedYes, nil},
	{"half of the JSON", status(200, "", `{"value":[{"id":"1"},{"i`), "ended before it was complete", "", mm.ExecutedYes, nil},
	{"JSON that is none", status(200, "", `{"value":[}`), "not valid JSON", "", mm.ExecutedYes, nil},
	{"two answers in one", status(200, "", `{"a":1}{"b":2}`), "not valid JSON", "", mm.ExecutedYes, nil},
	{"a connection that ends before the answer", hangUp(""), "broke before it had answered", "", mm.ExecutedMaybe, nil},
	{"half a head", hangUp("HTTP/1.1 200 O"), "broke before it had answered", "", mm.ExecutedMaybe, nil},
	{"no HTTP at all", hangUp("220 smtp ready\r\n"), "broke before it had answered", "", mm.ExecutedMaybe, nil},
	{"a body that ends early", hangUp(jsonHead + "Content-Length: 100\r\n\r\n{\"a\":"), "ended before it was complete", "", mm.ExecutedYes, nil},
	{"chunks that end early", hangUp(jsonHead + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"), "ended before it was complete", "", mm.ExecutedYes, nil},
	{"two lengths", hangUp(jsonHead + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), "broke", "", mm.ExecutedMaybe, nil},
	{"a megabyte of headers", hangUp("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"), "broke", "", mm.ExecutedMaybe, nil},
	{"compression that is none", status(200, "Content-Encoding: gzip", "hello, no gzip"), "compressed", "", mm.ExecutedYes, nil},
	{"compression that ends early", status(200, "Content-Encoding: gzip", string(zipped(1)[:200])), "before it was complete", "", mm.ExecutedYes, nil},
	{"a compressed bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb)
	}, "larger than", "$select", mm.ExecutedYes, nil},
	{"a redirect to http", status(302, "Location: http://127.0.0.1/x", ""), "redirects to a place", "proxy", mm.ExecutedNo, nil},
	{"a redirect to another scheme", status(302, "Location: file:///etc/passwd", ""), "redirects to a place", "proxy", mm.ExecutedNo, nil},
	{"a redirect with a password", status(302, "Location: https://a:b@127.0.0.1/x", ""), "redirects to a place", "proxy", mm.ExecutedNo, nil},
	{"a redirect to itself", status(302, "Location: /v1.0/me", ""), "in a circle", "later", mm.ExecutedNo, nil},
	{"a redirect to nowhere", status(302, "", ""), "302", "elsewhere", mm.ExecutedNo, nil},
	{"an empty body with 200", status(200, "", ""), "", "", "", func(t *testing.T, r mm.GraphResult) {
		if !strings.Contains(string(r.Data), "OK (no content)") {
			t.Errorf("%s", r.Data)
		}
	}},
	{"JSON of another type", status(200, "Content-Type: text/plain", `{"a":1}`), "", "", "", func(t *testing.T, r mm.GraphResult) {
		if string(r.Data) != `{"a":1}` {
			t.Errorf("%+v", r)
		}
	}},
	{"JSON of no type", status(200, "Content-Type: ;;", ` {"a":1}`), "", "", "", func(t *testing.T, r mm.GraphResult) {
		if string(r.Data) != `{"a":1}` {
			t.Errorf("%+v", r)
		}
	}},
	{"bytes that are no text", status(200, "", "{\"a\":\"\xff\xfe\"}"), "", "", "", func(t *testing.T, r mm.GraphResult) {
		if string(r.Data) != "{\"a\":\"\ufffd\"}" || len(r.Notes) == 0 {
			t.Errorf("%q %v", r.Data, r.Notes)
		}
	}},
	{"a continuation that is a number", status(200, "", `{"@odata.nextLink":5,"@odata.count":"x","value":[]}`), "", "", "", func(t *testing.T, r mm.GraphResult) {
		if r.Next != "" || r.Count != -1 || r.Items != 0 {
			t.Errorf("%+v", r)
		}
	}},
	{"a text of a mebibyte", status(200, "Content-Type: text/csv", strings.Repeat("a,b\n", 1<<18)), "", "", "", func(t *testing.T, r mm.GraphResult) {
		if len(r.Text) != 1<<20 {
			t.Errorf("%d", len(r.Text))
		}
	}},
	{"a file nobody asked for", status(200, "Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"../../x.exe\"", "MZ"), "", "", "", func(t *testing.T, r mm.GraphResult) {
		if r.File != "/shown/_._.._x.exe" && !strings.HasPrefix(r.File, "/shown/") || strings.Contains(r.File, "..//") {
			t.Errorf("%+v", r)
		}
	}},
	{"a file that ends early", hangUp("HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 100\r\n\r\n%PDF"), "before it was complete", "", mm.ExecutedYes, nil},
}

func TestWhateverAServerDoesTheCallerIsToldWhatHappened(t *testing.T) {
	if len(breakages) < 30 {
		t.Fatalf("%d ways only", len(breakages))
	}
	for _, b := range breakages {
		for _, method := range []string{"GET", "POST"} {
			t.Run(b.name+" "+method, func(t *testing.T) {
				w := start(t, false, b.serve)
				r := mm.GraphRequest{Endpoint: "/me/messages"}
				if method == "POST" {
					r = mm.GraphRequest{Method: "POST", Endpoint: "/me/messages/1/send", Body: raw(`{"a":1}`)}
				}
				result, err := w.do(r)
				if b.message == "" {
					if err != nil {
						t.Fatal(err)
					}
					b.check(t, result)
					return
				}
				want := b.executed
				if method == "GET" {
					want = mm.ExecutedNo
				} else if strings.Contains(b.name, "redirect") {
					return // a POST is not redirected: TestARedirectIsFollowedWithoutTheToken
				}
				failed, ok := err.(*mm.Error)
				if !ok || failed.Code != mm.GraphFailed || failed.Executed != want || failed.Remedy == "" ||
					!strings.Contains(failed.Message, b.message) || !strings.Contains(failed.Remedy, b.remedy) || len(failed.Message) > 2000 {
					t.Errorf("%+v", err)
				}
				if strings.Contains(fmt.Sprint(err), "secret-token") || strings.ContainsAny(fmt.Sprint(err), "\x00\x1b\n") {
					t.Errorf("%q", err)
				}
				if left, _ := filepath.Glob(filepath.Join(w.files, "*")); len(left) > 0 {
					t.Errorf("%q is left", left)
				}
			})
		}
	}
}

func TestAServerThatDripsIsLeftWhenTheTimeIsOver(t *testing.T) {
	w := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"value":[`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	_, err := w.do(mm.GraphRequest{Endpoint: "/me/messages", Timeout: 50 * time.Millisecond})
	if failed, ok := err.(*mm.Error); !ok || failed.Code != mm.Timeout || failed.Executed != mm.ExecutedNo {
		t.Errorf("%+v", err)
	}
}

func TestAServiceThatIsNotThereIsSaid(t *testing.T) {
	w := serve(t, nil)
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	address := w.server.URL
	for _, c := range []struct {
		name, message string
		change        func()
	}{
		{"a certificate of nobody", "not trusted", func() {
			w.connection.Sandbox.CA = "" // the system's do not know the service's
		}},
		{"no authority", "cannot be read", func() { w.connection.Sandbox.CA = "/nowhere" }},
		{"nobody listens", "cannot be reached", func() { w.connection.Sandbox.CA = ""; w.connection.Sandbox.Graph = "https://127.0.0.1:1" }},
		{"no such name", "cannot be resolved", func() { w.connection.Sandbox.Graph = "https://no-such-name.invalid" }},
		{"no TLS", "broke", func() { w.connection.Sandbox.Graph = strings.Replace(plain.URL, "http:", "https:", 1) }},
	} {
		c.change()
		_, err := w.do(mm.GraphRequest{Method: "POST", Endpoint: "/me/sendMail", Body: raw(`{"a":1}`)})
		failed, ok := err.(*mm.Error)
		if !ok || !strings.Contains(failed.Message, c.message) || failed.Executed != mm.ExecutedNo || failed.Remedy == "" {
			t.Errorf("%s: %+v", c.name, err)
		}
		w.connection.Sandbox.Graph = address
	}
}

func TestWhatIsNobodysBusinessIsLeftOutOfErrors(t *testing.T) {
	w := serve(t, nil)
	const other = "99999999-2222-3333-4444-555555555555"
	for sent, want := range map[string]string{
		"User bob@fabrikam.com of admin@contoso.com":                                       "User [address] of admin@contoso.com",
		"Tenant '" + other + "' unknown":                                                   "Tenant '[tenant]' unknown",
		"tenantId: " + other:                                                               "tenantId: [tenant]",
		"in 11111111-2222-3333-4444-555555555555":                                          "in [tenant]",
		"object " + other + " not found":                                                   "object " + other + " not found",
		"Property manager@odata.bind is wrong":                                             "Property manager@odata.bind is wrong",
		"token eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiIwMDAwMDAwMyJ9.c2lnbmF0dXJl": "token [token]",
		"at https://x.sharepoint.com/a?tempauth=abc.def&x=1":                               "at https://x.sharepoint.com/a?tempauth=[redacted]&x=1",
		"two\nlines": "two lines",
	} {
		w.handle(status(400, "", say("x", sent)))
		if _, err := w.do(mm.GraphRequest{Endpoint: "/me"}); !strings.HasSuffix(err.(*mm.Error).Message, ": "+want) {
			t.Errorf("%s: %v", sent, err)
		}
	}
}

func TestARemedyNamesWhatToChange(t *testing.T) {
	w := serve(t, nil)
	for _, c := range []struct {
		resource            mm.Resource
		method, endpoint    string
		status              int
		code, message, want string
	}{
		{"", "", "/users?$search=\"displayName:x\"", 400, "Request_UnsupportedQuery", "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'", "ConsistencyLevel: eventual"},
		{"", "", "/users?$filter=x ne 'y'", 400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause", "ConsistencyLevel: eventual"},
		{"", "", "/me/messages?$filter=a b", 400, "BadRequest", "Invalid filter clause: Syntax error at position 3", "single quotes"},
		{"", "", "/users?$select=mial", 400, "BadRequest", "Parsing OData Select and Expand failed: Could not find a property named 'mial' on type 'microsoft.graph.user'.", "no property of that name"},
		{"", "", "/me/messages/x", 400, "ErrorInvalidIdMalformed", "Id is malformed.", "exactly as an earlier answer"},
		{"", "", "/me/messages", 404, "MailboxNotEnabledForRESTAPI", "REST API is not yet supported for this mailbox.", "no mailbox"},
		{"", "", "/groups/x/members", 403, "Authorization_RequestDenied", "Insufficient privileges", "GroupMember.Read.All"},
		{"", "PATCH", "/users/x", 403, "Authorization_RequestDenied", "Insufficient privileges", "User.ReadWrite.All"},
		{"", "POST", "/teams/t/channels/c/messages", 403, "Forbidden", "x", "ChannelMessage.Send"},
		{"", "", "/somethingNew", 403, "Forbidden", "x", "adminconsent?client_id=app-1"},
		{"", "", "/me/x", 403, "Forbidden", "Tenant does not have a SPO license.", "licence"},
		{"flow", "", "/providers/x", 400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.", "api-version=2016-11-01"},
		{"flow", "", "/providers/x", 403, "x", "x", "Flows.Read.All"},
	} {
		w.handle(status(c.status, "", say(c.code, c.message)))
		_, err := w.do(mm.GraphRequest{Resource: c.resource, Method: c.method, Endpoint: c.endpoint})
		if failed, ok := err.(*mm.Error); !ok || !strings.Contains(failed.Remedy, c.want) {
			t.Errorf("%s: %+v", c.endpoint, err)
		}
	}
}
