package main

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/entra"
	"github.com/microsoft-master/mm/internal/graph"
	"github.com/microsoft-master/mm/internal/registry"
	"github.com/microsoft-master/mm/persistence"
)

// newIdentity returns what signs the accounts of a daemon's connections in, with the tokens of the user's folder. The error is
// that of a MM_TOKEN_KEY that is none.
func newIdentity(s settings, log *slog.Logger) (mm.Identity, error) {
	all := registry.Open(s.Registry) // whatever this daemon serves of it
	tokens, err := persistence.NewTokens(persistence.TokenOptions{
		Dir: s.tokensDir(),
		Key: s.TokenKey.Reveal(),
		Names: func() []string {
			return slices.Collect(maps.Keys(all.Read().Connections))
		},
		Log: log,
	})
	if err != nil {
		return nil, err
	}
	return &inTurn{Identity: entra.New(entra.Config{Store: tokens, Log: log}), turns: map[string]chan struct{}{}}, nil
}

// inTurn is an Identity that is asked for one token of a connection at a time. MSAL holds a lock of its own while it waits for
// the connection's cache, and whoever has the cache needs that lock to give it back: two at once would wait for each other until
// their time is over.
type inTurn struct {
	mm.Identity

	mu    sync.Mutex
	turns map[string]chan struct{} // of one place each, by connection name; as many as the registry ever had
}

// Token implements mm.Identity.
func (i *inTurn) Token(ctx context.Context, c mm.Connection, r mm.TokenRequest) (mm.Token, error) {
	turn := i.turn(c.Name)
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
		return i.Identity.Token(ctx, c, r)
	case <-ctx.Done():
		return mm.Token{}, mm.Errorf(mm.Timeout, "Try again in a moment.", "Others still fetch tokens of connection %s.", c.Name)
	}
}

func (i *inTurn) turn(connection string) chan struct{} {
	i.mu.Lock()
	defer i.mu.Unlock()
	turn, ok := i.turns[connection]
	if !ok {
		turn = make(chan struct{}, 1)
		i.turns[connection] = turn
	}
	return turn
}

// newGraph returns the client of Graph and Power Automate of a daemon.
func newGraph(s settings, log *slog.Logger) *graph.Client {
	return graph.New(graph.Config{Files: s.filesDir(), Log: log})
}
