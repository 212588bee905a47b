package graph

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/graph/normal"
)

// Config is what a Client needs. Only Files matters outside of tests.
type Config struct {
	// Files is the folder for what goes in and out; it is made with the first file. Empty: files are refused.
	Files string
	// Shown is Files as callers see it; Files where empty.
	Shown string
	// MaxFile bounds a file that is downloaded or uploaded, in bytes: 2 GiB.
	MaxFile int64

	// Connections bounds the connections to one host: 32.
	Connections int
	// Proxy as in http.Transport; nil: from the environment.
	Proxy func(*http.Request) (*url.URL, error)
	// Wait sleeps for d, or until ctx ends, which is its error. nil: it does.
	Wait func(ctx context.Context, d time.Duration) error
	// Jitter returns a number in [0, 1). nil: a random one.
	Jitter func() float64
	Log    *slog.Logger // nil: nothing is logged
}

// The defaults of Config.
const (
	defaultMaxFile     = 2 << 30
	defaultConnections = 32
)

// A Client is an mm.Graph.
type Client struct {
	config Config

	mu         sync.Mutex
	transports map[string]*http.Transport // by the file of the certificate authority
}

var _ mm.Graph = (*Client)(nil)

// New makes a Client.
func New(c Config) *Client {
	if c.Shown == "" {
		c.Shown = c.Files
	}
	if c.MaxFile == 0 {
		c.MaxFile = defaultMaxFile
	}
	if c.Connections == 0 {
		c.Connections = defaultConnections
	}
	if c.Proxy == nil {
		c.Proxy = http.ProxyFromEnvironment
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Client{config: c, transports: map[string]*http.Transport{}}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Prepare implements mm.Graph.
func (cl *Client) Prepare(c mm.Connection, r mm.GraphRequest) (mm.GraphCall, *mm.Error) {
	call, err := normal.Normalise(c, r)
	if err != nil {
		return mm.GraphCall{}, err
	}
	if _, err := compile(call.JQ); err != nil {
		return mm.GraphCall{}, err
	}
	return call, nil
}

// Do implements mm.Graph. An error of tokens is returned as it is.
func (cl *Client) Do(ctx context.Context, c mm.Connection, call mm.GraphCall, tokens mm.TokenSource, progress mm.Progress) (mm.GraphResult, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	if progress == nil {
		progress = func([]mm.Record) {}
	}
	r := &run{Client: cl, connection: c, call: call, tokens: tokens, progress: progress, executed: mm.ExecutedNo}
	result, err := r.do(ctx)
	if err != nil && ctx.Err() != nil {
		err = r.interrupted(ctx)
	}
	result.Duration = time.Since(began)
	result.Notes = append(append([]string(nil), call.Notes...), r.notes...)
	if r.serviceID != "" {
		result.ServiceID = r.serviceID
	}
	cl.config.Log.Debug("graph request", "connection", c.Name, "resource", call.Resource, "method", call.Method,
		"status", result.HTTPStatus, "service_id", result.ServiceID, "duration", result.Duration, "tries", r.tries)
	return result, err
}

// Close closes the connections that nobody uses.
func (cl *Client) Close() {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	for _, t := range cl.transports {
		t.CloseIdleConnections()
	}
}
