package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// EventFilter selects events of the outbox. A zero field selects all of them.
type EventFilter struct {
	Since       time.Time
	Topic, Type string
	UserID      uuid.UUID
}

// StoredEvent is an event of the outbox. PublishedAt is nil while it waits. Revision is the revision
// of its user. Raw is the CloudEvent in JSON.
type StoredEvent struct {
	Seq            int64
	ID             uuid.UUID
	Topic, Type    string
	UserID, TaskID uuid.UUID
	Revision       int64
	CreatedAt      time.Time
	PublishedAt    *time.Time
	Raw            []byte
}

// Events returns up to limit events of the outbox with a seq greater than after, in the order of
// seq.
func Events(ctx context.Context, tx pgx.Tx, f EventFilter, after int64, limit int) ([]StoredEvent, error) {
	rows, err := tx.Query(ctx, `
		SELECT seq, id, topic, type, user_id, task_id, revision, created_at, published_at, event FROM outbox
		WHERE seq > $1 AND created_at >= $2 AND ($3 = '' OR topic = $3) AND ($4 = '' OR type = $4) AND ($5 = `+noUUID+` OR user_id = $5)
		ORDER BY seq LIMIT $6`, after, f.Since, f.Topic, f.Type, f.UserID, limit)
	if err != nil {
		return nil, fmt.Errorf("query events: %w", err)
	}
	events, err := pgx.CollectRows(rows, pgx.RowToStructByPos[StoredEvent])
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

// OutboxEnd is the end of the outbox at a moment. An event up to Seq that was not committed then is of
// a transaction before Next. No transaction before Oldest is open.
type OutboxEnd struct {
	Seq          int64
	Oldest, Next int64 // transaction ids
}

// Settles reports whether every event up to the earlier end is committed by now, or never will be.
func (e OutboxEnd) Settles(earlier OutboxEnd) bool { return earlier.Next <= e.Oldest }

// ReadOutboxEnd returns the present end of the outbox. The seq is read first: the transaction that
// has taken it is then in the snapshot.
func ReadOutboxEnd(ctx context.Context, tx pgx.Tx) (end OutboxEnd, err error) {
	if end.Seq, err = LastSeq(ctx, tx); err != nil {
		return OutboxEnd{}, err
	}
	err = tx.QueryRow(ctx, `
		SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() s`).Scan(&end.Oldest, &end.Next)
	if err != nil {
		return OutboxEnd{}, fmt.Errorf("query open transactions: %w", err)
	}
	return end, nil
}
