package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// exchange serves input to its end and returns the lines of the output.
func exchange(t *testing.T, svc mm.Service, input string) []string {
	t.Helper()
	var out bytes.Buffer
	s := New(svc, Config{})
	s.limits.line = 64 << 10
	if err := s.Serve(t.Context(), strings.NewReader(input), &out); err != nil {
		t.Error(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// A reply is what a host reads of one line.
type reply struct {
	ID     json.RawMessage
	Method string
	Result struct {
		IsError           bool
		ResultType        string
		Content           []struct{ Text string }
		StructuredContent answer
		ProtocolVersion   string
		SupportedVersions []string
		Tools             []struct{ Name string }
	}
	Error struct {
		Code    int
		Message string
	}
}

func parse(t *testing.T, line string) (r reply) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatalf("%v: %q", err, line)
	}
	return r
}

const goodArgs = `{"connection":"Contoso-GA","module":"exo","command":"Get-Mailbox"}`

func TestWhatHostsSendIsUnderstood(t *testing.T) {
	line := func(members string) string { return `{"jsonrpc":"2.0","id":7,"method":"tools/call",` + members + "}\n" }
	params := func(arguments string) string { return line(`"params":{"name":"run","arguments":` + arguments + `}`) }
	const listed, ran = "**Available Connections:**", "Ada"
	for _, c := range []struct{ name, input, text string }{
		{"a call before initialize", params(goodArgs), ran},
		{"a call before notifications/initialized", hello + "\n" + params(goodArgs), ran},
		{"no arguments", line(`"params":{"name":"run"}`), listed},
		{"null for arguments", params(`null`), listed},
		{"an empty list for arguments", params(`[]`), listed},
		{"arguments as a string of JSON", params(`"{\"connection\":\"Contoso-GA\",\"module\":\"exo\",\"command\":\"x\"}"`), ran},
		{"unknown arguments", params(`{"connection":"Contoso-GA","module":"exo","command":"x","reasoning":"because","_x":{}}`), ran},
		{"confirmed as a string", params(`{"connection":"Contoso-GA","module":"exo","command":"x","confirmed":"true"}`), ran},
		{"confirmed in a body, and beside the arguments", line(`"params":{"name":"run","confirmed":true,"arguments":{"connection":"Contoso-GA","module":"exo","command":"x","body":{"confirmed":1}}}`), ran},
		{"other case and spaces", params(`{"connection":" contoso-ga ","module":" EXO","command":" x\n"}`), ran},
		{"numbers as strings, nulls for absent", params(`{"connection":"Contoso-GA","module":"exo","command":"x","timeout_seconds":"30","max_chars":null}`), ran},
		{"unknown members beside params", line(`"params":{"name":"run","arguments":` + goodArgs + `,"task":null,"_meta":null},"extra":1`), ran},
		{"a null progress token", line(`"params":{"name":"run","arguments":` + goodArgs + `,"_meta":{"progressToken":null}}`), ran},
		{"CRLF line ends", strings.ReplaceAll(params(goodArgs), "\n", "\r\n"), ran},
		{"empty lines around it", "\n\r\n \n" + params(goodArgs) + "\n\n", ran},
		{"a byte order mark", "\ufeff" + params(goodArgs), ran},
		{"no line end before the end of input", strings.TrimSpace(params(goodArgs)), ran},
		{"an odd order and spacing", ` { "params" : {"arguments":` + goodArgs + `,"name":"run"} , "method":"tools/call" , "id" : 7 , "jsonrpc":"2.0" } ` + "\n", ran},
		{"a notification for an unknown id first", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}` + "\n" + params(goodArgs), ran},
		{"an unknown notification, and one with a null id", `{"jsonrpc":"2.0","method":"notifications/x"}` + "\n" +
			`{"jsonrpc":"2.0","id":null,"method":"notifications/initialized"}` + "\n" + params(goodArgs), ran},
		{"answers to what nobody asked", `{"jsonrpc":"2.0","id":1,"result":{}}` + "\n" + `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}` + "\n" + params(goodArgs), ran},
	} {
		t.Run(c.name, func(t *testing.T) {
			svc := &scripted{connections: contoso(), run: always(prints("Ada"))}
			lines := exchange(t, svc, c.input)
			last := parse(t, lines[len(lines)-1])
			if string(last.ID) != "7" || len(last.Result.Content) != 1 || !strings.HasPrefix(last.Result.Content[0].Text, c.text) || last.Result.IsError {
				t.Errorf("answered %s", lines)
			}
			if want := 1 + strings.Count(c.input, "initialize\""); len(lines) != want {
				t.Errorf("%d lines, not %d: %s", len(lines), want, lines)
			}
			if asked := svc.asked(); c.text == ran && (len(asked) != 1 || asked[0].Session.Module != mm.Exchange || !strings.EqualFold(asked[0].Session.Connection, "Contoso-GA")) {
				t.Errorf("asked %+v", asked)
			}
		})
	}
}

func TestWhatIsNoMessageGetsAClearAnswer(t *testing.T) {
	const args = `"method":"tools/call","params":{"name":"run","arguments":` + goodArgs + `}`
	long := strings.Repeat("x", 64<<10)
	for _, c := range []struct {
		name, line, id string
		code           int
		message        string
	}{
		{"no JSON", `{`, "null", -32700, "The line is not JSON"},
		{"two messages on a line", list + list, "null", -32700, "Send one message a line."},
		{"NUL bytes", "{\"jsonrpc\":\"2.0\",\"id\":7,\x00\"method\":\"ping\"}", "null", -32700, "The line is not JSON"},
		{"a string", `"hello"`, "null", -32600, "A message is a JSON object."},
		{"a deep nest", strings.Repeat(`{"a":`, 12000), "null", -32700, "The line is not JSON"},
		{"invalid UTF-8 in a command", strings.Replace(`{"jsonrpc":"2.0","id":7,`+args+`}`, "Get", "G\xff", 1), "7", -32700, "not valid UTF-8"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "null", -32700, "The line is not JSON"},
		{"no version", `{"id":7,"method":"ping"}`, "7", -32600, "Invalid JSON-RPC version"},
		{"no method", `{"jsonrpc":"2.0","id":"a"}`, `"a"`, -32600, "The message has no method."},
		{"an empty object", `{}`, `null`, -32600, "The message has no method."},
		{"a method that is a number", `{"jsonrpc":"2.0","id":7,"method":7}`, "7", -32600, "A method is a string."},
		{"a request with a null id", `{"jsonrpc":"2.0","id":null,` + args + `}`, "null", -32600, "The id of a request is a string or a number."},
		{"a request with a list for an id", `{"jsonrpc":"2.0","id":[7],` + args + `}`, "null", -32600, "The id of a request is a string or a number."},
		{"params that are a list", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":["run"]}`, "7", -32602, "params is an object"},
		{"a call without params", `{"jsonrpc":"2.0","id":7,"method":"tools/call"}`, "7", -32602, "tool '' not found"},
		{"an unknown tool", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"graph"}}`, "7", -32602, "tool 'graph' not found"},
		{"an unknown method", `{"jsonrpc":"2.0","id":7,"method":"x/y"}`, "7", -32601, "x/y"},
		{"a capability that is not offered: logging", `{"jsonrpc":"2.0","id":7,"method":"logging/setLevel","params":{"level":"debug"}}`, "7", -32601, "logging not supported"},
		{"a capability that is not offered: resources", `{"jsonrpc":"2.0","id":7,"method":"resources/list"}`, "7", -32601, "resources not supported"},
		{"a capability that is not offered: prompts", `{"jsonrpc":"2.0","id":7,"method":"prompts/list"}`, "7", -32601, "prompts not supported"},
		{"a long line, its id first", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"x":"` + long + `"}}`, "7", -32600, "at most 65536 bytes"},
		{"a long line, its id last", `{"method":"tools/call","params":{"id":8,"x":"` + long + `"},"jsonrpc":"2.0","id":"a\"7"}`, `"a\"7"`, -32600, "at most 65536 bytes"},
		{"a long line, its id nearly last", `{"method":"x","params":"` + long + `","id":-7,"jsonrpc":"2.0"}`, "-7", -32600, "at most 65536 bytes"},
		{"a long line, another's id last", `{"method":"x","params":{"x":"` + long + `","id":8}}`, "null", -32600, "at most 65536 bytes"},
		{"a long line that quotes an id", `{"method":"x","params":"` + long + `,\"id\":8}"}`, "null", -32600, "at most 65536 bytes"},
		{"a long line of nothing", long + long, "null", -32600, "at most 65536 bytes"},
		{"a batch", `[{"jsonrpc":"2.0","id":7,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"}]`, "7", -32600, "Send one message a line."},
		{"a batch without requests", `[1,{}]`, "null", -32600, "Batches are not taken"},
		{"half of a batch", `[{"jsonrpc":"2.0"`, "null", -32700, "The line is not JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			svc := &scripted{connections: contoso(), run: always(prints("Ada"))}
			lines := exchange(t, svc, c.line+"\n"+list+"\n")
			if len(lines) != 2 {
				t.Fatalf("answered %s", lines)
			}
			slices.SortFunc(lines, func(a, b string) int { return strings.Index(b, `"error"`) - strings.Index(a, `"error"`) }) // calls run beside the loop
			r := parse(t, lines[0])
			if r.Error.Code != c.code || !strings.Contains(r.Error.Message, c.message) || string(r.ID) != c.id {
				t.Errorf("answered %s", lines[0])
			}
			if len(parse(t, lines[1]).Result.Tools) != 2 {
				t.Errorf("afterwards: %s", lines[1:])
			}
			if asked := svc.asked(); len(asked) != 0 {
				t.Errorf("it ran: %+v", asked)
			}
		})
	}
}

