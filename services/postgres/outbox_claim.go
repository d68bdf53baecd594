package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// shardLock is the first key of the advisory locks that shards are published under; the second is the shard.
const shardLock = 7_301_002

// Marks say for each shard from which seq its unpublished events are looked for. The zero value finds all.
//
// Entries of the index of unpublished events that are so no longer can be cleaned only when no transaction, wherever in the
// database, is older than their publishing. While one stays open for minutes, hundreds of thousands lie before the first
// entry that counts, and passing over them takes longer each time. A mark says where to begin instead. It may be too high:
// a seq is taken before its transaction commits, and Replay goes back. What is below a mark is found by looking at all from
// time to time, and nothing overtakes it: ClaimShard sees to that.
type Marks [Shards]int64

// Outgoing is an event that waits in the outbox. Raw is the CloudEvent in JSON.
type Outgoing struct {
	Seq int64
	Lane
	Raw []byte
	// CreatedAt is when the change was made, for measuring how long its events waited.
	CreatedAt time.Time
}

// PendingShard is a part of the outbox that holds unpublished events. First is the lowest seq, Since when it was written.
type PendingShard struct {
	Shard int
	First int64
	Since time.Time
}

// PendingShards returns the shards that hold unpublished events.
func PendingShards(ctx context.Context, tx pgx.Tx, from Marks) ([]PendingShard, error) {
	rows, err := tx.Query(ctx, `
		SELECT m.shard - 1, head.seq, head.created_at FROM unnest($1::bigint[]) WITH ORDINALITY m (seq, shard) CROSS JOIN LATERAL (
			SELECT seq, created_at FROM outbox o
			WHERE o.shard = m.shard - 1 AND o.seq >= m.seq AND published_at IS NULL ORDER BY o.seq LIMIT 1
		) head`, from[:])
	if err != nil {
		return nil, fmt.Errorf("query pending shards: %w", err)
	}
	shards, err := pgx.CollectRows(rows, pgx.RowToStructByPos[PendingShard])
	if err != nil {
		return nil, fmt.Errorf("read pending shards: %w", err)
	}
	return shards, nil
}

// LastSeq returns the highest seq that was ever taken, by a transaction that has committed or not.
func LastSeq(ctx context.Context, tx pgx.Tx) (seq int64, err error) {
	err = tx.QueryRow(ctx, `SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_seq_seq`).Scan(&seq)
	if err != nil {
		return 0, fmt.Errorf("query last seq: %w", err)
	}
	return seq, nil
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

// claimBytes is how much the events of a claim may hold, so that its memory is bounded however large they are.
const claimBytes = 8 << 20

// claimIdle is how long a publisher may hold a claim without a word, longer than it takes to publish a batch. Then the server ends its
// session, and with that the claim: of a process that hangs, or a machine that is gone, it would otherwise not hear for hours.
const claimIdle = "15s"

// Claim is what a publisher holds of a shard: its oldest unpublished events, in order. More says that there may be others.
type Claim struct {
	Events []Outgoing
	More   bool
}

// ClaimShard takes the right to publish a shard until the transaction ends, and returns its unpublished events of the mark
// and after, the oldest first and at most limit, without those of the lanes to skip. It returns ok=false when another
// publisher has it. The claim goes with the connection: a publisher that dies leaves nothing to clean up, and one that hangs loses it
// after claimIdle.
//
// When a lane has an unpublished event below the mark, the claim is as without a mark.
func ClaimShard(ctx context.Context, tx pgx.Tx, shard int, mark int64, limit int, skip []Lane) (c Claim, ok bool, err error) {
	// The events are read by a statement of their own, whose snapshot is taken after the lock: what the publisher before
	// has marked is seen. Losing marks in a crash of the server only publishes again, so the commit need not wait for the
	// disk.
	const lock = `SELECT pg_try_advisory_xact_lock($1, $2), set_config('synchronous_commit', 'off', true),
		set_config('idle_in_transaction_session_timeout', $3, true)`
	if err := tx.QueryRow(ctx, lock, shardLock, shard, claimIdle).Scan(&ok, nil, nil); err != nil {
		return Claim{}, false, fmt.Errorf("claim shard %d: %w", shard, err)
	}
	if !ok {
		return Claim{}, false, nil
	}
	c, late, err := readShard(ctx, tx, shard, mark, limit, skip)
	if err == nil && late {
		c, _, err = readShard(ctx, tx, shard, 0, limit, skip)
	}
	if err != nil {
		return Claim{}, false, fmt.Errorf("read shard %d: %w", shard, err)
	}
	return c, true, nil
}

// readShard returns what ClaimShard does, and late=true when an event was found whose predecessor in its lane is unpublished
// but below the mark. A lane commits in the order of seq, so the statement that sees an event sees its predecessor.
func readShard(ctx context.Context, tx pgx.Tx, shard int, mark int64, limit int, skip []Lane) (c Claim, late bool, err error) {
	users, topics := make([]uuid.UUID, len(skip)), make([]string, len(skip))
	for i, lane := range skip {
		users[i], topics[i] = lane.UserID, lane.Topic
	}
	rows, err := tx.Query(ctx, `
		WITH claimed AS MATERIALIZED (
			SELECT seq, user_id, topic, revision, event, created_at FROM outbox
			WHERE shard = $1 AND seq >= $2 AND published_at IS NULL
				AND (user_id, topic) NOT IN (SELECT * FROM unnest($4::uuid[], $5::text[]))
			ORDER BY seq LIMIT $3
		), first AS (
			SELECT DISTINCT ON (user_id, topic) user_id, topic, revision, seq FROM claimed
			WHERE $2 > 0 AND revision > 0 ORDER BY user_id, topic, seq
		)
		SELECT seq, user_id, topic, event, created_at, EXISTS (
			SELECT FROM first CROSS JOIN LATERAL (
				SELECT published_at FROM outbox o
				WHERE o.user_id = first.user_id AND o.topic = first.topic AND (o.revision, o.seq) < (first.revision, first.seq)
				ORDER BY o.revision DESC, o.seq DESC LIMIT 1
			) before WHERE before.published_at IS NULL
		) FROM claimed ORDER BY seq`, shard, mark, limit, users, topics)
	if err != nil {
		return Claim{}, false, err
	}
	defer rows.Close()
	for bytes := 0; rows.Next(); {
		var o Outgoing
		if err := rows.Scan(&o.Seq, &o.UserID, &o.Topic, &o.Raw, &o.CreatedAt, &late); err != nil {
			return Claim{}, false, err
		}
		if bytes += len(o.Raw); bytes > claimBytes && len(c.Events) > 0 {
			c.More = true
			break
		}
		c.Events = append(c.Events, o)
	}
	rows.Close()
	c.More = c.More || len(c.Events) == limit
	return c, late, rows.Err()
}

// MarkPublished notes that events have been published.
func MarkPublished(ctx context.Context, tx pgx.Tx, seqs []int64, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE outbox SET published_at = $2 WHERE seq = ANY ($1)`, seqs, now); err != nil {
		return fmt.Errorf("mark published: %w", err)
	}
	return nil
}
