package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors"
	mmhttp "github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/internal/registry"
)

const (
	// answerLimit is what killing and answering may take after the drain, and what a daemon may take to say that it is there.
	answerLimit = 5 * time.Second
	// idleLimit is how long a daemon in the background stays without a session and without a request.
	idleLimit = 8 * time.Hour
	idlePoll  = time.Minute
)

// A daemon is the pool and its doors.
type daemon struct {
	pool   *actors.Pool
	server *mmhttp.Server
	failed chan error // gets why a door closed by itself
	stops  chan mm.StopRequest
	last   atomic.Int64 // when the last command came, in Unix seconds
}

// startPool opens the doors first and starts the pool then, so that a taken port costs nothing.
func startPool(ctx context.Context, s settings, background bool, log *slog.Logger) (*daemon, error) {
	if s.NoAuth && !s.loopback() && !inContainer() {
		return nil, usageError{fmt.Errorf("SESSION_POOL_AUTH=none would open %s to everybody in the network; "+
			"leave it out, or listen on 127.0.0.1", s.address())}
	}
	token, err := mmhttp.EnsureToken(s.tokenPath())
	if err != nil {
		return nil, err
	}
	unixDoor, err := mmhttp.ListenUnix(s.Socket)
	if err != nil {
		return nil, err
	}
	tcpDoor, err := listenTCP(ctx, s)
	if err != nil && !background {
		return nil, errors.Join(err, unixDoor.Close())
	}
	if err != nil {
		// Whoever had mm started in the background uses the socket.
		log.Warn("not on TCP", "error", err)
	}
	d := &daemon{failed: make(chan error, 2), stops: make(chan mm.StopRequest, 1)}
	d.last.Store(time.Now().Unix())
	if err := d.start(s, background, token, log); err != nil {
		return nil, errors.Join(err, unixDoor.Close(), closeListener(tcpDoor))
	}
	go d.serve(d.server.ServeUnix, unixDoor)
	if tcpDoor != nil {
		go d.serve(d.server.ServeTCP, tcpDoor)
		log.Info("serving", "address", tcpDoor.Addr().String(), "socket", s.Socket, "version", versionText())
	} else {
		log.Info("serving", "socket", s.Socket, "version", versionText())
	}
	return d, nil
}

func (d *daemon) start(s settings, background bool, token mm.Secret, log *slog.Logger) error {
	launcher, err := newLauncher(s, log)
	if err != nil {
		return err
	}
	var reg mm.Registry = registry.Open(s.Registry)
	if s.Only != "" {
		reg = onlyRegistry{reg, s.Only}
	}
	about := mm.About{Version: versionText(), PID: os.Getpid(), Background: background}
	if background {
		about.Log = s.logPath()
	}
	d.pool, err = actors.Start(actors.Config{Registry: reg, Launcher: launcher, NewID: newID, Timeout: s.Timeout, Log: log,
		About: about, Stop: d.askToStop})
	if err != nil {
		return fmt.Errorf("start the actors: %w", err)
	}
	d.server = mmhttp.New(mmhttp.Config{
		Service: &watched{Service: d.pool, only: s.Only, last: &d.last}, Admin: d.pool,
		RequireToken: !s.NoAuth, Token: token, TokenPath: s.tokenPath(), Hosts: hostNames(s),
		Version: versionText(), Log: log,
	})
	return nil
}

func (d *daemon) serve(serve func(net.Listener) error, ln net.Listener) {
	if err := serve(ln); !errors.Is(err, mmhttp.ErrClosed) {
		d.failed <- err
	}
}

// stop closes the doors, lets what runs go on for the drain, kills the rest and answers it. No process is left then.
func (d *daemon) stop(drain time.Duration) error {
	draining, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	answering, cancel := context.WithTimeout(context.Background(), drain+answerLimit)
	defer cancel()
	pool := make(chan error, 1)
	go func() { pool <- d.pool.Shutdown(draining) }()
	return errors.Join(d.server.Shutdown(answering), <-pool)
}

// askToStop begins the end of the daemon. A second request changes nothing.
func (d *daemon) askToStop(r mm.StopRequest) {
	select {
	case d.stops <- r:
	default:
	}
}

// sessions counts the pool's sessions.
func (d *daemon) sessions(ctx context.Context) (int, error) {
	status, err := d.pool.Status(ctx)
	return len(status.Sessions), err
}

// watchIdle calls ended when there was neither a session nor a command for idleLimit. last is the time of the last command
// in Unix seconds.
func watchIdle(ctx context.Context, last *atomic.Int64, sessions func(context.Context) (int, error), ended func()) {
	tick := time.NewTicker(idlePoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if now.Sub(time.Unix(last.Load(), 0)) < idleLimit {
				continue
			}
			if n, err := sessions(ctx); err == nil && n == 0 {
				ended()
				return
			}
		}
	}
}

// watched is the pool with the time of the last command, and with the one connection of M365_CONNECTION in every command.
type watched struct {
	mm.Service
	only string
	last *atomic.Int64
}

// Run implements mm.Service.
func (w *watched) Run(ctx context.Context, cmd mm.Command, progress mm.Progress) mm.Outcome {
	w.last.Store(time.Now().Unix())
	defer func() { w.last.Store(time.Now().Unix()) }()
	if w.only != "" {
		cmd.Session.Connection = w.only
	}
	return w.Service.Run(ctx, cmd, progress)
}

// onlyRegistry shows one connection of a registry.
type onlyRegistry struct {
	mm.Registry
	name string
}

// Read implements mm.Registry.
func (o onlyRegistry) Read() mm.Registered {
	r := o.Registry.Read()
	all := r.Connections
	r.Connections = map[string]mm.Connection{}
	if c, ok := all[o.name]; ok {
		r.Connections[o.name] = c
	}
	return r
}

func listenTCP(ctx context.Context, s settings) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.address())
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %d is taken by another program (`ss -ltnp sport = :%[1]d` names it); end that, or set SESSION_POOL_PORT", s.Port)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w; set SESSION_POOL_HOST and SESSION_POOL_PORT", s.address(), err)
	}
	return ln, nil
}

func closeListener(ln net.Listener) error {
	if ln == nil {
		return nil
	}
	return ln.Close()
}

// hostNames are the names under which others may address this machine, where it listens for others: in a network of
// containers the host's name is the container's.
func hostNames(s settings) []string {
	if s.loopback() {
		return nil
	}
	names := []string{s.Host}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	return names
}

// inContainer reports whether Docker or Podman runs this process; there only published ports are reachable.
func inContainer() bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); err == nil {
			return true
		}
	}
	return false
}

func newID() string { return strings.ToLower(rand.Text()) }
