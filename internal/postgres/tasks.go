package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

const taskColumns = `id, title, description, completed_at, priority, tags, due_at, time_zone, recurrence, reminders,
	series_id, occurrence, snoozed_until, revision, created_at, updated_at`

// InsertTask stores a new task of a user. It returns false and changes nothing if the id is taken.
func InsertTask(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO tasks (user_id, `+taskColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (id) DO NOTHING`,
		userID, t.ID, t.Title, t.Description, t.CompletedAt, t.Priority, t.Tags, t.DueAt, t.TimeZone, t.Recurrence, t.Reminders,
		t.SeriesID, t.Occurrence, t.SnoozedUntil, t.Revision, t.CreatedAt, t.UpdatedAt)
	if err != nil {
		return false, fmt.Errorf("insert task: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// UpdateTask replaces the user's task with the id of t. It returns code not_found if the user has
// no such task.
func UpdateTask(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task) error {
	tag, err := tx.Exec(ctx, `
		UPDATE tasks SET title = $3, description = $4, completed_at = $5, priority = $6, tags = $7, due_at = $8, time_zone = $9,
			recurrence = $10, reminders = $11, series_id = $12, occurrence = $13, snoozed_until = $14, revision = $15, updated_at = $16
		WHERE user_id = $1 AND id = $2`,
		userID, t.ID, t.Title, t.Description, t.CompletedAt, t.Priority, t.Tags, t.DueAt, t.TimeZone, t.Recurrence, t.Reminders,
		t.SeriesID, t.Occurrence, t.SnoozedUntil, t.Revision, t.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update task: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errNoTask
	}
	return nil
}

// DeleteTask deletes a user's task. It returns code not_found if the user has no such task.
func DeleteTask(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) error {
	tag, err := tx.Exec(ctx, `DELETE FROM tasks WHERE user_id = $1 AND id = $2`, userID, id)
	if err != nil {
		return fmt.Errorf("delete task: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errNoTask
	}
	return nil
}

// TaskByID returns a user's task. It returns code not_found if there is none or if it is another
// user's.
func TaskByID(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) (task.Task, error) {
	tasks, err := queryTasks(ctx, tx, `SELECT `+taskColumns+` FROM tasks WHERE user_id = $1 AND id = $2`, userID, id)
	if err != nil {
		return task.Task{}, err
	}
	if len(tasks) == 0 {
		return task.Task{}, errNoTask
	}
	return tasks[0], nil
}

// TaskFilter selects tasks of a user. Zero fields select all.
type TaskFilter struct {
	// Status is "open", "done" or "all". The empty string means all.
	Status   string
	Tag      string
	Priority task.Priority
	// DueAfter is inclusive, DueBefore is exclusive. Either one leaves out tasks without a due
	// date.
	DueAfter, DueBefore *time.Time
	// Query is a text in the title or description, ignoring case.
	Query string
	// ByCompletion orders by completion time, the last first, and leaves out open tasks.
	ByCompletion bool
	// After is the position after which the list starts. The order is by due date (tasks without
	// one last) and id. Nil is the start.
	After *TaskPosition
	// Limit is the maximum number of tasks. It is required.
	Limit int
}

// TaskPosition is a task's position in a list: by due date, with nil after all others, or by
// completion.
type TaskPosition struct {
	DueAt       *time.Time `json:",omitempty"`
	CompletedAt *time.Time `json:",omitempty"`
	ID          uuid.UUID
}

// ListTasks returns the selected tasks of a user. They are ordered by due date (tasks without one
// last) and id, or by completion.
func ListTasks(ctx context.Context, tx pgx.Tx, userID uuid.UUID, f TaskFilter) ([]task.Task, error) {
	sql, args := `SELECT `+taskColumns+` FROM tasks WHERE user_id = $1`, []any{userID}
	where := func(condition string, values ...any) {
		positions := make([]any, len(values))
		for i, v := range values {
			args = append(args, v)
			positions[i] = len(args)
		}
		sql += " AND " + fmt.Sprintf(condition, positions...)
	}
	switch f.Status {
	case "open":
		where(`completed_at IS NULL`)
	case "done":
		where(`completed_at IS NOT NULL`)
	}
	if f.Tag != "" {
		where(`$%d = ANY (tags)`, f.Tag)
	}
	if f.Priority != "" {
		where(`priority = $%d`, f.Priority)
	}
	if f.DueAfter != nil {
		where(`due_at >= $%d`, f.DueAfter)
	}
	if f.DueBefore != nil {
		where(`due_at < $%d`, f.DueBefore)
	}
	if f.Query != "" {
		// strpos has no wildcards. The query needs no escaping.
		where(`strpos(lower(title || E'\n' || description), lower($%d)) > 0`, f.Query)
	}
	order := `coalesce(due_at, 'infinity'), id`
	if f.ByCompletion {
		order = `completed_at DESC, id DESC`
		where(`completed_at IS NOT NULL`)
	}
	switch {
	case f.After != nil && f.ByCompletion:
		where(`(completed_at, id) < ($%d::timestamptz, $%d)`, f.After.CompletedAt, f.After.ID)
	case f.After != nil:
		where(`(coalesce(due_at, 'infinity'), id) > (coalesce($%d::timestamptz, 'infinity'), $%d)`, f.After.DueAt, f.After.ID)
	}
	args = append(args, f.Limit)
	sql += fmt.Sprintf(` ORDER BY %s LIMIT $%d`, order, len(args))
	return queryTasks(ctx, tx, sql, args...)
}

var errNoTask = task.Errorf(task.CodeNotFound, "there is no such task")

func queryTasks(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]task.Task, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("query tasks: %w", err)
	}
	tasks, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (task.Task, error) {
		var t task.Task
		err := row.Scan(&t.ID, &t.Title, &t.Description, &t.CompletedAt, &t.Priority, &t.Tags, &t.DueAt, &t.TimeZone, &t.Recurrence,
			&t.Reminders, &t.SeriesID, &t.Occurrence, &t.SnoozedUntil, &t.Revision, &t.CreatedAt, &t.UpdatedAt)
		t.Completed = t.CompletedAt != nil
		t.CreatedAt, t.UpdatedAt = t.CreatedAt.UTC(), t.UpdatedAt.UTC()
		for _, at := range []**time.Time{&t.CompletedAt, &t.DueAt, &t.Occurrence, &t.SnoozedUntil} {
			toUTC(at)
		}
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("read tasks: %w", err)
	}
	return tasks, nil
}

func toUTC(t **time.Time) {
	if *t != nil {
		u := (*t).UTC()
		*t = &u
	}
}
