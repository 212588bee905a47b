package mcp

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	"pgregory.net/rapid"

	mm "github.com/microsoft-master/mm"
)

var plainGraph = graphArgs{request: mm.GraphRequest{Connection: "Contoso-GA"}, format: mm.FormatText, maxChars: defaultMaxChars}

// gives is the outcome of a request that was answered.
func gives(r mm.GraphResult, notes ...string) mm.Outcome {
	if r.HTTPStatus == 0 {
		r.HTTPStatus = 200
	}
	return mm.Outcome{Status: mm.StatusSuccess, RequestID: "r1", Session: mm.SessionID{Connection: "Contoso-GA"}, Graph: &r, Notes: notes}
}

// data is an answer that is no list.
func data(text string) mm.GraphResult {
	return mm.GraphResult{Data: json.RawMessage(text), Count: -1, Items: -1}
}

// users is an answer with so many users.
func users(n int) mm.GraphResult {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`{"id":%d,"name":"user %03d"}`, i, i)
	}
	r := data(`{"value":[` + strings.Join(all, ",") + `]}`)
	r.Items = n
	return r
}

func TestADeviceCodeOfGraphHasTheTextThatPromptsKnow(t *testing.T) {
	const known = `**DEVICE CODE: ABCD1234**
Go to: https://microsoft.com/devicelogin

Connection: Contoso-GA
**Sign in as: admin@contoso.com**
%s

After authenticating, retry the command.
`
	out := mm.Outcome{Status: mm.StatusAuthRequired, RequestID: "r1", Challenge: &mm.Challenge{
		UserCode: "ABCD1234", URL: mm.DeviceLoginURL, ExpiresAt: now.Add(15 * time.Minute), Account: "admin@contoso.com"}}
	for resource, tool := range map[mm.Resource]string{"": "Tool: Graph API", mm.GraphResource: "Tool: Graph API", mm.FlowResource: "Tool: Power Automate (flow)"} {
		args := plainGraph
		args.request.Resource = resource
		a := renderGraph(out, args, now)
		if !strings.HasPrefix(a.Text, fmt.Sprintf(known, tool)) || !strings.Contains(a.Text, "wait until they say that they signed in") {
			t.Errorf("%s:\n%s", resource, a.Text)
		}
		if a.Status != "auth_required" || a.IsError || a.ExpiresIn != 900 || a.DeviceCode != "ABCD1234" || a.RequestID != "r1" || a.Executed != "no" {
			t.Errorf("answer: %+v", a)
		}
	}
}

func TestASignInByBrowserSaysThatThereIsNoCode(t *testing.T) {
	out := mm.Outcome{Status: mm.StatusAuthRequired, Session: session1, Challenge: &mm.Challenge{URL: "https://login/authorize?x=1",
		Message: "With a browser on another computer: mm sign-in Contoso-GA --paste", ExpiresAt: now, Account: "admin@contoso.com"}}
	const want = `**SIGN-IN IN A BROWSER (no code)**
Open: https://login/authorize?x=1

Connection: Contoso-GA
**Sign in as: admin@contoso.com**
%s

After authenticating, retry the command.

With a browser on another computer: mm sign-in Contoso-GA --paste

Show the whole address to the person, wait until they say that they signed in, then call again with the same %s.`
	for _, c := range []struct {
		a            answer
		tool, repeat string
	}{
		{renderGraph(out, plainGraph, now), "Tool: Graph API", "request"},
		{renderOutcome(out, plainText, now), "Module: exo", "command"},
	} {
		if diff := cmp.Diff(fmt.Sprintf(want, c.tool, c.repeat), c.a.Text); diff != "" || c.a.DeviceCode != "" || c.a.AuthURL != "https://login/authorize?x=1" || c.a.IsError {
			t.Errorf("%+v\n%s", c.a, diff)
		}
	}
}

