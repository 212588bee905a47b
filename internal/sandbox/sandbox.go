package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox/automate"
	"github.com/microsoft-master/mm/internal/sandbox/graph"
)

// ConnectionEnv is the environment variable that tells the stand-in modules which connection their process serves: for the
// account that the automatic approval signs in, and for faults of one connection. mm sets it for sandbox connections only.
const ConnectionEnv = "M365_SANDBOX_CONNECTION"

// Options are the settings of Start. Zero values mean the defaults.
type Options struct {
	Dir          string        // the sandbox's folder, made where there is none; empty: a temporary one, removed by Close
	ApproveAfter time.Duration // sign the expected account in after that time; 0: a person does it on the page
	Addr         string        // where Entra listens, on loopback: 127.0.0.1:0; the services with TLS take ports of their own
	Log          *slog.Logger  // nil: no log. Neither codes nor tokens are logged
	Entra        EntraOptions  // lifetime, interval and bounds; the tenants, the authority and ApproveAfter are set by Start
}

// A Sandbox is a running sandbox. Its folder has
//
//	home/                        a HOME with .m365-connections.json, the registry, and the modules as a person's own
//	modules/                     the PowerShell modules, and sandbox.json, which tells them where Entra listens
//	directory.json               the tenants, for the modules
//	switchboard.json, claims/    the faults
//	ca.pem                       the certificate authority of the services with TLS, another one at each start
type Sandbox struct {
	dir       string
	temporary bool
	ends      mm.SandboxEndpoints
	tenants   []Tenant
	names     map[string]string // of connections, by lower app id
	entra     *Entra
	graph     *graph.Server
	flow      *automate.Server
	faults    *Switchboard
	services  services
	detach    func() bool // from the context of Start
}

// Start makes the sandbox's folder and starts Entra, without and with TLS, and Graph and Power Automate with TLS. A folder of an earlier sandbox is used again: what is ours is written
// anew; what was changed in the registry, and the faults, stay. When ctx ends, they stop; Close is still needed.
func Start(ctx context.Context, o Options) (*Sandbox, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := checkLoopback(o.Addr); err != nil {
		return nil, err
	}
	s := &Sandbox{tenants: Tenants(), services: services{log: o.Log}}
	if err := s.makeDir(o.Dir); err != nil {
		return nil, err
	}
	if err := s.start(ctx, o); err != nil {
		return nil, errors.Join(err, s.removeDir())
	}
	o.Log.Info("sandbox started", "dir", s.dir, "authority", s.ends.Authority)
	return s, nil
}

