package mm

import (
	"context"
	"encoding/json"
	"time"
)

// A GraphRequest is one request to Microsoft Graph or Power Automate as the account of a connection.
type GraphRequest struct {
	RequestID  string // as in Command
	Connection string
	Caller     string
	Resource   Resource // GraphResource where empty
	Method     string   // GET where empty; any case
	// Endpoint is a path with its query, with or without a version (/me/messages?$top=5, /beta/users), or the whole address
	// of a continuation on the same host.
	Endpoint string
	Headers  map[string]string // of GraphHeaders only
	Body     json.RawMessage   // nil: none
	// BodyFile is a file below files/ whose content is sent in place of Body; a large one by an upload session.
	BodyFile    string
	ContentType string // of BodyFile; guessed by its name where empty
	// SaveTo is the name below files/ for an answer that is no JSON; chosen by mm where empty.
	SaveTo   string
	Page     string // the Next of an earlier answer, which the answer continues
	All      bool   // follow continuations up to MaxItems
	JQ       string // a jq expression over the answer's data
	MaxItems int    // with All: 5,000
	MaxChars int    // of data: 32 Mi
	Timeout  time.Duration
}

// GraphHeaders are the request headers that a caller may set.
func GraphHeaders() []string {
	return []string{"ConsistencyLevel", "Prefer", "If-Match", "If-None-Match", "Accept-Language", "client-request-id"}
}

// A Resource is an API that graph requests go to.
type Resource string

// The resources.
const (
	GraphResource Resource = "graph"
	FlowResource  Resource = "flow"
)

// A GraphCall is a GraphRequest in the one form in which it is judged and sent: what is judged is what is sent, byte for byte.
type GraphCall struct {
	Resource Resource          `json:"resource"`
	Method   string            `json:"method"` // upper case
	URL      string            `json:"url"`    // absolute: https, the resource's exact host
	Path     string            `json:"path"`   // for judging: decoded, lower case, without version, casts and trailing signs
	Version  string            `json:"version"`
	Headers  map[string]string `json:"headers,omitempty"` // canonical names
	Body     []byte            `json:"body,omitempty"`
	BodyFile string            `json:"body_file,omitempty"`
	// ContentType is that of Body or BodyFile.
	ContentType string      `json:"content_type,omitempty"`
	Parts       []GraphPart `json:"parts,omitempty"` // of a $batch, for judging
	// What follows is not sent.

	// Confirmed says that the body held confirmed: true, which was taken out of it.
	Confirmed bool          `json:"confirmed,omitempty"`
	Notes     []string      `json:"notes,omitempty"` // what was mended, for the caller
	SaveTo    string        `json:"save_to,omitempty"`
	All       bool          `json:"all,omitempty"`
	JQ        string        `json:"jq,omitempty"`
	MaxItems  int           `json:"max_items,omitempty"`
	MaxChars  int           `json:"max_chars,omitempty"`
	Timeout   time.Duration `json:"timeout,omitempty"`
}

// A GraphPart is one request of a $batch.
type GraphPart struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	Path    string            `json:"path"` // as GraphCall.Path
	Version string            `json:"version"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// A GraphResult is what a graph request gave.
type GraphResult struct {
	HTTPStatus int
	// Data is the answer as JSON: without @odata noise, through JQ where that was asked for; nil where the answer is no JSON.
	Data json.RawMessage
	Text string // of an answer that is text and no JSON
	// File is where the answer was saved, as the caller sees the path; FileSize in bytes, FileType its media type.
	File     string
	FileSize int64
	FileType string
	// Next continues a list: the Page of the next request. Empty: there is no more.
	Next string
	// Delta says that the list is complete, and that Next tells later what has changed since. It is there for ever: following it
	// as a page never ends.
	Delta bool
	Count int64 // @odata.count, where it was asked for; -1: not told
	Items int   // of value, with those of all pages that were followed; -1: the answer is no list
	// Truncated says what a limit left out; nil: nothing.
	Truncated *Truncated
	// ServiceID is the service's own id of the request, for its support.
	ServiceID string
	Notes     []string
	Duration  time.Duration
}

// A Graph prepares and sends graph requests. It may be used from any goroutine.
type Graph interface {
	// Prepare normalises and checks a request. It is pure. The error has code bad_request.
	Prepare(c Connection, r GraphRequest) (GraphCall, *Error)

	// Do sends a call and returns its answer. The error is an *Error: graph_failed for an answer of 400 and above, with its
	// meaning; executed says whether the request may have had an effect. The GraphResult may be set beside an error.
	Do(ctx context.Context, c Connection, call GraphCall, tokens TokenSource, progress Progress) (GraphResult, error)
}

// A TokenSource gives the token of a request. rejected is one that the service answered 401 to, zero the first time; claims
// is what the service demanded then. The error ends the request.
type TokenSource func(ctx context.Context, rejected Secret, claims string) (Secret, error)
