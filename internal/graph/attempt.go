package graph

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A request is one HTTP request; it may be sent more than once.
type request struct {
	method, url string
	body        func() (io.ReadCloser, error) // nil: none
	size        int64                         // of the body
	header      http.Header                   // besides those of the call, in their place where authorized is false
	// authorized requests carry the token and the call's headers. They go to the resource's own host.
	authorized bool
	// tolerated are statuses of 400 and above that are no failure here.
	tolerated func(status int) bool
}

const maxRedirects = 3

// send sends a request until there is an answer to keep: it renews a rejected token once, waits where the service asks for it,
// and follows redirects without the token. The response is open where err is nil, and closed and set beside an error where
// there was one.
func (r *run) send(ctx context.Context, q request) (*http.Response, error) {
	redirects := 0
	for tries := 0; ; tries++ {
		resp, err := r.once(ctx, q)
		if err != nil {
			return nil, err
		}
		switch {
		case resp.StatusCode == http.StatusUnauthorized && q.authorized, resp.StatusCode == http.StatusForbidden && q.authorized && claimsOf(resp.Header) != "":
			if again, err := r.renew(ctx, resp); err != nil || again {
				if err != nil {
					return resp, err
				}
				continue
			}
		case redirected(resp.StatusCode) && reads(q.method) && resp.Header.Get("Location") != "":
			next, err := r.follow(resp, q)
			if redirects++; redirects > maxRedirects && err == nil {
				err = r.fail("Try again later.", "The service redirects in a circle.")
			}
			closeBody(resp)
			if err != nil {
				return resp, err
			}
			q = next
			continue
		}
		if d, ok := r.mayWait(ctx, q, resp, tries); ok {
			closeBody(resp)
			r.tell("The service is busy and asks to wait.", fmt.Sprintf("HTTP %d: going on in %s", resp.StatusCode, d.Round(time.Second)), -1)
			if err := r.config.Wait(ctx, d); err != nil {
				return resp, err
			}
			continue
		}
		if q.authorized && resp.StatusCode < 300 {
			r.renewed = false // a list that is read for hours may outlive more than one token
		}
		if resp.StatusCode < 300 || resp.StatusCode == http.StatusNotModified || q.tolerated != nil && q.tolerated(resp.StatusCode) {
			return resp, nil
		}
		defer closeBody(resp)
		return resp, r.failed(resp)
	}
}

// once sends a request once.
func (r *run) once(ctx context.Context, q request) (*http.Response, error) {
	if q.authorized && r.token.Reveal() == "" {
		token, err := r.tokens(ctx, mm.Secret{}, "")
		if err != nil {
			return nil, err
		}
		r.token = token
	}
	var body io.ReadCloser
	if q.body != nil {
		var err error
		if body, err = q.body(); err != nil {
			return nil, r.fileProblem(err)
		}
	}
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), q.method, q.url, body)
	if err != nil {
		return nil, r.fail("Write the address anew.", "The address cannot be sent.")
	}
	if body != nil {
		req.ContentLength, req.GetBody = q.size, q.body
	}
	r.setHeaders(req, q)
	r.tries++
	before := r.executed
	resp, err := r.transport.RoundTrip(req)
	if sent.Load() && !reads(q.method) {
		r.executed = mm.ExecutedMaybe
	}
	if err != nil {
		return nil, r.unreachable(req, err)
	}
	if q.authorized {
		r.serviceID = serviceID(resp.Header)
	}
	if !reads(q.method) {
		r.executed = executedBy(resp.StatusCode, before)
	}
	return resp, nil
}

func (r *run) setHeaders(req *http.Request, q request) {
	req.Header.Set("User-Agent", "mm")
	if q.authorized {
		req.Header.Set("Accept", "application/json, */*;q=0.8")
		req.Header.Set("Authorization", "Bearer "+r.token.Reveal())
		for name, value := range r.call.Headers {
			req.Header.Set(name, value)
		}
		if q.body != nil && r.call.ContentType != "" {
			req.Header.Set("Content-Type", r.call.ContentType)
		}
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
}

// executedBy is what a status says of a request that writes. before is what was known already: an upload has effects before
// its last part.
func executedBy(status int, before mm.Executed) mm.Executed {
	switch {
	case status < 300:
		return mm.ExecutedYes
	case status >= 500 || status == http.StatusRequestTimeout:
		return mm.ExecutedMaybe
	}
	return before // refused, redirected, throttled: not done
}

// renew gets a token in place of a rejected one. It reports whether the request is to be sent again.
func (r *run) renew(ctx context.Context, resp *http.Response) (bool, error) {
	if r.renewed {
		return false, nil
	}
	r.renewed = true
	rejected := r.token
	token, err := r.tokens(ctx, rejected, claimsOf(resp.Header))
	if err != nil {
		closeBody(resp)
		return false, err
	}
	if token.Reveal() == "" || token.Reveal() == rejected.Reveal() {
		return false, nil
	}
	closeBody(resp)
	r.token = token
	return true, nil
}

// tell sends a progress record.
func (r *run) tell(activity, text string, percent int) {
	r.progress([]mm.Record{{Stream: mm.StreamProgress, Activity: activity, Text: text, Percent: percent}})
}

// closeBody lets the connection be used again where little is left to read.
func closeBody(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	_ = resp.Body.Close()
}

func serviceID(h http.Header) string {
	for _, name := range []string{"Request-Id", "X-Ms-Request-Id", "X-Ms-Correlation-Request-Id"} {
		if id := h.Get(name); id != "" && len(id) <= 128 {
			return id
		}
	}
	return ""
}
