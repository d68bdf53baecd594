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
	// DeliveryPending has not been tried yet.
	DeliveryPending = "pending"
	// DeliverySent was taken by the receiver.
	DeliverySent = "sent"
	// DeliveryFailed will be tried again at NextAttemptAt.
	DeliveryFailed = "failed"
	// DeliveryGivenUp will not be tried again unless its owner asks.
	DeliveryGivenUp = "given_up"
)

// Delivery is one notification to one channel, and how far it got. There is one for an event and a channel.
type Delivery struct {
	ID     uuid.UUID
	UserID uuid.UUID
	// ChannelID is nil when the channel is gone.
	ChannelID   *uuid.UUID
	ChannelKind string
	EventID     uuid.UUID
	// TaskID is nil for a test, and for the message that another channel ended.
	TaskID *uuid.UUID
	Test   bool
	State  string
	// Attempts is how many came to an end.
	Attempts int
	// Round counts how often the owner asked to have it sent again.
	Round int
	// Reason says why the last attempt did not deliver; "" when it did or there was none.
	Reason        string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	NextAttemptAt *time.Time
	SentAt        *time.Time
}

const deliveryColumns = `id, user_id, channel_id, channel_kind, event_id, task_id, test, state, attempts, round, coalesce(reason, ''),
	created_at, updated_at, next_attempt_at, sent_at`

// NewDelivery makes the pending delivery of an event to a channel.
func NewDelivery(e event.Event, c Channel, now time.Time) Delivery {
	now = now.UTC().Truncate(time.Microsecond)
	return Delivery{
		ID: uuid.Must(uuid.NewV7()), UserID: c.UserID, ChannelID: &c.ID, ChannelKind: c.Kind, EventID: e.ID, TaskID: &e.Data.TaskID,
		State: DeliveryPending, CreatedAt: now, UpdatedAt: now, NextAttemptAt: &now,
	}
}

// InsertDeliveries stores new deliveries of an event. One that exists for the same event and channel makes it fail.
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

// DeliveryPosition is a place in the order of deliveries, the newest first.
type DeliveryPosition struct {
	CreatedAt time.Time `json:"c"`
	ID        uuid.UUID `json:"i"`
}

// Deliveries returns a user's deliveries, the newest first.
func Deliveries(ctx context.Context, tx pgx.Tx, userID uuid.UUID, f DeliveryFilter) ([]Delivery, error) {
	sql, args := `SELECT `+deliveryColumns+` FROM deliveries WHERE user_id = $1`, []any{userID}
	where := func(condition string, values ...any) {
		places := make([]any, len(values))
		for i, v := range values {
			args = append(args, v)
			places[i] = len(args)
		}
		sql += " AND " + fmt.Sprintf(condition, places...)
	}
	if f.State != "" {
		where(`state = $%d`, f.State)
	}
	if f.ChannelID != nil {
		where(`channel_id = $%d`, f.ChannelID)
	}
	if f.TaskID != nil {
		where(`task_id = $%d`, f.TaskID)
	}
	if f.After != nil {
		where(`(created_at, id) < ($%d, $%d)`, f.After.CreatedAt, f.After.ID)
	}
	args = append(args, f.Limit)
	sql += fmt.Sprintf(` ORDER BY created_at DESC, id DESC LIMIT $%d`, len(args))
	return queryDeliveries(ctx, tx, sql, args...)
}

// DeliveryByID returns one of a user's deliveries. Code not_found when the user has no such.
func DeliveryByID(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) (Delivery, error) {
	return oneDelivery(ctx, tx, `SELECT `+deliveryColumns+` FROM deliveries WHERE user_id = $1 AND id = $2`, userID, id)
}

// RetryDelivery makes a delivery that failed or was given up pending again, in its next round. Code not_found when the user
// has no such, conflict when it is pending or sent.
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

// CountTests returns how many tests of a channel were asked for since an instant.
func CountTests(ctx context.Context, tx pgx.Tx, channelID uuid.UUID, since time.Time) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM deliveries WHERE channel_id = $1 AND test AND created_at > $2`, channelID, since).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count tests: %w", err)
	}
	return n, nil
}

// PurgeDeliveries removes up to limit deliveries made before an instant, which has to lie beyond the last attempt of any.
// It returns how many.
func PurgeDeliveries(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE created_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, before, limit)
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
