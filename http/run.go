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
	if life := ctx.Request.Header.Peek(wire.HeaderInstance); len(life) > 0 && string(life) != s.instance {
		answer(ctx, fasthttp.StatusServiceUnavailable, wire.EncodeOutcome(startedAnew(cmd), time.Now()))
		return
	}
	if cmd.Caller == "" {
		cmd.Caller = "api"
	}
	if wantsEvents(&ctx.Request.Header) {
		ctx.SetContentType(wire.EventStream)
		ctx.Response.Header.Set("Cache-Control", "no-store")
		s.life.again()
		ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
			defer s.life.leave()
			s.stream(w, cmd)
		})
		return
	}
	outcome := s.config.Service.Run(s.ctx, cmd, nil)
	answer(ctx, statusOf(outcome.Err), wire.EncodeOutcome(outcome, time.Now()))
}

// wantsEvents reports whether a client asks for an event stream and can read one: HTTP/1.0 has no chunks, and would see
// nothing before the end.
func wantsEvents(h *fasthttp.RequestHeader) bool {
	return h.IsHTTP11() && bytes.Contains(h.Peek("Accept"), []byte(wire.EventStream))
}

// startedAnew refuses a request that its client first sent to an earlier life of this server, where it may have been
// executed.
func startedAnew(cmd mm.Command) mm.Outcome {
	return mm.Failed(cmd.RequestID, cmd.Session, &mm.Error{
		Code:     mm.NodeUnreachable,
		Message:  "mm was started anew while the command was under way. Whether it took effect is not known.",
		Remedy:   "Look whether it did before you send it again, under a new request id.",
		Executed: mm.ExecutedMaybe,
	})
}

// stream runs cmd and writes its progress and its answer as events. It goes on without writing when the client has gone.
func (s *Server) stream(w *bufio.Writer, cmd mm.Command) {
	batches := make(chan []mm.Record, progressBacklog)
	done := make(chan mm.Outcome, 1)
	go func() { done <- s.runSafely(cmd, batches) }()

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

// runSafely is Service.Run with its progress put into batches, and a panic turned into an answer: it runs outside of the
// handlers that recovered watches.
func (s *Server) runSafely(cmd mm.Command, batches chan<- []mm.Record) (outcome mm.Outcome) {
	defer func() {
		if p := recover(); p != nil {
			outcome = mm.Failed(cmd.RequestID, cmd.Session, s.panicked(p))
		}
	}()
	return s.config.Service.Run(s.ctx, cmd, func(records []mm.Record) {
		select {
		case batches <- records:
		default:
		}
	})
}
