package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

// MoveWholeDays lets the whole days of a user start in the stored time zone of the account. It
// returns the open tasks that are due on a whole day and have pending reminders. The transaction must
// hold the user's row.
func MoveWholeDays(ctx context.Context, tx pgx.Tx, u User) ([]task.Task, error) {
	zone, err := task.LoadZone(u.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("move whole days: %w", err)
	}
	rows, err := tx.Query(ctx, `SELECT DISTINCT due_on FROM tasks WHERE user_id = $1 AND `+wholeDay, u.ID)
	if err != nil {
		return nil, fmt.Errorf("query whole days: %w", err)
	}
	days, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil {
		return nil, fmt.Errorf("read whole days: %w", err)
	}
	starts := make([]time.Time, len(days))
	for i, day := range days {
		starts[i] = task.DateOf(day).Start(zone)
	}
	_, err = tx.Exec(ctx, `
		UPDATE tasks SET due_at = moved.day_start, day_start = moved.day_start
		FROM unnest($2::date[], $3::timestamptz[]) AS moved (due_on, day_start)
		WHERE user_id = $1 AND tasks.due_on = moved.due_on AND due_at IS NOT DISTINCT FROM tasks.day_start`, u.ID, days, starts)
	if err != nil {
		return nil, fmt.Errorf("move whole days: %w", err)
	}
	return queryTasks(ctx, tx, `SELECT `+taskRow+` FROM tasks WHERE user_id = $1 AND `+wholeDay+` AND completed_at IS NULL
		AND EXISTS (SELECT FROM reminders r WHERE r.task_id = tasks.id AND r.state = 'pending')`, u.ID)
}

// MoveReminders sets the instants of pending reminders of a user's tasks by number. It leaves out
// reminders that have fired. The transaction must hold the user's row.
func MoveReminders(ctx context.Context, tx pgx.Tx, userID uuid.UUID, wanted map[uuid.UUID]map[int]time.Time) error {
	ids, numbers, instants := columns(wanted)
	_, err := tx.Exec(ctx, `
		UPDATE reminders SET fire_at = wanted.fire_at
		FROM unnest($2::uuid[], $3::int[], $4::timestamptz[]) AS wanted (task_id, number, fire_at)
		WHERE reminders.user_id = $1 AND reminders.task_id = wanted.task_id AND reminders.number = wanted.number AND state = 'pending'
			AND reminders.fire_at <> wanted.fire_at`, userID, ids, numbers, instants)
	if err != nil {
		return fmt.Errorf("move reminders: %w", err)
	}
	return nil
}

// columns returns reminders as one array per column.
func columns(wanted map[uuid.UUID]map[int]time.Time) (ids []uuid.UUID, numbers []int, instants []time.Time) {
	for id, reminders := range wanted {
		for number, at := range reminders {
			ids, numbers, instants = append(ids, id), append(numbers, number), append(instants, at)
		}
	}
	return ids, numbers, instants
}
