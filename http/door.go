package http

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"

	mm "github.com/microsoft-master/mm"
	"github.com/valyala/fasthttp"
)

// A door is one way to the API: the public one over TCP, or the private one over the unix socket.
type door struct {
	server *Server
	routes map[string]route
	public bool
}

// handle answers a request, and keeps the process alive where that panics.
func (d door) handle(ctx *fasthttp.RequestCtx) {
	s := d.server
	c := s.begin(ctx)
	if !s.life.enter() {
		shuttingDown().answer(ctx)
		return
	}
	defer s.life.leave()
	defer func() {
		if p := recover(); p != nil {
			ctx.Response.Reset()
			s.begin(ctx)
			answerError(ctx, fasthttp.StatusInternalServerError, s.panicked(p))
		}
		if s.life.isClosed() {
			ctx.SetConnectionClose()
		}
	}()
	r, no := d.admit(c, ctx)
	if no != nil {
		no.answer(ctx)
		return
	}
	r.handle(ctx)
}

// expect decides by its headers over a request whose client asks before it sends the body. Only a refusal writes into the
// response: where the request goes on, fasthttp keeps what is in it for the handler.
func (d door) expect(ctx *fasthttp.RequestCtx) int {
	c := d.server.begin(ctx)
	_, no := d.admit(c, ctx)
	if no == nil && ctx.Request.Header.ContentLength() > d.server.limits.body {
		no = tooLarge(d.server.limits.body)
	}
	if no == nil {
		return fasthttp.StatusContinue
	}
	c.linger()
	no.answer(ctx)
	return no.status
}

// admit finds the route of a request by its headers, or why there is none for it.
func (d door) admit(c *conn, ctx *fasthttp.RequestCtx) (route, *refusal) {
	if c.crowded {
		c.linger()
		return route{}, tooMany()
	}
	if p := string(ctx.Request.Header.Protocol()); p != "HTTP/1.1" && p != "HTTP/1.0" {
		c.linger()
		return route{}, otherVersion(p)
	}
	if d.public {
		if no := d.server.guard(ctx); no != nil {
			return route{}, no
		}
	}
	return d.find(ctx)
}

// guard refuses requests of TCP that do not name this machine as their host, come from a page of a browser, or lack the token
// where it is needed.
func (s *Server) guard(ctx *fasthttp.RequestCtx) *refusal {
	h := &ctx.Request.Header
	// The target of a request can name a host too. No browser leaves Host out, but probes that speak HTTP/1.0 do.
	for _, host := range [][]byte{h.Host(), ctx.URI().Host()} {
		if len(host) > 0 && !hostAllowed(string(host), ctx.LocalAddr(), s.hosts) {
			return refuse(fasthttp.StatusForbidden, mm.Unauthorized,
				"Use http://localhost or http://127.0.0.1 with mm's port, or add the name to the names that mm serves.",
				"mm does not serve the host name %.100q (a guard against DNS rebinding).", host)
		}
	}
	for _, origin := range h.PeekAll("Origin") {
		if !sameOrigin(string(origin), string(h.Host())) {
			return refuse(fasthttp.StatusForbidden, mm.Unauthorized,
				"Ask from a program; mm answers no web page.",
				"The request comes from a page of %.100q in a browser.", origin)
		}
	}
	if s.config.RequireToken && needsToken(ctx) && !s.tokenMatches(h.Peek("Authorization")) {
		r := refuse(fasthttp.StatusUnauthorized, mm.Unauthorized,
			"Send the header `Authorization: Bearer TOKEN`; TOKEN is the content of "+s.config.TokenPath+".",
			"This request needs mm's token.")
		r.key, r.header = "WWW-Authenticate", "Bearer"
		return r
	}
	return nil
}

// needsToken: all but GET /health, and GET from this machine.
func needsToken(ctx *fasthttp.RequestCtx) bool {
	if !ctx.IsGet() && !ctx.IsHead() {
		return true
	}
	return string(ctx.Path()) != "/health" && !ctx.RemoteIP().IsLoopback()
}

// tokenMatches takes the same time for every token.
func (s *Server) tokenMatches(header []byte) bool {
	scheme, token, ok := bytes.Cut(header, []byte(" "))
	sum := sha256.Sum256(bytes.TrimSpace(token))
	same := subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1
	return ok && same && bytes.EqualFold(scheme, []byte("bearer")) && s.config.Token.Reveal() != ""
}
