package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
)

// shardLock and topicLock are the first keys of the advisory locks of a queue and of its topics. The
// lock of a queue is shared by the publishers of its topics. Versions before topicLock take it alone.
const (
	shardLock = 7_301_002
	topicLock = 7_301_003
)

// Watermarks holds for each shard the seq at which the search for unpublished events starts. The
// zero value finds all events.
//
// PostgreSQL cannot clean an index entry of a published event while any transaction is older than
// the publishing. While a transaction stays open for minutes, hundreds of thousands of dead entries
// collect before the first live one. Each search would pass over all of them. A search from the
// watermark does not.
//
// A watermark may be too high: a seq is assigned before its transaction commits, and Replay goes
// back. A full scan finds the events below a watermark. ClaimQueue never lets another event of the
// same partition key overtake them.
type Watermarks [Shards]int64

// Outgoing is a waiting event of the outbox. Raw is the CloudEvent in JSON.
type Outgoing struct {
	Seq int64
	Partition
	Raw []byte
	// CreatedAt is the time of the change. It serves to measure how long the event waited.
	CreatedAt time.Time
}

// PendingShard is a shard with unpublished events. First is the seq of the first one, and Since its
// creation time.
type PendingShard struct {
	Shard int
	First int64
	Since time.Time
}

// PendingShards returns the shards with unpublished events of turn 0 at or above their watermarks.
func PendingShards(ctx context.Context, tx pgx.Tx, from Watermarks) ([]PendingShard, error) {
	rows, err := tx.Query(ctx, `
		SELECT m.shard - 1, head.seq, head.created_at FROM unnest($1::bigint[]) WITH ORDINALITY m (seq, shard) CROSS JOIN LATERAL (
			SELECT first.seq, first.created_at FROM unnest($2::text[]) t (topic) CROSS JOIN LATERAL (
				SELECT seq, created_at FROM outbox o
				WHERE o.shard = m.shard - 1 AND o.topic = t.topic AND o.turn = 0 AND o.seq >= m.seq AND published_at IS NULL
				ORDER BY o.seq LIMIT 1
			) first ORDER BY first.seq LIMIT 1
		) head`, from[:], event.Topics())
	if err != nil {
		return nil, fmt.Errorf("query pending shards: %w", err)
	}
	shards, err := pgx.CollectRows(rows, pgx.RowToStructByPos[PendingShard])
	if err != nil {
		return nil, fmt.Errorf("read pending shards: %w", err)
	}
	return shards, nil
}

// PendingOverflow returns the shards whose overflow queues hold unpublished events. First is the
// seq of the next event by turn.
func PendingOverflow(ctx context.Context, tx pgx.Tx) ([]PendingShard, error) {
	rows, err := tx.Query(ctx, `
		SELECT shard, head.seq, head.created_at FROM generate_series(0, $1::int - 1) shard CROSS JOIN LATERAL (
			SELECT first.seq, first.created_at FROM unnest($2::text[]) t (topic) CROSS JOIN LATERAL (
				SELECT seq, turn, created_at FROM outbox o
				WHERE o.shard = shard.shard AND o.topic = t.topic AND o.turn > 0 AND published_at IS NULL
				ORDER BY o.turn, o.seq LIMIT 1
			) first ORDER BY first.turn, first.seq LIMIT 1
		) head`, Shards, event.Topics())
	if err != nil {
		return nil, fmt.Errorf("query pending overflow: %w", err)
	}
	shards, err := pgx.CollectRows(rows, pgx.RowToStructByPos[PendingShard])
	if err != nil {
		return nil, fmt.Errorf("read pending overflow: %w", err)
	}
	return shards, nil
}

// LastSeq returns the highest seq assigned so far. Its transaction may still be open.
func LastSeq(ctx context.Context, tx pgx.Tx) (seq int64, err error) {
	err = tx.QueryRow(ctx, `SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_seq_seq`).Scan(&seq)
	if err != nil {
		return 0, fmt.Errorf("query last seq: %w", err)
	}
	return seq, nil
}

