//go:build !unix

package pwsh

import (
	"context"

	mm "github.com/microsoft-master/mm"
)

var errNotSupported = failed("Run mm in WSL or in its container.", "PowerShell processes are not supported on this system yet.")

// Launch is not supported on this system yet.
func (l *Launcher) Launch(context.Context, mm.LaunchSpec, func(mm.EngineEvent)) (mm.Engine, error) {
	return nil, errNotSupported
}

// Compile is not supported on this system yet.
func (l *Launcher) Compile(context.Context) error { return errNotSupported }
