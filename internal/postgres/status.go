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
	// them.
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
	err = tx.QueryRow(ctx, `
		SELECT pending.n, pending.since,
			(SELECT max(published_at) FROM outbox WHERE published_at IS NOT NULL),
			(SELECT count(*) FROM (SELECT FROM reminders WHERE state = 'pending' AND fire_at < $2 LIMIT $1) r),
			(SELECT count(*) FROM (SELECT FROM reminders WHERE state = 'pending' AND job_at IS DISTINCT FROM fire_at LIMIT $1) r),
			(SELECT min(fire_at) FROM reminders WHERE state = 'pending'),
			(SELECT count(*) FROM (SELECT FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled') LIMIT $1) j),
			(SELECT count(*) FROM (SELECT FROM dead_letters WHERE state = 'waiting' LIMIT $1) d)
		FROM (SELECT count(*) AS n, min(created_at) AS since FROM (SELECT created_at FROM outbox WHERE published_at IS NULL LIMIT $1) o) pending`,
		limit, now.Add(-overdueAfter)).Scan(&s.Pending, &s.PendingSince, &s.PublishedAt, &s.LateReminders, &s.UnscheduledReminders, &s.NextReminder,
		&s.WaitingDeliveries, &s.WaitingDeadLetters)
	if err != nil {
		return Status{}, fmt.Errorf("query status: %w", err)
	}
	return s, nil
}

// LastDeadLetters returns the newest waiting dead letters without their bytes.
func LastDeadLetters(ctx context.Context, tx pgx.Tx, limit int) ([]DeadLetter, error) {
	rows, err := tx.Query(ctx, `SELECT `+deadLetterColumns+`, NULL::bytea FROM dead_letters WHERE state = 'waiting' ORDER BY first_at DESC, id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("query dead letters: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[DeadLetter])
	if err != nil {
		return nil, fmt.Errorf("read dead letters: %w", err)
	}
	return found, nil
}
