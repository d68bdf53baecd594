package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// SnoozeNumber is the number of a snoozed reminder. The reminders of the task's own list have lower
// numbers.
const SnoozeNumber = task.MaxReminders

// Reminder is a reminder of a task with its scheduled job.
type Reminder struct {
	TaskID uuid.UUID
	Number int
	UserID uuid.UUID
	FireAt time.Time
	// Pending is false after the reminder fired or was cancelled.
	Pending bool
	// JobAt is the instant of the job that the scheduler holds. It is nil if the scheduler holds
	// none.
	JobAt *time.Time
	// TraceParent names the trace of the change that set the reminder. It may be empty.
	TraceParent string
}

// lateReminder is how long after its instant a reminder is still accepted. The request for it may
// have been in flight or retried when the instant passed.
const lateReminder = time.Minute

// SetReminders sets a task's reminders to wanted (number -> instant) and cancels all others. It cancels
// those that have fired too, so that AttemptOf drops their notifications.
//
//   - A reminder with an unchanged instant stays as it is, fired or not.
//   - A new instant that passed more than lateReminder ago is not armed.
//   - An instant at which a reminder of the task fired is not armed either, under any number. The
//     numbers are positions in a list that grows and shrinks.
//   - A row of another account that had the task before becomes this user's. Reminders are found,
//     and deleted with their account, by user.
//
// The transaction must hold the user's row.
func SetReminders(ctx context.Context, tx pgx.Tx, userID, taskID uuid.UUID, wanted map[int]time.Time, now time.Time) error {
	numbers := make([]int, 0, len(wanted))
	batch := &pgx.Batch{}
	for number, at := range wanted {
		numbers = append(numbers, number)
		// retry_at stays. It keeps a second reconciler away while one is calling the scheduler.
		batch.Queue(`
			INSERT INTO reminders (task_id, number, user_id, fire_at, traceparent, state)
			VALUES ($1, $2, $3, $4::timestamptz, nullif($6, ''), CASE
				WHEN EXISTS (SELECT FROM reminders WHERE task_id = $1 AND $4 = ANY (fired_instants)) THEN 'fired'
				WHEN $4 > $5::timestamptz THEN 'pending' ELSE 'cancelled' END)
			ON CONFLICT (task_id, number) DO UPDATE
			SET user_id = excluded.user_id, fire_at = excluded.fire_at, state = excluded.state, fired_at = NULL, traceparent = excluded.traceparent
			WHERE reminders.fire_at <> excluded.fire_at OR (reminders.state = 'cancelled' AND excluded.state <> 'cancelled')
				OR reminders.user_id <> excluded.user_id`,
			taskID, number, userID, at, now.Add(-lateReminder), telemetry.TraceParent(ctx))
	}
	batch.Queue(`
		UPDATE reminders SET state = 'cancelled'
		WHERE task_id = $1 AND user_id = $2 AND state <> 'cancelled' AND number <> ALL ($3)`, taskID, userID, numbers)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("set reminders: %w", err)
	}
	return nil
}

const reminderColumns = `task_id, number, user_id, fire_at, state = 'pending', job_at, coalesce(traceparent, '')`

// ReminderByID returns a reminder. It returns code not_found if there is none, or if its owner was
// deleted.
func ReminderByID(ctx context.Context, tx pgx.Tx, taskID uuid.UUID, number int) (Reminder, error) {
	found, err := queryReminders(ctx, tx, `SELECT `+reminderColumns+` FROM reminders r WHERE task_id = $1 AND number = $2
		AND EXISTS (SELECT FROM users WHERE id = r.user_id AND `+notDeleted+`)`, taskID, number)
	if err != nil {
		return Reminder{}, err
	}
	if len(found) == 0 {
		return Reminder{}, task.Errorf(task.CodeNotFound, "there is no such reminder")
	}
	return found[0], nil
}

// reminderLockWait bounds the wait for a reminder's user. A long import or a lost machine may hold
// the lock. The wait is short because firing is retried and must not delay others.
const reminderLockWait = "2s"

