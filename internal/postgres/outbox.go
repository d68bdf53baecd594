package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
)

// Shards is how many parts the outbox has; each is published by one publisher at a time, in order.
const Shards = 16

// Shard returns the part of the outbox that holds a user's events.
func Shard(userID uuid.UUID) int {
	h := fnv.New32a()
	_, _ = h.Write(userID[:]) // it never fails
	return int(h.Sum32() % Shards)
}

// MaxAhead is how many waiting events of a partition key have turn 0. More would let the imports of many users delay the
// others of the shard, fewer would send the bursts of everyday use through the overflow queue.
const MaxAhead = 16

// nextTurn is the turn of the next event of user $2 on topic $4. It never falls below the turn of the partition key's last
// waiting event, so that the order of turns is the order of the partition key.
var nextTurn = fmt.Sprintf(`coalesce((
	SELECT last.turn + (SELECT count(*) = %[1]d FROM (
		SELECT published_at FROM outbox WHERE user_id = $2 AND topic = $4 ORDER BY revision DESC, seq DESC LIMIT %[1]d
	) ahead WHERE published_at IS NULL)::int
	FROM (
		SELECT turn, published_at FROM outbox WHERE user_id = $2 AND topic = $4 ORDER BY revision DESC, seq DESC LIMIT 1
	) last WHERE published_at IS NULL), 0)`, MaxAhead)

// AppendEvents writes events to the outbox. The transaction has to hold the user's row (NextRevision
// or LockUser). Otherwise events of one user may be published out of order.
func AppendEvents(ctx context.Context, tx pgx.Tx, events ...event.Event) error {
	return appendEvents(ctx, tx, events, queueEvent)
}

// RecordEvents is like AppendEvents. In the same round trip it adds the events to the history of their
// tasks.
func RecordEvents(ctx context.Context, tx pgx.Tx, events ...event.Event) error {
	return appendEvents(ctx, tx, events, queueEvent, queueEventHistory)
}

func appendEvents(ctx context.Context, tx pgx.Tx, events []event.Event, queue ...func(*pgx.Batch, event.Event) error) error {
	batch := &pgx.Batch{}
	for _, e := range events {
		for _, f := range queue {
			if err := f(batch, e); err != nil {
				return err
			}
		}
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("append to outbox: %w", err)
	}
	return nil
}

func queueEvent(batch *pgx.Batch, e event.Event) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	// A reminder's event has its task's revision; the row has the user's, by which the lane is in order.
	batch.Queue(`INSERT INTO outbox (id, user_id, shard, topic, type, task_id, revision, event, created_at, turn)
		VALUES ($1, $2, $3, $4, $5, $6, greatest($7, (SELECT revision FROM users WHERE id = $2)), $8, $9, `+nextTurn+`)`,
		e.ID, e.Data.UserID, Shard(e.Data.UserID), event.Topic(e.Type), e.Type, e.Data.TaskID, e.Data.Revision, raw, e.Time)
	return nil
}

// Lane is a sequence of events that has to be published in order: those of one user on one topic.
type Lane struct {
	UserID uuid.UUID
	Topic  string
}

// Replay makes up to limit published events wait again: those written at or after since, with a seq greater than after and
// at most until, of one user unless userID is the nil UUID. They are taken in order, and wait behind the newer events of
// others when there are many. It returns how many, and the seq of the last, for the next call.
func Replay(ctx context.Context, tx pgx.Tx, since time.Time, userID uuid.UUID, after, until int64, limit int) (n, last int64, err error) {
	// Rows are locked in the order of seq, as DeleteUser does, so that neither waits for the other in a circle.
	err = tx.QueryRow(ctx, `
		WITH locked AS (
			SELECT seq, user_id, topic, revision FROM outbox
			WHERE seq > $3 AND seq <= $4 AND created_at >= $1 AND published_at IS NOT NULL AND ($2 = `+noUUID+` OR user_id = $2)
			ORDER BY seq LIMIT $5 FOR NO KEY UPDATE
		), placed AS (
			SELECT *, row_number() OVER (PARTITION BY user_id, topic ORDER BY seq) AS place FROM locked
		), ahead AS (
			SELECT first.user_id, first.topic, before.turn FROM placed first CROSS JOIN LATERAL (
				SELECT turn, published_at FROM outbox o
				WHERE o.user_id = first.user_id AND o.topic = first.topic
					AND (o.revision, o.seq) < (first.revision, first.seq) AND o.revision > 0
				ORDER BY o.revision DESC, o.seq DESC LIMIT 1
			) before WHERE first.place = 1 AND first.revision > 0 AND before.published_at IS NULL
		), replayed AS (
			UPDATE outbox SET published_at = NULL, turn = coalesce(ahead.turn + place, greatest(0, place - $6))
			FROM placed LEFT JOIN ahead USING (user_id, topic) WHERE outbox.seq = placed.seq RETURNING outbox.seq
		)
		SELECT count(*), coalesce(max(seq), $3) FROM replayed`, since, userID, after, until, limit, MaxAhead).Scan(&n, &last)
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

// PurgeOutbox removes up to limit events that were published before an instant, and returns how many. The order of
// publishing leaves no gap in a user's changes. Only publishers whose clocks differ can make one, at either end.
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
