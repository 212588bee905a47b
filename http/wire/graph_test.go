package wire

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mm "github.com/microsoft-master/mm"
	"pgregory.net/rapid"
)

func TestAnswersOfGraphHaveTheirShapes(t *testing.T) {
	success := func(g mm.GraphResult) []byte {
		return EncodeOutcome(mm.Outcome{Status: mm.StatusSuccess, RequestID: "r", Graph: &g}, now)
	}
	for name, test := range map[string]struct {
		got  []byte
		want string
	}{
		"an object": {success(mm.GraphResult{HTTPStatus: 200, Data: json.RawMessage(`{"name": "<ü> & \u00e4"}`), Count: -1, Items: -1}),
			`{"status":"success","request_id":"r","http_status":200,"data":{"name":"<ü> & \u00e4"}}`},
		"no content": {success(mm.GraphResult{HTTPStatus: 204, Data: json.RawMessage(`{"message": "OK (no content)"}`), Count: -1, Items: -1}),
			`{"status":"success","request_id":"r","http_status":204,"data":{"message":"OK (no content)"}}`},
		"an empty list": {success(mm.GraphResult{HTTPStatus: 200, Data: json.RawMessage(`{"value":[]}`), Count: 0, Items: 0}),
			`{"status":"success","request_id":"r","http_status":200,"data":{"value":[]},"count":0,"items":0}`},
		"null, as jq gives it": {success(mm.GraphResult{HTTPStatus: 200, Data: json.RawMessage(`null`), Count: -1, Items: -1}),
			`{"status":"success","request_id":"r","http_status":200,"data":null}`},
		"text": {success(mm.GraphResult{HTTPStatus: 200, Text: "a,b", Count: -1, Items: -1}),
			`{"status":"success","request_id":"r","http_status":200,"text":"a,b"}`},
		"a file": {success(mm.GraphResult{HTTPStatus: 200, File: "files/a.pdf", FileSize: 7, FileType: "application/pdf", Count: -1, Items: -1}),
			`{"status":"success","request_id":"r","http_status":200,"file":"files/a.pdf","file_size":7,"file_type":"application/pdf"}`},
		"a list with all that there is": {EncodeOutcome(mm.Outcome{Status: mm.StatusSuccess, RequestID: "r", Session: mm.SessionID{Connection: "C"},
			AuthenticatedAs: "a@b.c", Notes: []string{"n"}, Graph: &mm.GraphResult{HTTPStatus: 200, Data: json.RawMessage(`{"value":[1]}`), Next: "https://g/x?a&b",
				Count: 9, Items: 1, Truncated: &mm.Truncated{KeptItems: 1, DroppedItems: 2, KeptChars: 3}, ServiceID: "s", Duration: 1500 * time.Microsecond}}, now),
			`{"status":"success","authenticated_as":"a@b.c","request_id":"r","truncated":{"kept":1,"dropped":2,"kept_items":1,"dropped_items":2,` +
				`"kept_chars":3,"dropped_chars":0,"dropped_records":0},"duration_ms":1.5,"notes":["n"],"http_status":200,"data":{"value":[1]},` +
				`"next":"https://g/x?a&b","count":9,"items":1,"service_request_id":"s"}`},
		"a list that is complete until it changes": {success(mm.GraphResult{HTTPStatus: 200, Data: json.RawMessage(`{"value":[]}`), Next: "https://g/d",
			Delta: true, Count: -1}), `{"status":"success","request_id":"r","http_status":200,"data":{"value":[]},"next":"https://g/d","items":0,"delta":true}`},
		"an error with its status": {EncodeOutcome(mm.Outcome{Status: mm.StatusError, RequestID: "r", Graph: &mm.GraphResult{HTTPStatus: 403, Count: -1, Items: -1},
			Err: mm.Errorf(mm.GraphFailed, "Ask.", "Graph API 403 (Authorization_RequestDenied): No.")}, now),
			`{"status":"error","error":"Graph API 403 (Authorization_RequestDenied): No. Ask.","code":"graph_failed","remedy":"Ask.","executed":"no",` +
				`"request_id":"r","http_status":403}`},
		"an error without one": {EncodeOutcome(mm.Failed("r", mm.SessionID{Connection: "C"}, mm.Errorf(mm.Busy, "", "Busy.")), now),
			`{"status":"error","error":"Busy.","code":"busy","executed":"no","request_id":"r"}`},
		"a sign-in by browser": {EncodeOutcome(mm.Outcome{Status: mm.StatusAuthRequired, Challenge: &mm.Challenge{URL: "u", Message: "m", ExpiresAt: now}}, now),
			`{"status":"auth_required","auth_url":"u","message":"m","expires_in":0,"expires_at":"2026-11-22T09:00:00.123Z"}`},
	} {
		t.Run(name, func(t *testing.T) {
			if string(test.got) != test.want {
				t.Errorf("got  %s\nwant %s", test.got, test.want)
			}
		})
	}
}

