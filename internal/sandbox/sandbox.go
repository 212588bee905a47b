package sandbox

import (
	"context"
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
)

// ConnectionEnv is the environment variable that tells the stand-in modules which connection their process serves: for the
// account that the automatic approval signs in, and for faults of one connection. mm sets it for sandbox connections only.
const ConnectionEnv = "M365_SANDBOX_CONNECTION"

// Options are the settings of Start. Zero values mean the defaults.
type Options struct {
	Dir          string        // the sandbox's folder, made where there is none; empty: a temporary one, removed by Close
	ApproveAfter time.Duration // sign the expected account in after that time; 0: a person does it on the page
	Addr         string        // where Entra listens, on loopback: 127.0.0.1:0
	Log          *slog.Logger  // nil: no log. Neither codes nor tokens are logged
	Entra        EntraOptions  // lifetime, interval and bounds; the tenants, the authority and ApproveAfter are set by Start
}

// A Sandbox is a running sandbox. Its folder has
//
//	home/                        a HOME with .m365-connections.json, the registry, and the modules as a person's own
//	modules/                     the PowerShell modules, and sandbox.json, which tells them where Entra listens
//	directory.json               the tenants, for the modules
//	switchboard.json, claims/    the faults
type Sandbox struct {
	dir       string
	temporary bool
	authority string
	tenants   []Tenant
	entra     *Entra
	faults    *Switchboard
	server    *http.Server
	served    chan struct{} // closed when the server's goroutine has ended
}

// Start makes the sandbox's folder and starts Entra. A folder of an earlier sandbox is used again: what is ours is written
// anew; what was changed in the registry, and the faults, stay. When ctx ends, Entra stops; Close is still needed.
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
	s := &Sandbox{tenants: Tenants(), served: make(chan struct{})}
	if err := s.makeDir(o.Dir); err != nil {
		return nil, err
	}
	if err := s.start(ctx, o); err != nil {
		return nil, errors.Join(err, s.removeDir())
	}
	o.Log.Info("sandbox started", "dir", s.dir, "authority", s.authority)
	return s, nil
}

func (s *Sandbox) start(ctx context.Context, o Options) error {
	s.faults = OpenSwitchboard(s.dir)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return fmt.Errorf("sandbox: the stand-in for Entra cannot listen: %w", err)
	}
	s.authority = "http://" + listener.Addr().String()
	if err := s.writeFiles(); err != nil {
		_ = listener.Close()
		return err
	}
	eo := o.Entra
	eo.Tenants, eo.Authority, eo.ApproveAfter = s.tenants, s.authority, o.ApproveAfter
	s.entra = NewEntra(eo)
	s.server = &http.Server{
		Handler:           s.entra.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	stop := context.AfterFunc(ctx, func() { _ = s.server.Close() })
	go func() {
		defer close(s.served)
		defer stop()
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("the sandbox's stand-in for Entra stopped", "error", err)
		}
	}()
	return nil
}

// Dir is the sandbox's folder.
func (s *Sandbox) Dir() string { return s.dir }

// Home is the HOME to give to programs that shall see the sandbox's registry.
func (s *Sandbox) Home() string { return filepath.Join(s.dir, "home") }

// ModulePath is the folder to put on PSModulePath.
func (s *Sandbox) ModulePath() string { return filepath.Join(s.dir, "modules") }

// Authority is Entra's base address.
func (s *Sandbox) Authority() string { return s.authority }

// PageURL is where a person types a code.
func (s *Sandbox) PageURL() string { return s.authority + PagePath }

// Tenants returns the tenants. They must not be changed.
func (s *Sandbox) Tenants() []Tenant { return s.tenants }

// Entra is the stand-in itself, to approve and to decline sign-ins and to look for secrets.
func (s *Sandbox) Entra() *Entra { return s.entra }

// Switchboard holds the faults.
func (s *Sandbox) Switchboard() *Switchboard { return s.faults }

// Connections returns the registry's connections of the sandbox.
func (s *Sandbox) Connections() map[string]mm.Connection {
	return Connections(s.tenants, s.endpoints())
}

func (s *Sandbox) endpoints() mm.SandboxEndpoints {
	return mm.SandboxEndpoints{Authority: s.authority, Dir: s.dir}
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

// Close stops Entra and removes the folder where it was a temporary one.
func (s *Sandbox) Close() error {
	err := s.server.Close()
	<-s.served
	if removing := s.removeDir(); err == nil {
		err = removing
	}
	return err
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
	if err := writeJSON(filepath.Join(s.ModulePath(), "sandbox.json"), s.endpoints()); err != nil {
		return err
	}
	return writeRegistry(filepath.Join(s.Home(), ".m365-connections.json"), s.Connections(), s.endpoints())
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
