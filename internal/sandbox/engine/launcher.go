package engine

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh"
	"github.com/microsoft-master/mm/internal/sandbox"
)

// Config is what a Launcher needs from outside.
type Config struct {
	// SignIn is where device codes come from. Nil: from the connection's authority, over HTTP.
	SignIn sandbox.SignIn
}

// A Launcher starts stand-in engines in this process: an mm.Launcher for connections of the sandbox.
type Launcher struct {
	config Config
	client *http.Client

	mu    sync.Mutex
	sites map[mm.SandboxEndpoints]*site
}

// maxSites bounds the sandboxes that a Launcher remembers.
const maxSites = 16

// A site is what the sessions of one sandbox share.
type site struct {
	signIn sandbox.SignIn
	faults *sandbox.Switchboard
}

// New returns a Launcher.
func New(c Config) *Launcher {
	return &Launcher{config: c, client: newClient(), sites: map[mm.SandboxEndpoints]*site{}}
}

// newClient returns a client without a proxy: the sandbox is on this computer.
func newClient() *http.Client {
	return &http.Client{Timeout: 10 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second}}
}

// Launch starts a stand-in. The error is an *mm.Error with code launch_failed: the connection is not one of a sandbox on
// this computer, or ctx has ended.
func (l *Launcher) Launch(ctx context.Context, spec mm.LaunchSpec, sink func(mm.EngineEvent)) (mm.Engine, error) {
	if err := ctx.Err(); err != nil {
		return nil, mm.Errorf(mm.LaunchFailed, "Run the command again.", "The launch of %s was cancelled.", spec.Session)
	}
	site, err := l.site(spec.Connection)
	if err != nil {
		return nil, err
	}
	h := newHost(spec.Connection, site, 0)
	near := newLink(h)
	h.hello()
	engine, err := pwsh.Attach(ctx, near, process{h}, Name, sink)
	if err != nil {
		return nil, err
	}
	return engine, nil
}

// site returns what the connection's sandbox offers, or why it is none.
func (l *Launcher) site(c mm.Connection) (*site, error) {
	if err := Allowed(c); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.sites[*c.Sandbox]
	if s == nil {
		if len(l.sites) >= maxSites { // of sandboxes that have ended; sessions that run keep theirs
			clear(l.sites)
		}
		s = newSite(*c.Sandbox, l.config.SignIn, l.client)
		l.sites[*c.Sandbox] = s
	}
	return s, nil
}

func newSite(ends mm.SandboxEndpoints, signIn sandbox.SignIn, client *http.Client) *site {
	if signIn == nil {
		signIn = sandbox.EntraClient{Authority: ends.Authority, HTTP: client}
	}
	return &site{signIn: signIn, faults: sandbox.OpenSwitchboard(ends.Dir)}
}

// Allowed returns an *mm.Error with code launch_failed unless the connection is one of a sandbox on this computer: the
// stand-in must never answer for a real tenant.
func Allowed(c mm.Connection) error {
	refuse := func(why string) error {
		return mm.Errorf(mm.LaunchFailed, "Install PowerShell 7.4 or later (https://aka.ms/powershell), or try mm on a sandbox: mm sandbox",
			"The stand-in engine does not run for connection %s: %s.", c.Name, why)
	}
	if c.Cloud != "sandbox" || c.Sandbox == nil {
		return refuse("it is not a connection of the sandbox")
	}
	u, err := url.Parse(c.Sandbox.Authority)
	if err != nil || u.Hostname() == "" {
		return refuse("its sandbox has no address")
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return refuse("its sandbox is not on this computer")
	}
	return nil
}

// A process is a stand-in in this process, as the far end of an engine's connection.
type process struct{ h *host }

func (p process) KillChildren(time.Time) { p.h.killNatives() }
func (p process) Kill()                  { p.h.end("killed") }
func (p process) Wait() string           { return p.h.wait() }

func newHost(c mm.Connection, s *site, pid int) *host {
	h := &host{connection: connection{c.Name, c.ExpectedEmail}, site: s, pid: pid}
	h.done.Add(1)
	return h
}
