package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/actors"
	mmhttp "github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/internal/registry"
)

const (
	// answerLimit is what killing and answering may take after the drain, and what a daemon may take to say that it is there.
	answerLimit = 5 * time.Second
	// lingering is how long connections that are open at the end are still answered, with shutting_down, after nobody can
	// make new ones: a client that has just met the daemon learns for sure that its command was not executed.
	lingering = 250 * time.Millisecond
)

// A daemon is the pool and its doors.
type daemon struct {
	pool   *actors.Pool
	server *mmhttp.Server
	doors  doors
	failed chan error // gets why a door closed by itself, or why the daemon must not go on
	stops  chan mm.StopRequest
	use    usage
	log    *slog.Logger
}

// openDaemon opens the doors first and starts the pool then, so that a taken port costs nothing.
func openDaemon(ctx context.Context, s settings, background bool, log *slog.Logger) (*daemon, error) {
	if s.NoAuth && !s.loopback() && !inContainer() {
		return nil, usageError{fmt.Errorf("SESSION_POOL_AUTH=none would open %s to everybody in the network; "+
			"leave it out, or listen on 127.0.0.1", s.address())}
	}
	token, err := ensureToken(s.tokenPath(), log)
	if err != nil {
		return nil, err
	}
	d := &daemon{failed: make(chan error, 4), stops: make(chan mm.StopRequest, 1), log: log}
	note, err := d.doors.open(ctx, s, background)
	if err != nil {
		return nil, err
	}
	powershell, err := d.start(s, background, token, note)
	if err != nil {
		return nil, errors.Join(err, d.closeDoors())
	}
	d.serve(d.server.ServeUnix, d.doors.unix)
	if d.doors.tcp != nil {
		d.serve(d.server.ServeTCP, d.doors.tcp)
	} else {
		// Whoever had mm started in the background uses the socket.
		log.Warn(note)
	}
	d.sayStarted(s, powershell)
	return d, nil
}

// ensureToken returns the token of the HTTP API, and warns where others could read it until now.
func ensureToken(path string, log *slog.Logger) (mm.Secret, error) {
	info, err := os.Stat(path)
	open := err == nil && info.Mode().Perm()&0o077 != 0
	token, err := mmhttp.EnsureToken(path)
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT), errors.Is(err, fs.ErrPermission):
		return token, stateError("read or make the token of the HTTP API", err)
	case err == nil && open:
		log.Warn("others on this machine could read the token of the HTTP API; it is closed to them now. Remove it and start mm "+
			"anew for a new one", "token", path)
	}
	return token, err
}

// start starts the pool and makes the server. It returns the path of PowerShell, where there is one.
func (d *daemon) start(s settings, background bool, token mm.Secret, note string) (powershell string, err error) {
	launcher := newLauncher(s, d.log)
	identity, err := newIdentity(s, d.log)
	if err != nil {
		return "", err
	}
	about := mm.About{Version: versionText(), PID: os.Getpid(), Background: background}
	if background {
		about.Log = s.logPath()
	}
	d.pool, err = actors.Start(actors.Config{Registry: servedRegistry(s), Launcher: launcher, Identity: identity,
		Graph: newGraph(s, d.log), NewID: newID, Timeout: s.Timeout, Log: d.log, About: about, Stop: d.askToStop})
	if err != nil {
		return "", fmt.Errorf("start the actors: %w", err)
	}
	d.server = mmhttp.New(mmhttp.Config{
		Service: &watched{Service: d.pool, use: &d.use}, Admin: noted{d.pool, note, &d.use}, Only: s.Only,
		RequireToken: !s.NoAuth, Token: token, TokenPath: s.tokenPath(), Hosts: hostNames(s),
		Version: versionText(), Log: d.log,
	})
	return launcher.path(), nil
}

// sayStarted logs what is served, and what is wrong with it from the start.
func (d *daemon) sayStarted(s settings, powershell string) {
	r := servedRegistry(s).Read()
	said := []any{"version", versionText(), "pid", os.Getpid(), "socket", s.Socket}
	if d.doors.tcp != nil {
		said = append(said, "address", d.doors.tcp.Addr().String())
	}
	if s.Only != "" {
		said = append(said, "only", s.Only)
	}
	if powershell != "" {
		said = append(said, "powershell", powershell)
	}
	said = append(said, "registry", s.Registry, "connections", len(r.Connections), "log_level", s.LogLevel)
	d.log.Info("serving", said...)
	if r.Problem != nil {
		d.log.Warn(r.Problem.Error())
	} else if s.Only != "" && len(r.Connections) == 0 {
		d.log.Warn("the registry has no connection of that name; see `mm connections list`", "M365_CONNECTION", s.Only)
	}
	for _, note := range r.Notes {
		d.log.Warn(note)
	}
}

// stop closes the doors, lets what runs go on for the drain, kills the rest and answers it. No process is left then.
func (d *daemon) stop(drain time.Duration) error {
	draining, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	answering, cancel := context.WithTimeout(context.Background(), drain+lingering+answerLimit)
	defer cancel()
	closed := d.closeDoors()
	refusing := d.pool.Stop(answering, mm.StopRequest{}) // the end has begun already; from now on nothing new is taken
	time.Sleep(lingering)
	pool := make(chan error, 1)
	go func() { pool <- d.pool.Shutdown(draining) }()
	return errors.Join(closed, refusing, d.server.Shutdown(answering), <-pool)
}

// askToStop begins the end of the daemon. A second request changes nothing.
func (d *daemon) askToStop(r mm.StopRequest) {
	select {
	case d.stops <- r:
	default:
	}
}

// noted is the pool's Admin with a note of the daemon's own in the status, and with the time of the last sign-in.
type noted struct {
	mm.Admin
	note string // empty: none
	use  *usage
}

// SignIn implements mm.Admin. While somebody waits for it the daemon is in use.
func (n noted) SignIn(ctx context.Context, o mm.SignInOrder) (mm.AccountStatus, error) {
	n.use.now()
	return n.Admin.SignIn(ctx, o)
}

// Status implements mm.Admin.
func (n noted) Status(ctx context.Context) (mm.PoolStatus, error) {
	s, err := n.Admin.Status(ctx)
	if err == nil && n.note != "" {
		s.Notes = append([]string{n.note}, s.Notes...)
	}
	return s, err
}

// servedRegistry is the registry as this daemon serves it.
func servedRegistry(s settings) mm.Registry {
	var reg mm.Registry = registry.Open(s.Registry)
	if s.Only != "" {
		reg = onlyRegistry{reg, s.Only}
	}
	return reg
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
