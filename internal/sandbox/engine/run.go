package engine

import (
	"context"
	"errors"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

// A run is one command being executed: a script or a call. It belongs to one goroutine.
type run struct {
	*host
	ctx      context.Context // ends with errStopped when the command is cancelled, or with the host
	out      *output
	emit     func(any)     // where output goes: out, or the next stage of a pipeline
	natives  chan struct{} // closed when the command's native programs are killed
	depth    int           // of functions within functions
	lastExit *int          // $LASTEXITCODE, if a native program set it
	// connecting is the fault of the connect command that runs, if there is one.
	connecting *sandbox.Fault
}

// How a run can end before its end.
var (
	errStopped = errors.New("the pipeline has been stopped")
	errDead    = errors.New("the process has ended")
)

type exited struct{ code int }

func (exited) Error() string { return "exit" }

// A failure is an error record; thrown where it ends the script.
type failure struct {
	mm.ErrorRecord
	origin string // what the concise view puts before the message
}

func (f failure) Error() string { return f.Message }

// fail makes a failure that ends the command it happens in, and the script goes on.
func fail(message, id, category, target string) failure {
	return failure{ErrorRecord: mm.ErrorRecord{Message: message, Type: "System.Exception", FullyQualifiedErrorID: id,
		Category: category, Target: target}}
}

// block runs statements in their order. An error record ends its statement only.
func (r *run) block(body []node) error {
	for _, n := range body {
		if err := r.live(); err != nil {
			return err
		}
		err := n.run(r)
		var f failure
		if errors.As(err, &f) && !f.Terminating {
			r.out.fail(f.ErrorRecord, f.origin)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// live returns why the run must end now, or nil.
func (r *run) live() error {
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	return nil
}

// sleep waits as an interruptible command does.
func (r *run) sleep(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
}

// hardSleep waits as [Threading.Thread]::Sleep does: only the end of the process ends it.
func (r *run) hardSleep(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return r.live()
	case <-r.dead():
		return errDead
	}
}
