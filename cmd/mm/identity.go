package main

import (
	"log/slog"
	"maps"
	"slices"

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
	return entra.New(entra.Config{Store: tokens, Log: log}), nil
}

// newGraph returns the client of Graph and Power Automate of a daemon.
func newGraph(s settings, log *slog.Logger) *graph.Client {
	return graph.New(graph.Config{Files: s.filesDir(), Log: log})
}