// LockReminder returns a reminder and holds its user's row until the transaction ends. Neither the
// reminder nor its task can change meanwhile, because every change of a user's tasks holds that
// row. It returns code not_found if there is none, and unavailable if another transaction holds the
// user.
func LockReminder(ctx context.Context, tx pgx.Tx, taskID uuid.UUID, number int) (Reminder, error) {
	// The lock comes before the read. A statement sees only earlier commits, and the lock may have
	// to wait.
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('lock_timeout', $1, true)`, reminderLockWait)
	batch.Queue(`SELECT FROM users WHERE id = (SELECT user_id FROM reminders WHERE task_id = $1 AND number = $2) FOR NO KEY UPDATE`, taskID, number)
	err := tx.SendBatch(ctx, batch).Close()
	if isLockTimeout(err) {
		return Reminder{}, errors.Join(task.RetryLater(task.CodeUnavailable, retryAfter, "the user's tasks are being changed"), err)
	}
	if err != nil {
		return Reminder{}, fmt.Errorf("lock reminder's user: %w", err)
	}
	return ReminderByID(ctx, tx, taskID, number)
}

// MarkFired notes that a reminder has fired. It will not fire again unless it is moved. MarkFired
// returns first=false when another reminder of the task has fired at the same instant: the owner has
// been notified of both.
func MarkFired(ctx context.Context, tx pgx.Tx, r Reminder, now time.Time) (first bool, err error) {
	// A job that is still to come is left to the reconciler to remove. One whose time has come is
	// over. SetReminders arms no instant of an hour ago, so older instants are forgotten.
	err = tx.QueryRow(ctx, `
		UPDATE reminders r SET state = 'fired', fired_at = $3, job_at = CASE WHEN job_at > $3 THEN job_at END,
			fired_instants = ARRAY(SELECT i FROM unnest(fired_instants) i WHERE i > $3::timestamptz - interval '1 hour') || fire_at
		WHERE task_id = $1 AND number = $2
		RETURNING NOT EXISTS (
			SELECT FROM reminders other WHERE other.task_id = $1 AND other.number <> $2 AND r.fire_at = ANY (other.fired_instants)
		)`, r.TaskID, r.Number, now).Scan(&first)
	if err != nil {
		return false, fmt.Errorf("mark reminder fired: %w", err)
	}
	return first, nil
}

// MarkCancelled records that a reminder must not fire any more.
func MarkCancelled(ctx context.Context, tx pgx.Tx, r Reminder, now time.Time) error {
	_, err := tx.Exec(ctx, `
		UPDATE reminders SET state = 'cancelled', fired_at = NULL, job_at = CASE WHEN job_at > $3 THEN job_at END
		WHERE task_id = $1 AND number = $2`, r.TaskID, r.Number, now)
	if err != nil {
		return fmt.Errorf("mark reminder cancelled: %w", err)
	}
	return nil
}

// ReminderPosition is a position in the order of reminders: by instant, then by task and number.
// The zero value is the start.
type ReminderPosition struct {
	FireAt time.Time
	TaskID uuid.UUID
	Number int
}

// Position returns the reminder's position.
func (r Reminder) Position() ReminderPosition { return ReminderPosition{r.FireAt, r.TaskID, r.Number} }

// Swept is how far a sweep has come with one user's reminders.
type Swept struct {
	// Tried is how many reminders were tried. Users take turns, so the user's next one is behind as
	// many of each other user.
	Tried int
	// Failed is the last reminder that could not be fired. It and those before it are left out.
	Failed ReminderPosition
}

// OverdueReminders returns pending reminders that should have fired by now and that no job is going
// to fire: the scheduler does not know them, or they should have fired before an earlier instant. It
// leaves out those that a sweep has tried in vain, and all of some users. Users take turns: first
// comes the oldest of each, then the second of each.
func OverdueReminders(ctx context.Context, tx pgx.Tx, now, before time.Time, swept map[uuid.UUID]Swept, without []uuid.UUID, limit int) ([]Reminder, error) {
	var users, tasks []uuid.UUID
	var tried, numbers []int
	var instants []time.Time
	for user, s := range swept {
		users, tried = append(users, user), append(tried, s.Tried)
		instants, tasks, numbers = append(instants, s.Failed.FireAt), append(tasks, s.Failed.TaskID), append(numbers, s.Failed.Number)
	}
	if without == nil {
		without = []uuid.UUID{} // nil is NULL, and leaves out everybody
	}
	return queryReminders(ctx, tx, `SELECT `+reminderColumns+` FROM (
			SELECT r.*, coalesce(swept.tried, 0)
				+ row_number() OVER (PARTITION BY r.user_id ORDER BY r.fire_at, r.task_id, r.number) AS turn
			FROM reminders r LEFT JOIN unnest($3::uuid[], $4::int[], $5::timestamptz[], $6::uuid[], $7::int[])
				AS swept (user_id, tried, fire_at, task_id, number) ON swept.user_id = r.user_id
			WHERE r.state = 'pending' AND r.fire_at <= $1 AND (r.fire_at < $2 OR r.job_at IS DISTINCT FROM r.fire_at)
				AND (swept.user_id IS NULL OR (r.fire_at, r.task_id, r.number) > (swept.fire_at, swept.task_id, swept.number))
				AND r.user_id <> ALL ($8)
		) overdue ORDER BY turn, fire_at, task_id, number LIMIT $9`, now, before, users, tried, instants, tasks, numbers, without, limit)
}

// NextReminder returns the instant of the first pending reminder. It returns found=false if none is
// pending.
func NextReminder(ctx context.Context, tx pgx.Tx) (at time.Time, found bool, err error) {
	var next *time.Time
	if err := tx.QueryRow(ctx, `SELECT min(fire_at) FROM reminders WHERE state = 'pending'`).Scan(&next); err != nil {
		return time.Time{}, false, fmt.Errorf("query next reminder: %w", err)
	}
	if next == nil {
		return time.Time{}, false, nil
	}
	return next.UTC(), true, nil
}

// ScheduledReminders returns pending reminders with a scheduled job, in order, after a position and
// before an instant.
func ScheduledReminders(ctx context.Context, tx pgx.Tx, after ReminderPosition, before time.Time, limit int) ([]Reminder, error) {
	return queryReminders(ctx, tx, `SELECT `+reminderColumns+` FROM reminders
		WHERE state = 'pending' AND job_at = fire_at AND fire_at < $1 AND (fire_at, task_id, number) > ($2, $3, $4)
		ORDER BY fire_at, task_id, number LIMIT $5`, before, after.FireAt, after.TaskID, after.Number, limit)
}

// ClaimUnscheduled returns reminders whose scheduled job differs from the database, the most urgent
// first. It keeps other callers off them until the given instant, in whole microseconds, or until
// MarkScheduled. It leaves out due reminders, because a job would come too late.
func ClaimUnscheduled(ctx context.Context, tx pgx.Tx, now, until time.Time, limit int) ([]Reminder, error) {
	return queryReminders(ctx, tx, `
		UPDATE reminders r SET retry_at = $2
		FROM (
			SELECT task_id, number FROM reminders
			WHERE ((state = 'pending' AND job_at IS DISTINCT FROM fire_at) OR (state <> 'pending' AND job_at IS NOT NULL))
				AND (state <> 'pending' OR fire_at > $1)
				AND (retry_at IS NULL OR retry_at <= $1)
			ORDER BY fire_at LIMIT $3 FOR UPDATE SKIP LOCKED
		) c
		WHERE r.task_id = c.task_id AND r.number = c.number
		RETURNING r.task_id, r.number, r.user_id, r.fire_at, r.state = 'pending', r.job_at, coalesce(r.traceparent, '')`, now, until, limit)
}

// MarkScheduled records that the scheduler holds the job of a claimed reminder: a job at FireAt, or
// none if it is not Pending. If the reminder changed after the claim, it can be claimed again
// immediately. If another caller took over the claim after claimedUntil, it does nothing.
func MarkScheduled(ctx context.Context, tx pgx.Tx, claimed Reminder, claimedUntil time.Time) error {
	var jobAt *time.Time
	if claimed.Pending {
		jobAt = &claimed.FireAt
	}
	// A job that fired the reminder meanwhile no longer exists.
	return markReminder(ctx, tx, "scheduled", `
		UPDATE reminders SET job_at = CASE WHEN state = 'fired' AND fire_at = $3 THEN NULL ELSE $3::timestamptz END, retry_at = NULL
		WHERE task_id = $1 AND number = $2 AND retry_at = $4`, claimed.TaskID, claimed.Number, jobAt, claimedUntil)
}

// MarkUnscheduled records that a claimed reminder could not be scheduled. It is not claimed again
// before retryAt.
func MarkUnscheduled(ctx context.Context, tx pgx.Tx, claimed Reminder, claimedUntil, retryAt time.Time) error {
	return markReminder(ctx, tx, "unscheduled", `UPDATE reminders SET retry_at = $3 WHERE task_id = $1 AND number = $2 AND retry_at = $4`,
		claimed.TaskID, claimed.Number, retryAt, claimedUntil)
}

// MarkForgotten records that the scheduler lost the job of a reminder. The reminder is then
// scheduled again.
func MarkForgotten(ctx context.Context, tx pgx.Tx, r Reminder) error {
	return markReminder(ctx, tx, "forgotten", `UPDATE reminders SET job_at = NULL WHERE task_id = $1 AND number = $2 AND job_at = $3`,
		r.TaskID, r.Number, r.JobAt)
}

// markReminder runs an update of the scheduled job. A crash of the server that loses it only
// schedules the job again, which is harmless. The commit therefore need not wait for the disk. A
// transaction updates one reminder only. Changes of tasks may lock several in any order, and more
// than one would deadlock with them.
func markReminder(ctx context.Context, tx pgx.Tx, as, sql string, args ...any) error {
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
	batch.Queue(sql, args...)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("mark reminder %s: %w", as, err)
	}
	return nil
}

// PurgeReminders removes up to limit reminders that ended before an instant, have no job and belong
// to no open task. It returns their number.
func PurgeReminders(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM reminders r USING (
			SELECT task_id, number FROM reminders
			WHERE state <> 'pending' AND job_at IS NULL AND fire_at < $1
				AND NOT EXISTS (SELECT FROM tasks WHERE tasks.id = task_id AND completed_at IS NULL)
			ORDER BY fire_at LIMIT $2 FOR UPDATE SKIP LOCKED
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
	for i := range reminders {
		reminders[i].FireAt = reminders[i].FireAt.UTC()
		toUTC(&reminders[i].JobAt)
	}
	return reminders, nil
}
