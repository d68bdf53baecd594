package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/health"
	"taskmaster/internal/postgres"
)

// startupPollInterval is the time between two polls of a new replica.
const startupPollInterval = time.Second

// pollAtStartup polls the database for changes until the broker delivers its first event or the
// configured time has passed. A broker delivers to a new replica only events that are published
// after it registers the replica. With some brokers that is seconds after the first clients
// connect.
func (l *live) pollAtStartup(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.LookFor)
	defer cancel()
	poller := health.New("startup poll", l.log, l.now)
	ticker := time.NewTicker(startupPollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.hub.delivering:
			return
		case <-ticker.C:
		}
		poller.Report(ctx, l.poll(ctx))
	}
}

// poll sends all users' revisions to their sockets. A socket with that revision ignores it.
func (l *live) poll(ctx context.Context) error {
	users := l.hub.users()
	if len(users) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return l.db.InTx(ctx, func(tx pgx.Tx) error {
		revisions, err := postgres.Revisions(ctx, tx, users)
		if err != nil {
			return fmt.Errorf("poll for changes: %w", err)
		}
		for userID, revision := range revisions {
			l.hub.send(userID, encoded{revision: revision})
		}
		return nil
	})
}
