package normal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// A batchRequest is one request of a $batch, as it is sent.
type batchRequest struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	DependsOn []string          `json:"dependsOn,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
	Body      json.RawMessage   `json:"body,omitempty"`
}

var (
	batchMembers = []string{"id", "method", "url", "dependsOn", "headers", "body"}
	partHeaders  = append(mm.GraphHeaders(), "Content-Type")
)

// setBatch unwraps a $batch: each of its requests is normalised as if it came alone, and what is sent is made from those.
func setBatch(call *mm.GraphCall, c mm.Connection, raw json.RawMessage) *mm.Error {
	if call.Resource != mm.GraphResource || call.Method != "POST" || strings.Contains(call.URL, "?") {
		return refuse("Use POST /$batch.", "A $batch is a POST to Graph, without a query.")
	}
	b, err := readBody(raw, true)
	if err != nil {
		return err
	}
	members, err := batchRoot(b.json)
	if err != nil {
		return err
	}
	base := c.Endpoints().Graph
	var requests []batchRequest
	for i, m := range members {
		r, part, confirmed, err := batchPart(base, call.Version, m, i)
		if err != nil {
			return inPart(r.ID, i, err)
		}
		if slices.ContainsFunc(requests, func(o batchRequest) bool { return strings.EqualFold(o.ID, r.ID) }) {
			return refuse("Give each request an id of its own.", "Two requests of the batch have the id %s.", shown(r.ID))
		}
		b.confirmed = b.confirmed || confirmed
		if mail, cut := stripSignature(c, r.Method, part.Path, r.Body); cut {
			r.Body, part.Body = mail, mail
			if !slices.Contains(b.notes, signatureNote) {
				b.notes = append(b.notes, signatureNote)
			}
		}
		requests, call.Parts = append(requests, r), append(call.Parts, part)
	}
	if err := checkOrder(requests); err != nil {
		return err
	}
	sent, failed := encodeJSON(map[string]any{"requests": requests})
	if failed != nil {
		return notJSON(failed)
	}
	if len(sent) > MaxBody {
		return tooLarge(len(sent))
	}
	call.Body, call.ContentType, call.Confirmed = sent, jsonType, b.confirmed
	call.Notes = append(call.Notes, b.notes...)
	return nil
}

// encodeJSON is json.Marshal without escapes for HTML: <, > and & in a body stay as they were written.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func inPart(id string, i int, err *mm.Error) *mm.Error {
	if id == "" {
		id = fmt.Sprint("number ", i+1)
	}
	return refuse(err.Remedy, "In the batch, request %s: %s", id, err.Message)
}

// batchRoot returns the requests of a batch.
func batchRoot(object []byte) ([]json.RawMessage, *mm.Error) {
	const remedy = `Send {"requests":[{"id":"1","method":"GET","url":"/me"}]}.`
	var list json.RawMessage
	for name, value := range Members(object) {
		if string(name) != `"requests"` {
			return nil, refuse(remedy, "The batch has %s beside its requests.", name)
		}
		list = value
	}
	var requests []json.RawMessage
	if list == nil || json.Unmarshal(list, &requests) != nil || len(requests) == 0 {
		return nil, refuse(remedy, "The batch has no list of requests.")
	}
	if len(requests) > MaxBatch {
		return nil, refuse("Send several batches.", "The batch has %d requests; it can have %d.", len(requests), MaxBatch)
	}
	return requests, nil
}

// batchPart normalises one request of a batch.
func batchPart(base, version string, raw json.RawMessage, i int) (batchRequest, mm.GraphPart, bool, *mm.Error) {
	var r batchRequest
	given, err := partMembers(raw)
	if err != nil {
		return r, mm.GraphPart{}, false, err
	}
	fail := func(err *mm.Error) (batchRequest, mm.GraphPart, bool, *mm.Error) {
		return r, mm.GraphPart{}, false, err
	}
	if r.ID = strings.Trim(string(given["id"]), `"`); r.ID == "" || r.ID == "null" {
		r.ID = fmt.Sprint(i + 1)
	}
	if len(r.ID) > 128 || strings.ContainsAny(r.ID, `{}[]\"`) {
		return fail(refuse("Use a short string.", "Its id is none."))
	}
	var verb, place string
	if json.Unmarshal(given["url"], &place) != nil || given["method"] != nil && json.Unmarshal(given["method"], &verb) != nil {
		return fail(refuse("Give it a method and a url, both strings.", "It has no url, or a method that is no string."))
	}
	if r.Method, err = method(verb); err != nil {
		return fail(err)
	}
	t, err := address{base: base, versioned: true}.parse(withVersion(place, version))
	if err != nil {
		return fail(err)
	}
	if t.version != version {
		return fail(refuse("Send the batch to /"+t.version+"/$batch.", "It is for %s, the batch for %s.", t.version, version))
	}
	if t.path == batchTarget || strings.HasPrefix(t.path, batchTarget+"/") {
		return fail(refuse("Put its requests into the outer one.", "It is a batch itself."))
	}
	r.URL = strings.TrimPrefix(t.url, base+"/"+version)
	if d := given["dependsOn"]; d != nil && json.Unmarshal(d, &r.DependsOn) != nil {
		return fail(refuse("Give the ids of the requests that come before it.", "Its dependsOn is no list of ids."))
	}
	var h map[string]string
	if g := given["headers"]; g != nil && json.Unmarshal(g, &h) != nil {
		return fail(refuse("Give names and values as strings.", "Its headers are no object of strings."))
	}
	if r.Headers, err = headers(h, partHeaders); err != nil {
		return fail(err)
	}
	confirmed, err := r.setBody(given["body"])
	if err != nil {
		return fail(err)
	}
	return r, mm.GraphPart{ID: r.ID, Method: r.Method, Path: t.path, Version: t.version, Headers: r.Headers, Body: r.Body}, confirmed, nil
}