func TestAnswersOfGraphBecomeTexts(t *testing.T) {
	failed := func(e mm.Error) mm.Outcome { return mm.Failed("r1", mm.SessionID{}, &e) }
	counted := users(2)
	counted.Count = 1234
	more, last, changes := users(1), users(1), users(1)
	more.Next, changes.Next = "https://g/v1.0/users?$skiptoken=a", "https://g/v1.0/users/delta?$deltatoken=a"
	last.Next = "https://g/drive/root/delta(token='x')"
	last.Delta, changes.Delta = true, true
	all := plainGraph
	all.request.All = true
	for _, c := range []struct {
		name    string
		out     mm.Outcome
		args    graphArgs
		text    string
		isError bool
	}{
		{"an object is as it came", gives(data(`{"id":"1","mail":null}`)), plainGraph, `{"id":"1","mail":null}`, false},
		{"what jq gives need not be an object", gives(data(`"Ada"`)), plainGraph, `"Ada"`, false},
		{"the items of a list stand on lines", gives(data(`{"a":1,"value":[{"id":1},{"id":2}],"b":[2]}`)), plainGraph, "{\"a\":1,\"value\":[\n{\"id\":1},\n{\"id\":2}\n],\"b\":[2]}", false},
		{"a list alone", gives(data(`[1,[2]]`)), plainGraph, "[\n1,\n[2]\n]", false},
		{"the answers of a batch", gives(data(`{"responses":[{"id":"1"}]}`)), plainGraph, "{\"responses\":[\n{\"id\":\"1\"}\n]}", false},
		{"an empty list", gives(users(0)), plainGraph, `{"value":[]}`, false},
		{"a value that is no list", gives(data(`{"value":"x"}`)), plainGraph, `{"value":"x"}`, false},
		{"no content reads as it always has", gives(data(`{"message":"OK (no content)"}`)), plainGraph, `{"message": "OK (no content)"}`, false},
		{"a note follows", gives(data(`{"message":"Accepted"}`), "It must not be repeated."), plainGraph, "{\"message\":\"Accepted\"}\nNote: It must not be repeated.", false},
		{"a count follows", gives(counted), plainGraph, "{\"value\":[\n{\"id\":0,\"name\":\"user 000\"},\n{\"id\":1,\"name\":\"user 001\"}\n]}\nCount: 1,234", false},
		{"text", gives(mm.GraphResult{Text: "a,b\n1,2", Count: -1}), plainGraph, "a,b\n1,2", false},
		{"nothing at all", gives(mm.GraphResult{Count: -1}), plainGraph, "(no content)", false},
		{"a file", gives(mm.GraphResult{File: "files/a.pdf", FileSize: 12345, FileType: "application/pdf", Count: -1}), plainGraph,
			"Saved: files/a.pdf (12,345 bytes, application/pdf)", false},
		{"a file of unknown type", gives(mm.GraphResult{File: "files/a", FileSize: 1, Count: -1}), plainGraph, "Saved: files/a (1 byte)", false},
		{"a page that goes on", gives(more), plainGraph, "{\"value\":[\n{\"id\":0,\"name\":\"user 000\"}\n]}\n" +
			"There is more: call again with page=https://g/v1.0/users?$skiptoken=a (or without page and with all=true)", false},
		{"all that fits", gives(more), all, "{\"value\":[\n{\"id\":0,\"name\":\"user 000\"}\n]}\nThere is more: call again with page=https://g/v1.0/users?$skiptoken=a", false},
		{"a list that is complete until it changes", gives(changes), plainGraph, "{\"value\":[\n{\"id\":0,\"name\":\"user 000\"}\n]}\n" +
			"For what changes from now on, call again later with page=https://g/v1.0/users/delta?$deltatoken=a", false},
		{"a complete list that only a note tells of", gives(last, "The list is complete. next is a delta link."), plainGraph, "{\"value\":[\n{\"id\":0,\"name\":\"user 000\"}\n]}\n" +
			"Note: The list is complete. next is a delta link.\nFor what changes from now on, call again later with page=https://g/drive/root/delta(token='x')", false},

		{"an error of Graph begins with it", failed(mm.Error{Code: mm.GraphFailed, Message: "Graph API 403 (Authorization_RequestDenied): Insufficient privileges.",
			Remedy: "Ask an administrator.", Executed: mm.ExecutedNo}), plainGraph, "Graph API 403 (Authorization_RequestDenied): Insufficient privileges.\nAsk an administrator.", true},
		{"throttling says when", failed(mm.Error{Code: mm.GraphFailed, Message: "Graph API 429 (TooManyRequests): Slow down.", RetryAfter: 3 * time.Second}), plainGraph,
			"Graph API 429 (TooManyRequests): Slow down.\nTry again in 3 s.", true},
		{"a request that may have been done", failed(mm.Error{Code: mm.GraphFailed, Message: "Graph API 502: Bad Gateway", Executed: mm.ExecutedMaybe}), plainGraph,
			"Graph API 502: Bad Gateway\nIt may have been executed: check before you repeat it. Its request id is r1.", true},
		{"an unknown connection", failed(mm.Error{Code: mm.UnknownConnection, Message: "Connection 'X' not found.", Remedy: "Available: A, B"}), plainGraph,
			"Error: Connection 'X' not found.\nAvailable: A, B", true},
		{"the wrong account begins with its warning", failed(mm.Error{Code: mm.WrongAccount, Message: "WARNING: Authenticated with wrong account. Re-authentication required."}), plainGraph,
			"WARNING: Authenticated with wrong account. Re-authentication required.", true},
		{"notes follow an error too", mm.Outcome{Status: mm.StatusError, RequestID: "r1", Err: mm.Errorf(mm.BadRequest, "", "bad"), Notes: []string{"n"}}, plainGraph, "Error: bad\nNote: n", true},
		{"a success without an answer is a defect and says so", mm.Outcome{Status: mm.StatusSuccess, RequestID: "r1"}, plainGraph,
			"Error: The answer has the status \"success\" and nothing else.\nLook into the daemon's log.", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := renderGraph(c.out, c.args, now)
			if diff := cmp.Diff(c.text, a.Text); diff != "" || a.IsError != c.isError || a.RequestID != "r1" || a.Truncated != nil {
				t.Errorf("%+v\n%s", a, diff)
			}
			if g := c.out.Graph; g != nil && (a.HTTPStatus != 200 || a.Next != g.Next || a.File != g.File) {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestTheStatusOfAnErrorStandsBesideIt(t *testing.T) {
	out := mm.Failed("r1", mm.SessionID{}, mm.Errorf(mm.GraphFailed, "", "Graph API 404: Not Found"))
	out.Graph = &mm.GraphResult{HTTPStatus: 404, Count: -1, Items: -1}
	if a := renderGraph(out, plainGraph, now); a.HTTPStatus != 404 || a.Text != "Graph API 404: Not Found" {
		t.Errorf("%+v", a)
	}
}

func TestLongAnswersOfGraphAreCutAtItemsAndSaySo(t *testing.T) {
	next, dropped, big, cutBefore := users(100), users(100), users(1), mm.GraphResult{Text: strings.Repeat("line\n", 300), Count: -1}
	next.Next = "https://g/users?x"
	dropped.Truncated = &mm.Truncated{KeptItems: 100, DroppedItems: 899}
	big.Data = json.RawMessage(`{"value":[{"body":"` + strings.Repeat("x", 2000) + `"}]}`)
	cutBefore.Truncated = &mm.Truncated{DroppedChars: 1000}
	args := func(change func(*graphArgs)) graphArgs {
		a := plainGraph
		a.maxChars = 1000
		if change != nil {
			change(&a)
		}
		return a
	}
	withJQ, withAll, batch := args(func(a *graphArgs) { a.request.JQ = "." }), args(func(a *graphArgs) { a.request.All = true }), args(func(a *graphArgs) { a.request.Method = "post" })
	asJSON := args(func(a *graphArgs) { a.format = mm.FormatJSON })
	for _, c := range []struct {
		name      string
		r         mm.GraphResult
		args      graphArgs
		ends      string
		truncated truncated
	}{
		{"a page", users(100), args(nil), "\n{\"id\":27,\"name\":\"user 027\"}\n]}\n[Cut: 28 of 100 items shown. Use $top=28, $select or jq, or raise max_chars.]", truncated{28, 72}},
		{"a page that goes on", next, args(nil), "\n]}\nThere is more: call again with page=https://g/users?x (or without page and with all=true)\n" +
			"[Cut: 25 of 100 items shown; page skips the rest. Use $top=25, $select or jq, or raise max_chars.]", truncated{25, 75}},
		{"a page that was cut before", dropped, args(nil), "[Cut: 28 of 999 items shown. Use $top=28, $select or jq, or raise max_chars.]", truncated{28, 971}},
		{"what jq made", users(100), withJQ, "[Cut: 28 of 100 items shown. Use $select or jq, or raise max_chars.]", truncated{28, 72}},
		{"a list that was followed", users(100), withAll, "[Cut: 28 of 100 items shown. Use $select or jq, or raise max_chars.]", truncated{28, 72}},
		{"the answer to a POST", users(100), batch, "[Cut: 28 of 100 items shown. Use $select or jq, or raise max_chars.]", truncated{28, 72}},
		{"one long item", big, args(nil), "xxx\n[Cut: the first 850 of 2,025 characters are shown. Use $select or jq, or raise max_chars.]", truncated{850, 1175}},
		{"a long object", data(`{"body":"` + strings.Repeat("é", 2000) + `"}`), args(nil), "ééé\n[Cut: the first 850 of 2,011 characters are shown. Use $select or jq, or raise max_chars.]", truncated{850, 1161}},
		{"long text that was cut before", cutBefore, args(nil), "\nline\n[Cut: the first 849 of 2,500 characters are shown. Save it whole with save_to, or raise max_chars.]", truncated{849, 1651}},
		{"a page as data", users(100), asJSON, "[Cut: 28 of 100 items shown. Use $top=28, $select or jq, or raise max_chars.]", truncated{28, 72}},
		{"a long object as data", data(`{"body":"` + strings.Repeat("x", 2000) + `"}`), asJSON, "The answer has 2,011 characters, which is too much: Use $select or jq, or raise max_chars.", truncated{0, 2011}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := renderGraph(gives(c.r), c.args, now)
			if !strings.HasSuffix(a.Text, c.ends) || a.Truncated == nil || *a.Truncated != c.truncated {
				t.Errorf("%+v ends:\n%s", a.Truncated, a.Text[max(0, len(a.Text)-300):])
			}
		})
	}
}

func TestDataComesWhereItIsAskedFor(t *testing.T) {
	args := plainGraph
	args.format = mm.FormatBoth
	for _, c := range []struct {
		name, text, data string
		r                mm.GraphResult
	}{
		{"a list", "2 items in structuredContent.data; ask with format text if you cannot see it.", `{"value":[{"id":0,"name":"user 000"},{"id":1,"name":"user 001"}]}`, users(2)},
		{"one item", "1 item in structuredContent.data; ask with format text if you cannot see it.", `[1]`, data(`[1]`)},
		{"an object", "The answer is in structuredContent.data; ask with format text if you cannot see it.", `{"id":"1"}`, data(`{"id":"1"}`)},
		{"text is no data", "x", ``, mm.GraphResult{Text: "x", Count: -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, err := json.Marshal(renderGraph(gives(c.r), args, now))
			if err != nil {
				t.Fatal(err)
			}
			var a answer
			if err := json.Unmarshal(body, &a); err != nil || a.Text != c.text || string(a.Data) != c.data || a.Truncated != nil {
				t.Errorf("%v: %s", err, body)
			}
		})
	}
}

// A host may show a model only content, or only structuredContent; behind either it must find what it needs.
func TestEitherHalfOfAnAnswerOfGraphIsEnough(t *testing.T) {
	long := users(2000)
	long.Next = "https://g/users?$skiptoken=abc"
	for name, c := range map[string]struct {
		out  mm.Outcome
		find []string
	}{
		"a device code": {mm.Outcome{Status: mm.StatusAuthRequired, RequestID: "r1", Challenge: &mm.Challenge{UserCode: "ABCD1234", URL: "https://x/y"}}, []string{"ABCD1234", "https://x/y"}},
		"a browser":     {mm.Outcome{Status: mm.StatusAuthRequired, RequestID: "r1", Challenge: &mm.Challenge{URL: "https://x/y"}}, []string{"https://x/y", "no code"}},
		"a long list":   {gives(long), []string{"user 000", "page=https://g/users?$skiptoken=abc", "[Cut: ", "items shown"}},
		"a file":        {gives(mm.GraphResult{File: "files/a.pdf", FileSize: 1, Count: -1}), []string{"files/a.pdf"}},
		"an error": {mm.Failed("r1", mm.SessionID{}, mm.Errorf(mm.GraphFailed, "Consent at https://login/adminconsent", "Graph API 403 (x): no")),
			[]string{"Graph API 403", "https://login/adminconsent"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := renderGraph(c.out, plainGraph, now).result()
			content := r.Content[0].(mcp.TextContent).Text
			body, err := json.Marshal(r.StructuredContent)
			if err != nil {
				t.Fatal(err)
			}
			var s answer
			if err := json.Unmarshal(body, &s); err != nil || s.Text != content || s.RequestID != "r1" {
				t.Errorf("structuredContent does not repeat the content: %v %.300s", err, body)
			}
			for _, want := range c.find {
				if !strings.Contains(content, want) {
					t.Errorf("%q is not in %.500s", want, content)
				}
			}
			conforms(t, graphOutput, body)
		})
	}
}

// One budget covers the whole result: the text, which structuredContent repeats, the data, and what continues a list.
func TestNoAnswerOfGraphIsLongerThanItsBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		repeated := func(label string, most int) string {
			return strings.Repeat(rapid.StringOf(rapid.SampledFrom([]rune("ab é漢"))).Draw(t, label), rapid.IntRange(1, most).Draw(t, "times of "+label))
		}
		quoted := func(label string, most int) string { return `"` + repeated(label, most) + `"` }
		var r mm.GraphResult
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			r = data(quoted("text", 1000))
		case 1:
			all := make([]string, rapid.IntRange(0, 200).Draw(t, "items"))
			for i := range all {
				all[i] = quoted("item", 20)
			}
			r = data(`{"before":` + quoted("before", 100) + `,"value":[` + strings.Join(all, ",") + `],"after":` + quoted("after", 100) + `}`)
		case 2:
			r = mm.GraphResult{Text: repeated("text", 1000), Count: -1}
		case 3:
			r = mm.GraphResult{File: "files/" + repeated("file", 100), FileType: repeated("type", 10), Count: -1}
		case 4:
			r = mm.GraphResult{Count: -1}
		}
		r.Next = rapid.SampledFrom([]string{"", "https://g/" + strings.Repeat("n", rapid.IntRange(0, 3000).Draw(t, "next"))}).Draw(t, "goes on")
		r.Count = rapid.Int64Range(-1, 1e9).Draw(t, "count")
		if rapid.Bool().Draw(t, "cut before") {
			r.Truncated = &mm.Truncated{DroppedItems: 7, DroppedChars: 7}
		}
		args := graphArgs{maxChars: rapid.IntRange(minMaxChars, 5000).Draw(t, "budget"), format: rapid.SampledFrom([]mm.Format{mm.FormatText, mm.FormatJSON}).Draw(t, "format")}
		args.request.All = rapid.Bool().Draw(t, "all")
		var notes []string
		for range rapid.IntRange(0, 5).Draw(t, "notes") {
			notes = append(notes, repeated("note", 200))
		}
		a := renderGraph(gives(r, notes...), args, now)
		if n := chars(a.Text) + chars(string(a.Data)) + chars(a.Next); n > args.maxChars {
			t.Fatalf("%d characters of %d:\n%s\n%s\n%s", n, args.maxChars, a.Text, a.Data, a.Next)
		}
		if !utf8.ValidString(a.Text) || a.Text == "" || a.IsError || a.Data != nil && !json.Valid(a.Data) {
			t.Fatalf("%+v", a)
		}
		if r.Next != "" && a.Next == "" && !strings.Contains(a.Text, "raise max_chars to see it") {
			t.Fatalf("the list goes on, and the answer does not say how:\n%s", a.Text)
		}
		if a.Truncated == nil && a.Data == nil && r.Data != nil {
			if shown := strings.ReplaceAll(a.Text, "\n", ""); !strings.HasPrefix(shown, string(r.Data)) {
				t.Fatalf("something is missing, and the answer does not say so:\n%s", a.Text)
			}
		}
	})
}
