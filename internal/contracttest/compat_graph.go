package contracttest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// graphRules are the part of the compatibility contract that needs accounts.
var graphRules = []rule{
	{"the first graph request shows a device code", HTTP | InProcess, 0, graphFirstCode},
	{"the first graph request shows a device code in the words that hosts know", MCP, 0, graphCodeInWords},
	{"after the sign-in graph requests are answered", Anywhere, 0, graphAfterSignIn},
	{"one sign-in serves Graph, Power Automate and every module", Anywhere, 0, oneSignIn},
	{"a sign-in for a command serves graph requests", Anywhere, 0, signInByCommand},
	{"with the wrong account no graph request is sent", Anywhere, 0, graphWrongAccount},
	{"an answer without content reads as it always has", Anywhere, 0, graphNoContent},
	{"a send that was accepted must not be repeated", HTTP | MCP, 0, graphAccepted},
	{"an error of Graph begins with its status and code", Anywhere, 0, graphErrors},
	{"a missing permission is named with where to consent", Anywhere, 0, graphMissingScope},
	{"a graph request without its parts says what is missing", Anywhere, 0, graphMissingParts},
	{"a graph request for an unknown connection names the known ones", Anywhere, alone, graphUnknownConnection},
	{"a list goes on where the answer says", Anywhere, 0, graphPages},
	{"a complete list does not go on", Anywhere, 0, graphDelta},
	{"confirmed is not sent", Anywhere, 0, graphConfirmed},
	{"a sign-out asks for a new sign-in", Anywhere, 0, graphSignOut},
	{"graph requests over TCP need the token, and sign-ins are on the socket only", TCP, alone, graphToken},
	{"sign-in, status and sign-out have their shapes", Socket, alone, signInShapes},
}

// CompatGraph runs the rules that need accounts, as Compat does the others. Each Door is a Grapher.
func CompatGraph(t *testing.T, open func(t *testing.T, more int) Front) { hold(t, graphRules, open) }

const flow = string(mm.FlowResource)

func graphAfterSignIn(t *testing.T, v visitor) {
	v.account()
	s := v.graph(GraphAsk{Endpoint: "/me", JQ: "{mail}"})
	v.graphSucceeded(s, 200, fmt.Sprintf(`{"mail":%q}`, v.Account(v.connection)))
	if v.Kind()&HTTP != 0 {
		if err := Shape(fmt.Sprintf(`{"status":"success","authenticated_as":%q}`, v.Account(v.connection)), s.Body); err != nil || s.HTTPStatus != 200 {
			t.Errorf("HTTP status %d, %v", s.HTTPStatus, err)
		}
		v.has(s, map[string]string{"http_status": `200`, "data": fmt.Sprintf(`{"mail":%q}`, v.Account(v.connection))})
	}
	if s.RequestID == "" {
		t.Error("the answer has no request_id")
	}
}

// graphSucceeded fails unless s is a success with that data, of that status of Graph's.
func (v visitor) graphSucceeded(s Seen, status int, data string) {
	v.t.Helper()
	if s.Status != mm.StatusSuccess || s.GraphStatus != status || s.Text != data {
		v.t.Errorf("%s %s, status %d with %q; want %d with %q", s.Status, s.Code, s.GraphStatus, s.Text, status, data)
	}
}

// draft makes a message that is not sent, and returns its id.
func (v visitor) draft(subject string) string {
	v.t.Helper()
	s := v.graph(GraphAsk{Method: "POST", Endpoint: "/me/messages", Body: fmt.Sprintf(`{"subject":%q}`, subject), JQ: ".id"})
	var id string
	if err := json.Unmarshal([]byte(s.Text), &id); err != nil || s.GraphStatus != 201 {
		v.t.Fatalf("%s, status %d: %q", s.Status, s.GraphStatus, s.Text)
	}
	return id
}

func graphNoContent(_ *testing.T, v visitor) {
	v.account()
	s := v.graph(GraphAsk{Method: "DELETE", Endpoint: "/me/messages/" + v.draft("to be deleted")})
	want := `{"message": "OK (no content)"}`
	if v.Kind()&HTTP != 0 {
		want = `{"message":"OK (no content)"}` // JSON within JSON
	}
	v.graphSucceeded(s, 204, want)
}

func graphAccepted(t *testing.T, v visitor) {
	v.account()
	s := v.graph(GraphAsk{Method: "POST", Endpoint: "/me/messages/" + v.draftTo(v.Account(v.connection)) + "/send"})
	said := s.Text
	if !v.overMCP() {
		said = s.Body // among the notes
	}
	if s.Status != mm.StatusSuccess || s.GraphStatus != 202 || !strings.Contains(said, "must not be repeated") {
		t.Errorf("%s, status %d: %q", s.Status, s.GraphStatus, said)
	}
}

// draftTo is draft with a recipient.
func (v visitor) draftTo(address string) string {
	v.t.Helper()
	id := v.draft("to be sent")
	s := v.graph(GraphAsk{Method: "PATCH", Endpoint: "/me/messages/" + id,
		Body: fmt.Sprintf(`{"toRecipients":[{"emailAddress":{"address":%q}}]}`, address)})
	if s.Status != mm.StatusSuccess {
		v.t.Fatalf("%s: %q", s.Status, s.Text)
	}
	return id
}

