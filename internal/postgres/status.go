package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Status is the state of the background work, for the page /status. Counts stop at the limit.
type Status struct {
	// Pending is the number of events that the broker has not accepted, and PendingSince the time of the oldest of
	// those that were counted.
	Pending      int
	PendingSince *time.Time
	// PublishedAt is when the broker last accepted an event.
	PublishedAt *time.Time
	// LateReminders are due and have not fired. UnscheduledReminders wait for their job.
	LateReminders, UnscheduledReminders int
	NextReminder                        *time.Time
	// WaitingDeliveries are jobs of notifier that wait or run.
	WaitingDeliveries int
	// WaitingDeadLetters wait for a person.
	WaitingDeadLetters int
}

// overdueAfter is how long after its instant a reminder counts as late.
const overdueAfter = time.Minute

// ReadStatus returns the state of the background work. Each count reads at most limit rows of an index.
func ReadStatus(ctx context.Context, tx pgx.Tx, now time.Time, limit int) (s Status, err error) {
	if s.Pending, err = CountPending(ctx, tx, limit); err != nil {
		return Status{}, err
	}
	if s.WaitingDeadLetters, err = CountDeadLetters(ctx, tx, limit); err != nil {
		return Status{}, err
	}
	err = tx.QueryRow(ctx, `
		SELECT (SELECT min(created_at) FROM (SELECT created_at FROM outbox WHERE published_at IS NULL LIMIT $1) o),
			(SELECT max(published_at) FROM outbox WHERE published_at IS NOT NULL),
			(SELECT count(*) FROM (SELECT FROM reminders WHERE state = 'pending' AND fire_at < $2 LIMIT $1) r),
			(SELECT count(*) FROM (SELECT FROM reminders WHERE state = 'pending' AND job_at IS DISTINCT FROM fire_at LIMIT $1) r),
			(SELECT min(fire_at) FROM reminders WHERE state = 'pending'),
			(SELECT count(*) FROM (SELECT FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled') LIMIT $1) j)`,
		limit, now.Add(-overdueAfter)).Scan(&s.PendingSince, &s.PublishedAt, &s.LateReminders, &s.UnscheduledReminders, &s.NextReminder, &s.WaitingDeliveries)
	if err != nil {
		return Status{}, fmt.Errorf("query status: %w", err)
	}
	return s, nil
}
