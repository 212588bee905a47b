package normal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// The bounds of a request.
const (
	MaxURL      = 16 << 10 // bytes, of the address that is sent
	MaxBody     = 4 << 20  // bytes; what is larger goes by a file
	MaxDepth    = 100      // nesting of a body
	MaxBatch    = 20       // requests of a $batch, as Graph has it
	MaxHeader   = 1024     // bytes of a header's value
	MaxName     = 1024     // bytes of a file's name
	MaxJQ       = 4 << 10  // bytes of a jq expression
	MaxItems    = 1_000_000
	MaxChars    = 256 << 20
	batchTarget = "$batch"
)

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}

// Normalise returns the one form of a request. The error has code bad_request, and says how to write it right.
func Normalise(c mm.Connection, r mm.GraphRequest) (mm.GraphCall, *mm.Error) {
	call := mm.GraphCall{Resource: r.Resource, SaveTo: r.SaveTo, All: r.All, JQ: strings.TrimSpace(r.JQ)}
	for _, step := range []func(*mm.GraphCall, mm.Connection, mm.GraphRequest) *mm.Error{
		setMethod, setAddress, setHeaders, setBody, setSignature, setLimits,
	} {
		if err := step(&call, c, r); err != nil {
			return mm.GraphCall{}, err
		}
	}
	return call, nil
}

// Request returns a request that is normalised to call: for a call that was kept, and has to be prepared again.
func Request(c mm.Connection, call mm.GraphCall) mm.GraphRequest {
	r := mm.GraphRequest{
		Connection: c.Name, Resource: call.Resource, Method: call.Method, Endpoint: call.URL, Headers: call.Headers,
		Body: call.Body, BodyFile: call.BodyFile, ContentType: call.ContentType, SaveTo: call.SaveTo, All: call.All,
		JQ: call.JQ, MaxItems: call.MaxItems, MaxChars: call.MaxChars, Timeout: call.Timeout,
	}
	if len(call.Body) > 0 && call.ContentType != jsonType {
		r.Body, _ = json.Marshal(string(call.Body)) // a string cannot fail
	}
	return r
}

func setMethod(call *mm.GraphCall, _ mm.Connection, r mm.GraphRequest) *mm.Error {
	var err *mm.Error
	call.Method, err = method(r.Method)
	return err
}

func method(m string) (string, *mm.Error) {
	m = strings.ToUpper(strings.Trim(m, " "))
	if m == "" {
		return "GET", nil
	}
	if !slices.Contains(methods, m) {
		return "", refuse("Use one of "+strings.Join(methods, ", ")+".", "There is no method %s.", shown(m))
	}
	return m, nil
}

func setAddress(call *mm.GraphCall, c mm.Connection, r mm.GraphRequest) *mm.Error {
	base, err := baseOf(c, &call.Resource)
	if err != nil {
		return err
	}
	written := r.Endpoint
	if r.Page != "" {
		if call.Method != "GET" || !noBody("GET", r.Body) || r.BodyFile != "" {
			return refuse("Send the page alone, with GET and without a body.", "A page continues a list that was read with GET.")
		}
		written = r.Page
	}
	a, err := address{base: base, versioned: call.Resource == mm.GraphResource}.parse(written)
	if err != nil {
		return err
	}
	call.URL, call.Path, call.Version = a.url, a.path, a.version
	if call.All && call.Method != "GET" {
		return refuse("Leave all out, or use GET.", "Only a list that is read with GET can be followed to its end.")
	}
	return nil
}

// baseOf is the address of the resource, without a slash at its end.
func baseOf(c mm.Connection, resource *mm.Resource) (string, *mm.Error) {
	e := c.Endpoints()
	base := e.Graph
	switch mm.Resource(strings.ToLower(strings.Trim(string(*resource), " "))) {
	case "", mm.GraphResource:
		*resource = mm.GraphResource
	case mm.FlowResource:
		*resource, base = mm.FlowResource, e.Flow
	default:
		return "", refuse("Use graph or flow.", "There is no resource %s.", shown(string(*resource)))
	}
	if base == "" {
		return "", refuse("Start a newer sandbox with `mm sandbox`, or use another connection.",
			"The sandbox of %s has no stand-in for %s.", c.Name, *resource)
	}
	return base, nil
}

func setLimits(call *mm.GraphCall, _ mm.Connection, r mm.GraphRequest) *mm.Error {
	for _, l := range []struct {
		name        string
		value       int
		usual, most int
		into        *int
	}{
		{"max_items", r.MaxItems, mm.DefaultMaxItems, MaxItems, &call.MaxItems},
		{"max_chars", r.MaxChars, mm.DefaultMaxChars, MaxChars, &call.MaxChars},
	} {
		if l.value < 0 || l.value > l.most {
			return refuse("Leave it out, or choose less.", "%s is %d; it can be 1 to %d.", l.name, l.value, l.most)
		}
		if *l.into = l.value; l.value == 0 {
			*l.into = l.usual
		}
	}
	if call.Timeout = r.Timeout; call.Timeout == 0 {
		call.Timeout = mm.DefaultTimeout
	}
	if call.Timeout < 0 || call.Timeout > mm.MaxTimeout {
		return refuse("Leave it out, or choose less.", "The timeout is %s; it can be up to %s.", r.Timeout, mm.MaxTimeout.Round(time.Hour))
	}
	if len(call.JQ) > MaxJQ {
		return refuse("Write a shorter one.", "The jq expression has %d bytes; it can have %d.", len(call.JQ), MaxJQ)
	}
	return checkName("save_to", call.SaveTo)
}

// checkName refuses the name of a file that leads elsewhere than below files/. The file is opened so that it cannot, anyway.
func checkName(field, name string) *mm.Error {
	if name == "" {
		return nil
	}
	const remedy = "Use a name below files/, as in an earlier answer: report.csv."
	switch {
	case len(name) > MaxName:
		return refuse(remedy, "%s has %d bytes; it can have %d.", field, len(name), MaxName)
	case strings.ContainsFunc(name, control) || !validText(name):
		return refuse(remedy, "%s holds a control character.", field)
	case strings.Contains(name, `\`):
		return refuse(remedy, "%s holds a backslash; folders are separated by /.", field)
	case slices.Contains(strings.Split(name, "/"), ".."):
		return refuse(remedy, "%s leads out of files/.", field)
	}
	return nil
}

// noBody reports whether a body says nothing. An empty object does so only where the method takes no body.
func noBody(method string, raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", `""`:
		return true
	case "{}":
		return takesNone(method)
	}
	return false
}

func refuse(remedy, format string, args ...any) *mm.Error {
	return mm.Errorf(mm.BadRequest, remedy, format, args...)
}

// shown quotes what somebody wrote, cut short.
func shown(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
