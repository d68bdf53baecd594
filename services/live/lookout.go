package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

// lookInterval is how often a new replica looks for changes itself.
const lookInterval = time.Second

// lookout tells the sockets of changes that the broker does not bring, until it has brought anything or the configured time
// has passed. A broker brings a replica that it has never seen what is published from when it knows of it, which on some is
// seconds after the replica's first clients have connected.
func (l *live) lookout(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.LookFor)
	defer cancel()
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.hub.proven:
			return
		case <-ticker.C:
		}
		// A database that is away is noticed by everything else; the next look may find it back.
		if err := l.look(ctx); err != nil && ctx.Err() == nil {
			l.log.LogAttrs(ctx, slog.LevelWarn, "cannot look for changes", slog.Any("error", err))
		}
	}
}

// look tells the sockets which revision their users have come to. Those that were told of it already do nothing.
func (l *live) look(ctx context.Context) error {
	users := l.hub.users()
	if len(users) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return l.db.InTx(ctx, func(tx pgx.Tx) error {
		revisions, err := postgres.Revisions(ctx, tx, users)
		if err != nil {
			return fmt.Errorf("look for changes: %w", err)
		}
		for userID, revision := range revisions {
			l.hub.send(userID, encoded{revision: revision})
		}
		return nil
	})
}
