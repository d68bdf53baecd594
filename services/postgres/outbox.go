package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/services/event"
)

// Shards is how many parts the outbox has; each is published by one publisher at a time, in order.
const Shards = 16

// Shard returns the part of the outbox that holds a user's events.
func Shard(userID uuid.UUID) int {
	h := fnv.New32a()
	h.Write(userID[:])
	return int(h.Sum32() % Shards)
}

// shardLock is the first key of the advisory locks that shards are published under; the second is the shard.
const shardLock = 7_301_002

// AppendEvents writes events to the outbox. The transaction has to hold the user's row (NextRevision or LockUser), or
// events of one user may be published out of order.
func AppendEvents(ctx context.Context, tx pgx.Tx, events ...event.Event) error {
	batch := &pgx.Batch{}
	for _, e := range events {
		raw, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("encode event %s: %w", e.ID, err)
		}
		batch.Queue(`INSERT INTO outbox (id, user_id, shard, topic, type, task_id, revision, event, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			e.ID, e.Data.UserID, Shard(e.Data.UserID), event.Topic(e.Type), e.Type, e.Data.TaskID, e.Data.Revision, raw, e.Time)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("append to outbox: %w", err)
	}
	return nil
}

// Outgoing is an event that waits in the outbox. Raw is the CloudEvent in JSON.
type Outgoing struct {
	Seq    int64
	ID     uuid.UUID
	UserID uuid.UUID
	Topic  string
	Type   string
	Raw    []byte
	// CreatedAt is when the change was made, for measuring how long its events waited.
	CreatedAt time.Time
}

// PendingShards returns the shards that hold unpublished events.
func PendingShards(ctx context.Context, tx pgx.Tx) ([]int, error) {
	rows, err := tx.Query(ctx, `
		SELECT s FROM generate_series(0, $1 - 1) s
		WHERE EXISTS (SELECT FROM outbox WHERE shard = s AND published_at IS NULL)`, Shards)
	if err != nil {
		return nil, fmt.Errorf("query pending shards: %w", err)
	}
	shards, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return nil, fmt.Errorf("read pending shards: %w", err)
	}
	return shards, nil
}

// ClaimShard takes the right to publish a shard until the transaction ends, and returns its oldest unpublished events in
// order. It returns ok=false when another publisher has it. The claim goes with the connection: a publisher that dies
// leaves nothing to clean up.
func ClaimShard(ctx context.Context, tx pgx.Tx, shard, limit int) (events []Outgoing, ok bool, err error) {
	if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1, $2)`, shardLock, shard).Scan(&ok); err != nil {
		return nil, false, fmt.Errorf("claim shard %d: %w", shard, err)
	}
	if !ok {
		return nil, false, nil
	}
	rows, err := tx.Query(ctx, `
		SELECT seq, id, user_id, topic, type, event::text::bytea, created_at FROM outbox
		WHERE shard = $1 AND published_at IS NULL ORDER BY seq LIMIT $2`, shard, limit)
	if err != nil {
		return nil, false, fmt.Errorf("query shard %d: %w", shard, err)
	}
	events, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Outgoing])
	if err != nil {
		return nil, false, fmt.Errorf("read shard %d: %w", shard, err)
	}
	return events, true, nil
}

// MarkPublished notes that events have been published.
func MarkPublished(ctx context.Context, tx pgx.Tx, seqs []int64, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE outbox SET published_at = $2 WHERE seq = ANY ($1)`, seqs, now); err != nil {
		return fmt.Errorf("mark published: %w", err)
	}
	return nil
}

// Replay makes published events wait again: those written at or after since, of one user unless userID is the nil UUID.
// It returns how many.
func Replay(ctx context.Context, tx pgx.Tx, since time.Time, userID uuid.UUID) (int64, error) {
	tag, err := tx.Exec(ctx, `
		UPDATE outbox SET published_at = NULL
		WHERE published_at IS NOT NULL AND created_at >= $1 AND ($2 = '00000000-0000-0000-0000-000000000000'::uuid OR user_id = $2)`, since, userID)
	if err != nil {
		return 0, fmt.Errorf("replay outbox: %w", err)
	}
	return tag.RowsAffected(), nil
}

// Changes returns a user's task.changed events after a revision, in order, at most limit; what the outbox no longer keeps
// is missing, which shows as a first revision greater than since+1.
func Changes(ctx context.Context, tx pgx.Tx, userID uuid.UUID, since int64, limit int) ([]event.Event, error) {
	rows, err := tx.Query(ctx, `
		SELECT event::text::bytea FROM outbox
		WHERE user_id = $1 AND revision > $2 AND topic = 'task-updates' ORDER BY revision LIMIT $3`, userID, since, limit)
	if err != nil {
		return nil, fmt.Errorf("query changes: %w", err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (event.Event, error) {
		var raw []byte
		if err := row.Scan(&raw); err != nil {
			return event.Event{}, err
		}
		return event.Decode(raw)
	})
	if err != nil {
		return nil, fmt.Errorf("read changes: %w", err)
	}
	return events, nil
}

// PurgeOutbox removes up to limit events that were published before an instant, and returns how many.
func PurgeOutbox(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE published_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge outbox: %w", err)
	}
	return tag.RowsAffected(), nil
}
