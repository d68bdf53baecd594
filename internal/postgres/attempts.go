package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
)

// Attempt holds the data that one attempt at a delivery needs.
type Attempt struct {
	Delivery Delivery
	Event    event.Event
	// Ended is the message that another channel ended. It is sent instead of an event, and nil for
	// an event.
	Ended *EndedNotice
	// Dropped reports that the event is a reminder that its task no longer has: the task was completed,
	// deleted or moved, or the reminder was removed.
	Dropped bool
	// Channel is nil if it was deleted.
	Channel *Channel
	// Mailed tells whether e-mail may go to the account.
	Mailed Mailed
}

// AttemptOf reads the data for an attempt at a delivery. It returns code not_found if the delivery
// was deleted.
func AttemptOf(ctx context.Context, tx pgx.Tx, deliveryID uuid.UUID) (Attempt, error) {
	d, err := oneDelivery(ctx, tx, `SELECT `+deliveryColumns+` FROM deliveries WHERE id = $1`, deliveryID)
	if err != nil {
		return Attempt{}, err
	}
	var raw []byte
	if err := tx.QueryRow(ctx, `SELECT event FROM deliveries WHERE id = $1`, deliveryID).Scan(&raw); err != nil {
		return Attempt{}, fmt.Errorf("read event of delivery: %w", err)
	}
	a := Attempt{Delivery: d}
	if a.Event, err = event.Decode(raw); err != nil {
		return Attempt{}, err
	}
	if a.Event.Type == ChannelEnded {
		if err := json.Unmarshal(raw, &a.Ended); err != nil {
			return Attempt{}, fmt.Errorf("decode notice of delivery %s: %w", deliveryID, err)
		}
	}
	if due := a.Event.Data.Reminder; a.Event.Type == event.ReminderDue && due != nil && !d.Test {
		err := tx.QueryRow(ctx, `
			SELECT NOT EXISTS (SELECT FROM reminders WHERE task_id = $1 AND user_id = $2 AND fire_at = $3 AND state = 'fired')`,
			a.Event.Data.TaskID, d.UserID, due.At).Scan(&a.Dropped)
		if err != nil {
			return Attempt{}, fmt.Errorf("query reminder of delivery %s: %w", deliveryID, err)
		}
	}
	if a.Channel, err = channelOrNone(ctx, tx, d.ChannelID); err != nil {
		return Attempt{}, err
	}
	a.Mailed, err = MailedOf(ctx, tx, d.UserID)
	return a, err
}

// NextJob returns when the first job of the delivery queue is due. A running job is due until it
// ends. NextJob returns found=false if no job is left.
func NextJob(ctx context.Context, tx pgx.Tx) (at time.Time, found bool, err error) {
	var next *time.Time
	err = tx.QueryRow(ctx, `SELECT min(scheduled_at) FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled')`).Scan(&next)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("query next job: %w", err)
	}
	if next == nil {
		return time.Time{}, false, nil
	}
	return next.UTC(), true, nil
}

// Outcome is the result of an attempt.
type Outcome struct {
	// State is DeliverySent, DeliveryFailed or DeliveryGivenUp.
	State string
	// Reason is why the attempt did not deliver.
	Reason string
	// Next is the time of the next attempt at a failed delivery.
	Next *time.Time
}

// MarkAttempt stores the outcome of an attempt. Outcomes of an earlier round are ignored, except a
// sent one. A sent delivery never changes again.
func MarkAttempt(ctx context.Context, tx pgx.Tx, d Delivery, o Outcome, now time.Time) error {
	_, err := tx.Exec(ctx, `
		UPDATE deliveries SET state = $3, reason = nullif($4, ''), next_attempt_at = $5, updated_at = $6, attempts = attempts + 1,
			sent_at = CASE WHEN $3 = 'sent' THEN $6::timestamptz END
		WHERE id = $1 AND state <> 'sent' AND (round = $2 OR $3 = 'sent')`,
		d.ID, d.Round, o.State, o.Reason, o.Next, now)
	if err != nil {
		return fmt.Errorf("mark attempt at delivery %s: %w", d.ID, err)
	}
	return nil
}
