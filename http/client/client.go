// Package client is mm.Service and mm.Admin as a client of the pool API, over the daemon's unix socket or over TCP.
//
// It uses net/http and not fasthttp's client: only net/http lets a context end a call that waits for its answer, with the
// connection and without a goroutine left behind, and reads an answer as a stream. The price is about 0.02 ms per call over
// the unix socket (0.04 ms to 0.02, BenchmarkTransport of package http), against 0.4 ms for the shortest command; the
// binary does not grow, because mcp-go links net/http anyway.
package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/wire"
)

// Config says where the API is: at Socket, or at URL where that is set.
type Config struct {
	Socket string
	URL    string    // http://localhost:5200
	Token  mm.Secret // for URL; may be empty
	// NewID makes the ids of requests that have none; nil: random ones.
	NewID func() string
}

// A Client is the pool API. Its methods may be called from any goroutine.
type Client struct {
	base  string
	where string // for people
	start string // remedy where nobody answers
	token mm.Secret
	newID func() string
	http  http.Client
	// instance is the life of the server that answered last; nil: none yet, or an older pool.
	instance atomic.Pointer[string]
}

var (
	_ mm.Service = (*Client)(nil)
	_ mm.Admin   = (*Client)(nil)
)

const (
	dialTimeout = 5 * time.Second
	callTimeout = time.Minute // of everything but Run, Graph and sign-ins
	// signInTimeout is how long a sign-in may take to show what a person has to do.
	signInTimeout = 2 * time.Minute
)

// New makes a client; it connects with the first call. The error says what is wrong with URL.
func New(cfg Config) (*Client, error) {
	c := &Client{token: cfg.Token, newID: cfg.NewID}
	if c.newID == nil {
		c.newID = rand.Text
	}
	network, address := "", ""
	if cfg.URL == "" {
		network, address = "unix", cfg.Socket
		c.base, c.where = "http://localhost", cfg.Socket
		c.start = "Start it with `mm serve`."
	} else {
		u, err := url.Parse(cfg.URL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, fmt.Errorf("%q is no address of a session pool: want one like http://localhost:5200", cfg.URL)
		}
		c.base = strings.TrimSuffix(cfg.URL, "/")
		c.where = u.Redacted()
		c.start = "Start it there with `mm serve`, or mend MM_SESSION_POOL_URL."
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, n, a string) (net.Conn, error) {
			if network != "" {
				n, a = network, address
			}
			conn, err := dialer.DialContext(ctx, n, a)
			if err != nil {
				return nil, &dialError{err}
			}
			return conn, nil
		},
		DisableCompression:  true,
		MaxIdleConns:        4,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     time.Minute,
	}
	// A redirect would carry the token and the command to somebody else.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// Close closes the connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Cancel implements mm.Service.
func (c *Client) Cancel(ctx context.Context, requestID string) (bool, error) {
	return call(ctx, c, http.MethodPost, "/cancel", wire.EncodeCancel(requestID), wire.DecodeCancelAnswer)
}

// Connections implements mm.Service.
func (c *Client) Connections(ctx context.Context) ([]mm.Connection, error) {
	var problem *mm.Error
	list, err := call(ctx, c, http.MethodGet, "/connections", nil, func(body []byte) (list []mm.Connection, err error) {
		list, problem, err = wire.DecodeConnections(body)
		return list, err
	})
	if err == nil && problem != nil {
		err = problem
	}
	return list, err
}

// Status implements mm.Admin.
func (c *Client) Status(ctx context.Context) (mm.PoolStatus, error) {
	return call(ctx, c, http.MethodGet, "/status", nil, wire.DecodeStatus)
}

// Reset implements mm.Admin.
func (c *Client) Reset(ctx context.Context, connection string, module mm.Module) ([]mm.SessionID, error) {
	return call(ctx, c, http.MethodPost, "/reset", wire.EncodeReset(connection, module), wire.DecodeResetAnswer)
}

