package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	mm "github.com/microsoft-master/mm"
)

const (
	// idleLimit is how long a daemon in the background stays without a session and without a request.
	idleLimit = 8 * time.Hour
	idlePoll  = time.Minute
)

// A usage knows when the daemon was used last. The zero usage was used when the process began. It counts on the clock that
// nobody sets, and that stands while the machine sleeps.
type usage struct{ last atomic.Int64 } // time since epoch

// epoch is a moment with a reading of the monotonic clock.
var epoch = time.Now()

func (u *usage) now() { u.last.Store(int64(time.Since(epoch))) }

// idle is how long nobody used the daemon.
func (u *usage) idle() time.Duration { return time.Since(epoch) - time.Duration(u.last.Load()) }

// watchIdle stops a daemon that nobody used for idleLimit. inUse reports what uses it between requests. A request that
// arrives at that moment either keeps it, or is refused as not executed and starts the next one: stop decides in one step.
func watchIdle(ctx context.Context, u *usage, inUse func(context.Context) bool, stop func(context.Context, mm.StopRequest) error, log *slog.Logger) {
	tick := time.NewTicker(idlePoll)
	defer tick.Stop()
	u.now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if inUse(ctx) {
			u.now()
		}
		if u.idle() < idleLimit {
			continue
		}
		err := stop(ctx, mm.StopRequest{IfIdle: true, Why: "idle: no session and no request for " + idleLimit.String()})
		if err == nil {
			return
		}
		log.Debug("idle, and yet not stopped", "error", err)
	}
}

// inUse reports whether there is a session that somebody is signed in to, or is about to be. One that only failed is none.
func (d *daemon) inUse(ctx context.Context) bool {
	m, err := d.pool.Metrics(ctx)
	if err != nil {
		return false // stop asks again
	}
	for _, s := range m.Sessions {
		switch s.State {
		case mm.StateInitializing, mm.StateAuthPending, mm.StateAuthenticated:
			return true
		}
	}
	return false
}

// watched is the pool with the time of the last request.
type watched struct {
	mm.Service
	use *usage
}

// Run implements mm.Service.
func (w *watched) Run(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
	w.use.now()
	defer w.use.now()
	return w.Service.Run(ctx, cmd, progress)
}

// Graph implements mm.Service.
func (w *watched) Graph(ctx context.Context, r mm.GraphRequest, progress mm.Progress) mm.Outcome {
	w.use.now()
	defer w.use.now()
	return w.Service.Graph(ctx, r, progress)
}
