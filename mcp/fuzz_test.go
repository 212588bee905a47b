package mcp

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// Whatever bytes come in: the loop ends with its input, what comes out are JSON-RPC messages, no request is answered twice,
// and no command runs that was not asked for.
func FuzzLoop(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "{}", "[]", "null", hello, hello + "\n" + ready + "\n" + list + "\n" + runs("5", goodArgs) + "\n",
		runs(`"a"`, `{"connection":"Contoso-GA","module":"exo","command":"x","format":"both","max_chars":"500"}`) + "\r\n" + `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}}`,
		runs("1", `null`) + "\n" + runs("1", `[]`) + "\n" + runs("1.0", `"{}"`) + "\n" + runs("-1e3", `{"request_id":"mcp-abcdefghijklmnopqrstuvwxyz"}`),
		"\ufeff" + list + "\n[" + list + "," + ready + "]\n{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
		`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
		`{"jsonrpc":"2.0","id":1,"result":{}}` + "\n" + `{"jsonrpc":"2.0","id":{},"method":""}` + "\n\x00\xff{\"id\":1}",
		calls("graph_request", "7", graphMe) + "\n" + calls("graph_request", "8", `{"connection":"Contoso-GA","page":"https://x","all":"1","headers":"{}","body":"{}","format":"json"}`),
		runs("2", `{"connection":"\ud83d","module":"EXO ","command":"\u0000"}`), `{"jsonrpc":"2.0","ID":3,"Method":"ping"}`,
		`{"jsonrpc":"2.0","id":4,"method":"tasks/list"}` + "\n" + `{"jsonrpc":"2.0","id":5,"method":"completion/complete","params":{}}` + "\n" + `{"jsonrpc":"2.0","id":6,"method":"tools/list","params":{"cursor":"x"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		svc := &scripted{connections: contoso(), run: reports, graph: answers(gives(users(3))), cancelled: make(chan string, 1000)}
		var out bytes.Buffer
		if err := New(svc, Config{Version: "1"}).Serve(t.Context(), bytes.NewReader(input), &out); err != nil {
			t.Fatalf("%v", err)
		}
		mostly := asked(input)
		for line := range strings.Lines(out.String()) {
			var m struct {
				JSONRPC string
				ID      json.RawMessage
				Method  string
				Result  json.RawMessage
				Error   json.RawMessage
			}
			if err := json.Unmarshal([]byte(line), &m); err != nil || m.JSONRPC != "2.0" || !strings.HasSuffix(line, "\n") {
				t.Fatalf("%v: %q", err, line)
			}
			switch {
			case m.Method != "":
				if m.ID != nil {
					t.Fatalf("a request to the client: %s", line)
				}
			case (m.Result == nil) == (m.Error == nil):
				t.Fatalf("neither or both of result and error: %s", line)
			case string(m.ID) != "null":
				if mostly[string(m.ID)]--; mostly[string(m.ID)] < 0 {
					t.Fatalf("%s is answered more often than it was asked:\n%s", m.ID, out.String())
				}
			}
		}
		for _, cmd := range svc.asked() {
			if cmd.Text == "" || cmd.RequestID == "" || cmd.Session.Module == mm.Module("") {
				t.Fatalf("ran %+v", cmd)
			}
		}
		for _, r := range svc.requested() {
			if r.Connection == "" || r.Endpoint == "" && r.Page == "" || r.RequestID == "" {
				t.Fatalf("sent %+v", r)
			}
		}
	})
}

// asked counts the ids in lines that are JSON objects or lists of them.
func asked(input []byte) map[string]int {
	ids := map[string]int{}
	count := func(raw json.RawMessage) {
		var m struct{ ID json.RawMessage }
		if json.Unmarshal(raw, &m) == nil && m.ID != nil {
			ids[string(m.ID)]++
		}
	}
	for line := range bytes.Lines(input) {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
		var list []json.RawMessage
		if json.Unmarshal(line, &list) != nil {
			count(line)
		}
		for _, raw := range list {
			count(raw)
		}
	}
	return ids
}
