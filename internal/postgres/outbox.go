package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/telemetry"
)

// Shards is the number of parts of the outbox. One publisher at a time publishes a shard, in order.
const Shards = 16

// Shard returns the shard that holds a user's events.
func Shard(userID uuid.UUID) int {
	h := fnv.New32a()
	_, _ = h.Write(userID[:]) // it never returns an error
	return int(h.Sum32() % Shards)
}

// MaxAhead is the number of waiting events of a partition key that have turn 0. With more,
// concurrent imports would delay the other events of the shard: with 16, those of 100 users delayed
// an event by 1.8 s, and with 8 by 0.5 s (BenchmarkWait in internal/outbox). With fewer, bursts of
// everyday use would go through the overflow queue.
const MaxAhead = 8

// nextTurn is the turn of the next event of user $2 on topic $4. It is never below the turn of the
// partition key's last waiting event. The order of turns is therefore the order of the partition
// key.
var nextTurn = fmt.Sprintf(`coalesce((
	SELECT last.turn + (SELECT count(*) = %[1]d FROM (
		SELECT published_at FROM outbox WHERE user_id = $2 AND topic = $4 ORDER BY revision DESC, seq DESC LIMIT %[1]d
	) ahead WHERE published_at IS NULL)::int
	FROM (
		SELECT turn, published_at FROM outbox WHERE user_id = $2 AND topic = $4 ORDER BY revision DESC, seq DESC LIMIT 1
	) last WHERE published_at IS NULL), 0)`, MaxAhead)

// AppendEvents writes events to the outbox. The transaction must hold the user's row (NextRevision
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
			if e.TraceParent == "" {
				e.TraceParent = telemetry.TraceParent(ctx) // the event goes on with the trace of its change
			}
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
	// The event of a reminder has the revision of its task. The row has the user's revision, which
	// orders the partition key.
	batch.Queue(`INSERT INTO outbox (id, user_id, shard, topic, type, task_id, revision, event, created_at, turn)
		VALUES ($1, $2, $3, $4, $5, $6, greatest($7, (SELECT revision FROM users WHERE id = $2)), $8, $9, `+nextTurn+`)`,
		e.ID, e.Data.UserID, Shard(e.Data.UserID), event.Topic(e.Type), e.Type, e.Data.TaskID, e.Data.Revision, raw, e.Time)
	return nil
}

// Partition is a partition key: a user and a topic. Its events are published in order.
type Partition struct {
	UserID uuid.UUID
	Topic  string
}

// PublishedUsers returns the users with published events that were created at or after since, in the
// order of their IDs.
func PublishedUsers(ctx context.Context, tx pgx.Tx, since time.Time) ([]uuid.UUID, error) {
	first, err := FirstSeq(ctx, tx, since)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `
		SELECT DISTINCT user_id FROM outbox
		WHERE seq >= $2 AND created_at >= $1 AND published_at IS NOT NULL ORDER BY user_id`, since, first)
	if err != nil {
		return nil, fmt.Errorf("query users with published events: %w", err)
	}
	users, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("read users with published events: %w", err)
	}
	return users, nil
}

// seqMargin is how far the order of created_at may differ from the order of seq. A change takes its
// instant when it begins, and its seq later.
const seqMargin = time.Hour

// FirstSeq returns a seq with no event before it that was created at or after since. No index has the
// creation times, so it searches by halves.
func FirstSeq(ctx context.Context, tx pgx.Tx, since time.Time) (int64, error) {
	end, err := LastSeq(ctx, tx)
	if err != nil {
		return 0, err
	}
	for low, high := int64(0), end+1; ; {
		if low >= high {
			return low, nil
		}
		middle := low + (high-low)/2
		var seq int64
		var created time.Time
		err := tx.QueryRow(ctx, `SELECT seq, created_at FROM outbox WHERE seq >= $1 ORDER BY seq LIMIT 1`, middle).Scan(&seq, &created)
		switch {
		case errors.Is(err, pgx.ErrNoRows) || err == nil && !created.Before(since.Add(-seqMargin)):
			high = middle
		case err != nil:
			return 0, fmt.Errorf("search the outbox by time: %w", err)
		default:
			low = seq + 1
		}
	}
}

// Replay makes the published events of a user wait again that were created at or after since. Many of
// them wait behind newer events of other users. It returns their number.
//
// Events that wait already get new turns too. Otherwise a new event behind them could get the turn of
// a replayed event, and be published before them. For the same reason it holds the user's row: a
// change that commits meanwhile would take its turn from the events as they were before.
func Replay(ctx context.Context, tx pgx.Tx, since time.Time, userID uuid.UUID) (n int64, err error) {
	if _, err := LockUser(ctx, tx, userID); errors.Is(err, ErrNoUser) {
		return 0, nil // deleted meanwhile, with all events
	} else if err != nil {
		return 0, err
	}
	err = tx.QueryRow(ctx, `
		WITH placed AS (
			SELECT seq, topic, revision, published_at IS NOT NULL AS published, bool_or(published_at IS NOT NULL) OVER (PARTITION BY topic) AS replays,
				row_number() OVER (PARTITION BY topic ORDER BY revision, seq) AS place
			FROM outbox WHERE user_id = $2 AND created_at >= $1
		), ahead AS (
			SELECT first.topic, before.turn FROM placed first CROSS JOIN LATERAL (
				SELECT turn, published_at FROM outbox o
				WHERE o.user_id = $2 AND o.topic = first.topic
					AND (o.revision, o.seq) < (first.revision, first.seq) AND o.revision > 0
				ORDER BY o.revision DESC, o.seq DESC LIMIT 1
			) before WHERE first.place = 1 AND first.revision > 0 AND before.published_at IS NULL
		), moved AS (
			UPDATE outbox SET published_at = NULL, turn = coalesce(ahead.turn + place, greatest(0, place - $3))
			FROM placed LEFT JOIN ahead USING (topic) WHERE outbox.seq = placed.seq AND replays RETURNING published
		)
		SELECT count(*) FILTER (WHERE published) FROM moved`, since, userID, MaxAhead).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("replay outbox: %w", err)
	}
	return n, nil
}

// Changes returns up to limit task.changed events of a user after a revision, in order. They end
// earlier after MaxPageBytes. Changes reports whether more follow. Events that the outbox no longer
// keeps are missing. The first revision is then greater than since+1.
func Changes(ctx context.Context, tx pgx.Tx, userID uuid.UUID, since int64, limit int) ([]event.Event, bool, error) {
	rows, err := tx.Query(ctx, `
		SELECT event FROM outbox
		WHERE user_id = $1 AND revision > $2 AND topic = 'task-updates' ORDER BY revision LIMIT $3`, userID, since, limit+1)
	if err != nil {
		return nil, false, fmt.Errorf("query changes: %w", err)
	}
	events, more, err := readPage(rows, limit, func(row pgx.CollectableRow) (event.Event, error) {
		var raw []byte
		if err := row.Scan(&raw); err != nil {
			return event.Event{}, err
		}
		return event.Decode(raw)
	})
	if err != nil {
		return nil, false, fmt.Errorf("read changes: %w", err)
	}
	return events, more, nil
}

// PurgeOutbox removes up to limit events that were published before an instant, and returns their
// number. The order of publishing leaves no gap in a user's changes. Only publishers with different
// clocks can create a gap, at either end.
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
