package normal_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/graph/normal"
)

// FuzzEndpoint: whatever is asked for goes to the host of the connection, has one form, and is read by package net/url as it
// was meant.
func FuzzEndpoint(f *testing.F) {
	for _, p := range places {
		f.Add(p.endpoint)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		call, err := normal.Normalise(contoso, mm.GraphRequest{Endpoint: endpoint})
		if err != nil {
			if err.Code != mm.BadRequest || err.Remedy == "" {
				t.Fatalf("%+v", err)
			}
			return
		}
		u, failed := url.Parse(call.URL)
		if failed != nil || u.Scheme != "https" || u.Host != "graph.microsoft.com" || u.User != nil || u.Fragment != "" {
			t.Fatalf("%q: %v, %v", call.URL, u, failed)
		}
		if strings.ContainsAny(call.URL, " \\#\"<>\r\n\x00") || strings.Contains(u.Path, "/../") || strings.Contains(u.Path, "//") {
			t.Fatalf("%q", call.URL)
		}
		again, err := normal.Normalise(contoso, normal.Request(contoso, call))
		if err != nil || cmp.Diff(call, again) != "" {
			t.Fatalf("%q: %v\n%s", endpoint, err, cmp.Diff(call, again))
		}
	})
}

// lastly splits a path before its last segment.
func lastly(p string) (before, last string) { i := strings.LastIndex(p, "/"); return p[:i], p[i+1:] }

// names write the action of a path in another way that means the same, addresses the whole of it.
var (
	names = []func(string) string{
		func(p string) string { return p },
		func(p string) string { return p + "()" },
		func(p string) string { before, last := lastly(p); return before + "/microsoft.graph." + last },
		func(p string) string { before, last := lastly(p); return before + "/graph." + last + "()" },
		func(p string) string { before, last := lastly(p); return before + "/microsoft.graph.thing/" + last },
	}
	addresses = []func(string) string{
		strings.ToUpper,
		func(p string) string { return p + "/" },
		func(p string) string { return strings.ReplaceAll(p, "/", "//") },
		func(p string) string { return "/v1.0" + p },
		func(p string) string { return "/beta" + p },
		func(p string) string { return host + p },
		func(p string) string { return strings.ReplaceAll(p, "e", "%65") },
		func(p string) string { return strings.ReplaceAll(p, "e", "%2565") },
		func(p string) string { return p[:1] + strings.ReplaceAll(p[1:], "/", "%20/") },
		func(p string) string { return p + "?a=b" },
	}
)

// FuzzSpelling: a guarded request stays guarded, however it is spelled.
func FuzzSpelling(f *testing.F) {
	f.Add("sendMail", uint8(2), uint8(0))
	f.Add("messages/AAA=/replyAll", uint8(4), uint8(7))
	f.Fuzz(func(t *testing.T, action string, name, address uint8) {
		other := func(r rune) bool { return r != '/' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }
		if action = strings.Trim(action, "/"); action == "" || strings.Contains(action, "//") || strings.ContainsFunc(action, other) {
			return
		}
		plain := "/me/" + action
		spelled := addresses[int(address)%len(addresses)](names[int(name)%len(names)](plain))
		want, err := normal.Normalise(contoso, mm.GraphRequest{Endpoint: plain})
		if err != nil {
			t.Fatal(err)
		}
		got, err := normal.Normalise(contoso, mm.GraphRequest{Endpoint: spelled})
		_, last := lastly(plain)
		cast, err2 := normal.Normalise(contoso, mm.GraphRequest{Endpoint: "/me/microsoft.graph." + last})
		if err2 == nil && cast.Path == "me" {
			return // the name of a type is no action
		}
		if err != nil || got.Path != want.Path {
			t.Fatalf("%q is judged as %q, %q as %q (%v)", plain, want.Path, spelled, got.Path, err)
		}
	})
}

// FuzzBody: what is sent is valid JSON that two readers take for the same, and stays the same.
func FuzzBody(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `"{\"a\":1}"`, `{"a":{"A":[1,{"confirmed":true}]},"confirmed":true}`, `{"requests":[{"id":"1","url":"/me"}]}`, `[{},"",null]`} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, text string, inBatch bool) {
		r := mm.GraphRequest{Method: "POST", Endpoint: "/me/sendMail", Body: json.RawMessage(text)}
		if inBatch {
			r.Endpoint = "/$batch"
		}
		call, err := normal.Normalise(contoso, r)
		if err != nil || len(call.Body) == 0 {
			return
		}
		if !json.Valid(call.Body) {
			t.Fatalf("%q became %q", text, call.Body)
		}
		again, err := normal.Normalise(contoso, normal.Request(contoso, call))
		if err != nil || string(again.Body) != string(call.Body) || cmp.Diff(call.Parts, again.Parts) != "" {
			t.Fatalf("%q became %q, then %q: %v", text, call.Body, again.Body, err)
		}
	})
}
