package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// NotifierInbox is the name of notifier in the inbox.
const NotifierInbox = "notifier"

// Receive records in the handling transaction that a consumer handled an event. It returns false if
// the consumer handled it before: the event is a duplicate, and there is nothing to do.
func Receive(ctx context.Context, tx pgx.Tx, consumer string, eventID uuid.UUID, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `INSERT INTO inbox (consumer, event_id, received_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		consumer, eventID, now)
	if err != nil {
		return false, fmt.Errorf("record event %s in inbox: %w", eventID, err)
	}
	return tag.RowsAffected() == 1, nil
}

// PurgeInbox removes up to limit records from before an instant, and returns their number. The
// instant must be older than the retention of the topics and any replay. A younger one would let a
// repeated event be handled twice.
func PurgeInbox(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM inbox WHERE (consumer, event_id) IN (
			SELECT consumer, event_id FROM inbox WHERE received_at < $1 ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge inbox: %w", err)
	}
	return tag.RowsAffected(), nil
}
