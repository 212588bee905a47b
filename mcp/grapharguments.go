package mcp

import (
	"encoding/json"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// graphArgs are the arguments of the tool graph_request, with the defaults in place.
type graphArgs struct {
	request  mm.GraphRequest // without what the server adds: caller, a new id, room
	format   mm.Format
	maxChars int
}

// wholePage is how many characters of data the Service is asked for at least: that much of a page is cut here, at an item,
// where it can be said what was left out.
const wholePage = 256 << 10

// room is how many characters of data the Service is asked for. With all it stops in time at the end of a page, so that next
// goes on right behind what is shown; a quarter is for next itself, notes and line ends.
func (a graphArgs) room() int {
	if a.request.All && a.request.JQ == "" {
		return a.maxChars - a.maxChars/4
	}
	return max(a.maxChars, wholePage)
}

// decodeGraph reads the arguments of a call as decodeRun does. The error has code bad_request.
func decodeGraph(raw json.RawMessage) (graphArgs, *mm.Error) {
	var args graphArgs
	fields, err := object(raw, "Send an object with connection and endpoint.")
	if err != nil {
		return args, err
	}
	r := &args.request
	var resource, format string
	for _, f := range []struct {
		name string
		to   *string
	}{
		{"connection", &r.Connection}, {"endpoint", &r.Endpoint}, {"method", &r.Method}, {"resource", &resource}, {"page", &r.Page},
		{"jq", &r.JQ}, {"body_file", &r.BodyFile}, {"save_to", &r.SaveTo}, {"format", &format}, {"request_id", &r.RequestID},
	} {
		if *f.to, err = text(f.name, fields[f.name]); err != nil {
			return args, err
		}
	}
	for _, step := range []func() *mm.Error{
		func() (err *mm.Error) { r.Resource, err = resourceOf(resource); return err },
		func() (err *mm.Error) { args.format, err = formatOf(format); return err },
		func() *mm.Error { return checkID(r.RequestID) },
		func() *mm.Error { return checkPage(r.Page) },
		func() (err *mm.Error) { r.All, err = boolean("all", fields["all"]); return err },
		func() (err *mm.Error) { r.Headers, r.ContentType, err = headers(fields["headers"]); return err },
		func() (err *mm.Error) { r.Body, err = bodyOf(fields["body"]); return err },
		func() (err *mm.Error) {
			r.MaxItems, err = number("max_items", fields["max_items"], 1, maxMaxItems, 0)
			return err
		},
		func() (err *mm.Error) { r.Timeout, args.maxChars, err = bounds(fields); return err },
	} {
		if err := step(); err != nil {
			return args, err
		}
	}
	return args, nil
}

func resourceOf(s string) (mm.Resource, *mm.Error) {
	switch r := mm.Resource(strings.ToLower(s)); r {
	case "", mm.GraphResource, mm.FlowResource:
		return r, nil
	}
	return "", mm.Errorf(mm.BadRequest, "Use graph or flow.", "There is no resource %q.", clip(s, 40))
}

// checkPage refuses numbers of pages: Graph has none.
func checkPage(s string) *mm.Error {
	if s != "" && !strings.HasPrefix(strings.ToLower(s), "https://") {
		return mm.Errorf(mm.BadRequest, "Leave it out for the first page.", "page is not the next of an earlier answer.")
	}
	return nil
}

// boolean returns a boolean argument; absent gives false.
func boolean(name string, raw json.RawMessage) (bool, *mm.Error) {
	switch strings.ToLower(strings.TrimSpace(strings.Trim(string(raw), `"`))) {
	case "true", "1":
		return true, nil
	case "", "null", "false", "0":
		return false, nil
	}
	return false, mm.Errorf(mm.BadRequest, "Send true or false.", "%s is neither true nor false: %s.", name, clip(string(raw), 40))
}

// headers returns the argument headers: an object of texts, or a string that holds one. Content-Type, which models send along
// though it is not among the headers of GraphRequest, comes back by itself.
func headers(raw json.RawMessage) (all map[string]string, contentType string, err *mm.Error) {
	fields, err := object(raw, `headers is an object of texts: {"Prefer": "…"}.`)
	if err != nil {
		return nil, "", err
	}
	for name, value := range fields {
		var number json.Number
		s, err := text("headers."+clip(name, 40), value)
		if err != nil && json.Unmarshal(value, &number) == nil {
			s, err = number.String(), nil
		}
		switch {
		case err != nil:
			return nil, "", err
		case strings.EqualFold(name, "Content-Type"):
			contentType = s
		case s != "":
			if all == nil {
				all = map[string]string{}
			}
			all[name] = s
		}
	}
	return all, contentType, nil
}

// bodyOf returns the argument body as it was written; what it may be is for the Service to judge. "" and null are none.
func bodyOf(raw json.RawMessage) (json.RawMessage, *mm.Error) {
	if absent(raw) || string(raw) == `""` {
		return nil, nil
	}
	if hasLoneSurrogate(raw) {
		return nil, mm.Errorf(mm.BadRequest, "Send the whole character.", "body has half of a character (a lone surrogate).")
	}
	return raw, nil
}
