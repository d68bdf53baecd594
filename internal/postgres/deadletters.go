package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

// The states of a dead letter. A dead letter that arrives again is waiting again.
const (
	DeadLetterWaiting   = "waiting"
	DeadLetterReplayed  = "replayed"
	DeadLetterDiscarded = "discarded"
)

// DeadLetter is an event that a consumer could not handle. Fields that could not be read from the
// event are empty, or the nil UUID.
type DeadLetter struct {
	// ID is the event's ID, or a hash of its bytes.
	ID     uuid.UUID
	UserID uuid.UUID
	// Topic is the topic that the event was first published to.
	Topic  string
	Type   string
	TaskID uuid.UUID
	Reason string
	// Times is how often the event arrived, including repetitions by the broker.
	Times           int
	FirstAt, LastAt time.Time
	State           string
	Raw             []byte
}

const noUUID = `'00000000-0000-0000-0000-000000000000'::uuid`

const deadLetterColumns = `id, coalesce(user_id, ` + noUUID + `), coalesce(topic, ''), coalesce(type, ''), coalesce(task_id, ` + noUUID + `),
	reason, times, first_at, last_at, state`

// KeepDeadLetter stores a dead letter or counts another arrival of it. It returns false and stores
// nothing if the event's user does not exist. The data of deleted users is not kept.
func KeepDeadLetter(ctx context.Context, tx pgx.Tx, d DeadLetter, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO dead_letters AS kept (id, user_id, topic, type, task_id, reason, raw, first_at, last_at)
		SELECT $1, nullif($2, `+noUUID+`), nullif($3, ''), nullif($4, ''), nullif($5, `+noUUID+`), $6, $7, $8, $8
		WHERE $2 = `+noUUID+` OR EXISTS (SELECT FROM users WHERE id = $2)
		ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, topic = excluded.topic, type = excluded.type, task_id = excluded.task_id,
			reason = excluded.reason, raw = excluded.raw, times = kept.times + 1, last_at = excluded.last_at, state = 'waiting', settled_at = NULL`,
		d.ID, d.UserID, d.Topic, d.Type, d.TaskID, d.Reason, d.Raw, now)
	if err != nil {
		return false, fmt.Errorf("keep dead letter %s: %w", d.ID, err)
	}
	return tag.RowsAffected() == 1, nil
}

// DeadLetters returns dead letters without their bytes, in the order of their first arrival. It
// returns the waiting ones, or all.
func DeadLetters(ctx context.Context, tx pgx.Tx, all bool) ([]DeadLetter, error) {
	return queryDeadLetters(ctx, tx, `NULL::bytea FROM dead_letters WHERE $1 OR state = 'waiting' ORDER BY first_at, id`, all)
}

// LastDeadLetters returns the newest waiting dead letters without their bytes.
func LastDeadLetters(ctx context.Context, tx pgx.Tx, limit int) ([]DeadLetter, error) {
	return queryDeadLetters(ctx, tx, `NULL::bytea FROM dead_letters WHERE state = 'waiting' ORDER BY first_at DESC, id LIMIT $1`, limit)
}

// DeadLetterByID returns a dead letter with its bytes. It returns code not_found if there is none.
func DeadLetterByID(ctx context.Context, tx pgx.Tx, id uuid.UUID) (DeadLetter, error) {
	found, err := queryDeadLetters(ctx, tx, `raw FROM dead_letters WHERE id = $1`, id)
	if err != nil {
		return DeadLetter{}, err
	}
	if len(found) == 0 {
		return DeadLetter{}, errNoDeadLetter
	}
	return found[0], nil
}

// queryDeadLetters returns dead letters. rest is the query after its first columns: the bytes, and FROM.
func queryDeadLetters(ctx context.Context, tx pgx.Tx, rest string, arg any) ([]DeadLetter, error) {
	rows, err := tx.Query(ctx, `SELECT `+deadLetterColumns+`, `+rest, arg)
	if err != nil {
		return nil, fmt.Errorf("query dead letters: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[DeadLetter])
	if err != nil {
		return nil, fmt.Errorf("read dead letters: %w", err)
	}
	return found, nil
}

// CountDeadLetters returns the number of waiting dead letters. It stops counting at limit.
func CountDeadLetters(ctx context.Context, tx pgx.Tx, limit int) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM dead_letters WHERE state = 'waiting' LIMIT $1) d`, limit).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count dead letters: %w", err)
	}
	return n, nil
}

// DiscardDeadLetter settles a dead letter without a replay. It returns code not_found if there is
// none.
func DiscardDeadLetter(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) error {
	return settleDeadLetter(ctx, tx, id, DeadLetterDiscarded, now)
}

func settleDeadLetter(ctx context.Context, tx pgx.Tx, id uuid.UUID, state string, now time.Time) error {
	tag, err := tx.Exec(ctx, `UPDATE dead_letters SET state = $2, settled_at = $3 WHERE id = $1`, id, state, now)
	if err != nil {
		return fmt.Errorf("settle dead letter %s: %w", id, err)
	}
	if tag.RowsAffected() == 0 {
		return errNoDeadLetter
	}
	return nil
}

var errNoDeadLetter = task.Errorf(task.CodeNotFound, "there is no such dead letter")

// PurgeDeadLetters removes up to limit dead letters that were replayed or discarded before an
// instant, and returns their number. It keeps waiting ones.
func PurgeDeadLetters(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM dead_letters WHERE id IN (
			SELECT id FROM dead_letters WHERE state <> 'waiting' AND settled_at < $1 ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge dead letters: %w", err)
	}
	return tag.RowsAffected(), nil
}
