package delivery

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

// NotifyEnded notifies the owner of a disabled channel over the remaining channels, in the
// transaction that disabled it. Without it, reminders would stop silently. Lock the user first.
func (q *Queue) NotifyEnded(ctx context.Context, tx pgx.Tx, ended postgres.Channel, now time.Time) error {
	deliveries, err := postgres.InsertEndedNotices(ctx, tx, ended, now)
	if err != nil {
		return err
	}
	return q.Add(ctx, tx, deliveries...)
}
