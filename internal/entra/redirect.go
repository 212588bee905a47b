package entra

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A redirect is the port of this machine to which Entra sends the browser.
type redirect struct {
	address string // http://localhost:41234
	got     chan comeback
	server  *http.Server
}

// listen opens a port on loopback and waits for the browser that brings the state. Others are shown a page that says so.
func listen(ctx context.Context, state string, log *slog.Logger) (*redirect, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, mm.Errorf(mm.SignInFailed, "Sign in with a device code instead.", "No port of this machine can be opened for the browser: %v.", err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	r := &redirect{address: "http://localhost:" + port, got: make(chan comeback, 1)}
	r.server = &http.Server{Handler: r.handler(state, log), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: 10 * time.Second, MaxHeaderBytes: 1 << 16, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	listeners := []net.Listener{l}
	if six, err := c.Listen(ctx, "tcp6", "[::1]:"+port); err == nil { // what localhost means to some browsers
		listeners = append(listeners, six)
	}
	for _, l := range listeners {
		go func() { _ = r.server.Serve(l) }() // ends with close
	}
	return r, nil
}

func (r *redirect) handler(state string, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, req *http.Request) {
		got, ok := readComeback(req.URL.Query(), state)
		switch {
		case !ok:
			log.Warn("a browser came to the sign-in's port with the answer to another one")
			show(w, http.StatusBadRequest, "This is not the answer to the sign-in that mm waits for. Start from the address that mm showed last.")
			return
		case got.refused != nil:
			show(w, http.StatusOK, "The sign-in was not completed. mm says why. You can close this window.")
		default:
			show(w, http.StatusOK, "That is all here. You can close this window; mm goes on.")
		}
		select {
		case r.got <- got:
		default: // a browser that comes twice
		}
	})
	return mux
}

// show answers with a page that has nothing of the request.
func show(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Connection", "close")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `<!doctype html><meta charset="utf-8"><title>Microsoft Master</title>`+
		`<body style="font:16px system-ui,sans-serif;max-width:40em;margin:4em auto;padding:0 1em"><h1 style="font-size:1.3em">Microsoft Master</h1><p>`+
		text+"</p>\n") // the browser went away: nobody to tell
}

// close gives the browser a second for its page, and closes the port.
func (r *redirect) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if r.server.Shutdown(ctx) != nil {
		_ = r.server.Close()
	}
}
