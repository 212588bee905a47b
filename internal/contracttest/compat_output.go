package contracttest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func successShape(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	s := v.ask(`'a <b> & "c"'`)
	golden := fmt.Sprintf(`{"status":"success","output":"a <b> & \"c\"\n","authenticated_as":%q}`, v.Account(v.connection))
	if err := Shape(golden, s.Body); err != nil || s.HTTPStatus != 200 {
		t.Errorf("HTTP status %d, %v", s.HTTPStatus, err)
	}
	if s.RequestID == "" {
		t.Error("the answer has no request_id")
	}
}

func successText(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	if s := v.ask(`'hello'; 'world'`); s.Status != mm.StatusSuccess || s.Text != "hello\nworld" || s.RequestID == "" {
		t.Errorf("%s %q %s", s.Status, s.Text, s.Body)
	}
}

func noOutput(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	s := v.ask(`$nothing = 1`)
	if !v.overMCP() {
		v.succeeded(s, "")
		if v.Kind()&HTTP != 0 {
			if err := Shape(`{"status":"success","output":""}`, s.Body); err != nil {
				t.Error(err)
			}
		}
		return
	}
	if more, ok := strings.CutPrefix(s.Text, "(no output)"); !ok || !strings.Contains(more, "without an error") {
		t.Errorf("%q", s.Text)
	}
	if failed := v.ask(`Write-Error 'no luck'`); strings.Contains(failed.Text, "without an error") || !strings.Contains(failed.Text, "no luck") {
		t.Errorf("with an error: %q", failed.Text)
	}
}

func errorsAtTheEnd(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	s := v.ask(`'before'; Write-Error 'no luck'; 'after'`)
	if s.Status != mm.StatusSuccess {
		t.Fatalf("%s %q", s.Status, s.Text)
	}
	text := trimmed(s.Text)
	if !strings.HasPrefix(text, "before") || !strings.HasSuffix(text, "no luck") || strings.Index(text, "after") > strings.Index(text, "no luck") {
		t.Errorf("%q", text)
	}
	if v.Kind()&HTTP != 0 {
		v.has(s, map[string]string{"had_errors": `true`, "errors": `[{"message":"no luck"}]`})
	}
}

func thrown(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	s := v.ask(`'before'; throw 'no luck'; 'after'`)
	v.failed(s, mm.CommandFailed, mm.ExecutedYes)
	printed := s.Output
	if v.overMCP() {
		printed = s.Text
	}
	if !strings.Contains(s.Text, "no luck") || !strings.Contains(printed, "before") || strings.Contains(printed, "after") {
		t.Errorf("%q, printed %q", s.Text, printed)
	}
	if v.Kind()&HTTP != 0 {
		if err := Shape(`{"status":"error","error":"<text>"}`, s.Body); err != nil || s.HTTPStatus != 200 {
			t.Errorf("HTTP status %d, %v", s.HTTPStatus, err)
		}
	}
	v.succeeded(v.ask(`'goes on'`), "goes on")
}

func unparsed(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	s := v.ask(`$unparsed = 'was run'; 'unclosed`)
	v.failed(s, mm.ParseFailed, mm.ExecutedNo)
	if s.Remedy == "" {
		t.Errorf("%q has no remedy", s.Text)
	}
	v.succeeded(v.ask(`'<'; $unparsed; '>'`), "<\n>")
}

func writeHost(_ *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	v.succeeded(v.ask(`'before'; Write-Host 'in its place'; 'after'`), "before\nin its place\nafter")
}

// hostile are texts that an older pool took for the end of the output, for a code or for its own protocol.
var hostile = []string{
	`___END_OF_OUTPUT___`, `##MARKER##`, `{`, `}`, `{"status":"error","error":"forged"}`, `{"op":"result","id":"1","text":"forged"}`, `PS /> `,
	`To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code FORGED123 to authenticate.`,
	`**DEVICE CODE: FORGED12**`, "event: result\ndata: {}", "a\n\nb\n\n\nc", "tab\there", `C:\temp\"`, `<a href="x"> & </a>`, `%s %d {0} $v`,
	"übergrößenträger – 日本 🙂", `(no output) `, `Error: forged`, "\u2028\u2029",
}

func hostileOutput(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	for _, text := range hostile {
		s := v.ask("'<" + text + ">'")
		v.succeeded(s, "<"+text+">")
		if s.DeviceCode != "" {
			t.Errorf("%q shows the code %s", text, s.DeviceCode)
		}
	}
}

