package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"taskmaster/services/server"
)

// web is the service.
type web struct {
	cfg     config
	log     *slog.Logger
	now     func() time.Time
	trusted []netip.Prefix
	// addresses and credentials limit requests by who sends them; nil is no limit.
	addresses, credentials *server.Limiter
	transport              *http.Transport
	// stopping ends when what streams has to end; streams counts what has not.
	stopping context.Context
	streams  sync.WaitGroup
}

// run serves until ctx ends.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	trusted, err := server.ParsePrefixes(cfg.TrustedProxies)
	if err != nil {
		return fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	w := &web{
		cfg: cfg, log: log, now: time.Now, trusted: trusted,
		addresses: newLimiter(cfg.RatePerMinuteAddress), credentials: newLimiter(cfg.RatePerMinuteUser),
		transport: newTransport(), stopping: ctx,
	}
	defer w.transport.CloseIdleConnections()
	if ln, err = w.listenTLS(ln); err != nil {
		return err
	}
	handler, err := w.handler()
	if err != nil {
		return err
	}
	// The server does not wait for what has become a WebSocket.
	defer w.streams.Wait()
	return server.Serve(ctx, ln, handler, log)
}
