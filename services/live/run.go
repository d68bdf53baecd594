package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
)

// spareConns is how many database connections are left to authentication and heartbeats while all turns of history are
// taken.
const spareConns = 2

// live is the service.
type live struct {
	cfg     config
	db      *postgres.DB
	log     *slog.Logger
	now     func() time.Time
	origins *server.Origins
	hub     *hub
	history *history
	// stopping ends when sockets have to close; sockets counts those that have not.
	stopping <-chan struct{}
	sockets  sync.WaitGroup
}

// run serves until ctx ends, then tells every socket that it goes away and waits for them.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	db, err := postgres.OpenService(ctx, cfg.DatabaseURL, cfg.DatabaseConns)
	if err != nil {
		return err
	}
	defer db.Close()
	origins, err := server.NewOrigins(cfg.AllowedOrigins...)
	if err != nil {
		return fmt.Errorf("ALLOWED_ORIGINS: %w", err)
	}
	db.ShareDisk(postgres.NewDisk(log))
	l := &live{
		cfg: cfg, db: db, log: log, now: time.Now, origins: origins,
		hub:      newHub(cfg.MaxSockets, cfg.MaxSocketsPerUser),
		history:  newHistory(db, cfg.DatabaseConns-spareConns),
		stopping: ctx.Done(),
	}
	looking, lookNoMore := context.WithCancel(ctx)
	var lookout sync.WaitGroup
	lookout.Go(func() { l.lookout(looking) })
	defer func() {
		lookNoMore()
		lookout.Wait()
	}()
	// The server does not wait for what has become a WebSocket. Each step of one is bounded in time, so this ends.
	defer l.sockets.Wait()
	return server.Serve(ctx, ln, l.routes(), log)
}
