package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A GraphRequest is the body of POST /graph. Nil and empty mean the default.
type GraphRequest struct {
	Connection     string            `json:"connection"`
	Endpoint       string            `json:"endpoint"`
	Method         string            `json:"method,omitempty"`
	Resource       string            `json:"resource,omitempty"`
	Headers        map[string]string `json:"headers,omitempty"`
	Body           json.RawMessage   `json:"body,omitempty"`
	BodyFile       string            `json:"body_file,omitempty"`
	ContentType    string            `json:"content_type,omitempty"`
	SaveTo         string            `json:"save_to,omitempty"`
	Page           string            `json:"page,omitempty"`
	All            bool              `json:"all,omitempty"`
	JQ             string            `json:"jq,omitempty"`
	CallerID       string            `json:"caller_id,omitempty"`
	RequestID      string            `json:"request_id,omitempty"`
	TimeoutSeconds *int              `json:"timeout_seconds,omitempty"`
	MaxItems       *int              `json:"max_items,omitempty"`
	MaxChars       *int              `json:"max_chars,omitempty"`
}

// missingGraphFields is the text for a request without its two fields.
const missingGraphFields = "Missing connection or endpoint"

// DecodeGraph reads the body of POST /graph. The error has code bad_request. Where only is not empty, it is the one connection
// that the server has, and what the body says of a connection does not count.
func DecodeGraph(body []byte, only string) (mm.GraphRequest, *mm.Error) {
	var r GraphRequest
	if err := decode(body, &r); err != nil {
		return mm.GraphRequest{}, err
	}
	if only != "" {
		r.Connection = only
	}
	if r.Connection == "" || r.Endpoint == "" && r.Page == "" {
		return mm.GraphRequest{}, badRequest(missingGraphFields)
	}
	if err := r.check(); err != nil {
		return mm.GraphRequest{}, err
	}
	if string(r.Body) == "null" {
		r.Body = nil
	}
	return mm.GraphRequest{
		RequestID:   r.RequestID,
		Connection:  r.Connection,
		Caller:      r.CallerID,
		Resource:    mm.Resource(r.Resource),
		Method:      r.Method,
		Endpoint:    r.Endpoint,
		Headers:     r.Headers,
		Body:        r.Body,
		BodyFile:    r.BodyFile,
		ContentType: r.ContentType,
		SaveTo:      r.SaveTo,
		Page:        r.Page,
		All:         r.All,
		JQ:          r.JQ,
		MaxItems:    value(r.MaxItems),
		MaxChars:    value(r.MaxChars),
		Timeout:     time.Duration(value(r.TimeoutSeconds)) * time.Second,
	}, nil
}

// check holds the fields against their bounds; what the service takes is judged later.
func (r GraphRequest) check() *mm.Error {
	if err := checkLength("caller_id", r.CallerID, maxCaller); err != nil {
		return err
	}
	if err := checkLength("request_id", r.RequestID, mm.MaxRequestID); err != nil {
		return err
	}
	switch mm.Resource(r.Resource) {
	case "", mm.GraphResource, mm.FlowResource:
	default:
		return badField("resource", fmt.Sprintf("%.40q", r.Resource))
	}
	return checkNumbers([]bounded{
		{"timeout_seconds", r.TimeoutSeconds, 1, int(mm.MaxTimeout / time.Second)},
		{"max_items", r.MaxItems, 1, maxMaxItems},
		{"max_chars", r.MaxChars, minMaxChars, maxMaxChars},
	})
}

// EncodeGraph returns the body of POST /graph. A body that is not JSON goes as text, and the server refuses it.
func EncodeGraph(r mm.GraphRequest) []byte {
	w := GraphRequest{
		Connection:     r.Connection,
		Endpoint:       r.Endpoint,
		Method:         r.Method,
		Resource:       string(r.Resource),
		Headers:        r.Headers,
		Body:           r.Body,
		BodyFile:       r.BodyFile,
		ContentType:    r.ContentType,
		SaveTo:         r.SaveTo,
		Page:           r.Page,
		All:            r.All,
		JQ:             r.JQ,
		CallerID:       r.Caller,
		RequestID:      r.RequestID,
		TimeoutSeconds: optional(int(math.Ceil(r.Timeout.Seconds()))),
		MaxItems:       optional(r.MaxItems),
		MaxChars:       optional(r.MaxChars),
	}
	b, err := encode(w)
	if err != nil {
		w.Body = mustEncode(string(r.Body))
		b = mustEncode(w)
	}
	return b
}

// A GraphAnswer is what the answer to POST /graph has besides that of POST /run.
type GraphAnswer struct {
	HTTPStatus int             `json:"http_status"`
	Data       json.RawMessage `json:"data,omitempty"`
	Text       string          `json:"text,omitempty"`
	File       string          `json:"file,omitempty"`
	FileSize   int64           `json:"file_size,omitempty"` // bytes
	FileType   string          `json:"file_type,omitempty"`
	Next       string          `json:"next,omitempty"`  // the page of the next request
	Count      *int64          `json:"count,omitempty"` // @odata.count
	Items      *int            `json:"items,omitempty"` // of a list
	ServiceID  string          `json:"service_request_id,omitempty"`
	Delta      bool            `json:"delta,omitempty"` // next is a delta link
}

func graphAnswer(r *mm.GraphResult) *GraphAnswer {
	if r == nil {
		return nil
	}
	a := &GraphAnswer{HTTPStatus: r.HTTPStatus, Data: r.Data, Text: r.Text, File: r.File, FileSize: r.FileSize, FileType: r.FileType,
		Next: r.Next, ServiceID: r.ServiceID, Delta: r.Delta}
	if r.Count >= 0 {
		a.Count = &r.Count
	}
	if r.Items >= 0 {
		a.Items = &r.Items
	}
	return a
}

func (a *GraphAnswer) result() *mm.GraphResult {
	if a == nil {
		return nil
	}
	r := &mm.GraphResult{HTTPStatus: a.HTTPStatus, Data: a.Data, Text: a.Text, File: a.File, FileSize: a.FileSize, FileType: a.FileType,
		Next: a.Next, Count: -1, Items: -1, ServiceID: a.ServiceID, Delta: a.Delta}
	if a.Count != nil {
		r.Count = *a.Count
	}
	if a.Items != nil {
		r.Items = *a.Items
	}
	return r
}
