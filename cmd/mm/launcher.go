package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/internal/sandbox/engine"
)

// cloudSandbox is the cloud of connections that lead to a sandbox.
const cloudSandbox = "sandbox"

// newLauncher returns what starts the engines of a daemon: the user's PowerShell, and for connections of a sandbox where no
// PowerShell is found, or where MM_SANDBOX_ENGINE=go asks for it, the Go engine. Nothing else ever runs on the Go engine.
func newLauncher(s settings, log *slog.Logger) *launcher {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = s.StateDir
	}
	l := &launcher{goOnly: s.GoOnly, standIn: engine.New(engine.Config{})}
	l.find = func() (mm.Launcher, error) {
		path, err := pwsh.Find()
		if err != nil {
			return nil, err
		}
		l.found = path
		return pwsh.New(pwsh.Config{
			Pwsh:     path,
			CacheDir: filepath.Join(cache, "mm"),
			StateDir: s.StateDir,
			RunDir:   s.runDir(),
			Home:     s.Home,
			Env:      sandboxEnv,
			Culture:  os.Getenv("MM_CULTURE"),
			Log:      log,
		})
	}
	if _, err := l.powershell(); err != nil {
		log.Warn("no PowerShell", "error", err)
	}
	return l
}

// sandboxEnv tells the modules of a sandbox which connection they serve.
func sandboxEnv(spec mm.LaunchSpec) []string {
	if spec.Connection.Cloud != cloudSandbox {
		return nil
	}
	return []string{sandbox.ConnectionEnv + "=" + spec.Connection.Name}
}

// A launcher chooses the engine of a session.
type launcher struct {
	goOnly  bool
	standIn mm.Launcher
	find    func() (mm.Launcher, error)

	mu    sync.Mutex
	real  mm.Launcher
	found string // the path of PowerShell
}

// path returns where PowerShell is; empty: it was not found yet.
func (l *launcher) path() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.found
}

// powershell returns the launcher of PowerShell, which is looked for until it is found: it may be installed while mm runs.
func (l *launcher) powershell() (mm.Launcher, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.real == nil {
		found, err := l.find()
		if err != nil {
			return nil, err
		}
		l.real = found
	}
	return l.real, nil
}

// Launch implements mm.Launcher.
func (l *launcher) Launch(ctx context.Context, spec mm.LaunchSpec, sink func(mm.EngineEvent)) (mm.Engine, error) {
	inSandbox := spec.Connection.Cloud == cloudSandbox
	if inSandbox && l.goOnly {
		return l.standIn.Launch(ctx, spec, sink)
	}
	real, err := l.powershell()
	if err != nil && inSandbox {
		return l.standIn.Launch(ctx, spec, sink)
	}
	if err != nil {
		return nil, err
	}
	return real.Launch(ctx, spec, sink)
}