// CountPending returns the number of unpublished events. It stops counting at limit.
func CountPending(ctx context.Context, tx pgx.Tx, limit int) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT $1) o`, limit).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count pending events: %w", err)
	}
	return n, nil
}

// claimBytes is the maximum size of the events in a claim. It bounds the memory of a claim with
// large events.
const claimBytes = 8 << 20

// claimIdle is how long a publisher may hold a claim without a statement. It is longer than
// publishing a batch takes. The server then ends the session and with it the claim. Without that
// limit, the server would notice a hanging process or a lost machine only after hours.
const claimIdle = "15s"

// Queue is one half of a shard. One publisher at a time publishes a topic of it. Events of turn 0 are
// the shard's queue, in the order of seq. The further events of a partition key are the overflow queue,
// in the order of turn: first the next event of each key, then the second of each. Neither queue
// waits for the other.
type Queue struct {
	Shard    int
	Overflow bool
}

// ClaimRequest selects events of a queue.
type ClaimRequest struct {
	Queue
	// Watermark is the seq at which the claim starts. An overflow queue ignores it.
	Watermark int64
	// Topics are the topics to claim, at least one. Limit is the maximum number of events of each.
	Topics []string
	Limit  int
	// Skip are the partition keys to leave out.
	Skip []Partition
}

// Claim holds unpublished events of a queue. The events of a partition key are in order.
type Claim struct {
	// Topics are the claimed topics. Another publisher holds the rest of the requested ones.
	Topics []string
	Events []Outgoing
	// Behind are partition keys whose earlier events wait elsewhere. They must be published first.
	Behind []Partition
	// More reports that there may be further events.
	More bool
}

// ClaimQueue takes the right to publish topics of a queue until the transaction ends. It returns
// their first unpublished events. It returns ok=false if other publishers hold all of the topics. The
// claim belongs to the connection: a publisher that dies leaves nothing to clean up, and one that
// hangs loses it after claimIdle.
//
// If a partition key has an unpublished event below the watermark, the claim ignores the watermark.
func ClaimQueue(ctx context.Context, tx pgx.Tx, q ClaimRequest) (c Claim, ok bool, err error) {
	number := q.Shard
	if q.Overflow {
		number += Shards
	}
	// A separate statement reads the events. Its snapshot is taken after the lock and includes the
	// previous publisher's marks. A crash of the server that loses marks only repeats events. The
	// commit therefore need not wait for the disk.
	const lock = `
		SELECT ARRAY(
			SELECT topic FROM unnest(CASE WHEN pg_try_advisory_xact_lock_shared($1, $2) THEN $5::text[] END) topic
			WHERE pg_try_advisory_xact_lock($3, hashtext($2 || topic))
		), set_config('synchronous_commit', 'off', true), set_config('idle_in_transaction_session_timeout', $4, true)`
	if err := tx.QueryRow(ctx, lock, shardLock, number, topicLock, claimIdle, q.Topics).Scan(&q.Topics, nil, nil); err != nil {
		return Claim{}, false, fmt.Errorf("claim shard %d: %w", q.Shard, err)
	}
	if len(q.Topics) == 0 {
		return Claim{}, false, nil
	}
	c, late, err := readQueue(ctx, tx, q)
	if err == nil && late {
		q.Watermark = 0
		c, _, err = readQueue(ctx, tx, q)
	}
	if err != nil {
		return Claim{}, false, fmt.Errorf("read shard %d: %w", q.Shard, err)
	}
	c.Topics = q.Topics
	return c, true, nil
}

// The waiting events of a queue of shard $1: in order, from $2 on, at most $3, of topic t.topic,
// without the partition keys $4 and $5.
const (
	waitingFirst = `
		SELECT seq, user_id, topic, turn, revision, event, created_at FROM outbox
		WHERE shard = $1 AND topic = t.topic AND turn = 0 AND seq >= $2 AND published_at IS NULL
			AND (user_id, topic) NOT IN (SELECT * FROM unnest($4::uuid[], $5::text[]))
		ORDER BY seq LIMIT $3`
	waitingOverflow = `
		SELECT seq, user_id, topic, turn, revision, event, created_at FROM outbox
		WHERE shard = $1 AND topic = t.topic AND turn > $2 AND published_at IS NULL
			AND (user_id, topic) NOT IN (SELECT * FROM unnest($4::uuid[], $5::text[]))
		ORDER BY turn, seq LIMIT $3`
)

// readQueue returns a claim without taking the lock. It returns late=true if it found an event
// whose predecessor is unpublished and below the watermark. Events of a partition key commit in the
// order of seq. A statement that sees an event therefore sees its predecessor.
func readQueue(ctx context.Context, tx pgx.Tx, q ClaimRequest) (c Claim, late bool, err error) {
	users, topics := make([]uuid.UUID, len(q.Skip)), make([]string, len(q.Skip))
	for i, partition := range q.Skip {
		users[i], topics[i] = partition.UserID, partition.Topic
	}
	waiting, from := waitingFirst, q.Watermark
	if q.Overflow {
		waiting, from = waitingOverflow, 0
	}
	rows, err := tx.Query(ctx, `
		WITH claimed AS MATERIALIZED (
			SELECT o.* FROM unnest($6::text[]) t (topic) CROSS JOIN LATERAL (`+waiting+`) o
		), first AS (
			SELECT DISTINCT ON (user_id, topic) user_id, topic, revision, seq FROM claimed
			WHERE revision > 0 ORDER BY user_id, topic, turn, seq
		), behind AS (
			SELECT first.user_id, first.topic, before.turn = 0 AS late FROM first CROSS JOIN LATERAL (
				SELECT published_at, turn FROM outbox o
				WHERE o.user_id = first.user_id AND o.topic = first.topic
					AND (o.revision, o.seq) < (first.revision, first.seq) AND o.revision > 0
				ORDER BY o.revision DESC, o.seq DESC LIMIT 1
			) before WHERE before.published_at IS NULL
		)
		SELECT seq, user_id, topic, event, created_at, late FROM claimed LEFT JOIN behind USING (user_id, topic)
		ORDER BY turn, seq`, q.Shard, from, q.Limit, users, topics, q.Topics)
	if err != nil {
		return Claim{}, false, err
	}
	defer rows.Close()
	behind, found := map[Partition]bool{}, map[string]int{}
	for bytes := 0; rows.Next(); {
		var o Outgoing
		var before *bool // nil if the predecessor is published, else whether it is late
		if err := rows.Scan(&o.Seq, &o.UserID, &o.Topic, &o.Raw, &o.CreatedAt, &before); err != nil {
			return Claim{}, false, err
		}
		if found[o.Topic]++; found[o.Topic] == q.Limit {
			c.More = true
		}
		if before != nil {
			late = late || *before && q.Watermark > 0
			if !behind[o.Partition] {
				behind[o.Partition] = true
				c.Behind = append(c.Behind, o.Partition)
			}
			continue
		}
		if bytes += len(o.Raw); bytes > claimBytes && len(c.Events) > 0 {
			c.More = true
			break
		}
		c.Events = append(c.Events, o)
	}
	rows.Close()
	return c, late, rows.Err()
}

// MarkPublished records that events were published. It never waits. A row that another transaction
// holds is about to be deleted with its user or replayed. If neither happens, the event is
// published again.
func MarkPublished(ctx context.Context, tx pgx.Tx, seqs []int64, now time.Time) error {
	_, err := tx.Exec(ctx, `
		UPDATE outbox SET published_at = $2
		WHERE ctid = ANY (ARRAY(SELECT ctid FROM outbox WHERE seq = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED))`, seqs, now)
	if err != nil {
		return fmt.Errorf("mark published: %w", err)
	}
	return nil
}
