package http

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/netip"
	"strings"

	mm "github.com/microsoft-master/mm"
	"github.com/valyala/fasthttp"
)

// guard lets those requests of TCP through that name this machine as their host and bring the token where it is needed.
func (s *Server) guard(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		if !s.hostAllowed(string(ctx.Request.Header.Host()), ctx.LocalAddr()) {
			answerError(ctx, fasthttp.StatusForbidden, mm.Errorf(mm.Unauthorized,
				"Use http://localhost or http://127.0.0.1 with mm's port, or add the name to the names that mm serves.",
				"mm does not serve the host name %.100q (a guard against DNS rebinding).", ctx.Request.Header.Host()))
			return
		}
		if s.config.RequireToken && s.needsToken(ctx) && !s.tokenMatches(ctx.Request.Header.Peek("Authorization")) {
			ctx.Response.Header.Set("WWW-Authenticate", "Bearer")
			answerError(ctx, fasthttp.StatusUnauthorized, mm.Errorf(mm.Unauthorized,
				"Send the header `Authorization: Bearer TOKEN`; TOKEN is the content of "+s.config.TokenPath+".",
				"This request needs mm's token."))
			return
		}
		next(ctx)
	}
}

// needsToken: all but GET /health, and GET from this machine.
func (s *Server) needsToken(ctx *fasthttp.RequestCtx) bool {
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

// hostAllowed reports whether the Host header names this machine: localhost, a loopback address, the address that the
// connection came in at, or a configured name. A page that rebinds its own name to this machine cannot send any of these.
func (s *Server) hostAllowed(host string, local net.Addr) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if s.hosts[name] {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	if err != nil {
		return false
	}
	if addr.IsLoopback() {
		return true
	}
	tcp, ok := local.(*net.TCPAddr)
	return ok && addr.Unmap() == tcp.AddrPort().Addr().Unmap()
}