func TestACallWithoutAnIDIsNotRun(t *testing.T) {
	svc := &scripted{connections: contoso(), run: always(prints("Ada"))}
	lines := exchange(t, svc, `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"run","arguments":`+goodArgs+"}}\n")
	if lines[0] != "" || len(svc.asked()) != 0 {
		t.Errorf("answered %s, asked %+v", lines, svc.asked())
	}
}

func TestEveryRequestOfABatchIsRefusedByItsID(t *testing.T) {
	lines := exchange(t, &scripted{}, `[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":"b","method":"tools/list"}]`)
	if len(lines) != 2 || string(parse(t, lines[0]).ID) != "1" || string(parse(t, lines[1]).ID) != `"b"` {
		t.Errorf("answered %s", lines)
	}
}

func TestIDsComeBackAsTheyWere(t *testing.T) {
	for _, id := range []string{`0`, `-1`, `1.5`, `9007199254740993`, `123456789012345678901234567890`, `"1"`, `""`, `"ü\n"`, `"null"`} {
		for _, method := range []string{"ping", "tools/list", "tools/call", "unknown", "initialize"} {
			lines := exchange(t, &scripted{connections: contoso()}, `{"jsonrpc":"2.0","id":`+id+`,"method":"`+method+`","params":{"name":"run"}}`)
			if got := string(parse(t, lines[0]).ID); len(lines) != 1 || got != id {
				t.Errorf("%s: %s came back as %s", method, id, got)
			}
		}
	}
}

