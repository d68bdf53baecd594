package delivery

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

// TellEnded tells the owner of a channel that the system disabled of that, over the channels that are left, in the transaction
// that disabled it. Without that, reminders would stop without a word. Lock the user first.
func (q *Queue) TellEnded(ctx context.Context, tx pgx.Tx, ended postgres.Channel, now time.Time) error {
	deliveries, err := postgres.InsertEndedNotices(ctx, tx, ended, now)
	if err != nil {
		return err
	}
	return q.Add(ctx, tx, deliveries...)
}
