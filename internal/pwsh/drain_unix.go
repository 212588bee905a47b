//go:build unix

package pwsh

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A pipeEnd is the read end of a pipe in non-blocking mode.
type pipeEnd struct {
	file *os.File
	raw  syscall.RawConn
}

// newPipe returns a pipe: a drainer and the end that a process writes to.
func newPipe() (*pipeEnd, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	raw, err := r.SyscallConn()
	if err != nil {
		r.Close()
		w.Close()
		return nil, nil, err
	}
	return &pipeEnd{file: r, raw: raw}, w, nil
}

// Each waits for the pipe to be readable without the lock, and reads and hands over with it. So who holds the lock and has
// drained the pipe knows that nobody holds bytes that were read before.
func (p *pipeEnd) Each(take func([]byte), lock sync.Locker) {
	end := false
	for !end {
		err := p.raw.Read(func(fd uintptr) bool {
			lock.Lock()
			defer lock.Unlock()
			var got bool
			got, end = readAll(int(fd), take)
			return got || end
		})
		if err != nil {
			return
		}
	}
}

// Drain takes what is there.
func (p *pipeEnd) Drain(take func([]byte)) {
	_ = p.raw.Control(func(fd uintptr) { readAll(int(fd), take) }) // closed: nothing is there
}

// Close ends Each.
func (p *pipeEnd) Close() { p.file.Close() }

// readAll reads until nothing is there, at most a few megabytes, so that a flood does not keep the lock for ever.
func readAll(fd int, take func([]byte)) (got, end bool) {
	buf := drainBuffers.Get().(*[32 << 10]byte)
	defer drainBuffers.Put(buf)
	for range 64 {
		n, err := unix.Read(fd, buf[:])
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return got, false
		case err != nil || n == 0:
			return got, true
		default:
			got = true
			take(buf[:n])
		}
	}
	return got, false
}

var drainBuffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}
