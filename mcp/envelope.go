package mcp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
)

// An envelope is what the loop has to know of a message before mcp-go gets it.
type envelope struct {
	kind    kind
	id      json.RawMessage // of a request, as it was written: a number above 2^53 must come back as it is
	method  string
	cancels json.RawMessage // what notifications/cancelled names
}

type kind int

const (
	nothing kind = iota // an empty line, or an answer to what nobody asked
	notification
	request
)

// A refusal is why something is not a message that can be handled.
type refusal struct {
	id      json.RawMessage // of whom it tells; nil: unknown
	code    int
	message string
}

// response is the refusal as a JSON-RPC response. An unknown id becomes null.
func (r refusal) response() any {
	return map[string]any{"jsonrpc": mcp.JSONRPC_VERSION, "id": r.id, "error": map[string]any{"code": r.code, "message": r.message}}
}

// open reads the envelope of a message that is one JSON object.
func open(text []byte) (envelope, *refusal) {
	var m struct {
		ID, Method, Params, Result, Error json.RawMessage
	}
	if err := json.Unmarshal(text, &m); err != nil {
		if !json.Valid(text) {
			return envelope{}, &refusal{nil, mcp.PARSE_ERROR, fmt.Sprintf("The line is not JSON (%v). Send one message a line.", err)}
		}
		return envelope{}, &refusal{nil, mcp.INVALID_REQUEST, "A message is a JSON object."}
	}
	id := m.ID
	if !isID(id) {
		id = nil
	}
	var e envelope
	switch err := json.Unmarshal(m.Method, &e.method); {
	case m.Method == nil && (m.Result != nil || m.Error != nil):
		return e, nil
	case !utf8.Valid(text): // else it would be run with other characters in their place
		return e, &refusal{id, mcp.PARSE_ERROR, "The message is not valid UTF-8."}
	case m.Method == nil:
		return e, &refusal{id, mcp.INVALID_REQUEST, "The message has no method."}
	case err != nil:
		return e, &refusal{id, mcp.INVALID_REQUEST, "A method is a string."}
	case !absent(m.Params) && m.Params[0] != '{':
		return e, &refusal{id, mcp.INVALID_PARAMS, "params is an object, or left out."}
	}
	switch {
	case id != nil:
		e.kind, e.id = request, id
	case m.ID == nil || (absent(m.ID) && strings.HasPrefix(e.method, "notifications/")):
		e.kind = notification
	default:
		return e, &refusal{nil, mcp.INVALID_REQUEST, "The id of a request is a string or a number."}
	}
	if e.method == string(mcp.MethodNotificationCancelled) {
		var params struct{ RequestID json.RawMessage }
		if !absent(m.Params) && json.Unmarshal(m.Params, &params) == nil {
			e.cancels = params.RequestID
		}
	}
	return e, nil
}

func isID(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '"' || raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9')
}

// refuseBatch answers a JSON array: every request in it by its id, so that nobody waits for an answer that never comes.
func refuseBatch(text []byte) []refusal {
	const why = "Batches are not taken here: MCP has none since its revision 2025-06-18. Send one message a line."
	var messages []json.RawMessage
	if err := json.Unmarshal(text, &messages); err != nil {
		return []refusal{{nil, mcp.PARSE_ERROR, fmt.Sprintf("The line is not JSON (%v). Send one message a line.", err)}}
	}
	var all []refusal
	for _, m := range messages {
		if e, bad := open(m); bad == nil && e.kind == request {
			all = append(all, refusal{e.id, mcp.INVALID_REQUEST, why})
		}
	}
	if all == nil {
		all = []refusal{{nil, mcp.INVALID_REQUEST, why}}
	}
	return all
}

// refuseLong answers a line of more than most bytes, of which only the beginning and the end are there. Clients write the id first or
// last of all; who finds it nowhere cannot be told whose request it was.
func refuseLong(head, tail []byte, most int) refusal {
	r := refusal{nil, mcp.INVALID_REQUEST, fmt.Sprintf("A message may have at most %d bytes.", most)}
	d := json.NewDecoder(bytes.NewReader(head))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return r
	}
	for {
		key, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			break
		}
		if key == "id" && isID(value) {
			r.id = value
			return r
		}
	}
	// The last brace closes the message, so a member right before it is the message's own. In a string its quotes would be
	// escaped.
	last := regexp.MustCompile(`[,{]\s*"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$`)
	if found := last.FindSubmatch(tail); found != nil && json.Valid(found[1]) {
		r.id = found[1]
	}
	return r
}
