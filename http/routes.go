package http

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/wire"
	"github.com/valyala/fasthttp"
)

// private finds the handler of a path that only the unix socket has, and leaves the others to route.
func (s *Server) private(ctx *fasthttp.RequestCtx) {
	switch string(ctx.Path()) {
	case "/version":
		s.get(ctx, s.about)
	case "/stop":
		s.post(ctx, s.stop)
	default:
		s.route(ctx)
	}
}

// route finds the handler of a path.
func (s *Server) route(ctx *fasthttp.RequestCtx) {
	switch string(ctx.Path()) {
	case "/run":
		s.post(ctx, s.run)
	case "/health":
		s.get(ctx, s.health)
	case "/status":
		s.get(ctx, s.status)
	case "/connections":
		s.get(ctx, s.connections)
	case "/metrics":
		s.get(ctx, s.metrics)
	case "/reset":
		s.post(ctx, s.reset)
	case "/cancel":
		s.post(ctx, s.cancel)
	default:
		answerError(ctx, fasthttp.StatusNotFound, mm.Errorf(mm.BadRequest,
			"There are GET /health, /status, /connections, /metrics and POST /run, /reset, /cancel.",
			"There is no %.100q here.", ctx.Path()))
	}
}

func (s *Server) get(ctx *fasthttp.RequestCtx, handle fasthttp.RequestHandler) {
	if !ctx.IsGet() && !ctx.IsHead() {
		wrongMethod(ctx, "GET")
		return
	}
	handle(ctx)
}

func (s *Server) post(ctx *fasthttp.RequestCtx, handle fasthttp.RequestHandler) {
	if !ctx.IsPost() {
		wrongMethod(ctx, "POST")
		return
	}
	if len(ctx.PostBody()) > maxBody {
		tooLarge(ctx)
		return
	}
	if len(ctx.PostBody()) > 0 && !isJSON(ctx.Request.Header.ContentType()) {
		answerError(ctx, fasthttp.StatusUnsupportedMediaType, mm.Errorf(mm.BadRequest,
			"Send it with the header `Content-Type: application/json`.", "The request's body is not marked as JSON."))
		return
	}
	handle(ctx)
}

func wrongMethod(ctx *fasthttp.RequestCtx, allowed string) {
	ctx.Response.Header.Set("Allow", allowed)
	answerError(ctx, fasthttp.StatusMethodNotAllowed, mm.Errorf(mm.BadRequest,
		"Use "+allowed+".", "%s does not take %.20s.", ctx.Path(), ctx.Method()))
}

func isJSON(contentType []byte) bool {
	media, _, _ := bytes.Cut(contentType, []byte(";"))
	return bytes.EqualFold(bytes.TrimSpace(media), []byte("application/json"))
}

func (s *Server) health(ctx *fasthttp.RequestCtx) {
	answer(ctx, fasthttp.StatusOK, wire.EncodeHealth(time.Now(), s.config.Version))
}

func (s *Server) status(ctx *fasthttp.RequestCtx) {
	status, err := s.config.Admin.Status(s.ctx)
	if err != nil {
		answerError(ctx, fasthttp.StatusInternalServerError, asError(err))
		return
	}
	answer(ctx, fasthttp.StatusOK, wire.EncodeStatus(status))
}

func (s *Server) metrics(ctx *fasthttp.RequestCtx) {
	m, err := s.config.Admin.Metrics(s.ctx)
	if err != nil {
		answerError(ctx, fasthttp.StatusInternalServerError, asError(err))
		return
	}
	answer(ctx, fasthttp.StatusOK, wire.EncodeMetrics(m))
}

func (s *Server) about(ctx *fasthttp.RequestCtx) {
	a, err := s.config.Admin.About(s.ctx)
	if err != nil {
		answerError(ctx, fasthttp.StatusInternalServerError, asError(err))
		return
	}
	answer(ctx, fasthttp.StatusOK, wire.EncodeAbout(a))
}

func (s *Server) stop(ctx *fasthttp.RequestCtx) {
	r, bad := wire.DecodeStop(ctx.PostBody())
	if bad != nil {
		answerError(ctx, fasthttp.StatusBadRequest, bad)
		return
	}
	if err := s.config.Admin.Stop(s.ctx, r); err != nil {
		e := asError(err)
		answerError(ctx, statusOf(e), e)
		return
	}
	answer(ctx, fasthttp.StatusOK, wire.EncodeStopAnswer())
}

func (s *Server) connections(ctx *fasthttp.RequestCtx) {
	list, err := s.config.Service.Connections(s.ctx)
	var problem *mm.Error
	if err != nil {
		problem = asError(err)
	}
	if problem != nil && len(list) == 0 {
		answerError(ctx, fasthttp.StatusInternalServerError, problem)
		return
	}
	answer(ctx, fasthttp.StatusOK, wire.EncodeConnections(list, problem))
}

func (s *Server) reset(ctx *fasthttp.RequestCtx) {
	connection, module, bad := wire.DecodeReset(ctx.PostBody(), s.config.Only)
	if bad != nil {
		answerError(ctx, fasthttp.StatusBadRequest, bad)
		return
	}
	ids, err := s.config.Admin.Reset(s.ctx, connection, module)
	if err != nil {
		e := asError(err)
		answerError(ctx, statusOf(e), e)
		return
	}
	answer(ctx, fasthttp.StatusOK, wire.EncodeResetAnswer(ids))
}

func (s *Server) cancel(ctx *fasthttp.RequestCtx) {
	id, bad := wire.DecodeCancel(ctx.PostBody())
	if bad != nil {
		answerError(ctx, fasthttp.StatusBadRequest, bad)
		return
	}
	found, err := s.config.Service.Cancel(s.ctx, id)
	if err != nil {
		e := asError(err)
		answerError(ctx, statusOf(e), e)
		return
	}
	answer(ctx, fasthttp.StatusOK, wire.EncodeCancelAnswer(found))
}

// statusOf is the HTTP status of an answer that a Service or Admin gave: 200 for all but a request that is wrong in itself.
func statusOf(err *mm.Error) int {
	switch {
	case err == nil:
		return fasthttp.StatusOK
	case err.Code == mm.BadRequest, err.Code == mm.UnknownModule:
		return fasthttp.StatusBadRequest
	case err.Code == mm.RequestConflict:
		return fasthttp.StatusConflict
	}
	return fasthttp.StatusOK
}

func asError(err error) *mm.Error {
	if e, ok := errors.AsType[*mm.Error](err); ok {
		return e
	}
	return &mm.Error{Code: mm.Internal, Message: fmt.Sprintf("mm failed: %v.", err), Executed: mm.ExecutedMaybe,
		Remedy: "Look into mm's log."}
}
