package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/microsoft-master/mm/http/wire"
)

// A dialError says that no connection was made, so that nothing was sent.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// send sends a request and returns its answer's head. The caller closes the body.
func (c *Client) send(ctx context.Context, method, path string, body []byte, header map[string]string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if t := c.token.Reveal(); t != "" {
		req.Header.Set("Authorization", "Bearer "+t)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := c.http.Do(req)
	if err == nil {
		if name := resp.Header.Get(wire.HeaderInstance); name != "" {
			c.instance.Store(&name)
		}
	}
	return resp, err
}

// readAll reads an answer's body, up to wire.MaxAnswer bytes.
func readAll(resp *http.Response) ([]byte, error) {
	if resp.ContentLength > wire.MaxAnswer {
		return nil, errTooLarge
	}
	var buf bytes.Buffer
	buf.Grow(int(max(resp.ContentLength, 0)) + bytes.MinRead)
	n, err := buf.ReadFrom(io.LimitReader(resp.Body, wire.MaxAnswer+1))
	if err == nil && n > wire.MaxAnswer {
		err = errTooLarge
	}
	return buf.Bytes(), err
}

var errTooLarge = fmt.Errorf("an answer of more than %d MiB", wire.MaxAnswer>>20)

// cause is the innermost reason of a failed call: the operation and address around it say nothing more to people.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return err
}
