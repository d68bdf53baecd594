package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

// The states of a delivery.
//
//	pending --> sent
//	   |  \---> given_up <--+
//	   +------> failed -----+
//	              | ^
//	              +-+ (the next attempt)
const (
	// DeliveryPending is the state before the first attempt.
	DeliveryPending = "pending"
	// DeliverySent is the state after the receiver accepted the delivery.
	DeliverySent = "sent"
	// DeliveryFailed is the state between a failed attempt and the next one at NextAttemptAt.
	DeliveryFailed = "failed"
	// DeliveryGivenUp is the state after the last attempt. Only the owner can start another round.
	DeliveryGivenUp = "given_up"
)

// Delivery is one notification to one channel and its progress. There is at most one for an event
// and a channel.
type Delivery struct {
	ID     uuid.UUID
	UserID uuid.UUID
	// ChannelID is nil if the channel was deleted.
	ChannelID   *uuid.UUID
	ChannelKind string
	EventID     uuid.UUID
	// TaskID is nil for a test and for the message about an ended channel.
	TaskID *uuid.UUID
	Test   bool
	State  string
	// Attempts is the number of finished attempts.
	Attempts int
	// Round counts the owner's requests to send the delivery again.
	Round int
	// Reason is why the last attempt did not deliver. It is empty after a success and before the
	// first attempt.
	Reason        string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	NextAttemptAt *time.Time
	SentAt        *time.Time
}

const deliveryColumns = `id, user_id, channel_id, channel_kind, event_id, task_id, test, state, attempts, round, coalesce(reason, ''),
	created_at, updated_at, next_attempt_at, sent_at`

// NewDelivery returns the pending delivery of an event to a channel.
func NewDelivery(e event.Event, c Channel, now time.Time) Delivery {
	now = now.UTC().Truncate(time.Microsecond)
	return Delivery{
		ID: uuid.Must(uuid.NewV7()), UserID: c.UserID, ChannelID: &c.ID, ChannelKind: c.Kind, EventID: e.ID, TaskID: &e.Data.TaskID,
		State: DeliveryPending, CreatedAt: now, UpdatedAt: now, NextAttemptAt: &now,
	}
}

// InsertDeliveries stores new deliveries of an event. It fails if a delivery of the event to the
// same channel exists.
func InsertDeliveries(ctx context.Context, tx pgx.Tx, e event.Event, deliveries []Delivery) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	return insertDeliveries(ctx, tx, e.ID, raw, deliveries)
}

func insertDeliveries(ctx context.Context, tx pgx.Tx, eventID uuid.UUID, raw []byte, deliveries []Delivery) error {
	batch := &pgx.Batch{}
	for _, d := range deliveries {
		batch.Queue(`
			INSERT INTO deliveries (id, user_id, channel_id, channel_kind, event_id, task_id, test, event, state, created_at, updated_at, next_attempt_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			d.ID, d.UserID, d.ChannelID, d.ChannelKind, d.EventID, d.TaskID, d.Test, raw, d.State, d.CreatedAt, d.UpdatedAt, d.NextAttemptAt)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("insert deliveries of event %s: %w", eventID, err)
	}
	return nil
}

// DeliveryFilter selects deliveries. Zero fields select all.
type DeliveryFilter struct {
	State     string
	ChannelID *uuid.UUID
	TaskID    *uuid.UUID
	After     *DeliveryPosition
	Limit     int
}

// DeliveryPosition is a position in the list of deliveries, the newest first.
type DeliveryPosition struct {
	CreatedAt time.Time `json:"c"`
	ID        uuid.UUID `json:"i"`
}

// Deliveries returns a user's deliveries, the newest first.
func Deliveries(ctx context.Context, tx pgx.Tx, userID uuid.UUID, f DeliveryFilter) ([]Delivery, error) {
	q := query{`SELECT ` + deliveryColumns + ` FROM deliveries WHERE user_id = $1`, []any{userID}}
	if f.State != "" {
		q.where(`state = $%d`, f.State)
	}
	if f.ChannelID != nil {
		q.where(`channel_id = $%d`, f.ChannelID)
	}
	if f.TaskID != nil {
		q.where(`task_id = $%d`, f.TaskID)
	}
	if f.After != nil {
		q.where(`(created_at, id) < ($%d, $%d)`, f.After.CreatedAt, f.After.ID)
	}
	q.add(` ORDER BY created_at DESC, id DESC LIMIT $%d`, f.Limit)
	return queryDeliveries(ctx, tx, q.sql, q.args...)
}

// DeliveryByID returns one of a user's deliveries. It returns code not_found if the user has no
// such delivery.
func DeliveryByID(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) (Delivery, error) {
	return oneDelivery(ctx, tx, `SELECT `+deliveryColumns+` FROM deliveries WHERE user_id = $1 AND id = $2`, userID, id)
}

// RetryDelivery makes a failed or given up delivery pending again, in its next round. It returns
// code not_found if the user has no such delivery, and conflict if it is pending or sent.
func RetryDelivery(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID, now time.Time) (Delivery, error) {
	d, err := oneDelivery(ctx, tx, `SELECT `+deliveryColumns+` FROM deliveries WHERE user_id = $1 AND id = $2 FOR UPDATE`, userID, id)
	if err != nil {
		return Delivery{}, err
	}
	if d.State != DeliveryFailed && d.State != DeliveryGivenUp {
		return Delivery{}, task.Errorf(task.CodeConflict, "the delivery is %s; only one that failed or was given up can be sent again", d.State)
	}
	return oneDelivery(ctx, tx, `
		UPDATE deliveries SET state = 'pending', round = round + 1, updated_at = $2, next_attempt_at = $2 WHERE id = $1
		RETURNING `+deliveryColumns, id, now)
}

// CountTests returns the number of tests of a channel that were requested since an instant.
func CountTests(ctx context.Context, tx pgx.Tx, channelID uuid.UUID, since time.Time) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM deliveries WHERE channel_id = $1 AND test AND created_at > $2`, channelID, since).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count tests: %w", err)
	}
	return n, nil
}

// CountDeliveries returns the number of a user's deliveries since an instant, and limit if there are more.
func CountDeliveries(ctx context.Context, tx pgx.Tx, userID uuid.UUID, since time.Time, limit int) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM deliveries WHERE user_id = $1 AND created_at > $2 LIMIT $3) d`, userID, since, limit).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count deliveries: %w", err)
	}
	return n, nil
}

// PurgeDeliveries removes up to limit deliveries created before an instant, and returns their
// number. The instant must be earlier than the first attempt of any delivery that can still be
// retried.
func PurgeDeliveries(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge deliveries: %w", err)
	}
	return tag.RowsAffected(), nil
}

func oneDelivery(ctx context.Context, tx pgx.Tx, sql string, args ...any) (Delivery, error) {
	deliveries, err := queryDeliveries(ctx, tx, sql, args...)
	if err != nil {
		return Delivery{}, err
	}
	if len(deliveries) == 0 {
		return Delivery{}, task.Errorf(task.CodeNotFound, "there is no such delivery")
	}
	return deliveries[0], nil
}

func queryDeliveries(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]Delivery, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("query deliveries: %w", err)
	}
	deliveries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Delivery, error) {
		d, err := pgx.RowToStructByPos[Delivery](row)
		d.CreatedAt, d.UpdatedAt = d.CreatedAt.UTC(), d.UpdatedAt.UTC()
		toUTC(&d.NextAttemptAt)
		toUTC(&d.SentAt)
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return deliveries, nil
}
