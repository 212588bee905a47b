package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	mmhttp "github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/http/client"
)

const (
	keepPeriod = 2 * time.Second  // of looking after the socket and the lock
	lifePeriod = 30 * time.Second // of the sign of life in the lock
)

// doors are the daemon's listeners.
type doors struct {
	tcp net.Listener // nil: the port is taken, and a daemon in the background goes on without it

	mu     sync.Mutex
	unix   *net.UnixListener
	socket os.FileInfo // the file of unix, as it was made
	closed bool
}

// open listens on the socket and on TCP. The note says what is missing: in the background TCP may be.
func (o *doors) open(ctx context.Context, s settings, background bool) (note string, err error) {
	if err := o.listenUnix(s.Socket); err != nil {
		return "", err
	}
	o.tcp, err = listenTCP(ctx, s)
	if err != nil && background {
		return "not on TCP: " + err.Error() + ", and run `mm stop`: the next call starts mm anew. The socket serves", nil
	}
	if err != nil {
		return "", errors.Join(err, o.close())
	}
	return "", nil
}

// listenUnix listens on a new socket and closes the one before it.
func (o *doors) listenUnix(path string) error {
	ln, err := mmhttp.ListenUnix(path)
	if err != nil {
		return err
	}
	made, err := os.Lstat(path)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return ln.Close()
	}
	if o.unix != nil {
		o.unix.SetUnlinkOnClose(false) // its path is the new one's now
		_ = o.unix.Close()
	}
	o.unix, o.socket = ln.(*net.UnixListener), made
	return nil
}

// lostSocket reports whether clients find another file than the socket, or none.
func (o *doors) lostSocket() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.closed && !o.hasSocket()
}

// hasSocket reports whether the socket's file is the one that this process made. The caller holds mu.
func (o *doors) hasSocket() bool {
	there, err := os.Lstat(o.unix.Addr().String())
	return err == nil && os.SameFile(there, o.socket)
}

// stale reports whether ln was closed on purpose.
func (o *doors) stale(ln net.Listener) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closed || ln != o.tcp && ln != net.Listener(o.unix)
}

// close lets nobody in any more, and removes the socket. Connections that are open stay so.
func (o *doors) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	o.closed = true
	o.unix.SetUnlinkOnClose(o.hasSocket()) // what another one made there is not ours to remove
	err := o.unix.Close()
	if o.tcp != nil {
		err = errors.Join(err, o.tcp.Close())
	}
	return err
}

func (d *daemon) closeDoors() error { return d.doors.close() }

// serve serves ln until that is closed. Where nobody closed it on purpose, the daemon ends.
func (d *daemon) serve(serve func(net.Listener) error, ln net.Listener) {
	go func() {
		if err := serve(ln); !errors.Is(err, mmhttp.ErrClosed) && !d.doors.stale(ln) {
			d.fail(fmt.Errorf("the API cannot be served any more at %s: %w", ln.Addr(), err))
		}
	}()
}

// fail ends the daemon because of err. Only the first reason counts.
func (d *daemon) fail(err error) {
	select {
	case d.failed <- err:
	default:
	}
}

// startKeeping starts keepPlace; the function that it returns ends it.
func (d *daemon) startKeeping(ctx context.Context, lock *daemonLock, s settings) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { d.keepPlace(ctx, lock, s) })
	return func() {
		cancel()
		keeping.Wait()
	}
}

// keepPlace sees to it that clients find this daemon: a socket that somebody removed is made anew. A daemon whose lock was
// removed ends: the next one of the state folder could not know of it. It also gives the lock's sign of life.
func (d *daemon) keepPlace(ctx context.Context, lock *daemonLock, s settings) {
	tick, life := time.NewTicker(keepPeriod), time.NewTicker(lifePeriod)
	defer tick.Stop()
	defer life.Stop()
	said := ""
	complain := func(what string, err error) {
		if text := what + ": " + err.Error(); text != said {
			said = text
			d.log.Error(text)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-life.C:
			if err := lock.sign(); err != nil {
				complain("the lock cannot be written", err)
			}
		case <-tick.C:
			if !lock.holds(s.lockPath()) {
				d.fail(fmt.Errorf("%s was removed or replaced, so that another mm could serve there too; "+
					"leave the state folder alone while mm runs", s.lockPath()))
				return
			}
			if !d.doors.lostSocket() {
				continue
			}
			if err := d.doors.listenUnix(s.Socket); err != nil {
				complain("the socket is gone and cannot be made anew", err)
				continue
			}
			said = ""
			d.log.Warn("the socket was removed; listening on a new one", "socket", s.Socket)
			d.serve(d.server.ServeUnix, d.doors.unix)
		}
	}
}

// listenTCP listens on the settings' address. The error says who has it, as far as that can be found out.
func listenTCP(ctx context.Context, s settings) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.address())
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && mmServes(ctx, s):
		return nil, fmt.Errorf("port %d is taken by another mm, with another state folder (`ss -ltnp sport = :%[1]d` shows its pid); "+
			"end that, or set SESSION_POOL_PORT", s.Port)
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %d is taken by another program (`ss -ltnp sport = :%[1]d` names it); end that, or set SESSION_POOL_PORT", s.Port)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("port %d is the system's to give (%w); set SESSION_POOL_PORT to one above 1023", s.Port, err)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w; set SESSION_POOL_HOST and SESSION_POOL_PORT", s.address(), err)
	}
	return ln, nil
}

// mmServes reports whether an mm answers at the settings' address.
func mmServes(ctx context.Context, s settings) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := client.New(client.Config{URL: "http://" + s.address()})
	if err != nil {
		return false
	}
	defer c.Close()
	version, err := c.Health(ctx)
	return err == nil && version != ""
}
