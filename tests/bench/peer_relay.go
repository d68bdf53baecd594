package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/outbox"
	"taskmaster/internal/postgres"
)

// relayMover is the relay of this project as api runs it.
type relayMover struct{ db *postgres.DB }

func (relayMover) enqueue(ctx context.Context, tx pgx.Tx, events []event.Event) error {
	return toOutbox(ctx, tx, events)
}

func (m relayMover) start(ctx context.Context, publish outbox.Publish) (func(uuid.UUID), func() error, error) {
	relay, stop := startRelay(ctx, m.db, publish)
	return relay.Wake, stop, nil
}
