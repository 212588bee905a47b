package entra

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	mm "github.com/microsoft-master/mm"
)

// Config is what an Identity needs.
type Config struct {
	Store mm.TokenStore
	// Log gets sign-ins at level info and what Entra refused, in its own words, at level warn. It gets no tokens and no codes. Nil:
	// no log.
	Log *slog.Logger
	// Limit is how long one request to Entra may take, answer included: 30 s.
	Limit time.Duration
	// Proxy finds the proxy of a request. Nil: the environment's (HTTPS_PROXY, NO_PROXY).
	Proxy func(*http.Request) (*url.URL, error)
}

// An Identity signs in to Entra. It may be used from any goroutine.
type Identity struct {
	store mm.TokenStore
	log   *slog.Logger
	limit time.Duration
	proxy func(*http.Request) (*url.URL, error)
	wire  *wire // of all clouds but the sandbox

	mu      sync.Mutex
	clients map[string]client // by connection name
	tenants map[string]string // ids, by metadata address
}

var _ mm.Identity = (*Identity)(nil)

// remembered bounds the clients and the tenant ids that are held. What is forgotten is made anew.
const remembered = 1000

// New returns an Identity. Close ends its idle connections.
func New(c Config) *Identity {
	i := &Identity{store: c.Store, log: c.Log, limit: c.Limit, proxy: c.Proxy, clients: map[string]client{}, tenants: map[string]string{}}
	if i.log == nil {
		i.log = slog.New(slog.DiscardHandler)
	}
	if i.limit <= 0 {
		i.limit = 30 * time.Second
	}
	if i.proxy == nil {
		i.proxy = http.ProxyFromEnvironment
	}
	i.wire = newWire(i.limit, i.proxy, nil)
	return i
}

// Close ends the idle connections to Entra.
func (i *Identity) Close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.wire.CloseIdleConnections()
	for _, c := range i.clients {
		c.wire.CloseIdleConnections()
	}
}

// SignOut implements mm.Identity.
func (i *Identity) SignOut(ctx context.Context, c mm.Connection) (bool, error) {
	was, err := i.store.Remove(ctx, c)
	if err == nil && was {
		i.log.Info("signed out", slog.String("connection", c.Name))
	}
	return was, err
}
