package sandbox

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"time"
)

// faulty does to the requests of a service what the switchboard says.
type faulty struct {
	board   *Switchboard
	service string
	next    http.Handler
	// names returns who asks, and what the request is found under, the most exact first.
	names func(*http.Request) (callers, requests []string)
	// refuse answers with what the service itself says: statuses, AADSTS codes, tokens that do not do. It reports false where
	// the fault does not happen to this request.
	refuse func(http.ResponseWriter, *http.Request, Fault) bool
}

func (f faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	callers, requests := f.names(r)
	fault, ok, err := f.board.LookupRequest(callers, f.service, requests)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case !ok:
		f.next.ServeHTTP(w, r)
	default:
		f.apply(w, r, fault)
	}
}

func (f faulty) apply(w http.ResponseWriter, r *http.Request, fault Fault) {
	switch fault.Kind {
	case FaultSlow:
		if pause(w, r, lasting(fault, 2*time.Second)) == nil {
			f.next.ServeHTTP(w, r)
		}
	case FaultHang:
		if pause(w, r, lasting(fault, 24*time.Hour)) == nil {
			f.next.ServeHTTP(w, r)
		}
	case FaultReset:
		panic(http.ErrAbortHandler)
	case FaultCut:
		f.half(w, r)
		panic(http.ErrAbortHandler)
	case FaultStall:
		f.half(w, r)
		_ = pause(w, r, lasting(fault, 24*time.Hour))
		panic(http.ErrAbortHandler)
	case FaultGarbage:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><head><title>Welcome to the guest network</title></head><body>Please accept the terms.</body></html>"))
	case FaultEmpty:
		w.WriteHeader(http.StatusOK)
	default:
		if status, ok := fault.Kind.number("HTTP"); ok && fault.Seconds > 0 && status >= 400 {
			w.Header().Set("Retry-After", strconv.FormatFloat(fault.Seconds, 'f', -1, 64))
		}
		if !f.refuse(w, r, fault) {
			f.next.ServeHTTP(w, r)
		}
	}
}

// half carries the request out and sends the first half of the answer, or of its announced length where it has no body.
func (f faulty) half(w http.ResponseWriter, r *http.Request) {
	whole := &recorded{header: http.Header{}, status: http.StatusOK}
	f.next.ServeHTTP(whole, r)
	for name, values := range whole.header {
		w.Header()[name] = values
	}
	body := whole.body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(max(2, len(body))))
	if whole.status == http.StatusNoContent || whole.status == http.StatusNotModified {
		whole.status = http.StatusOK // those have no body that could break
	}
	w.WriteHeader(whole.status)
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
}

// recorded is an answer that is kept.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorded) Header() http.Header         { return r.header }
func (r *recorded) WriteHeader(status int)      { r.status = status }
func (r *recorded) Write(b []byte) (int, error) { return r.body.Write(b) }

// pause waits, and returns an error where the client went away before.
func pause(w http.ResponseWriter, r *http.Request, d time.Duration) error {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // the fault says how long, not the server
	ctx, cancel := context.WithTimeout(r.Context(), d)
	defer cancel()
	<-ctx.Done()
	return r.Context().Err()
}

// lasting is how long a fault lasts.
func lasting(f Fault, otherwise time.Duration) time.Duration {
	if f.Seconds > 0 {
		return time.Duration(f.Seconds * float64(time.Second))
	}
	return otherwise
}
