package graph

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/graph/normal"
)

// maxPages bounds how many pages one request follows; some may be empty.
const maxPages = 10_000

// all follows a list to its end, or to the last whole page that fits. Of the first page what fits is kept in any case.
func (r *run) all(ctx context.Context) (mm.GraphResult, error) {
	q := r.request()
	var first *document
	var result mm.GraphResult
	seen := map[string]bool{}
	for page := 0; ; page++ {
		seen[q.url] = true
		resp, err := r.send(ctx, q)
		if err != nil {
			return failedResult(resp), r.partly(err, first)
		}
		if first == nil {
			if !startsJSON(resp) {
				return r.read(resp)
			}
			result.HTTPStatus = resp.StatusCode
			if first, err = r.page(resp, r.room()); err != nil {
				return failedResult(resp), err
			}
		} else {
			left := room{items: r.call.MaxItems - len(first.items), chars: r.room().chars - first.chars}
			d, err := r.page(resp, left)
			if err != nil {
				return failedResult(resp), r.partly(err, first)
			}
			if d.dropped > 0 || d.cut { // the next request begins with this page
				first.next, first.delta = q.url, ""
				return r.finish(first, &result, true), nil
			}
			first.items = append(first.items, d.items...)
			first.chars += d.chars
			first.next, first.delta = d.next, d.delta
			first.repaired = first.repaired || d.repaired
		}
		if first.next == "" || first.dropped > 0 || first.cut {
			return r.finish(first, &result, false), nil
		}
		next := r.continuation(first)
		if next == "" { // said in a note
			first.next = ""
			return r.finish(first, &result, true), nil
		}
		if len(first.items) >= r.call.MaxItems || page+1 >= maxPages || seen[next] {
			return r.finish(first, &result, true), nil
		}
		r.tell("Reading a list", fmt.Sprintf("%d items", len(first.items)), -1)
		q.url = next
	}
}

// finish makes the result of a list that was followed.
func (r *run) finish(d *document, result *mm.GraphResult, stopped bool) mm.GraphResult {
	d.into(r, result)
	if stopped && result.Truncated == nil {
		result.Truncated = &mm.Truncated{KeptItems: int64(len(d.items)), KeptChars: int64(d.chars)}
		r.note(fmt.Sprintf("The list goes on behind these %d items: send next as page, or raise max_items.", len(d.items)))
	}
	return *result
}

// startsJSON looks whether an answer is JSON and puts what it looked at back.
func startsJSON(resp *http.Response) bool {
	body := bufio.NewReader(resp.Body)
	start, _ := body.Peek(512)
	resp.Body = struct {
		io.Reader
		io.Closer
	}{body, resp.Body}
	return len(start) > 0 && kindOf(resp.Header, start) == kindJSON
}

func (r *run) page(resp *http.Response, fits room) (*document, error) {
	defer func() { _ = resp.Body.Close() }()
	return r.document(resp.Body, fits)
}

// partly says how far a list was read before it failed.
func (r *run) partly(err error, first *document) error {
	failed, ok := err.(*mm.Error)
	if !ok || first == nil {
		return err
	}
	e := *failed
	e.Message += fmt.Sprintf(" (%d items had been read before.)", len(first.items))
	return &e
}

// continuation is the place at which a list goes on, on the resource's own host; of a complete one, where its changes will be.
func (r *run) continuation(d *document) string {
	next := d.next
	if next == "" && d.delta != "" {
		next = d.delta
		r.note("The list is complete. next is a delta link: keep it, and send it as page later to get what has changed since.")
	}
	if next == "" {
		return ""
	}
	call, err := normal.Normalise(r.connection, mm.GraphRequest{Resource: r.call.Resource, Page: r.ownHost(next)})
	if err != nil {
		r.note("The list goes on, but at a place to which the token must not be sent. Use $skip or a narrower $filter.")
		return ""
	}
	return call.URL
}

// ownHost puts Power Automate's own host in the place of a regional one: its continuations name the region's, with a port.
func (r *run) ownHost(next string) string {
	u, err := url.Parse(next)
	own, err2 := url.Parse(r.connection.Endpoints().Flow)
	if r.call.Resource != mm.FlowResource || err != nil || err2 != nil || u.Scheme != "https" || u.User != nil {
		return next
	}
	if port := u.Port(); strings.HasSuffix(strings.ToLower(u.Hostname()), "."+own.Hostname()) && (port == "" || port == "443") ||
		strings.EqualFold(u.Hostname(), own.Hostname()) && port == "443" {
		u.Host = own.Host
	}
	return u.String()
}
