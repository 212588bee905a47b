package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	mm "github.com/microsoft-master/mm"
	mmhttp "github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/http/client"
)

// pool returns the client of the daemon that the environment leads to. It starts none.
func (e *environ) pool() (*client.Client, error) {
	s, err := e.read()
	if err != nil {
		return nil, err
	}
	return poolAt(s)
}

// poolAt returns a client of the pool that the settings name: the address, or else the socket. It does not connect.
func poolAt(s settings) (*client.Client, error) {
	if s.URL == "" {
		return client.New(client.Config{Socket: s.Socket})
	}
	token := s.Token
	if token.Reveal() == "" {
		var err error
		if token, err = mmhttp.ReadToken(s.tokenPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	c, err := client.New(client.Config{URL: s.URL, Token: token})
	if err != nil {
		return nil, usageError{fmt.Errorf("MM_SESSION_POOL_URL: %w", err)}
	}
	return c, nil
}

// dialRounds is how often a daemon is started or replaced for one caller: old and new clients could do so in turn.
const dialRounds = 3

// connect returns the pool. Where the settings name no address and nobody answers on the socket, it starts a daemon in the
// background and waits until that answers; one that ends later is started anew with the next call.
func connect(ctx context.Context, e *environ, s settings) (*lazyPool, error) {
	l := lazily(e, func() (settings, error) { return s, nil })
	var err error
	if l.pool, err = l.dial(ctx); err != nil { // as it is: wrong usage stays wrong usage
		return nil, err
	}
	return l, nil
}

// lazily is connect that begins with the first call; the settings are read then.
func lazily(e *environ, read func() (settings, error)) *lazyPool {
	var lock atomic.Pointer[string] // of the daemon that was dialled last, where it is one of this machine
	var pid atomic.Int64
	return &lazyPool{
		dial: func(ctx context.Context) (mm.Service, error) {
			s, err := read()
			if err != nil {
				return nil, err
			}
			c, err := dial(ctx, e, s)
			if err != nil {
				return nil, err
			}
			if path := s.lockPath(); s.URL == "" {
				lock.Store(&path)
				pid.Store(int64(lockHolder(path)))
			}
			return c, nil
		},
		ended: func(ctx context.Context) error {
			path := lock.Load()
			if path == nil || pid.Load() == 0 {
				return nil
			}
			ctx, cancel := context.WithTimeout(ctx, startLimit)
			defer cancel()
			return waitEnded(ctx, *path, int(pid.Load()))
		},
	}
}

// dial returns a client of the pool that answers, of this program's version or a newer one where that can be had.
func dial(ctx context.Context, e *environ, s settings) (*client.Client, error) {
	c, err := poolAt(s)
	if err != nil || s.URL != "" {
		return c, err
	}
	for range dialRounds {
		theirs, err := answers(ctx, c)
		if err == nil && (!older(theirs, versionText()) || !replaceOlder(ctx, s, c)) {
			return c, nil
		}
		if err := startDaemon(ctx, e, s, c); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// answers asks whether the daemon is there, and returns its version.
func answers(ctx context.Context, c *client.Client) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return c.Health(ctx)
}
