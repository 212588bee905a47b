package pwsh

import (
	"slices"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/pwsh/frame"
)

// ask queues a request that has an answer.
func (e *Engine) ask(r frame.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return
	}
	if len(e.waiting) >= maxWaiting {
		// From a goroutine of its own: the caller may be inside of sink.
		go e.emit(mm.Refused{ID: r.ID, Code: frame.CodeBusy, Detail: "too many requests wait for this process"})
		return
	}
	e.waiting = append(e.waiting, waiting{op: r.Op, id: r.ID, since: time.Now()})
	e.enqueue(r)
}

// enqueueOnce queues a request without an answer, unless the same one is queued already. e.mu is held.
func (e *Engine) enqueueOnce(r frame.Request) {
	for i := range e.queue {
		if e.queue[i].Op == r.Op && e.queue[i].ID == r.ID {
			return
		}
	}
	if !e.gone {
		e.enqueue(r)
	}
}

// enqueue queues a request and sees to it that somebody writes it. e.mu is held.
func (e *Engine) enqueue(r frame.Request) {
	e.queue = append(e.queue, r)
	if !e.writing {
		e.writing = true
		go e.write()
	}
}

// write empties the queue and ends. It is a goroutine of its own because the other side may take its time to read, and it
// does not stay because thousands of idle engines should cost little.
func (e *Engine) write() {
	for {
		e.mu.Lock()
		if len(e.queue) == 0 || e.gone {
			e.queue, e.writing = nil, false
			e.mu.Unlock()
			return
		}
		r := e.queue[0]
		e.queue = slices.Delete(e.queue, 0, 1)
		e.mu.Unlock()

		if e.console != nil && (r.Op == frame.OpInvoke || r.Op == frame.OpCall) {
			e.console.begin()
		}
		body, err := frame.Encode(r)
		if err != nil {
			e.refuse(r.ID, frame.CodeTooLarge, err.Error())
			continue
		}
		if _, err := e.conn.Write(body); err != nil {
			// The reader sees the end of the connection too, after everything that the process still had to say. The kill
			// sees to it that there is an end.
			e.proc.Kill()
		}
	}
}

// find returns the index of the oldest waiting request of that id and one of these kinds, or -1. An empty id is any.
// e.mu is held.
func (e *Engine) find(id string, ops ...string) int {
	return slices.IndexFunc(e.waiting, func(w waiting) bool {
		return (id == "" || w.id == id) && slices.Contains(ops, w.op)
	})
}

// settle takes the oldest waiting request of that id and one of these kinds from the list, and reports whether there was
// one. What has no such request is counted.
func (e *Engine) settle(id string, ops ...string) (waiting, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.find(id, ops...)
	if i < 0 || id == "" {
		e.dropped++
		return waiting{}, false
	}
	w := e.waiting[i]
	e.waiting = slices.Delete(e.waiting, i, i+1)
	if len(e.waiting) == 0 {
		e.waiting = nil
	}
	return w, true
}