// Metrics implements mm.Admin.
func (c *Client) Metrics(ctx context.Context) (mm.Metrics, error) {
	return call(ctx, c, http.MethodGet, "/metrics", nil, wire.DecodeMetrics)
}

// About implements mm.Admin. It is answered over the unix socket only.
func (c *Client) About(ctx context.Context) (mm.About, error) {
	return call(ctx, c, http.MethodGet, "/version", nil, wire.DecodeAbout)
}

// Stop implements mm.Admin. It is answered over the unix socket only.
func (c *Client) Stop(ctx context.Context, r mm.StopRequest) error {
	_, err := call(ctx, c, http.MethodPost, "/stop", wire.EncodeStop(r), wire.DecodeStopAnswer)
	return err
}

// SignIn implements mm.Admin. It is answered over the unix socket only.
func (c *Client) SignIn(ctx context.Context, o mm.SignInOrder) (mm.AccountStatus, error) {
	return callFor(ctx, c, signInTimeout, http.MethodPost, "/sign-in", wire.EncodeSignIn(o), wire.DecodeSignInAnswer)
}

// SignOut implements mm.Admin. It is answered over the unix socket only.
func (c *Client) SignOut(ctx context.Context, connection string) (bool, error) {
	return callFor(ctx, c, signInTimeout, http.MethodPost, "/sign-out", wire.EncodeSignOut(connection), wire.DecodeSignOutAnswer)
}

// Health asks whether the API is served, and returns the version of the server; empty for an older pool. The error is an
// *mm.Error.
func (c *Client) Health(ctx context.Context) (version string, err error) {
	return call(ctx, c, http.MethodGet, "/health", nil, wire.DecodeHealth)
}

// call makes one request and reads its answer. The error is an *mm.Error.
func call[T any](ctx context.Context, c *Client, method, path string, body []byte, decode func([]byte) (T, error)) (T, error) {
	return callFor(ctx, c, callTimeout, method, path, body, decode)
}

// callFor is call with a time limit of its own.
func callFor[T any](ctx context.Context, c *Client, limit time.Duration, method, path string, body []byte, decode func([]byte) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var none T
	executed := mm.ExecutedMaybe
	if method == http.MethodGet {
		executed = mm.ExecutedNo
	}
	resp, err := c.send(ctx, method, path, body, nil)
	if err != nil {
		return none, c.transportError(err, executed)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := readAll(resp)
	if err != nil {
		return none, c.transportError(err, executed)
	}
	if e, ok := wire.DecodeError(answer); ok {
		return none, e
	}
	if resp.StatusCode == http.StatusOK {
		if v, err := decode(answer); err == nil {
			return v, nil
		}
	}
	return none, c.notMM(resp)
}

// transportError says of a call that was not answered why.
func (c *Client) transportError(err error, executed mm.Executed) *mm.Error {
	if _, ok := errors.AsType[*dialError](err); ok {
		return &mm.Error{Code: mm.NodeUnreachable, Executed: mm.ExecutedNo, Remedy: c.start,
			Message: fmt.Sprintf("mm does not answer at %s (%s).", c.where, cause(err))}
	}
	if errors.Is(err, context.Canceled) {
		return &mm.Error{Code: mm.Cancelled, Executed: executed, Message: "The call was given up."}
	}
	return &mm.Error{Code: mm.NodeUnreachable, Executed: executed, Remedy: "Ask again; `mm status` shows whether mm runs.",
		Message: fmt.Sprintf("The connection to mm at %s broke before it answered (%s).", c.where, cause(err))}
}

// notMM says that somebody else answered.
func (c *Client) notMM(resp *http.Response) *mm.Error {
	e := &mm.Error{Code: mm.NodeUnreachable, Executed: mm.ExecutedMaybe,
		Message: fmt.Sprintf("What answers at %s is not mm (HTTP status %d).", c.where, resp.StatusCode),
		Remedy:  "Look what listens there; MM_SESSION_POOL_URL says where mm is looked for."}
	if resp.StatusCode >= 300 && resp.StatusCode < 500 {
		e.Executed = mm.ExecutedNo
	}
	return e
}
