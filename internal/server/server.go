// Package server contains the HTTP side that all services share: start and stop, handlers that
// return errors, strict JSON, problem+json, health, metrics and access.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// DrainTimeout is how long requests may continue after the stop.
const DrainTimeout = 10 * time.Second

// partingTime is the part of DrainTimeout in which the server asks clients to close their
// connections. It closes idle connections only afterwards. A client whose connection is closed just
// as it sends a request gets no answer.
const partingTime = time.Second

// Serve answers requests on ln until ctx is cancelled. It then lets running requests finish for at
// most DrainTimeout, and returns nil.
func Serve(ctx context.Context, ln net.Listener, handler http.Handler, log *slog.Logger) error {
	var leaving atomic.Bool
	s := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if leaving.Load() {
				w.Header().Set("Connection", "close")
			}
			handler.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), DrainTimeout)
		defer cancel()
		leaving.Store(true)
		time.Sleep(partingTime)
		if err := s.Shutdown(stop); err != nil {
			return fmt.Errorf("drain %s: %w", ln.Addr(), errors.Join(err, s.Close()))
		}
		return nil
	})
	return g.Wait()
}
