package http

import (
	"errors"
	"net"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/valyala/fasthttp"
)

// A refusal is why a request goes no further, as it is answered.
type refusal struct {
	status      int
	err         *mm.Error
	key, header string // a header that belongs to the status; may be empty
	close       bool   // the connection is of no further use
}

func (r *refusal) answer(ctx *fasthttp.RequestCtx) {
	if r.key != "" {
		ctx.Response.Header.Set(r.key, r.header)
	}
	if r.close {
		ctx.SetConnectionClose()
	}
	answerError(ctx, r.status, r.err)
}

func refuse(status int, code mm.Code, remedy, format string, args ...any) *refusal {
	return &refusal{status: status, err: mm.Errorf(code, remedy, format, args...)}
}

func tooLarge(limit int) *refusal {
	return refuse(fasthttp.StatusRequestEntityTooLarge, mm.BadRequest,
		"Send less; a command has at most 64 KiB.", "The request is larger than %d MiB.", limit>>20)
}

func tooMany() *refusal {
	r := refuse(fasthttp.StatusServiceUnavailable, mm.Busy,
		"Close those that are not needed, and ask again.", "mm has as many connections open as it takes.")
	r.err.RetryAfter = time.Second
	r.close = true
	return r
}

func shuttingDown() *refusal {
	r := refuse(fasthttp.StatusServiceUnavailable, mm.ShuttingDown,
		"Ask again when it has been started anew.", "mm is shutting down.")
	r.close = true
	return r
}

func otherVersion(protocol string) *refusal {
	r := refuse(fasthttp.StatusHTTPVersionNotSupported, mm.BadRequest, "Speak HTTP/1.1 to this address.", "mm does not speak %s.", protocol)
	r.close = true
	return r
}

// unreadable answers what was no readable HTTP request.
func (s *Server) unreadable(ctx *fasthttp.RequestCtx, err error) {
	s.begin(ctx).linger()
	s.misread(err).answer(ctx)
}

// misread says what is wrong with a request that fasthttp could not read because of err.
func (s *Server) misread(err error) *refusal {
	if errors.Is(err, fasthttp.ErrBodyTooLarge) {
		return tooLarge(s.limits.body)
	}
	if _, ok := errors.AsType[*fasthttp.ErrSmallBuffer](err); ok {
		return refuse(fasthttp.StatusRequestHeaderFieldsTooLarge, mm.BadRequest,
			"Send fewer or shorter headers.", "The request's headers are larger than %d KiB.", s.limits.header>>10)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return refuse(fasthttp.StatusRequestTimeout, mm.BadRequest,
			"Send it again.", "The request did not arrive whole within %s.", s.limits.read)
	}
	return refuse(fasthttp.StatusBadRequest, mm.BadRequest,
		"Speak HTTP/1.1 to this address.", "The request could not be read.")
}
