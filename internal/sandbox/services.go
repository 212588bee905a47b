package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// services are the sandbox's listeners with what they serve.
type services struct {
	log     *slog.Logger
	servers []*http.Server
	serving sync.WaitGroup // the servers' goroutines
	busy    sync.RWMutex   // read-locked by each request that is being answered
}

// listen opens a listener on loopback.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox: it cannot listen: %w", err)
	}
	return l, nil
}

// serve answers on the listener until stop; over TLS where there is a certificate.
func (s *services) serve(name string, l net.Listener, certificate *tls.Certificate, h http.Handler) {
	server := &http.Server{
		Handler:           s.counted(h),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute, // an upload
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // clients that go away, or do not trust us
	}
	s.servers = append(s.servers, server)
	s.serving.Go(func() {
		var err error
		if certificate == nil {
			err = server.Serve(l)
		} else {
			server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
			err = server.ServeTLS(l, "", "")
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("a stand-in of the sandbox stopped", "stand-in", name, "error", err)
		}
	})
}

// counted keeps stop from returning while a request is being answered.
func (s *services) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.busy.RLock()
		defer s.busy.RUnlock()
		h.ServeHTTP(w, r)
	})
}

// close breaks all connections off.
func (s *services) close() error {
	var all []error
	for _, server := range s.servers {
		all = append(all, server.Close())
	}
	return errors.Join(all...)
}

// stop breaks all connections off and waits until nothing of ours runs any more.
func (s *services) stop() error {
	err := s.close()
	s.serving.Wait()
	s.busy.Lock() // comes when all answers have ended
	defer s.busy.Unlock()
	return err
}
