package actors

import (
	"context"
	"fmt"
	"time"

	mm "github.com/microsoft-master/mm"
)

// Status implements mm.Admin.
func (p *Pool) Status(ctx context.Context) (mm.PoolStatus, error) {
	r := p.registry()
	s, err := ask[mm.PoolStatus](ctx, p, statusQuery{})
	if err != nil {
		return mm.PoolStatus{}, err
	}
	s.Notes = r.Notes
	if r.Problem != nil {
		s.Notes = append([]string{r.Problem.Error()}, s.Notes...)
	}
	return s, nil
}

// Reset implements mm.Admin.
func (p *Pool) Reset(ctx context.Context, connection string, module mm.Module) ([]mm.SessionID, error) {
	if connection == "" {
		return nil, mm.Errorf(mm.BadRequest, "", "Missing connection")
	}
	if module != "" {
		m, ok := mm.ParseModule(string(module))
		if !ok {
			return nil, mm.Errorf(mm.UnknownModule, "The modules are exo, pnp, azure and teams.", "Unknown module: %s", module)
		}
		module = m
	}
	if c, ok := lookup(p.registry().Connections, connection); ok {
		connection = c.Name
	}
	return ask[[]mm.SessionID](ctx, p, reset{connection: connection, module: module})
}

// Metrics implements mm.Admin.
func (p *Pool) Metrics(ctx context.Context) (mm.Metrics, error) {
	m, err := ask[mm.Metrics](ctx, p, metricsQuery{})
	m.Uptime = time.Since(p.config.About.Started)
	return m, err
}

// About implements mm.Admin.
func (p *Pool) About(context.Context) (mm.About, error) { return p.config.About, nil }

// Stop implements mm.Admin.
func (p *Pool) Stop(ctx context.Context, r mm.StopRequest) error {
	if p.config.Stop == nil {
		return mm.Errorf(mm.NotEnabled, "End the process that it runs in.", "This mm cannot be stopped by a request.")
	}
	held, err := ask[holding](ctx, p, closeDoor{ifIdle: r.IfIdle, why: shuttingDown(mm.ExecutedNo)})
	if err != nil {
		return err
	}
	if held != (holding{}) {
		return mm.Errorf(mm.Busy, "`mm stop` ends it all the same.",
			"mm is in use: %s, and %s signed in or being signed in.", count(held.requests, "open request"), count(held.sessions, "session"))
	}
	p.config.Stop(r)
	return nil
}

// count is a number with its noun: 1 session, 2 sessions.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