func TestProgressTokensComeBackAsTheyWere(t *testing.T) {
	for _, token := range []string{`1`, `0`, `"abc"`, `""`} {
		svc := &scripted{connections: contoso(), run: reports}
		lines := exchange(t, svc, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run","arguments":`+goodArgs+`,"_meta":{"progressToken":`+token+`}}}`)
		if len(lines) != 2 || !strings.Contains(lines[0], `"progressToken":`+token) || !strings.Contains(lines[0], "notifications/progress") {
			t.Errorf("%s: %s", token, lines)
		}
	}
}

func TestRevisionsAreNegotiated(t *testing.T) {
	for asked, want := range map[string]string{
		"2024-11-05": "2024-11-05", "2025-03-26": "2025-03-26", "2025-06-18": "2025-06-18", "2025-11-25": "2025-11-25",
		"2026-07-28": "2025-11-25", // that one has no initialize
		"2023-01-01": "2025-11-25", "2099-01-01": "2025-11-25", "": "2025-03-26", "x": "2025-11-25",
	} {
		lines := exchange(t, nil, strings.Replace(hello, "2025-11-25", asked, 1))
		if got := parse(t, lines[0]).Result.ProtocolVersion; got != want {
			t.Errorf("%q: %q, not %q", asked, got, want)
		}
	}
}

// The revision 2026-07-28 knows no initialize: each request says in _meta who asks, and how.
func TestTheStatelessRevisionWorks(t *testing.T) {
	meta := func(version, more string) string {
		return `"_meta":{"io.modelcontextprotocol/protocolVersion":"` + version + `","io.modelcontextprotocol/clientCapabilities":{},` +
			`"io.modelcontextprotocol/clientInfo":{"name":"modern","version":"1"}` + more + `}`
	}
	modern := func(id, method, params string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"method":"` + method + `","params":{` + params + meta("2026-07-28", `,"progressToken":"t"`) + "}}\n"
	}
	svc := &scripted{connections: contoso(), run: reports}
	lines := exchange(t, svc, modern("1", "server/discover", "")+modern("2", "tools/list", "")+
		modern("3", "subscriptions/listen", `"notifications":{"toolsListChanged":true},`)+
		modern("4", "initialize", "")+modern("5", "ping", "")+
		`{"jsonrpc":"2.0","id":6,"method":"tools/list","params":{`+meta("2027-01-01", "")+"}}\n"+
		`{"jsonrpc":"2.0","id":7,"method":"server/discover"}`+"\n"+
		modern("8", "tools/call", `"name":"run","arguments":`+goodArgs+`,`))
	var byID = map[string]reply{}
	var methods []string
	for _, l := range lines {
		if r := parse(t, l); r.Method == "" {
			byID[string(r.ID)] = r
		} else {
			methods = append(methods, r.Method)
		}
	}
	if r := byID["1"].Result; r.ResultType != "complete" || len(r.SupportedVersions) == 0 || r.SupportedVersions[0] != "2026-07-28" {
		t.Errorf("server/discover: %+v", r)
	}
	if r := byID["2"].Result; r.ResultType != "complete" || len(r.Tools) != 2 {
		t.Errorf("tools/list: %+v", r)
	}
	if r := byID["3"]; r.Error.Code != 0 || r.Result.ResultType != "complete" {
		t.Errorf("subscriptions/listen: %+v", r)
	}
	for _, id := range []string{"4", "5", "7"} {
		if byID[id].Error.Code != -32601 {
			t.Errorf("request %s: %+v", id, byID[id])
		}
	}
	if r := byID["6"].Error; !strings.Contains(r.Message, "protocol version") {
		t.Errorf("a revision to come: %+v", r)
	}
	if r := byID["8"].Result; r.ResultType != "complete" || r.StructuredContent.Text != "done" {
		t.Errorf("tools/call: %+v", r)
	}
	if strings.Join(methods, " ") != "notifications/subscriptions/acknowledged notifications/progress" || len(byID) != 8 {
		t.Errorf("notifications %s, %d answers", methods, len(byID))
	}
	if asked := svc.asked(); len(asked) != 1 || asked[0].Caller != "mcp/modern" {
		t.Errorf("asked %+v", asked)
	}
}

func TestAPanicIsAnsweredAndTheSessionGoesOn(t *testing.T) {
	svc := &scripted{connections: contoso(), run: func(context.Context, mm.Command, mm.Progress) mm.Outcome { panic("a defect") }}
	h := connect(t, svc)
	for _, id := range []string{"1", "2"} {
		h.send(`{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"run","arguments":` + goodArgs + `}}`)
		if r := parse(t, h.receive()); string(r.ID) != id || r.Error.Code != -32603 || !strings.Contains(r.Error.Message, "panic") {
			t.Errorf("answered %+v", r)
		}
	}
}

func TestInputThatEndsInTheMiddleOfALineEndsCleanly(t *testing.T) {
	for _, input := range []string{`{"jsonrpc":"2.0","id":7,"meth`, `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"run","arguments":{"connection":"Contoso-GA`} {
		svc := &scripted{connections: contoso()}
		lines := exchange(t, svc, list+"\n"+input)
		if len(lines) != 2 || parse(t, lines[1]).Error.Code != -32700 || len(svc.asked()) != 0 {
			t.Errorf("answered %s", lines)
		}
	}
}

// The request id of an earlier answer leads back to that call; whether it runs is for the Service to know.
func TestARequestIDOfAnEarlierAnswerIsPassedOn(t *testing.T) {
	const id = "mcp-abcdefghijklmnopqrstuvwxyz"
	svc := &scripted{connections: contoso(), run: always(prints("Ada"))}
	lines := exchange(t, svc, runs("1", `{"connection":"Contoso-GA","module":"exo","command":"x","request_id":"`+id+`"}`))
	if got := parse(t, lines[0]).Result.StructuredContent.RequestID; got != id || svc.asked()[0].RequestID != id {
		t.Errorf("answered %s, asked %+v", lines, svc.asked())
	}
	if made := randomID(); !isOurID(made) || isOurID(made+"x") || isOurID("x") || isOurID("mcp-") || made == randomID() {
		t.Errorf("request ids like %s", made)
	}
}
