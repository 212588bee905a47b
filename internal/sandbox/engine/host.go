package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh/frame"
)

// Versions that the stand-in tells in its hello.
const (
	// Name is Hello.Host of a stand-in.
	Name    = "Go stand-in of the sandbox"
	version = "7.6.0-standin"
	standIn = "This is the sandbox's stand-in engine, without PowerShell; install PowerShell for the rest."
)

// A host is the far end of an engine's connection: one session of the stand-in. Whoever reads the connection hands it the
// requests, one at a time; each command runs on a goroutine of its own.
type host struct {
	state
	conn       io.WriteCloser
	connection connection
	site       *site
	pid        int

	writing sync.Mutex     // held while a frame is written
	done    sync.WaitGroup // of the host itself, until its end, and of the command that runs

	control sync.Mutex // guards what follows
	reason  string     // why the host ended; empty: it has not
	code    int        // the exit code that goes with it
	ended   chan struct{}
	current *running // nil: idle
}

// running is what requests have to know of the command that runs.
type running struct {
	id      string
	cancel  context.CancelCauseFunc
	natives chan struct{}
	freed   bool // natives is closed
}

// hello is the first frame.
func (h *host) hello() {
	h.write(&frame.Reply{Op: frame.OpHello, Protocol: frame.Protocol, PID: h.pid, PS: version, CLR: "Go"})
}

// take handles one request; what takes time goes on elsewhere.
func (h *host) take(q *frame.Request) {
	switch q.Op {
	case frame.OpInvoke, frame.OpCall:
		h.begin(q)
	case frame.OpCancel:
		h.cancel(q.ID)
	case frame.OpAnalyze:
		facts := h.analyze(q.Script)
		h.write(&frame.Reply{Op: frame.OpAnalysis, ID: q.ID, Facts: &facts})
	case frame.OpPing:
		h.control.Lock()
		busy := h.current != nil
		h.control.Unlock()
		h.write(&frame.Reply{Op: frame.OpPong, ID: q.ID, Busy: busy})
	case frame.OpCollect: // the Go runtime gives memory back by itself
	case frame.OpShutdown:
		h.exit(0)
	default:
		h.write(&frame.Reply{Op: frame.OpError, ID: q.ID, Code: frame.CodeBadOp, Detail: fmt.Sprintf("unknown op %q", q.Op)})
	}
}

// begin starts a command, or refuses it while another runs.
func (h *host) begin(q *frame.Request) {
	h.control.Lock()
	if h.current != nil || h.reason != "" {
		h.control.Unlock()
		h.write(&frame.Reply{Op: frame.OpError, ID: q.ID, Code: frame.CodeBusy, Detail: "another command runs"})
		return
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	now := &running{id: q.ID, cancel: cancel, natives: make(chan struct{})}
	h.current = now
	h.done.Add(1)
	h.control.Unlock()
	go func() {
		defer h.done.Done()
		defer cancel(nil)
		reply := h.execute(ctx, q, now.natives)
		h.control.Lock()
		h.current = nil
		dead := h.reason != ""
		h.control.Unlock()
		if !dead {
			h.write(reply)
		}
	}()
}

// cancel stops the command of that id.
func (h *host) cancel(id string) {
	h.control.Lock()
	defer h.control.Unlock()
	if h.current != nil && h.current.id == id {
		h.current.cancel(errStopped)
	}
}

// killNatives ends the native programs of the command that runs.
func (h *host) killNatives() {
	h.control.Lock()
	defer h.control.Unlock()
	if c := h.current; c != nil && !c.freed {
		c.freed = true
		close(c.natives)
	}
}

// end ends the host; the first reason counts. Commands that run are broken off.
func (h *host) end(reason string) {
	h.control.Lock()
	if h.reason != "" {
		h.control.Unlock()
		return
	}
	h.reason = reason
	if h.ended != nil {
		close(h.ended)
	}
	if h.current != nil {
		h.current.cancel(errDead)
	}
	h.control.Unlock()
	h.conn.Close()
	h.done.Done()
}

// exit ends the host as a process ends itself.
func (h *host) exit(code int) {
	h.control.Lock()
	h.code = code
	h.control.Unlock()
	h.end(fmt.Sprintf("exit status %d", code))
}

// die ends the host as SIGKILL ends a process; where it is alone in its process, it does so to that.
func (h *host) die() {
	if h.pid != 0 {
		if p, err := os.FindProcess(h.pid); err == nil {
			_ = p.Kill()
		}
	}
	h.end("signal: killed")
}

// dead returns a channel that is closed when the host ends. It is made when somebody asks.
func (h *host) dead() <-chan struct{} {
	h.control.Lock()
	defer h.control.Unlock()
	if h.ended == nil {
		h.ended = make(chan struct{})
		if h.reason != "" {
			close(h.ended)
		}
	}
	return h.ended
}

// wait blocks until the host and its command are over, and returns why.
func (h *host) wait() string {
	h.done.Wait()
	return h.reason
}

// write sends a frame. A connection that is gone ends the loop too, so its error is not looked at here.
func (h *host) write(r *frame.Reply) {
	h.writing.Lock()
	defer h.writing.Unlock()
	if err := frame.Write(h.conn, r); err == nil || r.Op == frame.OpError {
		return
	} else if !errors.Is(err, net.ErrClosed) && r.Op == frame.OpResult {
		_ = frame.Write(h.conn, frame.Reply{Op: frame.OpError, ID: r.ID, Code: frame.CodeTooLarge, Detail: err.Error()})
	}
}

// execute runs one command to its end.
func (h *host) execute(ctx context.Context, q *frame.Request, natives chan struct{}) *frame.Reply {
	began := time.Now()
	out := &output{want: *q, live: func(r mm.Record) {
		h.write(&frame.Reply{Op: frame.OpStream, ID: q.ID, Records: []mm.Record{r}})
	}}
	r := &run{host: h, ctx: ctx, out: out, emit: out.emit, natives: natives}
	var err error
	if q.Op == frame.OpCall {
		out.want.Format, out.want.Depth, out.want.MaxItems = string(mm.FormatJSON), mm.DefaultDepth, mm.DefaultMaxItems
		err = r.call(*q)
	} else {
		err = r.script(q.Script)
		h.setLastResult(out.last)
	}
	why, exit := r.ending(err)
	reply := out.result()
	reply.Why, reply.Exit, reply.LastExit = string(why), exit, r.lastExit
	reply.Millis = max(0.001, float64(time.Since(began))/float64(time.Millisecond))
	return &reply
}

// ending says how a run ended, from the error that ended it, and records that where it is an error record.
func (r *run) ending(err error) (why mm.Termination, exit *int) {
	var (
		x exited
		u unparsed
		f failure
	)
	switch {
	case errors.Is(err, errStopped):
		return mm.Stopped, nil
	case errors.As(err, &x):
		return mm.RanThrough, &x.code
	case errors.As(err, &u):
		r.out.fail(u.ErrorRecord, u.origin)
		return mm.ParseError, nil
	case errors.As(err, &f):
		r.out.fail(f.ErrorRecord, f.origin)
		if f.Terminating {
			return mm.Threw, nil
		}
	}
	return mm.RanThrough, nil
}
