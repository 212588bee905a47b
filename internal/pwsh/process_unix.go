//go:build unix

package pwsh

import (
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const groupPatience = 5 * time.Second // for the killed members of a group to be gone

// A process is a running pwsh: the leader of its group, with a console.
type process struct {
	cmd     *exec.Cmd
	console *console
	done    chan struct{} // closed when the process and its group are gone
	reason  string        // set before done is closed

	mu     sync.Mutex
	reaped bool // the process id is free, and may be somebody else's
}

// startProcess starts cmd, which makes a group of its own, and sees to its end.
func startProcess(cmd *exec.Cmd) (*process, error) {
	out, w1, err := newPipe()
	if err != nil {
		return nil, err
	}
	errs, w2, err := newPipe()
	if err != nil {
		out.Close()
		w1.Close()
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = w1, w2
	err = cmd.Start()
	w1.Close()
	w2.Close()
	if err != nil {
		out.Close()
		errs.Close()
		return nil, err
	}
	p := &process{cmd: cmd, console: newConsole(out, errs), done: make(chan struct{})}
	go p.wait()
	return p, nil
}

// wait sees the process and its group to their end. Native children stay behind when their PowerShell dies.
func (p *process) wait() {
	pid := p.cmd.Process.Pid
	err := p.reap()
	p.reason = "exit status 0"
	if err != nil {
		p.reason = err.Error()
	}
	for deadline := time.Now().Add(groupPatience); groupAlive(pid) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // the end of somebody else's child is no event
	}
	close(p.done)
}

// Kill kills the group.
func (p *process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		unix.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
}

// KillChildren kills the members of the group that were started at or after since, but not the process itself.
func (p *process) KillChildren(since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		killMembers(p.cmd.Process.Pid, since)
	}
}

// Wait blocks until the process and its group are gone.
func (p *process) Wait() string {
	<-p.done
	return p.reason
}
