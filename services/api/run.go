package main

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"taskmaster/internal/clock"
	"taskmaster/internal/event"
	"taskmaster/internal/idle"
	"taskmaster/internal/outbox"
	"taskmaster/internal/postgres"
	"taskmaster/internal/reminder"
	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/telemetry"
)

// sidecarStart bounds the wait of the relay and the reminders for the sidecar at a start. Without
// the wait, every start with pending events logs an outage. A sidecar takes two seconds, and half a
// minute on a very busy machine.
const sidecarStart = time.Minute

// run serves requests and runs the background work until ctx is cancelled.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	tel, err := telemetry.New(ctx, cfg.Telemetry("api", log))
	if err != nil {
		return err
	}
	defer tel.Close(ctx)
	db, err := postgres.OpenService(ctx, cfg.DatabaseURL, cfg.DatabaseConns, postgres.WithTracer(tel.QueryTracer()))
	if err != nil {
		return err
	}
	defer db.Close()
	background, err := postgres.Open(ctx, cfg.DatabaseURL, cfg.RelayConns, postgres.WithTracer(tel.QueryTracer()))
	if err != nil {
		return err
	}
	defer background.Close()
	disk := postgres.NewDisk(log)
	db.ShareDisk(disk)
	background.ShareDisk(disk)
	activity := idle.New(cfg.DatabaseSleepsAfter)
	if activity != nil {
		db.Sleeps(activity.Touch)
		background.Sleeps(func() {})
	}
	dapr, err := sidecar.New(cfg.DaprGRPCPort, cfg.DaprHTTPPort, cfg.DaprAPIToken)
	if err != nil {
		return err
	}
	defer dapr.Close()

	applied := sidecar.NewApplied(cfg.DaprHTTPPort, cfg.DaprAPIToken, log, cfg.DaprComponents, event.TopicDeadLetters)

	metrics, clk := tel.Metrics(), clock.New(time.Now, background.Now)
	metrics.MustRegister(db.Metrics("requests"), background.Metrics("background"), newPendingEvents(ctx, background, activity))
	relay := outbox.New(outbox.Config{
		DB: background, Publish: dapr.PublishAll, Claims: cfg.RelayConns * 2 / 3, Log: log, Now: time.Now, Metrics: metrics, Idle: activity,
		Telemetry: tel,
	})
	awaitSidecar := func(ctx context.Context) { dapr.AwaitStart(ctx, sidecarStart) }
	reminders := reminder.New(reminder.Config{
		DB: background, FireDB: db, Jobs: dapr, AwaitJobs: awaitSidecar, Clock: clk, Fired: relay.Wake, Log: log,
		VerifyInterval: cfg.ReminderVerifyInterval, Idle: activity, Metrics: metrics,
	})
	wake := func(userID uuid.UUID) {
		relay.Wake(userID)
		reminders.Wake()
	}
	waker := newNotifierWaker(dapr.Invoke, log)
	deliveriesQueued := func() {}
	if activity != nil {
		deliveriesQueued = waker.wake
	}
	s, err := newService(cfg, dependencies{
		db: db, log: log, telemetry: tel, now: time.Now, clock: clk, metrics: metrics, wake: wake, fireReminder: reminders.Fire, applied: applied,
		idle: activity, deliveriesQueued: deliveriesQueued,
	})
	if err != nil {
		return err
	}
	if cfg.ChannelKeys == "" {
		log.Warn("secrets of webhooks and browsers are stored in clear: CHANNEL_KEYS is not set")
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		awaitSidecar(ctx)
		applied.Await(ctx) // the relay must not publish to the broker of the installation before
		return relay.Run(ctx)
	})
	g.Go(func() error { return reminders.Run(ctx) })
	g.Go(func() error { return s.runRetention(ctx, background) })
	g.Go(func() error { return waker.run(ctx) })
	g.Go(func() error { return server.Serve(ctx, ln, s.handler(), log) })
	return g.Wait()
}
