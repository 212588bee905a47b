package http

import (
	"bufio"
	"bytes"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/wire"
	"github.com/valyala/fasthttp"
)

// progressBacklog is how many batches of records wait for a slow reader; further ones are dropped.
const progressBacklog = 256

func (s *Server) run(ctx *fasthttp.RequestCtx) {
	cmd, bad := wire.DecodeRun(ctx.PostBody(), s.config.Only)
	if bad != nil {
		answerError(ctx, fasthttp.StatusBadRequest, bad)
		return
	}
	if cmd.Caller == "" {
		cmd.Caller = "api"
	}
	s.perform(ctx, job{cmd.RequestID, cmd.Session, func(progress mm.Progress) mm.Outcome {
		return s.config.Service.Run(s.ctx, cmd, progress)
	}})
}

func (s *Server) graph(ctx *fasthttp.RequestCtx) {
	r, bad := wire.DecodeGraph(ctx.PostBody(), s.config.Only)
	if bad != nil {
		answerError(ctx, fasthttp.StatusBadRequest, bad)
		return
	}
	if r.Caller == "" {
		r.Caller = "api"
	}
	s.perform(ctx, job{r.RequestID, mm.SessionID{Connection: r.Connection}, func(progress mm.Progress) mm.Outcome {
		return s.config.Service.Graph(s.ctx, r, progress)
	}})
}

// A job is a request to the Service that may take long, and what names it in an error.
type job struct {
	id      string
	session mm.SessionID
	do      func(mm.Progress) mm.Outcome
}

// perform does a job and answers with its outcome, as a stream where the client wants one.
func (s *Server) perform(ctx *fasthttp.RequestCtx, j job) {
	if life := ctx.Request.Header.Peek(wire.HeaderInstance); len(life) > 0 && string(life) != s.instance {
		answer(ctx, fasthttp.StatusServiceUnavailable, wire.EncodeOutcome(startedAnew(j), time.Now()))
		return
	}
	if wantsEvents(&ctx.Request.Header) {
		ctx.SetContentType(wire.EventStream)
		ctx.Response.Header.Set("Cache-Control", "no-store")
		s.life.again()
		ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
			defer s.life.leave()
			s.stream(w, j)
		})
		return
	}
	outcome := j.do(nil)
	answer(ctx, statusOf(outcome.Err), wire.EncodeOutcome(outcome, time.Now()))
}

// wantsEvents reports whether a client asks for an event stream and can read one: HTTP/1.0 has no chunks, and would see
// nothing before the end.
func wantsEvents(h *fasthttp.RequestHeader) bool {
	return h.IsHTTP11() && bytes.Contains(h.Peek("Accept"), []byte(wire.EventStream))
}

// startedAnew refuses a request that its client first sent to an earlier life of this server, where it may have been
// executed.
func startedAnew(j job) mm.Outcome {
	return mm.Failed(j.id, j.session, &mm.Error{
		Code:     mm.NodeUnreachable,
		Message:  "mm was started anew while the command was under way. Whether it took effect is not known.",
		Remedy:   "Look whether it did before you send it again, under a new request id.",
		Executed: mm.ExecutedMaybe,
	})
}

// stream does a job and writes its progress and its answer as events. It goes on without writing when the client has gone.
func (s *Server) stream(w *bufio.Writer, j job) {
	batches := make(chan []mm.Record, progressBacklog)
	done := make(chan mm.Outcome, 1)
	go func() { done <- s.doSafely(j, batches) }()

	alive := time.NewTicker(s.limits.keepAlive)
	defer alive.Stop()
	var gone error
	write := func(event string, data []byte) {
		if gone == nil {
			gone = wire.WriteEvent(w, event, data)
		}
		if gone == nil {
			gone = w.Flush()
		}
	}
	for {
		select {
		case records := <-batches:
			write(wire.EventProgress, wire.EncodeProgress(records))
		case <-alive.C:
			if gone == nil {
				_, _ = w.WriteString(wire.KeepAlive)
				gone = w.Flush()
			}
		case outcome := <-done:
			for len(batches) > 0 {
				write(wire.EventProgress, wire.EncodeProgress(<-batches))
			}
			write(wire.EventResult, wire.EncodeOutcome(outcome, time.Now()))
			return
		}
	}
}

// doSafely does a job with its progress put into batches, and a panic turned into an answer: it runs outside of the handlers
// that recovered watches.
func (s *Server) doSafely(j job, batches chan<- []mm.Record) (outcome mm.Outcome) {
	defer func() {
		if p := recover(); p != nil {
			outcome = mm.Failed(j.id, j.session, s.panicked(p))
		}
	}()
	return j.do(func(records []mm.Record) {
		select {
		case batches <- records:
		default:
		}
	})
}