// withVersion puts the batch's version before the path of a part that has none.
func withVersion(place, version string) string {
	trimmed := strings.TrimLeft(strings.Trim(place, " "), "/")
	head, _, _ := strings.Cut(trimmed, "/")
	if v := strings.ToLower(decodeOnce(head)); trimmed == "" || v == "v1.0" || v == "beta" || strings.Contains(head, ":") && trimmed == place {
		return place
	}
	return "/" + version + "/" + trimmed
}

// partMembers returns the members of a part by name.
func partMembers(raw json.RawMessage) (map[string]json.RawMessage, *mm.Error) {
	if len(raw) == 0 || raw[0] != '{' {
		return nil, refuse(`Send {"id":"1","method":"GET","url":"/me"}.`, "It is no object.")
	}
	out := map[string]json.RawMessage{}
	for name, value := range Members(raw) {
		plain := strings.Trim(string(name), `"`)
		if !slices.Contains(batchMembers, plain) {
			return nil, refuse("It can have "+strings.Join(batchMembers, ", ")+".", "It has the member %s.", shown(plain))
		}
		out[plain] = value
	}
	return out, nil
}

// setBody takes the body of a part: a JSON object, which needs a content type in a batch, or text of another type.
func (r *batchRequest) setBody(raw json.RawMessage) (confirmed bool, err *mm.Error) {
	if noBody(r.Method, raw) {
		return false, nil
	}
	if takesNone(r.Method) {
		return false, refuse("Send it without a body.", "%s takes no body.", r.Method)
	}
	kind := r.Headers["Content-Type"]
	if kind != "" && !strings.HasPrefix(strings.ToLower(kind), jsonType) {
		if raw[0] != '"' {
			return false, refuse("Send it as base64 text, or leave Content-Type out.", "Its body is JSON, its content type is %s.", shown(kind))
		}
		r.Body = raw
		return false, nil
	}
	b, err := readBody(raw, true)
	if err != nil {
		return false, err
	}
	if kind == "" {
		if r.Headers == nil {
			r.Headers = map[string]string{}
		}
		r.Headers["Content-Type"] = jsonType
	}
	r.Body = b.json
	return b.confirmed, nil
}

// checkOrder refuses a dependsOn that names no request before it.
func checkOrder(requests []batchRequest) *mm.Error {
	known := map[string]bool{}
	for _, r := range requests {
		for _, d := range r.DependsOn {
			if !known[d] {
				return refuse("Name a request that stands before it.", "In the batch, request %s: it depends on %s, which does not come before it.",
					r.ID, shown(d))
			}
		}
		known[r.ID] = true
	}
	return nil
}
