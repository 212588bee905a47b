// Package http serves the pool API: mm.Service and mm.Admin over TCP and a unix socket, in the shapes of http/wire. It
// carries and translates; what a request means is the Service's.
//
// Who may do what: the unix socket is open to whoever may open its file (0600). Over TCP the Host header must name this
// machine (against DNS rebinding), an Origin must be this address (against other pages of a browser), POST needs the bearer
// token, GET needs it too unless it comes from loopback, and GET /health is open. A body must be application/json, which no
// web page can send here without asking first. /version and /stop are on the unix socket only.
//
// A client that goes away cancels nothing; POST /cancel does. Every request is answered in JSON, also what is none; limits
// bounds what clients may use.
package http

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/http/wire"
	"github.com/valyala/fasthttp"
)

// Config is what a Server needs.
type Config struct {
	Service mm.Service
	Admin   mm.Admin
	// RequireToken asks for Token over TCP. With an empty Token nothing passes that needs one.
	RequireToken bool
	Token        mm.Secret
	// TokenPath is where people find the token; it is named in the remedy of a refusal.
	TokenPath string
	// Hosts are the names besides localhost under which clients may address this machine, without port.
	Hosts []string
	// Only is the one connection that this server has, in place of what /run and /reset say; empty: all of the registry.
	Only    string
	Version string
	Log     *slog.Logger
}

// A Server is the pool API. Its methods may be called from any goroutine.
type Server struct {
	config   Config
	limits   limits
	instance string // wire.HeaderInstance
	hosts    map[string]bool
	token    [sha256.Size]byte

	// ctx is that of all calls of Service and Admin; it ends when Shutdown gives up waiting for them.
	ctx       context.Context
	giveUp    context.CancelFunc
	tcp, unix *fasthttp.Server
	life      lifetime
	conns     *conns
}

// New makes a Server that does not listen yet.
func New(cfg Config) *Server { return newServer(cfg, defaultLimits) }

func newServer(cfg Config, l limits) *Server {
	s := &Server{config: cfg, limits: l, instance: rand.Text(), hosts: map[string]bool{"localhost": true}, conns: newConns()}
	s.life.ended = make(chan struct{})
	for _, h := range cfg.Hosts {
		s.hosts[strings.ToLower(h)] = true
	}
	s.token = sha256.Sum256([]byte(cfg.Token.Reveal()))
	s.ctx, s.giveUp = context.WithCancel(context.Background())
	routes := s.routes()
	s.unix = s.fasthttp(door{server: s, routes: routes})
	s.tcp = s.fasthttp(door{server: s, routes: routes, public: true})
	return s
}

func (s *Server) fasthttp(d door) *fasthttp.Server {
	return &fasthttp.Server{
		Handler:            d.handle,
		ExpectHandler:      d.expect,
		ErrorHandler:       s.unreadable,
		ConnState:          s.connState,
		MaxRequestBodySize: s.limits.body,
		ReadBufferSize:     s.limits.header,
		// The listener counts connections. fasthttp counts those too that were closed a moment ago.
		Concurrency:                  2 * (s.limits.connections + s.limits.crowd),
		ReadTimeout:                  s.limits.read,
		IdleTimeout:                  s.limits.idle,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		DisablePreParseMultipartForm: true,
		Logger:                       quietLogger{s.config.Log},
	}
}

// ServeTCP serves on ln until Shutdown, and then returns ErrClosed.
func (s *Server) ServeTCP(ln net.Listener) error { return s.serve(s.tcp, ln) }

// ServeUnix serves on ln, without a token, until Shutdown, and then returns ErrClosed.
func (s *Server) ServeUnix(ln net.Listener) error { return s.serve(s.unix, ln) }

// connState notes when a request begins to arrive, and when its answer has left.
func (s *Server) connState(plain net.Conn, state fasthttp.ConnState) {
	c := plain.(*conn)
	c.reading = state == fasthttp.StateActive
	if state == fasthttp.StateIdle {
		s.conns.answered(c)
	}
}

// begin prepares the answer to a request, or to what was none.
func (s *Server) begin(ctx *fasthttp.RequestCtx) *conn {
	c := ctx.Conn().(*conn)
	s.conns.answering(c)
	if ctx.Request.Header.ConnectionClose() {
		c.linger()
	}
	ctx.Response.Header.Set(wire.HeaderInstance, s.instance)
	// Makes fasthttp send this answer before it begins with a request that was sent behind it, which may take hours.
	_ = ctx.SetWriteDeadline(time.Time{})
	return c
}

// panicked logs a panic and returns the error that its request is answered with.
func (s *Server) panicked(p any) *mm.Error {
	s.config.Log.Error("panic in the API", "panic", p, "stack", string(debug.Stack()))
	return &mm.Error{
		Code:     mm.Internal,
		Message:  "A defect of mm ended this request.",
		Remedy:   "Look into mm's log for its stack and report it.",
		Executed: mm.ExecutedMaybe,
	}
}

func answer(ctx *fasthttp.RequestCtx, status int, body []byte) {
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.Response.SetBodyRaw(body)
}

func answerError(ctx *fasthttp.RequestCtx, status int, err *mm.Error) {
	answer(ctx, status, wire.EncodeError(err))
}

// quietLogger takes what fasthttp reports, which is about single connections, at level debug.
type quietLogger struct{ log *slog.Logger }

func (q quietLogger) Printf(format string, args ...any) {
	q.log.Debug("http", "detail", fmt.Sprintf(format, args...))
}
