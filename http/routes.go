package http

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/wire"
	"github.com/valyala/fasthttp"
)

// A route is one path of the API.
type route struct {
	method  string // GET, which HEAD goes with, or POST
	private bool   // on the unix socket only
	handle  fasthttp.RequestHandler
}

// routes are the paths of the API.
func (s *Server) routes() map[string]route {
	return map[string]route{
		"/health":      {"GET", false, s.health},
		"/status":      {"GET", false, s.status},
		"/connections": {"GET", false, s.connections},
		"/metrics":     {"GET", false, s.metrics},
		"/version":     {"GET", true, s.about},
		"/run":         {"POST", false, s.run},
		"/reset":       {"POST", false, s.reset},
		"/cancel":      {"POST", false, s.cancel},
		"/graph":       {"POST", false, s.graph},
		"/sign-in":     {"POST", true, s.signIn},
		"/sign-out":    {"POST", true, s.signOut},
		"/stop":        {"POST", true, s.stop},
	}
}

// find returns the route of a request's path, or why its headers do not fit there.
func (d door) find(ctx *fasthttp.RequestCtx) (route, *refusal) {
	r, ok := d.routes[string(ctx.Path())]
	switch {
	case !ok:
		return r, refuse(fasthttp.StatusNotFound, mm.BadRequest, "There are "+d.paths()+".", "There is no %.100q here.", ctx.Path())
	case r.private && d.public:
		return r, refuse(fasthttp.StatusForbidden, mm.NotEnabled, "Ask on this machine, over the socket mm.sock in mm's state folder.",
			"%s is answered over mm's unix socket only.", ctx.Path())
	case r.method == "GET" && !ctx.IsGet() && !ctx.IsHead():
		return r, wrongMethod(ctx, "GET", "GET, HEAD")
	case r.method == "POST" && !ctx.IsPost():
		return r, wrongMethod(ctx, "POST", "POST")
	case r.method == "POST":
		return r, notJSON(&ctx.Request.Header)
	}
	return r, nil
}

// paths lists what this door has, for people.
func (d door) paths() string {
	var lists []string
	for _, method := range []string{"GET", "POST"} {
		var paths []string
		for path, r := range d.routes {
			if r.method == method && !(r.private && d.public) {
				paths = append(paths, path)
			}
		}
		slices.Sort(paths)
		lists = append(lists, method+" "+strings.Join(paths, ", "))
	}
	return strings.Join(lists, " and ")
}

func wrongMethod(ctx *fasthttp.RequestCtx, method, allowed string) *refusal {
	r := refuse(fasthttp.StatusMethodNotAllowed, mm.BadRequest, "Use "+method+".", "%s does not take %.20s.", ctx.Path(), ctx.Method())
	r.key, r.header = "Allow", allowed
	return r
}

// notJSON refuses a body that its headers do not call plain JSON in UTF-8.
func notJSON(h *fasthttp.RequestHeader) *refusal {
	if n := h.ContentLength(); n == 0 || n == -2 { // no body
		return nil
	}
	if e := h.ContentEncoding(); len(e) > 0 && !bytes.EqualFold(e, []byte("identity")) {
		return refuse(fasthttp.StatusUnsupportedMediaType, mm.BadRequest, "Send it without Content-Encoding.",
			"mm does not read bodies in the encoding %.40q.", e)
	}
	media, parameters, _ := bytes.Cut(h.ContentType(), []byte(";"))
	if !bytes.EqualFold(bytes.TrimSpace(media), []byte("application/json")) {
		return refuse(fasthttp.StatusUnsupportedMediaType, mm.BadRequest,
			"Send it with the header `Content-Type: application/json`.", "The request's body is not marked as JSON.")
	}
	key, charset, _ := bytes.Cut(parameters, []byte("="))
	if bytes.EqualFold(bytes.TrimSpace(key), []byte("charset")) && !bytes.EqualFold(bytes.Trim(charset, ` "`), []byte("utf-8")) {
		return refuse(fasthttp.StatusUnsupportedMediaType, mm.BadRequest, "Send it in UTF-8.",
			"mm does not read JSON in the character set %.40q.", charset)
	}
	return nil
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

// statusOf is the HTTP status of an answer that a Service or Admin gave: 200, since what was wrong with the request itself
// was found before, for all but another request under a used id.
func statusOf(err *mm.Error) int {
	if err != nil && err.Code == mm.RequestConflict {
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
