package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"taskmaster/internal/idle"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/telemetry"
)

// spareConns is the number of database connections that history leaves to authentication and
// heartbeats.
const spareConns = 2

// live is the service.
type live struct {
	cfg config
	db  *postgres.DB
	// idle is nil if the database does not sleep.
	idle *idle.Monitor
	log  *slog.Logger
	// telemetry may be nil in tests.
	telemetry *telemetry.Telemetry
	now       func() time.Time
	origins   *server.Origins
	hub       *hub
	history   *history
	// stopping is closed when sockets must close. sockets counts the open ones.
	stopping <-chan struct{}
	sockets  sync.WaitGroup
}

// run serves until ctx is cancelled. It then closes all sockets with "going away" and waits for
// them.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	tel, err := telemetry.New(ctx, cfg.Telemetry("live", log))
	if err != nil {
		return err
	}
	defer tel.Close(ctx)
	db, err := postgres.OpenService(ctx, cfg.DatabaseURL, cfg.DatabaseConns, postgres.WithTracer(tel.QueryTracer()))
	if err != nil {
		return err
	}
	defer db.Close()
	origins, err := server.NewOrigins(cfg.AllowedOrigins...)
	if err != nil {
		return fmt.Errorf("ALLOWED_ORIGINS: %w", err)
	}
	db.ShareDisk(postgres.NewDisk(log))
	activity := idle.New(cfg.DatabaseSleepsAfter)
	if activity != nil {
		db.Sleeps(func() {}) // the heartbeats' transactions are no activity
	}
	l := &live{
		cfg: cfg, db: db, idle: activity, log: log, telemetry: tel, now: time.Now, origins: origins,
		hub:      newHub(cfg.MaxSockets, cfg.MaxSocketsPerUser, activity),
		history:  newHistory(db, cfg.DatabaseConns-spareConns),
		stopping: ctx.Done(),
	}
	polling, stopPolling := context.WithCancel(ctx)
	var poller sync.WaitGroup
	poller.Go(func() { l.pollAtStartup(polling) })
	defer func() {
		stopPolling()
		poller.Wait()
	}()
	// The server does not wait for WebSockets. Every step of a socket has a timeout, so this wait
	// ends.
	defer l.sockets.Wait()
	return server.Serve(ctx, ln, l.routes(), log)
}
