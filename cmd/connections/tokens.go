package connections

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/registry"
	"github.com/microsoft-master/mm/persistence"
)

// tokensLimit is how long another process may use the tokens of a connection before this one gives up.
const tokensLimit = 10 * time.Second

// signIns are the tokens of all connections, as the daemon keeps them.
type signIns struct {
	dir   string
	store *persistence.Tokens
	known map[string]mm.Connection
}

// signIns opens the user's tokens. Nothing is read yet.
func (p *program) signIns() (s signIns, err error) {
	home, err := p.home()
	if err != nil {
		return s, err
	}
	path, err := p.registry()
	if err != nil {
		return s, err
	}
	s = signIns{dir: filepath.Join(home, ".mm-graph-tokens"), known: registry.Open(path).Read().Connections}
	s.store, err = persistence.NewTokens(persistence.TokenOptions{Dir: s.dir, Key: os.Getenv("MM_TOKEN_KEY"), Names: s.names})
	return s, err
}

func (s signIns) names() (names []string) {
	for name := range s.known {
		names = append(names, name)
	}
	return names
}

// of is the connection whose tokens are meant, as the registry had it when the command began.
func (s signIns) of(name string) mm.Connection {
	c := s.known[name]
	c.Name = name
	return c
}

// has reports whether there are tokens of a connection, or what may be some.
func (s signIns) has(ctx context.Context, name string) bool {
	if _, err := os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return false // and none is made
	}
	ctx, cancel := context.WithTimeout(ctx, tokensLimit)
	defer cancel()
	cache, err := s.store.Open(ctx, s.of(name))
	if err != nil {
		return true
	}
	defer func() { _ = cache.Close() }()
	tokens, err := cache.Load()
	return err != nil || tokens != nil
}

// rename gives the tokens of a connection to its new name. It reports whether there were any.
func (s signIns) rename(ctx context.Context, from, to string) (bool, error) {
	if !s.has(ctx, from) {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, tokensLimit)
	defer cancel()
	c := s.of(from)
	c.Name = to
	return s.store.Rename(ctx, s.of(from), c)
}

// forget removes the tokens of a connection.
func (s signIns) forget(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, tokensLimit)
	defer cancel()
	_, err := s.store.Remove(ctx, s.of(name))
	return err
}
