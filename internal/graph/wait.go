package graph

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxWaits = 5               // of one request; each page of a list is one
	maxWait  = 2 * time.Minute // that a service may ask for; a longer one is left to the caller
	// firstWait is how long to wait where the service does not say; it doubles with each try.
	firstWait = time.Second
	// jitter is added to a wait, at most this part of it, so that not all who were told the same come back at once.
	jitter = 0.2
)

// mayWait decides whether a request is sent again after a wait, and how long that is.
func (r *run) mayWait(ctx context.Context, q request, resp *http.Response, tries int) (time.Duration, bool) {
	if tries >= maxWaits || !repeatable(q.method, resp) {
		return 0, false
	}
	d, told := retryAfter(resp.Header, time.Now())
	if !told {
		d = firstWait << min(tries, 10)
	}
	if d > maxWait {
		return 0, false
	}
	d += time.Duration(jitter * r.config.Jitter() * float64(d))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return 0, false
	}
	return d, true
}

// repeatable reports whether a request may be sent again after this answer. 429 and 503 say that nothing was done; 504 does
// not, and counts for reading only, where the service says when.
func repeatable(method string, resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return idempotent(method)
	case http.StatusGatewayTimeout:
		return reads(method) && resp.Header.Get("Retry-After") != ""
	}
	return false
}

func idempotent(method string) bool {
	return reads(method) || method == http.MethodPut || method == http.MethodDelete
}

// retryAfter reads Retry-After: seconds, or a date, which is compared with the service's own clock where it tells it.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds >= 0 && seconds < 1e6) { // NaN too
			return 0, false
		}
		return time.Duration(seconds * float64(time.Second)), true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if clock, err := http.ParseTime(h.Get("Date")); err == nil {
		now = clock
	}
	return max(0, at.Sub(now)), true
}
