package mcp

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
)

func TestGraphArgumentsAreReadLeniently(t *testing.T) {
	const me = `"connection":"Contoso-GA","endpoint":"/me"`
	with := func(change func(*mm.GraphRequest)) graphArgs {
		a := graphArgs{request: mm.GraphRequest{Connection: "Contoso-GA", Endpoint: "/me"}, format: mm.FormatText, maxChars: defaultMaxChars}
		if change != nil {
			change(&a.request)
		}
		return a
	}
	const id = "mcp-abcdefghijklmnopqrstuvwxyz"
	full := with(func(r *mm.GraphRequest) {
		*r = mm.GraphRequest{Connection: "Contoso-GA", Endpoint: "/me", Method: "patch", Body: json.RawMessage(`{"a":1}`), Resource: mm.FlowResource,
			Page: "https://x/y", All: true, MaxItems: 7, JQ: ".a", Headers: map[string]string{"Prefer": "x", "If-Match": "2"}, ContentType: "text/html",
			SaveTo: "a.pdf", BodyFile: "b.pdf", Timeout: time.Minute, RequestID: id}
	})
	full.format, full.maxChars = mm.FormatJSON, 1000
	for _, c := range []struct {
		name, in string
		want     graphArgs
	}{
		{"nothing", ``, graphArgs{format: mm.FormatText, maxChars: defaultMaxChars}},
		{"the two that are needed", `{` + me + `}`, with(nil)},
		{"a string that holds the object", `"{\"connection\":\"Contoso-GA\",\"endpoint\":\" /me \"}"`, with(nil)},
		{"nulls and empty texts for absent", `{` + me + `,"method":null,"body":null,"resource":"","page":"","all":null,"max_items":null,"jq":"",
			"headers":null,"save_to":null,"body_file":"","format":"","timeout_seconds":0,"max_chars":null,"request_id":null}`, with(nil)},
		{"an empty text for a body, an empty list for headers", `{` + me + `,"body":"","headers":[]}`, with(nil)},
		{"confirmed in every form", `{` + me + `,"confirmed":"true","Confirmed":[1]}`, with(nil)},
		{"everything", `{` + me + `,"method":"patch","body":{"a":1},"resource":"flow","page":"https://x/y","all":true,"max_items":7,"jq":".a",
			"headers":{"Prefer":"x","If-Match":"2","content-type":"text/html","Accept-Language":""},"save_to":"a.pdf","body_file":"b.pdf",
			"format":"json","timeout_seconds":60,"max_chars":1000,"request_id":"` + id + `"}`, full},
		{"everything as text", `{` + me + `,"method":" patch","body":{"a":1},"resource":" Flow","page":"https://x/y","all":"True","max_items":"7","jq":".a ",
			"headers":"{\"Prefer\":\"x\",\"If-Match\":2,\"Content-Type\":\"text/html\"}","save_to":"a.pdf","body_file":"b.pdf",
			"format":"JSON","timeout_seconds":"60","max_chars":"1e3","request_id":"` + id + `"}`, full},
		{"a body as text that holds JSON stays as it is", `{` + me + `,"body":"{\"confirmed\":true}"}`,
			with(func(r *mm.GraphRequest) { r.Body = json.RawMessage(`"{\"confirmed\":true}"`) })},
		{"a body that is a list", `{` + me + `,"body":[{"b":2}]}`, with(func(r *mm.GraphRequest) { r.Body = json.RawMessage(`[{"b":2}]`) })},
		{"all as a number", `{` + me + `,"all":1}`, with(func(r *mm.GraphRequest) { r.All = true })},
		{"all as the text false", `{` + me + `,"all":"FALSE"}`, with(nil)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := decodeGraph(json.RawMessage(c.in))
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(graphArgs{})); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestWrongGraphArgumentsSayWhatIsAllowed(t *testing.T) {
	for _, c := range []struct{ name, in, message, remedy string }{
		{"a list", `[1]`, "The arguments are not an object.", "Send an object with connection and endpoint."},
		{"an endpoint that is none", `{"endpoint":["/me"]}`, "endpoint is not a string.", "Send it as a JSON string."},
		{"another resource", `{"resource":"teams"}`, `There is no resource "teams".`, "Use graph or flow."},
		{"a number of a page", `{"page":2}`, "page is not a string.", "Send it as a JSON string."},
		{"a number of a page as text", `{"page":"2"}`, "page is not the next of an earlier answer.", "Leave it out for the first page."},
		{"all as a number of items", `{"all":50}`, "all is neither true nor false: 50.", "Send true or false."},
		{"headers as a list", `{"headers":["Prefer"]}`, "The arguments are not an object.", `headers is an object of texts: {"Prefer": "…"}.`},
		{"a header that is a list", `{"headers":{"Prefer":["x"]}}`, "headers.Prefer is not a string.", "Send it as a JSON string."},
		{"half of a character in the body", `{"body":{"subject":"\ud83d"}}`, "body has half of a character (a lone surrogate).", "Send the whole character."},
		{"half of a character in a body of text", `{"body":"{\"subject\":\"\ud83d\"}"}`, "body has half of a character (a lone surrogate).", "Send the whole character."},
		{"too many items", `{"max_items":1000001}`, "max_items is not in its range: 1000001.", "Send a whole number from 1 to 1000000."},
		{"an unknown format", `{"format":"xml"}`, `There is no format "xml".`, "Use text, json or both."},
		{"an invented request id", `{"request_id":"1"}`, "request_id is not one that an earlier answer named.", "Leave it out for a new command."},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := decodeGraph(json.RawMessage(c.in))
			if err == nil || err.Code != mm.BadRequest || err.Message != c.message || err.Remedy != c.remedy {
				t.Errorf("got %#v", err)
			}
		})
	}
}

// What the Service is asked for: with all no more than can be shown, otherwise a page, so that it is known what was cut.
func TestTheServiceIsAskedForWhatCanBeShown(t *testing.T) {
	for _, c := range []struct {
		r              mm.GraphRequest
		maxChars, want int
	}{
		{mm.GraphRequest{}, defaultMaxChars, wholePage},
		{mm.GraphRequest{}, maxMaxChars, maxMaxChars},
		{mm.GraphRequest{All: true}, defaultMaxChars, 18_000},
		{mm.GraphRequest{All: true, JQ: "length"}, defaultMaxChars, wholePage},
	} {
		if got := (graphArgs{request: c.r, maxChars: c.maxChars}).room(); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
