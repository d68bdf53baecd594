package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"taskmaster/internal/conversation"
	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/telemetry"
)

// assistant is the service.
type assistant struct {
	cfg     config
	log     *slog.Logger
	tel     *telemetry.Telemetry
	now     func() time.Time
	http    *http.Client
	origins *server.Origins
	trusted []netip.Prefix
	history *conversation.Store
	turns   *turns
	applied *sidecar.Applied
	// degraded is set while the state store is away.
	degraded atomic.Bool
	// answered measures turns.
	answered *prometheus.HistogramVec
}

func newAssistant(cfg config, state conversation.State, log *slog.Logger, tel *telemetry.Telemetry, now func() time.Time) (*assistant, error) {
	origins, err := server.NewOrigins(cfg.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("PUBLIC_URL: %w", err)
	}
	trusted, err := server.ParsePrefixes(cfg.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	transport, err := newUpstream(cfg.APIURLs)
	if err != nil {
		return nil, err
	}
	return &assistant{
		cfg: cfg, log: log, tel: tel, now: now, http: &http.Client{Transport: tel.Transport(transport)}, origins: origins, trusted: trusted,
		history: conversation.New(state, now), turns: newTurns(cfg.TurnsPerDay, now),
		applied: sidecar.NewApplied(cfg.DaprHTTPPort, cfg.DaprAPIToken, log, cfg.DaprComponents),
		answered: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "taskmaster_chat_turn_duration_seconds", Help: "Duration of turns of the assistant in seconds, by outcome.",
			Buckets: []float64{.05, .1, .5, 1, 5, 30},
		}, []string{"outcome"}),
	}, nil
}

// run serves until ctx is cancelled. Running turns end first: each has a timeout.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	tel, err := telemetry.New(ctx, cfg.Telemetry("assistant", log))
	if err != nil {
		return err
	}
	defer tel.Close(ctx)
	dapr, err := sidecar.New(cfg.DaprGRPCPort, cfg.DaprHTTPPort, cfg.DaprAPIToken)
	if err != nil {
		return err
	}
	defer dapr.Close()
	a, err := newAssistant(cfg, dapr, log, tel, time.Now)
	if err != nil {
		return err
	}
	defer a.http.CloseIdleConnections()
	return server.Serve(ctx, ln, a.routes(), log)
}
