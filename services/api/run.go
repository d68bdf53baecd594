package main

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"taskmaster/services/postgres"
	"taskmaster/services/server"
	"taskmaster/services/sidecar"
)

// run serves until ctx ends.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	db, err := postgres.Open(ctx, cfg.DatabaseURL, cfg.DatabaseConns)
	if err != nil {
		return err
	}
	defer db.Close()
	background, err := postgres.Open(ctx, cfg.DatabaseURL, cfg.RelayConns)
	if err != nil {
		return err
	}
	defer background.Close()
	dapr, err := sidecar.New(cfg.DaprGRPCPort, cfg.DaprAPIToken)
	if err != nil {
		return err
	}
	defer dapr.Close()

	a, err := newAPI(cfg, db, log, time.Now, func(uuid.UUID) {})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return server.Serve(ctx, ln, a.handler(), log) })
	return g.Wait()
}
