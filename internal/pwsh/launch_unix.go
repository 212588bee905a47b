//go:build unix

package pwsh

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	mm "github.com/microsoft-master/mm"
)

const maxSocketPath = 100 // bytes; the system's limit is 104 or 108

// Launch starts a PowerShell process with the host in it; see mm.Launcher.
func (l *Launcher) Launch(ctx context.Context, spec mm.LaunchSpec, sink func(mm.EngineEvent)) (mm.Engine, error) {
	library, err := l.host(ctx)
	if err != nil {
		return nil, err
	}
	script, err := l.bootstrap()
	if err != nil {
		return nil, failed("See that the folder can be written.", "%v.", err)
	}
	listener, err := l.listen()
	if err != nil {
		return nil, failed("Give mm a folder with a shorter path, or one that can be written.",
			"The socket for PowerShell could not be made: %v.", err)
	}
	defer listener.Close()
	proc, err := l.start(spec, script, listener.Addr().String(), library)
	if err != nil {
		return nil, failed("See that PowerShell is 7.4 or later and can be run.", "%s could not be started: %v.", l.Pwsh, err)
	}
	conn, err := accept(ctx, listener, proc)
	if err != nil {
		proc.Kill()
		err = failed("Start pwsh by hand and read what it prints.",
			"PowerShell (%s) did not get ready: %v (%s).", l.Pwsh, err, proc.Wait())
	} else {
		// A child that the process left behind may hold its end of the socket open; the engine's end comes all the same.
		go func() {
			<-proc.done
			conn.SetReadDeadline(time.Now().Add(time.Second))
		}()
		engine, e := attach(ctx, conn, proc, proc.console, l.Pwsh, sink)
		if e == nil {
			return engine, nil
		}
		err = e
	}
	var launch *mm.Error
	if said := proc.console.tail(); said != "" && errors.As(err, &launch) {
		launch.Message += " It printed: " + firstLines(said)
	}
	proc.console.close()
	return nil, err
}

// bootstrap returns the path of the script that starts the host.
func (l *Launcher) bootstrap() (string, error) {
	path := filepath.Join(l.CacheDir, "mm-bootstrap-"+digest(bootstrap)[:12]+".ps1")
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, []byte(bootstrap)) {
		return path, nil
	}
	return path, replace(path, []byte(bootstrap))
}

// listen makes the socket for one process.
func (l *Launcher) listen() (*net.UnixListener, error) {
	var name [8]byte
	rand.Read(name[:]) // never fails
	path := filepath.Join(l.RunDir, hex.EncodeToString(name[:]))
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("the path %s has %d bytes, and %d are allowed", path, len(path), maxSocketPath)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return listener, os.Chmod(path, 0o600) // its folder is private from before
}

// start starts the process.
func (l *Launcher) start(spec mm.LaunchSpec, script, socket, library string) (*process, error) {
	home, err := l.home(spec.Session)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(l.Pwsh, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", script, socket, library, l.Culture)
	cmd.Dir = home
	cmd.Env = l.environment(os.Environ(), home)
	if l.Env != nil {
		cmd.Env = append(cmd.Env, l.Env(spec)...)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return startProcess(cmd)
}

// accept waits for the process to connect.
func accept(ctx context.Context, listener *net.UnixListener, proc *process) (net.Conn, error) {
	if err := listener.SetDeadline(time.Now().Add(helloTimeout)); err != nil {
		return nil, err
	}
	accepted := make(chan struct{})
	defer close(accepted)
	go func() {
		select {
		case <-accepted:
		case <-ctx.Done():
			listener.Close()
		case <-proc.done:
			listener.Close()
		}
	}()
	conn, err := listener.Accept()
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, net.ErrClosed):
		return nil, errors.New("it ended at once")
	default:
		return nil, err
	}
}
