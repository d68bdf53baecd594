// Package server is what every service's HTTP side shares: serving and stopping, handlers that return errors, strict JSON
// in and out, problem+json, health and metrics, and who may call.
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

// DrainTimeout is how long requests under way may go on after the server is told to stop.
const DrainTimeout = 10 * time.Second

// partingTime is how long, of that, clients are asked to leave before the connections that are idle are closed. A connection that
// is closed just as a request comes in on it leaves its client without an answer.
const partingTime = time.Second

// Serve answers requests on ln until ctx ends, then lets those under way finish for at most DrainTimeout. It returns nil
// after such a stop.
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
