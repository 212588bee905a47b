package main

import (
	"context"
	"errors"
	"sync"

	mm "github.com/microsoft-master/mm"
)

// A lazyPool is the Service of a pool that is looked for, and if need be started, with the first call. A call that finds
// none fails, and the next one tries again.
type lazyPool struct {
	dial func(context.Context) (mm.Service, error)
	// ended waits for the end of a pool that said that it is about to end; nil: dial does.
	ended func(context.Context) error

	mu   sync.Mutex
	pool mm.Service
}

// lazyTries is how many pools one call may meet: each but the last had ended, or was about to, and took nothing.
const lazyTries = 3

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

// Run implements mm.Service. Where the daemon has ended, or is about to, the next one is started, because nothing was executed.
func (l *lazyPool) Run(ctx context.Context, cmd mm.Command, progress mm.Progress) (out mm.Outcome) {
	err := l.with(ctx, func(pool mm.Service) error {
		if out = pool.Run(ctx, cmd, progress); out.Err != nil {
			return out.Err
		}
		return nil
	})
	if err != nil {
		return mm.Failed(cmd.RequestID, cmd.Session, err)
	}
	return out
}

// Graph implements mm.Service, as Run.
func (l *lazyPool) Graph(ctx context.Context, r mm.GraphRequest, progress mm.Progress) (out mm.Outcome) {
	err := l.with(ctx, func(pool mm.Service) error {
		if out = pool.Graph(ctx, r, progress); out.Err != nil {
			return out.Err
		}
		return nil
	})
	if err != nil {
		return mm.Failed(r.RequestID, mm.SessionID{Connection: r.Connection}, err)
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
	missing := l.with(ctx, func(pool mm.Service) error {
		conns, err = pool.Connections(ctx)
		return err
	})
	if missing != nil {
		return nil, missing
	}
	return conns, err
}

// Close closes the connections to the pool that are not in use.
func (l *lazyPool) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c, ok := l.pool.(interface{ Close() }); ok {
		c.Close()
	}
}

// with calls do with a pool, and with the next one where that pool had ended. The error is that no pool was found.
func (l *lazyPool) with(ctx context.Context, do func(mm.Service) error) *mm.Error {
	for try := 1; ; try++ {
		pool, missing := l.get(ctx)
		if missing != nil {
			return missing
		}
		err := do(pool)
		if !gone(err) {
			return nil
		}
		l.forget(pool)
		var e *mm.Error
		if try == lazyTries || ctx.Err() != nil {
			return nil
		}
		if errors.As(err, &e) && e.Code == mm.ShuttingDown && l.ended != nil && l.ended(ctx) != nil {
			return nil // it does not end in time: what it said stands
		}
	}
}

// forget has the next call look for a pool anew, unless another call did so already.
func (l *lazyPool) forget(pool mm.Service) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pool == pool {
		l.pool = nil
	}
}

// unreachable is err as an *mm.Error of a request that reached nobody.
func unreachable(err error) *mm.Error {
	var e *mm.Error
	if errors.As(err, &e) {
		return e
	}
	return mm.Errorf(mm.NodeUnreachable, "Look what it says with `mm serve`.", "mm cannot be reached: %v.", err)
}
