// Package http serves the pool API: mm.Service and mm.Admin over TCP and a unix socket, in the shapes of http/wire. It
// carries and translates; what a request means is the Service's.
//
// Who may do what: the unix socket is open to whoever may open its file (0600). Over TCP the Host header must name this
// machine (against DNS rebinding), POST needs the bearer token, GET needs it too unless it comes from loopback, and
// GET /health is open. A body must be application/json, which no web page can send here without asking first.
//
// A client that goes away cancels nothing; POST /cancel does.
package http

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
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

// Limits of the server. An answer has no time limit: a command may run for 24 hours.
const (
	maxBody        = 1 << 20 // bytes of a request; a command has at most 64 KiB
	maxRead        = 4 << 20 // read of a larger one, whose client would otherwise meet a reset before the answer
	maxConnections = 8192    // per door
	readTimeout    = 30 * time.Second
	idleTimeout    = 5 * time.Minute
	lastAnswers    = time.Second // for the answers to requests that Shutdown gave up
)

// A Server is the pool API. Its methods may be called from any goroutine.
type Server struct {
	config   Config
	instance string // wire.HeaderInstance
	hosts    map[string]bool
	token    [sha256.Size]byte

	// ctx is that of all calls of Service and Admin; it ends when Shutdown gives up waiting for them.
	ctx       context.Context
	giveUp    context.CancelFunc
	tcp, unix *fasthttp.Server
	life      lifetime
}

// New makes a Server that does not listen yet.
func New(cfg Config) *Server {
	s := &Server{config: cfg, instance: rand.Text(), hosts: map[string]bool{"localhost": true}}
	s.life.ended = make(chan struct{})
	for _, h := range cfg.Hosts {
		s.hosts[strings.ToLower(h)] = true
	}
	s.token = sha256.Sum256([]byte(cfg.Token.Reveal()))
	s.ctx, s.giveUp = context.WithCancel(context.Background())
	s.unix = s.door(s.private)
	s.tcp = s.door(s.guard(s.route))
	return s
}

func (s *Server) door(handler fasthttp.RequestHandler) *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      s.recovered(handler),
		ErrorHandler:                 unreadable,
		MaxRequestBodySize:           maxRead,
		Concurrency:                  maxConnections,
		ReadTimeout:                  readTimeout,
		IdleTimeout:                  idleTimeout,
		CloseOnShutdown:              true,
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

// recovered answers a request whose handler panicked, and keeps the process alive.
func (s *Server) recovered(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		defer func() {
			if p := recover(); p != nil {
				ctx.Response.Reset()
				answerError(ctx, fasthttp.StatusInternalServerError, s.panicked(p))
			}
		}()
		ctx.Response.Header.Set(wire.HeaderInstance, s.instance)
		if !s.life.enter() {
			answerError(ctx, fasthttp.StatusServiceUnavailable, mm.Errorf(mm.ShuttingDown,
				"Ask again when it has been started anew.", "mm is shutting down."))
			return
		}
		defer s.life.leave()
		next(ctx)
	}
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

// unreadable answers what was no readable HTTP request.
func unreadable(ctx *fasthttp.RequestCtx, err error) {
	var small *fasthttp.ErrSmallBuffer
	var timeout net.Error
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		tooLarge(ctx)
	case errors.As(err, &small):
		answerError(ctx, fasthttp.StatusRequestHeaderFieldsTooLarge, mm.Errorf(mm.BadRequest,
			"Send fewer or shorter headers.", "The request's headers are too large."))
	case errors.As(err, &timeout) && timeout.Timeout():
		answerError(ctx, fasthttp.StatusRequestTimeout, mm.Errorf(mm.BadRequest,
			"Send it again.", "The request did not arrive whole within %s.", readTimeout))
	default:
		answerError(ctx, fasthttp.StatusBadRequest, mm.Errorf(mm.BadRequest,
			"Speak HTTP/1.1 to this address.", "The request could not be read."))
	}
}

func tooLarge(ctx *fasthttp.RequestCtx) {
	answerError(ctx, fasthttp.StatusRequestEntityTooLarge, mm.Errorf(mm.BadRequest,
		"Send less; a command has at most 64 KiB.", "The request is larger than 1 MiB."))
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
