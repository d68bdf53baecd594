package main

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"taskmaster/internal/outbox"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
)

// run serves requests and runs the background work until ctx is cancelled.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	db, err := postgres.OpenService(ctx, cfg.DatabaseURL, cfg.DatabaseConns)
	if err != nil {
		return err
	}
	defer db.Close()
	background, err := postgres.Open(ctx, cfg.DatabaseURL, cfg.RelayConns)
	if err != nil {
		return err
	}
	defer background.Close()
	disk := postgres.NewDisk(log)
	db.ShareDisk(disk)
	background.ShareDisk(disk)
	dapr, err := sidecar.New(cfg.DaprGRPCPort, cfg.DaprHTTPPort, cfg.DaprAPIToken)
	if err != nil {
		return err
	}
	defer dapr.Close()

	s, err := newAPI(cfg, db, log, time.Now, nil)
	if err != nil {
		return err
	}
	relay := outbox.New(outbox.Config{
		DB: background, Publish: dapr.PublishAll, Claims: cfg.RelayConns * 2 / 3, Log: log, Now: time.Now, Metrics: s.metrics,
	})
	reminders := newReminders(background, dapr, s.fireInTurn, log, s.cautious)
	reminders.verifyEvery = cfg.ReminderVerifyInterval
	s.wake = func(userID uuid.UUID) {
		relay.Wake(userID)
		reminders.wake()
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return relay.Run(ctx) })
	g.Go(func() error { return reminders.run(ctx) })
	g.Go(func() error {
		return runRetention(ctx, background, s.deliveries, cfg.RetentionInterval, log, s.cautious)
	})
	g.Go(func() error { return server.Serve(ctx, ln, s.handler(), log) })
	return g.Wait()
}
