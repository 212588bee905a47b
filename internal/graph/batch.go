package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/graph/normal"
)

// A partAnswer is the answer to one request of a $batch.
type partAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// batch sends a $batch, sends those of its parts again that were throttled and may be repeated, and puts the answers together in
// the order of the requests.
func (r *run) batch(ctx context.Context) (mm.GraphResult, error) {
	var sent struct {
		Requests []json.RawMessage `json:"requests"`
	}
	if err := json.Unmarshal(r.call.Body, &sent); err != nil || len(sent.Requests) != len(r.call.Parts) {
		return failedResult(nil), r.fail("Send the batch anew.", "The batch cannot be read.")
	}
	answers := map[string]partAnswer{}
	open := make([]int, len(sent.Requests)) // that have no answer to keep
	for i := range open {
		open[i] = i
	}
	result := mm.GraphResult{Count: -1, Items: -1}
	for tries := 0; ; tries++ {
		status, got, err := r.batchOnce(ctx, sent.Requests, open)
		if result.HTTPStatus = status; err != nil && tries == 0 {
			return result, err
		} else if err != nil {
			r.note("The throttled requests of the batch could not be sent again: " + err.Error())
			break
		}
		for _, a := range got {
			answers[a.ID] = a
		}
		var d time.Duration
		if open, d = r.throttledParts(sent.Requests, answers, open); len(open) == 0 {
			break
		}
		if !r.waitForParts(ctx, d, tries, len(open)) {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return result, err
	}
	result.Data = r.together(answers)
	return result, nil
}

func (r *run) waitForParts(ctx context.Context, d time.Duration, tries, open int) bool {
	if tries >= maxWaits || d > maxWait {
		return false
	}
	d += time.Duration(jitter * r.config.Jitter() * float64(d))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	r.tell("The service is busy and asks to wait.", fmt.Sprintf("%d requests of the batch: going on in %s", open, d.Round(time.Second)), -1)
	return r.config.Wait(ctx, d) == nil
}

// batchOnce sends the open requests of a batch.
func (r *run) batchOnce(ctx context.Context, requests []json.RawMessage, open []int) (int, []partAnswer, error) {
	q := r.request()
	if len(open) < len(requests) {
		var some []json.RawMessage
		with := map[string]bool{}
		for _, i := range open {
			with[r.call.Parts[i].ID] = true
		}
		for _, i := range open {
			some = append(some, withOrder(requests[i], with))
		}
		body, _ := json.Marshal(map[string]any{"requests": some}) // came from JSON
		q.size, q.body = int64(len(body)), func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(string(body))), nil }
	}
	resp, err := r.send(ctx, q)
	if err != nil {
		return failedResult(resp).HTTPStatus, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Responses []partAnswer `json:"responses"`
	}
	d := json.NewDecoder(&bounded{r: resp.Body, left: maxAnswer})
	if err := d.Decode(&got); err != nil {
		return resp.StatusCode, nil, r.fail(againRemedy(r.executed), "Graph's answer to the batch cannot be read.")
	}
	return resp.StatusCode, got.Responses, nil
}

// withOrder returns a request that is sent again with dependsOn only of those that are sent with it: the others are done.
func withOrder(request json.RawMessage, with map[string]bool) json.RawMessage {
	out := []byte{'{'}
	for name, value := range normal.Members(request) {
		if string(name) == `"dependsOn"` {
			rest := slices.DeleteFunc(dependsOn(request), func(id string) bool { return !with[id] })
			if len(rest) == 0 {
				continue
			}
			value, _ = json.Marshal(rest) // strings cannot fail
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}')
}

// dependsOn returns the ids of the requests that must succeed before this one.
func dependsOn(request json.RawMessage) []string {
	var r struct {
		DependsOn []string `json:"dependsOn"`
	}
	_ = json.Unmarshal(request, &r) // was checked when the batch was normalised
	return r.DependsOn
}

// throttledParts lists the requests that may be sent again, and how long to wait before: those that were throttled, and those that
// were not tried because one of these was. What waited for a request that failed for good is not tried again.
func (r *run) throttledParts(requests []json.RawMessage, answers map[string]partAnswer, open []int) (again []int, d time.Duration) {
	with := map[string]bool{}
	for _, i := range open {
		p := r.call.Parts[i]
		a, answered := answers[p.ID]
		waits, failed := false, false
		for _, id := range dependsOn(requests[i]) {
			waits = waits || with[id]
			failed = failed || !with[id] && answers[id].Status >= http.StatusBadRequest
		}
		throttled := (a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable) && idempotent(p.Method)
		if !answered || failed || !throttled && !(waits && a.Status == http.StatusFailedDependency) {
			continue
		}
		again, with[p.ID] = append(again, i), true
		if !throttled {
			continue
		}
		h := http.Header{}
		for name, value := range a.Headers {
			h.Set(name, value)
		}
		asked, told := retryAfter(h, time.Now())
		if !told {
			asked = firstWait
		}
		d = max(d, asked)
	}
	return again, d
}

// together is the answer to the whole batch.
func (r *run) together(answers map[string]partAnswer) json.RawMessage {
	list := make([]partAnswer, 0, len(r.call.Parts))
	missing, failed := 0, 0
	for _, p := range r.call.Parts {
		a, ok := answers[p.ID]
		if !ok {
			missing++
			continue
		}
		if a.Status >= 400 {
			failed++
			a.Body = redactBody(r.connection, a.Body)
		} else if len(a.Body) > 0 && a.Body[0] == '{' {
			a.Body = cleanBody(a.Body)
		}
		if p.Method == "POST" && a.Status == http.StatusAccepted {
			r.note("Request " + p.ID + " of the batch was accepted. It must not be repeated.")
		}
		a.Headers = nil
		list = append(list, a)
	}
	if missing > 0 {
		r.note(fmt.Sprintf("%d requests of the batch have no answer: it is not known whether they were done.", missing))
	}
	if failed > 0 {
		r.note(fmt.Sprintf("%d of %d requests of the batch failed.", failed, len(r.call.Parts)))
	}
	data, _ := encode(map[string]any{"responses": list}) // came from JSON
	return data
}

// cleanBody takes the noise out of an answer and its items; what continues a list stays.
func cleanBody(body json.RawMessage) json.RawMessage {
	out := []byte{'{'}
	for name, value := range normal.Members(withoutNoise(body, false)) {
		var items []json.RawMessage
		if string(name) == `"value"` && json.Unmarshal(value, &items) == nil {
			for i := range items {
				items[i] = withoutNoise(items[i], false)
			}
			value, _ = encode(items) // came from JSON
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}')
}

// redactBody takes other people's addresses and tenant ids out of the message of a part that failed.
func redactBody(c mm.Connection, body json.RawMessage) json.RawMessage {
	f := readFault(http.Header{"Content-Type": {"application/json"}}, body)
	if f.code == "" && f.message == "" {
		return nil
	}
	data, _ := encode(map[string]any{"error": map[string]string{"code": redact(c, f.code), "message": redact(c, f.message)}}) // texts
	return data
}