func TestDataThatIsNoJSONIsADefectAndSaysSo(t *testing.T) {
	o := mm.Outcome{Status: mm.StatusSuccess, RequestID: "r", Graph: &mm.GraphResult{HTTPStatus: 200, Data: json.RawMessage(`{`), Count: -1, Items: -1}}
	got, err := DecodeOutcome(EncodeOutcome(o, now), now)
	if err != nil || got.Err == nil || got.Err.Code != mm.Internal || got.Err.Executed != mm.ExecutedYes || got.Graph == nil || got.Graph.HTTPStatus != 200 {
		t.Errorf("%+v, %v", got, err)
	}
	if string(o.Graph.Data) != `{` {
		t.Error("the outcome was changed") // others answer with it, too
	}
}

func TestGraphRequestsHaveTheirShapes(t *testing.T) {
	for want, r := range map[string]mm.GraphRequest{
		`{"connection":"C","endpoint":"/me?$top=1&x"}`: {Connection: "C", Endpoint: "/me?$top=1&x"},
		`{"connection":"C","endpoint":"/me","method":"post","resource":"flow","headers":{"Prefer":"x"},"body":{"a":"<"},"body_file":"f",` +
			`"content_type":"text/csv","save_to":"s","page":"p","all":true,"jq":".a","caller_id":"c","request_id":"r","timeout_seconds":2,` +
			`"max_items":4,"max_chars":500}`: {Connection: "C", Endpoint: "/me", Method: "post", Resource: mm.FlowResource, Headers: map[string]string{"Prefer": "x"},
			Body: json.RawMessage(`{"a": "<"}`), BodyFile: "f", ContentType: "text/csv", SaveTo: "s", Page: "p", All: true, JQ: ".a", Caller: "c",
			RequestID: "r", Timeout: 1500 * time.Millisecond, MaxItems: 4, MaxChars: 500},
	} {
		if got := EncodeGraph(r); string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

var graphRequests = rapid.Custom(func(t *rapid.T) mm.GraphRequest {
	return mm.GraphRequest{
		RequestID: rapid.StringN(0, -1, 128).Draw(t, "id"), Connection: "C" + words.Draw(t, "connection"), Endpoint: "/" + words.Draw(t, "endpoint"),
		Caller: rapid.StringN(0, -1, 256).Draw(t, "caller"), Resource: rapid.SampledFrom([]mm.Resource{"", mm.GraphResource, mm.FlowResource}).Draw(t, "resource"),
		Method: words.Draw(t, "method"), Headers: rapid.MapOfN(words, words, 0, 3).Draw(t, "headers"),
		Body:     rapid.SampledFrom([]json.RawMessage{nil, []byte(`{"a":"<ü>"}`), []byte(`"text"`), []byte(`[1]`)}).Draw(t, "body"),
		BodyFile: words.Draw(t, "file"), ContentType: words.Draw(t, "type"), SaveTo: words.Draw(t, "to"), Page: words.Draw(t, "page"),
		All: rapid.Bool().Draw(t, "all"), JQ: words.Draw(t, "jq"), MaxItems: rapid.IntRange(0, 1_000_000).Draw(t, "items"),
		MaxChars: rapid.IntRange(100, 32<<20).Draw(t, "chars"), Timeout: time.Duration(rapid.IntRange(0, 86400).Draw(t, "s")) * time.Second,
	}
})

var graphResults = rapid.Custom(func(t *rapid.T) *mm.GraphResult {
	r := rapid.Make[mm.GraphResult]().Draw(t, "result")
	r.HTTPStatus = rapid.IntRange(0, 599).Draw(t, "status")
	r.Data = rapid.SampledFrom([]json.RawMessage{nil, []byte(`null`), []byte(`{"value":[]}`), []byte(`"<ü>"`)}).Draw(t, "data")
	r.Count, r.Items = rapid.Int64Range(-1, 1<<40).Draw(t, "count"), rapid.IntRange(-1, 1<<40).Draw(t, "items")
	r.FileSize = rapid.Int64Range(0, 1<<40).Draw(t, "size")
	r.Duration = time.Duration(rapid.Int64Range(0, 1e11).Draw(t, "µs")) * time.Microsecond
	r.Notes = nil // they travel with the outcome
	return &r
})

func TestAnyGraphRequestComesOverTheWireAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := graphRequests.Draw(t, "request")
		got, err := DecodeGraph(EncodeGraph(r), "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, got, same); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAnyAnswerOfGraphComesOverTheWireAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := mm.Outcome{Status: mm.StatusSuccess, RequestID: words.Draw(t, "id"), AuthenticatedAs: words.Draw(t, "as"),
			Notes: lines.Draw(t, "notes"), Graph: graphResults.Draw(t, "graph")}
		if rapid.Bool().Draw(t, "failed") {
			o.Status, o.Err = mm.StatusError, failures.Draw(t, "error")
		}
		got, err := DecodeOutcome(EncodeOutcome(o, now), now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(o, got, same); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAGraphRequestThatCannotBeReadIsRefused(t *testing.T) {
	const me = `"connection":"C","endpoint":"/me"`
	for body, want := range map[string]string{
		``:                                 missingGraphFields,
		`{}`:                               missingGraphFields,
		`{"connection":"C"}`:               missingGraphFields,
		`{"connection":"","endpoint":"/"}`: missingGraphFields,
		`{"endpoint":"/me"}`:               missingGraphFields,
		`{"page":"https://g/x"}`:           missingGraphFields,
		`{` + me + `,"resource":"mail"}`:   `resource: want a string: graph or flow; got "mail".`,
		`{` + me + `,"headers":["x"]}`:     "headers: want an object of strings; got array.",
		`{` + me + `,"headers":{"a":1}}`:   "headers: want an object of strings; got number.",
		`{` + me + `,"all":"yes"}`:         "all: want true or false; got string.",
		`{` + me + `,"page":2}`:            "page: want a string: the next of an earlier answer; got number.",
		`{` + me + `,"max_items":0}`:       "max_items: want a whole number from 1 to 1000000; got 0.",
		`{` + me + `,"max_chars":99}`:      "max_chars: want a whole number from 100 to 33554432; got 99.",
		`{` + me + `,"timeout_seconds":0}`: "timeout_seconds: want a whole number from 1 to 86400; got 0.",
		`{` + me + `,"request_id":"` + strings.Repeat("x", 129) + `"}`: "request_id: want a string of at most 128 bytes; got 129 bytes.",
		`{` + me + `,"caller_id":"` + strings.Repeat("x", 257) + `"}`:  "caller_id: want a string of at most 256 bytes; got 257 bytes.",
		`[]`:                                 "The body is a JSON array; want an object.",
		`{` + me:                             "The body is not valid JSON: unexpected end of JSON input (at byte 34).",
		"{" + me + `,"jq":"` + "\xff" + `"}`: "The body is not valid UTF-8.",
	} {
		if _, err := DecodeGraph([]byte(body), ""); err == nil || err.Code != mm.BadRequest || err.Message != want {
			t.Errorf("%.80s\n got %v\nwant %s", body, err, want)
		}
	}
	for body, want := range map[string]mm.GraphRequest{
		`{"endpoint":"/me"}`:                    {Connection: "Mine", Endpoint: "/me"},
		`{"connection":"C","page":"https://x"}`: {Connection: "Mine", Page: "https://x"},
		`{"endpoint":"/me","body":null}`:        {Connection: "Mine", Endpoint: "/me"},
	} {
		got, err := DecodeGraph([]byte(body), "Mine")
		if diff := cmp.Diff(want, got, same); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", body, err, diff)
		}
	}
}

// FuzzDecodeGraph holds that what is accepted keeps the bounds and means the same when it is sent once more.
func FuzzDecodeGraph(f *testing.F) {
	for _, body := range append(requests, `{"connection":"C","endpoint":"/me","body":{"a":[1e3,"\ud800"]},"headers":{"Prefer":""},"all":true,"max_items":1}`) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := DecodeGraph(body, "")
		if err != nil {
			wellRefused(t, err)
			return
		}
		if r.Connection == "" || r.Endpoint == "" && r.Page == "" || r.Timeout < 0 || r.Timeout > mm.MaxTimeout || r.Body != nil && !json.Valid(r.Body) {
			t.Errorf("%+v", r)
		}
		again, err := DecodeGraph(EncodeGraph(r), "")
		if err != nil {
			t.Fatal(err)
		}
		once, twice := EncodeGraph(r), EncodeGraph(again)
		if string(once) != string(twice) {
			t.Errorf("%s became %s", once, twice)
		}
	})
}