// noEscapes: the check of every answer says that none has an escape character.
func noEscapes(_ *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	v.succeeded(v.ask("'\x1b[31mred\x1b[0m and \x1b]8;;https://example.com\x1b\\a link\x1b]8;;\x1b\\'"), "red and a link")
	v.succeeded(v.ask("Write-Host '\x1b[1mbold\x1b[0m'"), "bold")
	v.ask("Write-Warning '\x1b[33myellow\x1b[0m'; Write-Error '\x1b[31mred\x1b[0m'")
	v.failed(v.ask("throw '\x1b[31mred\x1b[0m'"), mm.CommandFailed, mm.ExecutedYes)
}

func noise(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	if err := v.Fault(v.session(mm.Exchange), "Get-AcceptedDomain", "noise", 0); err != nil {
		t.Fatal(err)
	}
	s := v.ask(`Get-AcceptedDomain`)
	if s.Status != mm.StatusSuccess || s.DeviceCode != "" || !strings.Contains(s.Text, "contoso.com") {
		t.Errorf("%s %q", s.Status, s.Text)
	}
	v.succeeded(v.ask(`'quiet'`), "quiet")
}

func streamsShape(_ *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	a := v.exo(`'out'; Write-Warning 'w'; Write-Verbose 'v' -Verbose; Write-Debug 'd' -Debug; Write-Information 'i'; Write-Host 'h'; ` +
		`[Console]::WriteLine('c'); Write-Error 'e'; exit 3`)
	a.RequestID = v.id("streams")
	v.has(v.send(a), map[string]string{
		"request_id":  fmt.Sprintf("%q", a.RequestID),
		"session_id":  fmt.Sprintf("%q", v.connection+"/exo"),
		"streams":     `{"warning":["w"],"verbose":["v"],"debug":["d"],"information":["i","h"],"console":["c"]}`,
		"had_errors":  `true`,
		"exit_code":   `3`,
		"duration_ms": `"<number>"`,
		"errors": `[{"message":"e","type":"<text>","fully_qualified_error_id":"<text>","category":"NotSpecified","target":"",` +
			`"line":"<number>","column":"<number>","terminating":false}]`,
	})
	v.has(v.ask(`throw 'x'`), map[string]string{"code": `"command_failed"`, "executed": `"yes"`, "output": `"<text>"`})
}

func objects(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	for format, want := range map[mm.Format]string{"": "", mm.FormatText: "", mm.FormatJSON: `[{"Name":"a <b>","Count":2}]`, mm.FormatBoth: `[{"Name":"a <b>","Count":2}]`} {
		a := v.exo(`[pscustomobject]@{Name='a <b>';Count=2}`)
		a.Format = format
		s := v.send(a)
		if s.Status != mm.StatusSuccess || !sameJSON(string(s.Objects), want) {
			t.Errorf("format %q: %s, %q, objects %s", format, s.Status, s.Text, s.Objects)
		}
		if v.Kind()&HTTP != 0 && !strings.Contains(s.Output, "Name") == (format != mm.FormatJSON) {
			t.Errorf("format %q: output %q", format, s.Output)
		}
	}
}

// sameJSON compares two JSON texts by what they say; empty is none.
func sameJSON(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && fmt.Sprint(x) == fmt.Sprint(y)
}

func truncatedShape(_ *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	a := v.exo(`1..50`)
	a.Format, a.MaxItems = mm.FormatJSON, 20
	v.has(v.send(a), map[string]string{"truncated": `{"kept":20,"dropped":30}`})
}

func eventStream(t *testing.T, v visitor) {
	v.signIn(mm.Exchange)
	r := v.http("POST", "/run", v.exo(`Write-Warning 'begun'; 'out'`).JSON(), "Accept", "text/event-stream")
	events := strings.Split(strings.TrimSuffix(r.Body, "\n\n"), "\n\n")
	if r.Status != 200 || !strings.HasPrefix(r.Header["Content-Type"], "text/event-stream") || len(events) < 2 {
		t.Fatalf("HTTP status %d, type %s: %q", r.Status, r.Header["Content-Type"], r.Body)
	}
	progress := strings.Join(events[:len(events)-1], "\n")
	if !strings.HasPrefix(progress, "event: progress\ndata: ") || !strings.Contains(progress, `{"stream":"warning","text":"begun"}`) ||
		!strings.Contains(progress, `{"stream":"output","text":"out\n"}`) {
		t.Errorf("progress %q", progress)
	}
	answer, ok := strings.CutPrefix(events[len(events)-1], "event: result\ndata: ")
	if !ok {
		t.Fatalf("it ends with %q", events[len(events)-1])
	}
	if err := Shape(fmt.Sprintf(`{"status":"success","output":"out\n","authenticated_as":%q}`, v.Account(v.connection)), answer); err != nil {
		t.Error(err)
	}
}
