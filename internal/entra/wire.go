package entra

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A wire is MSAL's way to Entra: an HTTP client that reads answers whole, within a time and a size, and makes errors of all that
// are not what was asked for: *refusal, *strange, or what package net says.
type wire struct {
	client *http.Client
	limit  time.Duration
}

// maxAnswer bounds an answer. The largest, a token of somebody in thousands of groups, has less than 100 KB.
const maxAnswer = 1 << 20

// newWire returns a wire that trusts the roots; nil: the system's.
func newWire(limit time.Duration, proxy func(*http.Request) (*url.URL, error), roots *x509.CertPool) *wire {
	return &wire{limit: limit, client: &http.Client{
		// A redirect would send refresh tokens to wherever it says.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  proxy,
			OnProxyConnectResponse: proxyAnswered,
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 1 << 18,
		}}}
}

// CloseIdleConnections is what MSAL asks of its HTTP client.
func (w *wire) CloseIdleConnections() { w.client.CloseIdleConnections() }

// Do is what MSAL asks of its HTTP client. An answer that it returns is JSON, and is one that MSAL knows what to do with: a
// success, or that a device code still waits for its person.
func (w *wire) Do(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), w.limit)
	defer cancel()
	resp, body, err := w.roundTrip(req.WithContext(ctx))
	switch {
	case req.Context().Err() != nil && err != nil:
		return nil, req.Context().Err()
	case ctx.Err() != nil && err != nil:
		return nil, errSlow
	case err != nil:
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if resp.StatusCode == http.StatusOK && isObject(body) {
		return resp, nil
	}
	r := readRefusal(body)
	switch {
	case r == nil:
		return nil, &strange{status: resp.StatusCode, kind: resp.Header.Get("Content-Type"), size: len(body), retryAfter: retryAfter(resp)}
	case resp.StatusCode == http.StatusBadRequest && (r.kind == "authorization_pending" || r.kind == "slow_down"):
		return resp, nil
	}
	r.status, r.retryAfter, r.skew = resp.StatusCode, retryAfter(resp), skew(resp, time.Now())
	r.description = without(r.description, secretsOf(req))
	return nil, r
}

func (w *wire) roundTrip(req *http.Request) (*http.Response, []byte, error) {
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		return nil, nil, &strange{status: resp.StatusCode, kind: resp.Header.Get("Content-Type"), size: len(body)}
	}
	return resp, body, err
}

// get reads the JSON object at an address.
func (w *wire) get(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := w.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return json.NewDecoder(resp.Body).Decode(into)
}

// A strange answer is one that does not come from Entra, or not whole.
type strange struct {
	status, size int
	kind         string // media type
	retryAfter   time.Duration
}

func (s *strange) Error() string {
	return fmt.Sprintf("HTTP status %d, %d bytes of %q that are not Entra's JSON", s.status, s.size, s.kind)
}

// errSlow says that a request took longer than its limit.
var errSlow = errors.New("no whole answer in time")

// A proxyRefusal is a proxy that does not let a request through.
type proxyRefusal struct{ status int }

func (p *proxyRefusal) Error() string {
	return "the proxy answered with HTTP status " + strconv.Itoa(p.status)
}

func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return &proxyRefusal{resp.StatusCode}
	}
	return nil
}

func isObject(body []byte) bool {
	return json.Valid(body) && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{"))
}

// retryAfter is what the answer says, in seconds or as a date, at most an hour; 0: nothing.
func retryAfter(resp *http.Response) time.Duration {
	text := resp.Header.Get("Retry-After")
	d := time.Duration(0)
	if seconds, err := strconv.Atoi(text); err == nil {
		d = time.Duration(min(seconds, 3600)) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		d = time.Until(at)
	}
	return max(0, min(d, time.Hour))
}

// skew is how much our clock is ahead of the answer's; 0 where it is less than five minutes, which Entra tolerates.
func skew(resp *http.Response, now time.Time) time.Duration {
	theirs, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil || now.Sub(theirs).Abs() < 5*time.Minute {
		return 0
	}
	return now.Sub(theirs).Round(time.Second)
}

// secretsOf lists what a request sends that must not be found anywhere else.
func secretsOf(req *http.Request) []string {
	if req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil
	}
	form, _ := url.ParseQuery(string(text)) // what can be read of it
	var out []string
	for _, name := range []string{"refresh_token", "device_code", "code", "code_verifier"} {
		if v := form.Get(name); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// without returns a text of at most maxDescription characters that has none of the secrets.
func without(text string, secrets []string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, "[redacted]")
	}
	return strings.ToValidUTF8(text[:min(len(text), maxDescription)], "")
}

const maxDescription = 2000