func graphErrors(t *testing.T, v visitor) {
	v.account()
	for endpoint, begins := range map[string]string{
		"/users/00000000-0000-0000-0000-000000000000": "Graph API 404 (Request_ResourceNotFound): ",
		"/me/nothing": "Graph API 400 (BadRequest): ",
	} {
		s := v.get(endpoint)
		v.failed(s, mm.GraphFailed, mm.ExecutedNo)
		if !strings.HasPrefix(s.Text, begins) || s.Remedy == "" || !strings.Contains(s.Text, s.Remedy) || s.HTTPStatus != 0 && s.HTTPStatus != 200 {
			t.Errorf("%s: HTTP status %d: %q", endpoint, s.HTTPStatus, s.Text)
		}
	}
}

func graphMissingScope(t *testing.T, v visitor) {
	v.connection = "Contoso-Limited"
	v.account()
	s := v.graph(GraphAsk{Method: "POST", Endpoint: "/me/messages/" + v.draftTo(v.Account(v.connection)) + "/send"})
	v.failed(s, mm.GraphFailed, mm.ExecutedNo)
	if !strings.HasPrefix(s.Text, "Graph API 403 (") || !strings.Contains(s.Remedy, "Mail.Send") || !strings.Contains(s.Remedy, "/adminconsent?client_id=") {
		t.Errorf("%q", s.Text)
	}
}

func graphMissingParts(t *testing.T, v visitor) {
	for _, a := range []GraphAsk{{Connection: v.connection}, {Endpoint: "/me"}} {
		s, err := v.Door.(Grapher).Graph(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		v.failed(s, mm.BadRequest, mm.ExecutedNo)
		switch {
		case v.overMCP():
			if s.Text != "Error: connection and endpoint are both required" {
				t.Errorf("%q", s.Text)
			}
		case v.Kind()&HTTP != 0:
			v.shaped(400, `{"status":"error","error":"Missing connection or endpoint"}`, "POST", "/graph", a.JSON())
		}
	}
}

func graphUnknownConnection(t *testing.T, v visitor) {
	s := v.graph(GraphAsk{Connection: "Nobody", Endpoint: "/me"})
	v.failed(s, mm.UnknownConnection, mm.ExecutedNo)
	want := "Connection 'Nobody' not found. Available: " + strings.Join(v.Connections, ", ")
	if v.overMCP() {
		want = "Error: " + strings.Replace(want, ". Available", ".\nAvailable", 1)
	}
	if s.Text != want {
		t.Errorf("\n got %q\nwant %q", s.Text, want)
	}
}

func graphPages(t *testing.T, v visitor) {
	v.account()
	const query = "/me/messages?$top=2&$select=subject"
	first := v.get(query)
	if first.Status != mm.StatusSuccess || first.Next == "" || v.overMCP() && !strings.Contains(first.Text, "\nThere is more: call again with page="+first.Next+" (") {
		t.Fatalf("%s, next %q: %q", first.Status, first.Next, first.Text)
	}
	second := v.graph(GraphAsk{Page: first.Next})
	if second.Status != mm.StatusSuccess || second.Next == "" || second.Next == first.Next {
		t.Errorf("%s, next %q: %q", second.Status, second.Next, second.Text)
	}
	counted := v.graph(GraphAsk{Endpoint: query, All: true, JQ: ".value|length"})
	if n := 0; json.Unmarshal([]byte(counted.Text), &n) != nil || n < 10 || counted.Next != "" {
		t.Errorf("%s, next %q: %q", counted.Status, counted.Next, counted.Text)
	}
}

// graphDelta: the link of a complete list leads to what will have changed. A model that follows it as a page never ends.
func graphDelta(t *testing.T, v visitor) {
	v.account()
	s := v.graph(GraphAsk{Endpoint: "/users/delta?$select=id", All: true})
	if s.Status != mm.StatusSuccess || s.Next == "" {
		t.Fatalf("%s, next %q: %q", s.Status, s.Next, s.Text)
	}
	if v.overMCP() && (strings.Contains(s.Text, "There is more") || !strings.Contains(s.Text, "call again later with page="+s.Next)) {
		t.Errorf("%q", s.Text)
	}
	if again := v.graph(GraphAsk{Page: s.Next}); again.Status != mm.StatusSuccess {
		t.Errorf("%s: %q", again.Status, again.Text)
	}
}

func graphConfirmed(t *testing.T, v visitor) {
	v.account()
	for _, body := range []string{`{"subject":"s","confirmed":true}`, `"{\"subject\":\"s\",\"confirmed\":\"true\"}"`} {
		s := v.graph(GraphAsk{Method: "post", Endpoint: "me/messages", Body: body, JQ: "[.subject,has(\"confirmed\")]|join(\" \")"})
		if s.Status != mm.StatusSuccess || !strings.HasPrefix(s.Text, `"s false"`) {
			t.Errorf("%s: %s %q", body, s.Status, s.Text)
		}
	}
}
