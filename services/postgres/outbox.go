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
	_, _ = h.Write(userID[:]) // it never fails
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

// Lane is a sequence of events that has to be published in order: those of one user on one topic.
type Lane struct {
	UserID uuid.UUID
	Topic  string
}

// Outgoing is an event that waits in the outbox. Raw is the CloudEvent in JSON.
type Outgoing struct {
	Seq int64
	Lane
	Raw []byte
	// CreatedAt is when the change was made, for measuring how long its events waited.
	CreatedAt time.Time
}

// PendingShard is a part of the outbox that holds unpublished events. Since is when the first of them was written.
type PendingShard struct {
	Shard int
	Since time.Time
}

// PendingShards returns the shards that hold unpublished events.
func PendingShards(ctx context.Context, tx pgx.Tx) ([]PendingShard, error) {
	rows, err := tx.Query(ctx, `
		SELECT s, head.created_at FROM generate_series(0, $1::int - 1) s CROSS JOIN LATERAL (
			SELECT created_at FROM outbox WHERE shard = s AND published_at IS NULL ORDER BY seq LIMIT 1
		) head`, Shards)
	if err != nil {
		return nil, fmt.Errorf("query pending shards: %w", err)
	}
	shards, err := pgx.CollectRows(rows, pgx.RowToStructByPos[PendingShard])
	if err != nil {
		return nil, fmt.Errorf("read pending shards: %w", err)
	}
	return shards, nil
}

// CountPending returns how many events are unpublished. It stops counting at limit.
func CountPending(ctx context.Context, tx pgx.Tx, limit int) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT $1) o`, limit).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count pending events: %w", err)
	}
	return n, nil
}

// ClaimShard takes the right to publish a shard until the transaction ends, and returns its oldest unpublished events in
// order, without those of the lanes to skip. It returns ok=false when another publisher has it. The claim goes with the
// connection: a publisher that dies leaves nothing to clean up.
//
// The scan begins at the shard's oldest entry each time, for a lower seq may commit late. It passes over entries that are
// published but not yet vacuumed, usually few. While a transaction elsewhere stays open for long none can be cleaned; then
// each 10,000 of a shard add about a millisecond, until the first scan after that transaction.
func ClaimShard(ctx context.Context, tx pgx.Tx, shard, limit int, skip []Lane) (events []Outgoing, ok bool, err error) {
	// The events are read by a statement of their own, whose snapshot is taken after the lock: what the publisher before
	// has marked is seen. Losing marks in a crash of the server only publishes again, so the commit need not wait for the
	// disk.
	const claim = `SELECT pg_try_advisory_xact_lock($1, $2), set_config('synchronous_commit', 'off', true)`
	if err := tx.QueryRow(ctx, claim, shardLock, shard).Scan(&ok, nil); err != nil {
		return nil, false, fmt.Errorf("claim shard %d: %w", shard, err)
	}
	if !ok {
		return nil, false, nil
	}
	users, topics := make([]uuid.UUID, len(skip)), make([]string, len(skip))
	for i, lane := range skip {
		users[i], topics[i] = lane.UserID, lane.Topic
	}
	rows, err := tx.Query(ctx, `
		SELECT seq, user_id, topic, event, created_at FROM outbox
		WHERE shard = $1 AND published_at IS NULL AND (user_id, topic) NOT IN (SELECT * FROM unnest($3::uuid[], $4::text[]))
		ORDER BY seq LIMIT $2`, shard, limit, users, topics)
	if err != nil {
		return nil, false, fmt.Errorf("query shard %d: %w", shard, err)
	}
	events, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (o Outgoing, err error) {
		return o, row.Scan(&o.Seq, &o.UserID, &o.Topic, &o.Raw, &o.CreatedAt)
	})
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

// Replay makes up to limit published events wait again: those written at or after since and published before until, with a
// seq greater than after, of one user unless userID is the nil UUID. They are taken in order. It returns how many, and the
// seq of the last, for the next call.
func Replay(ctx context.Context, tx pgx.Tx, since, until time.Time, userID uuid.UUID, after int64, limit int) (n, last int64, err error) {
	err = tx.QueryRow(ctx, `
		WITH chosen AS (
			SELECT seq FROM outbox
			WHERE seq > $4 AND created_at >= $1 AND published_at < $2
				AND ($3 = '00000000-0000-0000-0000-000000000000'::uuid OR user_id = $3)
			ORDER BY seq LIMIT $5
		), replayed AS (
			UPDATE outbox SET published_at = NULL WHERE seq IN (SELECT seq FROM chosen) RETURNING seq
		)
		SELECT count(*), coalesce(max(seq), $4) FROM replayed`, since, until, userID, after, limit).Scan(&n, &last)
	if err != nil {
		return 0, 0, fmt.Errorf("replay outbox: %w", err)
	}
	return n, last, nil
}

// Changes returns a user's task.changed events after a revision, in order, at most limit; what the outbox no longer keeps
// is missing, which shows as a first revision greater than since+1.
func Changes(ctx context.Context, tx pgx.Tx, userID uuid.UUID, since int64, limit int) ([]event.Event, error) {
	rows, err := tx.Query(ctx, `
		SELECT event FROM outbox
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

// PurgeOutbox removes up to limit events that were published before an instant, and returns how many. It takes them in the
// order in which they were published, so that what is left of a user's changes has no gap.
func PurgeOutbox(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM outbox WHERE seq IN (
			SELECT seq FROM outbox WHERE published_at < $1 ORDER BY published_at, seq LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge outbox: %w", err)
	}
	return tag.RowsAffected(), nil
}