func (s *Sandbox) start(ctx context.Context, o Options) (err error) {
	s.faults = OpenSwitchboard(s.dir)
	certificate, ca, err := newCertificate()
	if err != nil {
		return err
	}
	host, _, _ := net.SplitHostPort(o.Addr) // was checked
	var listeners []net.Listener
	defer func() {
		if err != nil {
			for _, l := range listeners {
				_ = l.Close()
			}
		}
	}()
	for _, addr := range []string{o.Addr, net.JoinHostPort(host, "0"), net.JoinHostPort(host, "0"), net.JoinHostPort(host, "0")} {
		l, err := listen(ctx, addr)
		if err != nil {
			return err
		}
		listeners = append(listeners, l)
	}
	at := func(i int) string { return listeners[i].Addr().String() }
	s.ends = mm.SandboxEndpoints{Authority: "http://" + at(0), Dir: s.dir, Login: "https://" + at(1), Graph: "https://" + at(2),
		Flow: "https://" + at(3), CA: filepath.Join(s.dir, "ca.pem")}
	if err := writeFile(s.ends.CA, ca); err != nil {
		return err
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	s.makeServices(o)
	entra := faulty{board: s.faults, service: entraService, next: s.entra.Handler(), names: s.entraRequests, refuse: s.refuseEntra}
	s.services.serve(entraService, listeners[0], nil, entra)
	s.services.serve(entraService, listeners[1], &certificate, entra)
	s.services.serve(graphService, listeners[2], &certificate, s.graph)
	s.services.serve(flowService, listeners[3], &certificate,
		faulty{board: s.faults, service: flowService, next: s.flow, names: s.apiRequests, refuse: s.refuseFlow})
	s.detach = context.AfterFunc(ctx, func() { _ = s.services.close() })
	return nil
}

// makeServices makes the stand-ins behind the listeners.
func (s *Sandbox) makeServices(o Options) {
	s.names = map[string]string{}
	for name, c := range s.Connections() {
		s.names[strings.ToLower(c.AppID)] = name
	}
	eo := o.Entra
	eo.Tenants, eo.Authority, eo.Login, eo.ApproveAfter = s.tenants, s.ends.Authority, s.ends.Login, o.ApproveAfter
	s.entra = NewEntra(eo)
	s.graph = graph.New(graph.Options{Tenants: s.tenants, Authenticate: s.authenticate(GraphResource), Revoke: s.entra.Revoke,
		Around: func(h http.Handler) http.Handler {
			return faulty{board: s.faults, service: graphService, next: h, names: s.apiRequests, refuse: s.refuseGraph}
		}})
	s.flow = automate.New(automate.Options{Tenants: s.tenants, Authenticate: s.authenticate(FlowResource)})
}

// Dir is the sandbox's folder.
func (s *Sandbox) Dir() string { return s.dir }

// Home is the HOME to give to programs that shall see the sandbox's registry.
func (s *Sandbox) Home() string { return filepath.Join(s.dir, "home") }

// ModulePath is the folder to put on PSModulePath.
func (s *Sandbox) ModulePath() string { return filepath.Join(s.dir, "modules") }

// Authority is Entra's base address.
func (s *Sandbox) Authority() string { return s.ends.Authority }

// Endpoints are the addresses of everything, as the registry has them.
func (s *Sandbox) Endpoints() mm.SandboxEndpoints { return s.ends }

// PageURL is where a person types a code.
func (s *Sandbox) PageURL() string { return s.ends.Authority + PagePath }

// Tenants returns the tenants. They must not be changed.
func (s *Sandbox) Tenants() []Tenant { return s.tenants }

// Entra is the stand-in itself, to approve and to decline sign-ins and to look for secrets.
func (s *Sandbox) Entra() *Entra { return s.entra }

// Sent returns what was sent by way of Graph and Power Automate: mail, invitations, messages, runs of flows; the oldest of each
// first.
func (s *Sandbox) Sent() []graph.Sent { return append(s.graph.Sent(), s.flow.Sent()...) }

// Client returns a client that trusts the sandbox's authority, and nothing else. Whoever is done with it closes its idle
// connections.
func (s *Sandbox) Client() (*http.Client, error) {
	ca, err := os.ReadFile(s.ends.CA)
	if err != nil {
		return nil, fmt.Errorf("sandbox: its certificate authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("sandbox: %s has no certificate", s.ends.CA)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 100, IdleConnTimeout: 30 * time.Second}}, nil
}

// Switchboard holds the faults.
func (s *Sandbox) Switchboard() *Switchboard { return s.faults }

// Connections returns the registry's connections of the sandbox.
func (s *Sandbox) Connections() map[string]mm.Connection {
	return Connections(s.tenants, s.ends)
}

// Env returns the environment that a command needs to see the sandbox: that of this process, with its HOME, its module path
// before the others, and without the settings that would lead elsewhere.
func (s *Sandbox) Env() []string {
	var out []string
	modules := s.ModulePath()
	for _, kv := range os.Environ() {
		key, value, _ := strings.Cut(kv, "=")
		switch key {
		case "HOME", "SESSION_POOL_STATE_DIR", "SESSION_POOL_LOG_DIR", "MM_SESSION_POOL_URL", "MM_SESSION_POOL_TOKEN",
			"M365_CONNECTION", "XDG_CONFIG_HOME", "XDG_DATA_HOME", ConnectionEnv:
		case "PSModulePath":
			modules += string(os.PathListSeparator) + value
		default:
			out = append(out, kv)
		}
	}
	return append(out, "HOME="+s.Home(), "PSModulePath="+modules)
}

// Close stops everything, waits until it has, and removes the folder where it was a temporary one.
func (s *Sandbox) Close() error {
	s.detach()
	return errors.Join(s.services.stop(), s.removeDir())
}

// writeFiles writes everything in the folder that follows from the tenants and the authority.
func (s *Sandbox) writeFiles() error {
	for _, d := range []string{s.Home(), s.ModulePath()} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
	}
	if err := writeModules(s.ModulePath()); err != nil {
		return err
	}
	if err := s.installModules(); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(s.dir, "directory.json"), s.tenants); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(s.ModulePath(), "sandbox.json"), s.ends); err != nil {
		return err
	}
	return writeRegistry(filepath.Join(s.Home(), ".m365-connections.json"), s.Connections(), s.ends)
}

// installModules makes the modules those of the sandbox's HOME: PowerShell looks there first, so that Microsoft's own
// modules, installed for all users, cannot come before the stand-ins.
func (s *Sandbox) installModules() error {
	link := filepath.Join(s.Home(), ".local", "share", "powershell", "Modules")
	if _, err := os.Lstat(link); err == nil {
		return nil // of an earlier start
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	if err := os.Symlink(s.ModulePath(), link); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

func (s *Sandbox) makeDir(dir string) (err error) {
	if dir == "" {
		s.temporary = true
		s.dir, err = os.MkdirTemp("", "mm-sandbox-")
	} else if s.dir, err = filepath.Abs(dir); err == nil {
		err = os.MkdirAll(s.dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("sandbox: making its folder: %w", err)
	}
	return nil
}

func (s *Sandbox) removeDir() error {
	if !s.temporary {
		return nil
	}
	return os.RemoveAll(s.dir)
}

// checkLoopback refuses addresses that others could reach: the stand-in signs in whoever asks.
func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("sandbox: the address %q is not HOST:PORT: %w", addr, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("sandbox: %q is not a loopback address; use 127.0.0.1 or [::1]", host)
	}
	return nil
}
