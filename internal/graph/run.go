package graph

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// A run is one call on its way. It belongs to one goroutine.
type run struct {
	*Client
	connection mm.Connection
	call       mm.GraphCall
	tokens     mm.TokenSource
	progress   mm.Progress

	transport *http.Transport
	token     mm.Secret
	renewed   bool // the token was rejected, and no answer came since
	executed  mm.Executed
	tries     int
	serviceID string
	notes     []string
}

func (r *run) do(ctx context.Context) (mm.GraphResult, error) {
	none := mm.GraphResult{Count: -1, Items: -1}
	var failed *mm.Error
	if r.transport, failed = r.Client.transport(r.connection.Endpoints().CA); failed != nil {
		return none, failed
	}
	selected, failed := compile(r.call.JQ)
	if failed != nil {
		return none, failed
	}
	result, err := r.answer(ctx)
	if err == nil && selected != nil && result.Data != nil {
		err = r.selectBy(ctx, selected, &result)
	}
	return result, err
}

// answer sends the call in the way that it needs.
func (r *run) answer(ctx context.Context) (mm.GraphResult, error) {
	switch {
	case r.call.BodyFile != "":
		return r.upload(ctx)
	case r.call.Path == "$batch":
		return r.batch(ctx)
	case r.call.All:
		return r.all(ctx)
	}
	resp, err := r.send(ctx, r.request())
	if err != nil {
		return failedResult(resp), err
	}
	return r.read(resp)
}

// request is the call as one HTTP request.
func (r *run) request() request {
	q := request{method: r.call.Method, url: r.call.URL, size: int64(len(r.call.Body)), authorized: true}
	if len(r.call.Body) > 0 {
		body := string(r.call.Body)
		q.body = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
	}
	return q
}

// failedResult tells the status beside an error.
func failedResult(resp *http.Response) mm.GraphResult {
	result := mm.GraphResult{Count: -1, Items: -1}
	if resp != nil {
		result.HTTPStatus = resp.StatusCode
	}
	return result
}

func (r *run) note(text string) { r.notes = append(r.notes, text) }

// reads reports whether a method only reads.
func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// fail makes the error of a call, with what is known of its execution.
func (r *run) fail(remedy, message string) *mm.Error {
	return &mm.Error{Code: mm.GraphFailed, Message: message, Remedy: remedy, Executed: r.executed}
}

// interrupted is the error of a call whose context ended.
func (r *run) interrupted(ctx context.Context) *mm.Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &mm.Error{Code: mm.Timeout, Executed: r.executed, Message: "The request did not end within " + r.call.Timeout.String() + ".",
			Remedy: "Give it more time with timeout_seconds, or ask for less at once: $top, $select."}
	}
	return &mm.Error{Code: mm.Cancelled, Executed: r.executed, Message: "The request was cancelled."}
}
