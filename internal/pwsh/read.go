package pwsh

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh/frame"
)

// read passes on what the process says, until the end; it owns the end.
func (e *Engine) read() {
	var err error
	for err == nil {
		var r frame.Reply
		if err = frame.Read(e.conn, &r); err == nil {
			e.take(&r)
		}
	}
	e.mu.Lock()
	if e.lost == "" && !ended(err) {
		e.lost = "lost: protocol error: " + err.Error()
	}
	lost := e.lost
	e.gone = true
	if e.shutdown != nil {
		e.shutdown.Stop()
	}
	e.mu.Unlock()

	e.unbind()
	e.proc.Kill()
	e.conn.Close()
	reason := e.proc.Wait()
	if lost != "" {
		reason = lost
	}
	if e.console != nil {
		e.console.close()
	}
	e.emit(mm.Exited{Reason: reason})
}

// ended reports whether err is how a connection ends when its other side dies, be it in the middle of a frame.
func ended(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, syscall.ECONNRESET, os.ErrDeadlineExceeded} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// take passes one frame on.
func (e *Engine) take(r *frame.Reply) {
	switch r.Op {
	case frame.OpStream:
		e.mu.Lock()
		known := r.ID != "" && e.find(r.ID, frame.OpInvoke, frame.OpCall) >= 0
		if !known {
			e.dropped++
		}
		e.mu.Unlock()
		if known {
			e.emit(mm.Streamed{ID: r.ID, Records: r.Records})
		}
	case frame.OpResult:
		e.complete(r)
	case frame.OpAnalysis:
		if _, ok := e.settle(r.ID, frame.OpAnalyze); ok {
			var f mm.Facts
			if r.Facts != nil {
				f = *r.Facts
			}
			e.emit(mm.Analyzed{ID: r.ID, Facts: f})
		}
	case frame.OpPong:
		if w, ok := e.settle(r.ID, frame.OpPing); ok {
			e.emit(mm.Ponged{ID: r.ID, Busy: r.Busy, RSS: r.RSS, After: time.Since(w.since)})
		}
	case frame.OpError:
		e.refuse(r.ID, r.Code, r.Detail)
	default:
		e.mu.Lock()
		e.dropped++
		e.mu.Unlock()
	}
}

// complete makes a Completed of a result frame.
func (e *Engine) complete(r *frame.Reply) {
	res := mm.Result{Output: r.Text, Objects: r.Objects, Errors: r.Errors, HadErrors: r.HadErrors, ExitCode: r.Exit,
		LastExit: r.LastExit, Truncated: r.Truncated, Duration: time.Duration(r.Millis * float64(time.Millisecond)),
		Terminated: mm.Termination(r.Why), Poisoned: r.Poisoned}
	if r.Streams != nil {
		res.Streams = *r.Streams
	}
	if e.console != nil {
		// Everything that the command wrote before the host sent this frame is in the pipes by now, and nothing of the next
		// command, which has not been sent.
		lines, dropped := e.console.end()
		res.Streams.Console = lines
		if dropped > 0 {
			t := mm.Truncated{}
			if res.Truncated != nil {
				t = *res.Truncated
			}
			t.DroppedRecords += dropped
			res.Truncated = &t
		}
	}
	if _, ok := e.settle(r.ID, frame.OpInvoke, frame.OpCall); ok {
		e.emit(mm.Completed{ID: r.ID, Result: res})
	}
}

// refuse passes on that a request was not carried out.
func (e *Engine) refuse(id, code, detail string) {
	if _, ok := e.settle(id, frame.OpInvoke, frame.OpCall, frame.OpAnalyze, frame.OpPing); ok {
		e.emit(mm.Refused{ID: id, Code: code, Detail: detail})
	}
}

// emit hands an event to the sink, and nothing after Exited.
func (e *Engine) emit(ev mm.EngineEvent) {
	e.deliver.Lock()
	defer e.deliver.Unlock()
	if e.over {
		return
	}
	_, e.over = ev.(mm.Exited)
	e.sink(ev)
}

// consoleLines passes on what the process wrote past PowerShell while a command runs.
func (e *Engine) consoleLines(lines []string) {
	e.mu.Lock()
	i := e.find("", frame.OpInvoke, frame.OpCall)
	var id string
	if i >= 0 {
		id = e.waiting[i].id
	}
	e.mu.Unlock()
	if i < 0 {
		return
	}
	records := make([]mm.Record, len(lines))
	for n, line := range lines {
		records[n] = mm.Record{Stream: mm.StreamConsole, Text: line}
	}
	e.emit(mm.Streamed{ID: id, Records: records})
}
