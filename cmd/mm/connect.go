package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

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

// connect returns a client of the pool. Where the settings name no address and nobody answers on the socket, it starts a
// daemon in the background and waits until that answers.
func connect(ctx context.Context, e *environ, s settings) (*client.Client, error) {
	c, err := poolAt(s)
	if err != nil || s.URL != "" {
		return c, err
	}
	first, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	if _, err := c.Health(first); err == nil {
		return c, nil
	}
	if err := startDaemon(ctx, e, s, c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// A lazyPool is the Service of a pool that is looked for, and if need be started, with the first call. A call that finds
// none fails, and the next one tries again.
type lazyPool struct {
	dial func(context.Context) (mm.Service, error)

	mu   sync.Mutex
	pool mm.Service
}

func (l *lazyPool) get(ctx context.Context) (mm.Service, *mm.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pool == nil {
		pool, err := l.dial(ctx)
		if err != nil {
			return nil, unreachable(err)
		}
		l.pool = pool
	}
	return l.pool, nil
}

// Run implements mm.Service. A daemon that was there and has ended since is started anew, because nothing was sent.
func (l *lazyPool) Run(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
	var out mm.Outcome
	for range 2 {
		pool, err := l.get(ctx)
		if err != nil {
			return mm.Failed(cmd.RequestID, cmd.Session, err)
		}
		out = pool.Run(ctx, cmd, progress)
		if out.Err == nil || !l.lost(out.Err) {
			break
		}
	}
	return out
}

// Cancel implements mm.Service.
func (l *lazyPool) Cancel(ctx context.Context, requestID string) (bool, error) {
	l.mu.Lock()
	pool := l.pool
	l.mu.Unlock()
	if pool == nil {
		return false, nil // nothing was asked yet
	}
	return pool.Cancel(ctx, requestID)
}

// Connections implements mm.Service.
func (l *lazyPool) Connections(ctx context.Context) (conns []mm.Connection, err error) {
	for range 2 {
		pool, missing := l.get(ctx)
		if missing != nil {
			return nil, missing
		}
		if conns, err = pool.Connections(ctx); err == nil || !l.lost(err) {
			break
		}
	}
	return conns, err
}

// lost reports whether nobody answers any more, and forgets the pool then.
func (l *lazyPool) lost(err error) bool {
	var e *mm.Error
	if !errors.As(err, &e) || e.Code != mm.NodeUnreachable || e.Executed != mm.ExecutedNo {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pool = nil
	return true
}

// unreachable is err as an *mm.Error of a request that reached nobody.
func unreachable(err error) *mm.Error {
	var e *mm.Error
	if errors.As(err, &e) {
		return e
	}
	return mm.Errorf(mm.NodeUnreachable, "Look what it says with `mm serve`.", "mm cannot be reached: %v.", err)
}
