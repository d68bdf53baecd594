package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"taskmaster/internal/delivery"
	"taskmaster/internal/idle"
	"taskmaster/internal/postgres"
	"taskmaster/internal/seal"
	"taskmaster/internal/server"
	"taskmaster/internal/telemetry"
)

// notifier holds the dependencies of the routes.
type notifier struct {
	cfg      config
	db       *postgres.DB
	queue    *delivery.Queue
	log      *slog.Logger
	tel      *telemetry.Telemetry
	now      func() time.Time
	registry *prometheus.Registry
	panics   prometheus.Counter
	// idle is nil if the database does not sleep.
	idle *idle.Monitor
}

// run serves until ctx is cancelled. It then lets running attempts finish.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	return runWith(ctx, cfg, defaultTiming, ln, log)
}

func runWith(ctx context.Context, cfg config, timing timing, ln net.Listener, log *slog.Logger) error {
	tel, err := telemetry.New(ctx, cfg.Telemetry("notifier", log))
	if err != nil {
		return err
	}
	defer tel.Close(ctx)
	mails, err := newPostman(cfg)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	senders, err := newSenders(cfg, mails)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	keys, err := seal.ParseKeys(cfg.ChannelKeys)
	if err != nil {
		return fmt.Errorf("configuration: CHANNEL_KEYS: %w", err)
	}
	db, err := postgres.OpenService(ctx, cfg.DatabaseURL, cfg.DatabaseConns, postgres.WithTracer(tel.QueryTracer()))
	if err != nil {
		return err
	}
	defer db.Close()
	db.ShareDisk(postgres.NewDisk(log))
	// The queue has connections of its own. Neither many events nor many attempts can keep it from
	// working.
	queueDB, err := postgres.Open(ctx, cfg.DatabaseURL, cfg.QueueConns)
	if err != nil {
		return err
	}
	defer queueDB.Close()
	activity := idle.New(cfg.DatabaseSleepsAfter)
	if activity != nil {
		db.Sleeps(activity.Touch)
		queueDB.Sleeps(func() {})
	}
	queue, err := delivery.NewQueue()
	if err != nil {
		return err
	}

	n := &notifier{cfg: cfg, db: db, queue: queue, log: log, tel: tel, now: time.Now, registry: tel.Metrics(), idle: activity}
	n.registry.MustRegister(db.Metrics("requests"), queueDB.Metrics("queue"))
	n.panics = server.NewPanics(n.registry)
	wk := newWorker(db, queue, cfg.DatabaseConns, senders, keys, mails, timing, newMetrics(n.registry), log)
	wk.tel = tel
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return work(ctx, queueDB, wk, activity, log) })
	g.Go(func() error { return server.Serve(ctx, ln, n.handler(), log) })
	return g.Wait()
}

// newSenders returns the sender of each kind of channel.
func newSenders(cfg config, mails *postman) (map[string]sender, error) {
	allowed, err := server.ParsePrefixes(cfg.WebhookAllowNetworks)
	if err != nil {
		return nil, fmt.Errorf("WEBHOOK_ALLOW_NETWORKS: %w", err)
	}
	client := newOutbound(allowed)
	push, err := newPush(cfg, client)
	if err != nil {
		return nil, err
	}
	return map[string]sender{
		postgres.ChannelWebhook: newWebhook(client),
		postgres.ChannelWebPush: push,
		postgres.ChannelEmail:   mails.reminder,
	}, nil
}
