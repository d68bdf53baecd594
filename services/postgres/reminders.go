package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/services/task"
)

// SnoozeNumber is the number of the reminder that a snooze sets; those of the task's own list come before it.
const SnoozeNumber = task.MaxReminders

// Reminder is what should fire when, and what the scheduler was last told of it.
type Reminder struct {
	TaskID uuid.UUID
	Number int
	UserID uuid.UUID
	FireAt time.Time
	// Pending is false once it has fired or was cancelled.
	Pending bool
	// JobAt is the instant for which the scheduler holds a job; nil when it holds none.
	JobAt *time.Time
}

// SetReminders makes a task's reminders those of wanted (number -> instant) and cancels all others. One whose instant is
// unchanged stays as it is, fired or not; a new instant at or before now is not armed.
func SetReminders(ctx context.Context, tx pgx.Tx, userID, taskID uuid.UUID, wanted map[int]time.Time, now time.Time) error {
	numbers := make([]int, 0, len(wanted))
	batch := &pgx.Batch{}
	for number, at := range wanted {
		numbers = append(numbers, number)
		batch.Queue(`
			INSERT INTO reminders (task_id, number, user_id, fire_at, state)
			VALUES ($1, $2, $3, $4, CASE WHEN $4::timestamptz > $5 THEN 'pending' ELSE 'cancelled' END)
			ON CONFLICT (task_id, number) DO UPDATE
			SET fire_at = excluded.fire_at, state = excluded.state, fired_at = NULL, retry_at = NULL
			WHERE reminders.fire_at <> excluded.fire_at OR (reminders.state = 'cancelled' AND excluded.state = 'pending')`,
			taskID, number, userID, at, now)
	}
	batch.Queue(`
		UPDATE reminders SET state = 'cancelled', retry_at = NULL
		WHERE task_id = $1 AND user_id = $2 AND state = 'pending' AND number <> ALL ($3)`, taskID, userID, numbers)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("set reminders: %w", err)
	}
	return nil
}

const reminderColumns = `task_id, number, user_id, fire_at, state = 'pending', job_at`

// LockReminder returns a reminder and holds it until the transaction ends. Code not_found when there is none.
func LockReminder(ctx context.Context, tx pgx.Tx, taskID uuid.UUID, number int) (Reminder, error) {
	rows, err := tx.Query(ctx, `SELECT `+reminderColumns+` FROM reminders WHERE task_id = $1 AND number = $2 FOR UPDATE`, taskID, number)
	if err != nil {
		return Reminder{}, fmt.Errorf("query reminder: %w", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Reminder])
	if errors.Is(err, pgx.ErrNoRows) {
		return Reminder{}, task.Errorf(task.CodeNotFound, "there is no such reminder")
	}
	if err != nil {
		return Reminder{}, fmt.Errorf("read reminder: %w", err)
	}
	return r, nil
}

// MarkFired notes that a reminder has fired; it will not again, unless it is moved. Its job is over when the job itself
// was what fired it, else it is left to the reconciler to remove.
func MarkFired(ctx context.Context, tx pgx.Tx, taskID uuid.UUID, number int, byJob bool, now time.Time) error {
	_, err := tx.Exec(ctx, `
		UPDATE reminders SET state = 'fired', fired_at = $3, job_at = CASE WHEN $4 THEN NULL ELSE job_at END, retry_at = NULL
		WHERE task_id = $1 AND number = $2`, taskID, number, now, byJob)
	if err != nil {
		return fmt.Errorf("mark reminder fired: %w", err)
	}
	return nil
}

// OverdueReminders returns pending reminders that should have fired before an instant, the oldest first.
func OverdueReminders(ctx context.Context, tx pgx.Tx, before time.Time, limit int) ([]Reminder, error) {
	return queryReminders(ctx, tx, `SELECT `+reminderColumns+` FROM reminders
		WHERE state = 'pending' AND fire_at < $1 ORDER BY fire_at LIMIT $2`, before, limit)
}

// ScheduledReminders returns pending reminders between two instants whose job the scheduler should hold, by instant.
func ScheduledReminders(ctx context.Context, tx pgx.Tx, from, to time.Time, limit int) ([]Reminder, error) {
	return queryReminders(ctx, tx, `SELECT `+reminderColumns+` FROM reminders
		WHERE state = 'pending' AND fire_at >= $1 AND fire_at < $2 AND job_at = fire_at ORDER BY fire_at LIMIT $3`, from, to, limit)
}

// ClaimUnscheduled returns reminders of which the scheduler has been told something else than they want, the most urgent
// first, and keeps other callers off them until the given instant or until MarkScheduled.
func ClaimUnscheduled(ctx context.Context, tx pgx.Tx, now, until time.Time, limit int) ([]Reminder, error) {
	return queryReminders(ctx, tx, `
		UPDATE reminders r SET retry_at = $2
		FROM (
			SELECT task_id, number FROM reminders
			WHERE ((state = 'pending' AND job_at IS DISTINCT FROM fire_at) OR (state <> 'pending' AND job_at IS NOT NULL))
				AND (retry_at IS NULL OR retry_at <= $1)
			ORDER BY fire_at LIMIT $3 FOR UPDATE SKIP LOCKED
		) c
		WHERE r.task_id = c.task_id AND r.number = c.number
		RETURNING r.task_id, r.number, r.user_id, r.fire_at, r.state = 'pending', r.job_at`, now, until, limit)
}

// MarkScheduled notes what the scheduler now holds for a reminder: a job at an instant, or none when jobAt is nil.
func MarkScheduled(ctx context.Context, tx pgx.Tx, taskID uuid.UUID, number int, jobAt *time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE reminders SET job_at = $3, retry_at = NULL WHERE task_id = $1 AND number = $2`, taskID, number, jobAt)
	if err != nil {
		return fmt.Errorf("mark reminder scheduled: %w", err)
	}
	return nil
}

// PurgeReminders removes up to limit reminders that are over since before an instant and of which the scheduler holds
// nothing, and whose task is gone or done. It returns how many.
func PurgeReminders(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM reminders r USING (
			SELECT task_id, number FROM reminders
			WHERE state <> 'pending' AND job_at IS NULL AND fire_at < $1
				AND NOT EXISTS (SELECT FROM tasks WHERE tasks.id = task_id AND completed_at IS NULL)
			LIMIT $2 FOR UPDATE SKIP LOCKED
		) c WHERE r.task_id = c.task_id AND r.number = c.number`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge reminders: %w", err)
	}
	return tag.RowsAffected(), nil
}

func queryReminders(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]Reminder, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("query reminders: %w", err)
	}
	reminders, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Reminder])
	if err != nil {
		return nil, fmt.Errorf("read reminders: %w", err)
	}
	return reminders, nil
}
