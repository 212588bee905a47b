package mcp

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	mm "github.com/microsoft-master/mm"
)

// A host may show a model only content, or only structuredContent; behind either it must find what it needs.
func TestEitherHalfOfAResultIsEnough(t *testing.T) {
	const id = "mcp-abcdefghijklmnopqrstuvwxyz"
	failed := mm.Failed(id, session1, mm.Errorf(mm.Busy, "Wait for one of them.", "64 commands wait."))
	failed.Output = strings.Repeat("line of output\n", 5000)
	lost := mm.Failed(id, session1, &mm.Error{Code: mm.Cancelled, Executed: mm.ExecutedMaybe, Message: "Nobody waits.",
		Remedy: "Ask again with request id " + id + " for its answer."})
	died := mm.Failed(id, session1, &mm.Error{Code: mm.SessionDied, Executed: mm.ExecutedMaybe, Message: "It died.", RetryAfter: 3 * time.Second})
	died.Output = "line 1"
	for name, c := range map[string]struct {
		out  mm.Outcome
		args runArgs
		code string
		find []string // in both halves
	}{
		"a device code": {mm.Outcome{Status: mm.StatusAuthRequired, RequestID: id, Session: session1, Challenge: &mm.Challenge{
			UserCode: "ABCD1234", URL: "https://x/y", ExpiresAt: now.Add(time.Hour), Account: "admin@contoso.com"}}, plainText, "",
			[]string{"ABCD1234", "https://x/y", "admin@contoso.com", "wait until they say that they signed in"}},
		"an error with long output": {failed, plainText, "busy", []string{"64 commands wait.", "Wait for one of them."}},
		"an error in a small budget": {failed, runArgs{maxChars: minMaxChars, format: mm.FormatJSON}, "busy",
			[]string{"64 commands wait.", "Wait for one of them.", "[Cut: "}},
		"an answer that is not known":     {lost, plainText, "cancelled", []string{"Nobody waits.", "Ask again with request id " + id}},
		"a command that may have run":     {died, plainText, "session_died", []string{"check before you repeat it", id, "Try again in 3 s.", "line 1"}},
		"a command that waits for a word": {mm.Failed(id, session1, mm.Errorf(mm.Held, "", "draft\n\n**BLOCKED — human approval required.**")), plainText, "held", []string{"draft", "**BLOCKED"}},
		"output":                          {prints("Ada"), plainText, "", []string{"Ada"}},
		"objects": {mm.Outcome{Status: mm.StatusSuccess, Result: mm.Result{Objects: json.RawMessage(`[{"Name":"Ada"}]`)}},
			runArgs{maxChars: 1000, format: mm.FormatJSON}, "", []string{"1 object in structuredContent.objects; ask with format text"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := renderOutcome(c.out, c.args, now).result()
			content := r.Content[0].(mcp.TextContent).Text
			body, err := json.Marshal(r.StructuredContent)
			if err != nil {
				t.Fatal(err)
			}
			var s answer
			if err := json.Unmarshal(body, &s); err != nil || s.Text != content || s.Code != c.code {
				t.Errorf("structuredContent does not repeat the content: %v %.300s", err, body)
			}
			for _, want := range c.find {
				if !strings.Contains(content, want) {
					t.Errorf("%q is not in %s", want, content)
				}
			}
			if c.out.RequestID != s.RequestID {
				t.Errorf("request id %q", s.RequestID)
			}
			if out := c.out; out.Err != nil && (s.Remedy != out.Err.Remedy || s.Executed != string(out.Err.Executed)) {
				t.Errorf("remedy %q, executed %q", s.Remedy, s.Executed)
			}
			conforms(t, runOutput, body)
		})
	}
}

// conforms checks structuredContent against what the outputSchema says: required members and types, and that it says nothing
// of which the schema is silent.
func conforms(t *testing.T, schemaText string, body []byte) {
	t.Helper()
	var schema struct {
		Properties map[string]struct{ Type string }
		Required   []string
	}
	if err := json.Unmarshal([]byte(schemaText), &schema); err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range schema.Required {
		if _, ok := members[name]; !ok {
			t.Errorf("no %s in %s", name, body)
		}
	}
	types := map[string]string{"string": "string", "float64": "integer", "[]interface {}": "array", "map[string]interface {}": "object"}
	for name, value := range members {
		in, ok := schema.Properties[name]
		if got := types[fmt.Sprintf("%T", value)]; !ok || in.Type != "" && got != in.Type {
			t.Errorf("%s is %T, in the schema %q", name, value, in.Type)
		}
	}
}

// Every member that an answer can have is in the schema, the conditional ones too.
func TestAFullAnswerConformsToTheSchema(t *testing.T) {
	full := answer{Status: "error", Text: "t", Code: "c", Remedy: "r", Executed: "maybe", RetryAfter: 1, DeviceCode: "D", AuthURL: "u",
		ExpiresIn: 2, RequestID: "id", Objects: json.RawMessage(`[1]`), IsError: true}
	graph := full
	graph.Objects, graph.HTTPStatus, graph.Data, graph.File, graph.Next, graph.Truncated = nil, 200, json.RawMessage(`1`), "f", "n", &truncated{1, 2}
	for _, c := range []struct {
		name, schema string
		a            answer
	}{
		{"full", runOutput, full}, {"least", runOutput, answer{Status: "success", Text: "x"}}, {"list", runOutput, renderConnections(contoso(), 0, 1000)},
		{"full of Graph", graphOutput, graph}, {"least of Graph", graphOutput, answer{Status: "success", Text: "x"}},
	} {
		body, err := json.Marshal(c.a)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(c.name, func(t *testing.T) { conforms(t, c.schema, body) })
	}
}
