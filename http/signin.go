package http

import (
	"time"

	"github.com/microsoft-master/mm/http/wire"
	"github.com/valyala/fasthttp"
)

func (s *Server) signIn(ctx *fasthttp.RequestCtx) {
	order, bad := wire.DecodeSignIn(ctx.PostBody())
	if bad != nil {
		answerError(ctx, fasthttp.StatusBadRequest, bad)
		return
	}
	status, err := s.config.Admin.SignIn(s.ctx, order)
	if err != nil {
		e := asError(err)
		answerError(ctx, statusOf(e), e)
		return
	}
	answer(ctx, fasthttp.StatusOK, wire.EncodeSignInAnswer(status, time.Now()))
}

func (s *Server) signOut(ctx *fasthttp.RequestCtx) {
	connection, bad := wire.DecodeSignOut(ctx.PostBody())
	if bad != nil {
		answerError(ctx, fasthttp.StatusBadRequest, bad)
		return
	}
	was, err := s.config.Admin.SignOut(s.ctx, connection)
	if err != nil {
		e := asError(err)
		answerError(ctx, statusOf(e), e)
		return
	}
	answer(ctx, fasthttp.StatusOK, wire.EncodeSignOutAnswer(was))
}
