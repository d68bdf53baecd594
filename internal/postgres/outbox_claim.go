package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
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

// PendingShard is a part of the outbox that holds unpublished events. First is the lowest seq of those of turn 0, Since when
// it was written.
type PendingShard struct {
	Shard int
	First int64
	Since time.Time
}

// PendingShards returns the shards that hold unpublished events of turn 0.
func PendingShards(ctx context.Context, tx pgx.Tx, from Marks) ([]PendingShard, error) {
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

// PendingOverflow returns the shards whose overflow queue holds unpublished events. First is the seq of the event whose
// turn is next.
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

// Queue is a part of a shard that one publisher at a time publishes. The events of turn 0 are the shard's queue proper, in
// the order of seq. The further ones of partition keys that have many are its overflow queue, in the order of turn: each
// partition key's next, then each one's next but one. Neither queue waits for the other.
type Queue struct {
	Shard    int
	Overflow bool
}

// ClaimRequest selects events of a queue.
type ClaimRequest struct {
	Queue
	// Mark is the seq at which to begin. An overflow queue has none.
	Mark int64
	// Topics are those to claim events of, and Limit is how many of each.
	Topics []string
	Limit  int
	// Skip are partition keys whose events are left out.
	Skip []Lane
}

// Claim holds unpublished events of a queue, those of a partition key in order.
type Claim struct {
	Events []Outgoing
	// Behind are partition keys that have events in the queue whose predecessors wait elsewhere: these go first.
	Behind []Lane
	// More says that there may be other events.
	More bool
}

// ClaimQueue takes the right to publish a queue until the transaction ends, and returns the first of its unpublished
// events. It returns ok=false when another publisher has it. The claim goes with the connection: a publisher that dies
// leaves nothing to clean up, and one that hangs loses it after claimIdle.
//
// When a lane has an unpublished event below the mark, the claim is as without a mark.
func ClaimQueue(ctx context.Context, tx pgx.Tx, q ClaimRequest) (c Claim, ok bool, err error) {
	number := q.Shard
	if q.Overflow {
		number += Shards
	}
	// The events are read by a statement of their own, whose snapshot is taken after the lock: what the publisher before
	// has marked is seen. Losing marks in a crash of the server only publishes again, so the commit need not wait for the
	// disk.
	const lock = `SELECT pg_try_advisory_xact_lock($1, $2), set_config('synchronous_commit', 'off', true),
		set_config('idle_in_transaction_session_timeout', $3, true)`
	if err := tx.QueryRow(ctx, lock, shardLock, number, claimIdle).Scan(&ok, nil, nil); err != nil {
		return Claim{}, false, fmt.Errorf("claim shard %d: %w", q.Shard, err)
	}
	if !ok {
		return Claim{}, false, nil
	}
	c, late, err := readQueue(ctx, tx, q)
	if err == nil && late {
		q.Mark = 0
		c, _, err = readQueue(ctx, tx, q)
	}
	if err != nil {
		return Claim{}, false, fmt.Errorf("read shard %d: %w", q.Shard, err)
	}
	return c, true, nil
}

// The events that wait in a queue of shard $1: in their order from $2 on, at most $3, of topic t.topic and not of the
// partition keys $4 and $5.
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

// readQueue returns what ClaimQueue does, and late=true when an event was found whose predecessor in its lane is unpublished
// but below the mark. A lane commits in the order of seq, so the statement that sees an event sees its predecessor.
func readQueue(ctx context.Context, tx pgx.Tx, q ClaimRequest) (c Claim, late bool, err error) {
	users, topics := make([]uuid.UUID, len(q.Skip)), make([]string, len(q.Skip))
	for i, lane := range q.Skip {
		users[i], topics[i] = lane.UserID, lane.Topic
	}
	waiting, from := waitingFirst, q.Mark
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
	behind, found := map[Lane]bool{}, map[string]int{}
	for bytes := 0; rows.Next(); {
		var o Outgoing
		var before *bool // nil when the predecessor is published, else whether it is late
		if err := rows.Scan(&o.Seq, &o.UserID, &o.Topic, &o.Raw, &o.CreatedAt, &before); err != nil {
			return Claim{}, false, err
		}
		if found[o.Topic]++; found[o.Topic] == q.Limit {
			c.More = true
		}
		if before != nil {
			late = late || *before && q.Mark > 0
			if !behind[o.Lane] {
				behind[o.Lane] = true
				c.Behind = append(c.Behind, o.Lane)
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

// MarkPublished notes that events have been published. It waits for nobody: a row that another transaction holds is about to
// be deleted with its user, or to wait again; if neither comes to pass, the event is published again.
func MarkPublished(ctx context.Context, tx pgx.Tx, seqs []int64, now time.Time) error {
	_, err := tx.Exec(ctx, `
		UPDATE outbox SET published_at = $2
		WHERE ctid = ANY (ARRAY(SELECT ctid FROM outbox WHERE seq = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED))`, seqs, now)
	if err != nil {
		return fmt.Errorf("mark published: %w", err)
	}
	return nil
}
