package normal_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/graph/normal"
)

func batch(body string) mm.GraphRequest {
	return mm.GraphRequest{Method: "POST", Endpoint: "/$batch", Body: json.RawMessage(body)}
}

func TestABatchIsUnwrappedAndSentAsItWasJudged(t *testing.T) {
	call, err := normal.Normalise(contoso, batch(`{"confirmed":true,"requests":[
		{"id":1,"url":"me//messages?$filter=a eq 'b'","headers":{"consistencylevel":"eventual"}},
		{"id":"b","method":"post","url":"/V1.0/users('x')/microsoft.graph.sendMail()","dependsOn":["1"],"body":{"message":{"subject":"<x>"}}},
		{"method":"DELETE","url":"https://graph.microsoft.com/v1.0/users/y"},
		{"id":"c","method":"PATCH","url":"/me","body":"{\"a\":1}"},
		{"id":"d","method":"PUT","url":"/me/photo/$value","headers":{"Content-Type":"image/png"},"body":"aGVsbG8="}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"requests":[` +
		`{"id":"1","method":"GET","url":"/me/messages?$filter=a%20eq%20'b'","headers":{"ConsistencyLevel":"eventual"}},` +
		`{"id":"b","method":"POST","url":"/users('x')/microsoft.graph.sendMail()","dependsOn":["1"],"headers":{"Content-Type":"application/json"},"body":{"message":{"subject":"<x>"}}},` +
		`{"id":"3","method":"DELETE","url":"/users/y"},` +
		`{"id":"c","method":"PATCH","url":"/me","headers":{"Content-Type":"application/json"},"body":{"a":1}},` +
		`{"id":"d","method":"PUT","url":"/me/photo/$value","headers":{"Content-Type":"image/png"},"body":"aGVsbG8="}]}`
	if diff := cmp.Diff(want, string(call.Body)); diff != "" {
		t.Error(diff)
	}
	var paths []string
	for _, p := range call.Parts {
		paths = append(paths, p.Method+" "+p.Path)
	}
	if diff := cmp.Diff([]string{"GET me/messages", "POST users/x/sendmail", "DELETE users/y", "PATCH me", "PUT me/photo/$value"}, paths); diff != "" {
		t.Error(diff)
	}
	if !call.Confirmed || call.Path != "$batch" {
		t.Errorf("%+v", call)
	}
	again, err := normal.Normalise(contoso, normal.Request(contoso, call))
	call.Confirmed = false
	if diff := cmp.Diff(call, again); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestABatchThatHidesSomethingIsRefused(t *testing.T) {
	part := func(member string) string { return `{"requests":[{"id":"1","url":"/me"` + member + `}]}` }
	var many []string
	for i := range 21 {
		many = append(many, fmt.Sprintf(`{"id":"%d","url":"/me"}`, i))
	}
	for why, c := range map[string]struct{ body, message string }{
		"no requests":               {`{}`, "no list"},
		"an empty list":             {`{"requests":[]}`, "no list"},
		"requests that are no list": {`{"requests":{"id":"1"}}`, "no list"},
		"an array":                  {`[{"id":"1","url":"/me"}]`, "no list"},
		"a part that is no object":  {`{"requests":["/me"]}`, "no object"},
		"something beside it":       {`{"requests":[{"id":"1","url":"/me"}],"more":1}`, "beside"},
		"the list twice":            {`{"requests":[],"Requests":[]}`, "twice"},
		"too many":                  {`{"requests":[` + strings.Join(many, ",") + `]}`, "21 requests"},
		"one id twice":              {`{"requests":[{"id":"a","url":"/me"},{"id":"A","url":"/me"}]}`, "have the id"},
		"a given id and a made one": {`{"requests":[{"id":"2","url":"/me"},{"url":"/me"}]}`, "have the id"},
		"an id that is none":        {`{"requests":[{"id":{},"url":"/me"}]}`, "id is none"},
		"no url":                    {`{"requests":[{"id":"1"}]}`, "no url"},
		"a url that is no text":     {`{"requests":[{"id":"1","url":5}]}`, "no url"},
		"a batch in a batch":        {`{"requests":[{"id":"1","method":"POST","url":"/$batch","body":{"requests":[]}}]}`, "a batch itself"},
		"one that is encoded":       {`{"requests":[{"id":"1","method":"POST","url":"/%24Batch/","body":{}}]}`, "a batch itself"},
		"one with the version":      {`{"requests":[{"id":"1","method":"POST","url":"/v1.0//$batch"}]}`, "a batch itself"},
		"another version":           {`{"requests":[{"id":"1","url":"/beta/me"}]}`, "for beta"},
		"another host":              {`{"requests":[{"id":"1","url":"https://evil.example/me"}]}`, "leads to"},
		"an encoded slash":          {`{"requests":[{"id":"1","url":"/me%2fsendMail"}]}`, "encoded"},
		"an unknown member":         {part(`,"atomicityGroup":"x"`), "member"},
		"a member in other letters": {part(`,"Method":"POST"`), "member"},
		"a member twice":            {part(`,"url":"/x"`), "twice"},
		"a member spelled anew":     {part(`,"u\u0072l":"/x"`), "twice"},
		"no method":                 {part(`,"method":"BREW"`), "no method"},
		"a body for GET":            {part(`,"body":{"a":1}`), "takes no body"},
		"a body of two minds":       {part(`,"method":"POST","body":{"a":1,"a":2}`), "twice"},
		"JSON of another type":      {part(`,"method":"POST","headers":{"content-type":"text/plain"},"body":{"a":1}`), "content type"},
		"a header of its own":       {part(`,"headers":{"Authorization":"x"}`), "cannot be set"},
		"headers that are none":     {part(`,"headers":["x"]`), "no object"},
		"an order that is none":     {part(`,"dependsOn":"x"`), "no list of ids"},
		"an order in a ring":        {part(`,"dependsOn":["1"]`), "does not come before"},
	} {
		call, err := normal.Normalise(contoso, batch(c.body))
		if err == nil || !strings.Contains(err.Message, c.message) || err.Remedy == "" {
			t.Errorf("%s: %+v, %s", why, err, call.Body)
		}
	}
	for why, r := range map[string]mm.GraphRequest{
		"GET":     {Method: "GET", Endpoint: "/$batch"},
		"a query": {Method: "POST", Endpoint: "/$batch?x=y", Body: json.RawMessage(`{"requests":[{"id":"1","url":"/me"}]}`)},
	} {
		if call, err := normal.Normalise(contoso, r); err == nil {
			t.Errorf("%s: %+v", why, call)
		}
	}
}

func TestABatchInBetaHasPartsInBeta(t *testing.T) {
	r := batch(`{"requests":[{"id":"1","url":"/beta/me"},{"id":"2","url":"/users"}]}`)
	r.Endpoint = "/beta/$batch/"
	call, err := normal.Normalise(contoso, r)
	if err != nil || call.URL != host+"/beta/$batch" || call.Parts[0].Version != "beta" || call.Parts[1].Version != "beta" {
		t.Errorf("%+v, %v", call, err)
	}
}
