package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

// taskColumns are the columns of a task as InsertTask writes them.
const taskColumns = `id, title, description, completed_at, priority, tags, due_at, due_on, day_start, time_zone, recurrence, reminders,
	series_id, occurrence, snoozed_until, uid, revision, created_at, updated_at`

// wholeDay is true for a task that is due on a day. In such a row, an older version can have changed
// due_at, which then counts.
const wholeDay = `(due_on IS NOT NULL AND due_at IS NOT DISTINCT FROM day_start)`

// taskRow are the columns of a task as queryTasks reads them. A whole day has the zone of its
// account, also after a move.
const taskRow = `id, title, description, completed_at, priority, tags, CASE WHEN ` + wholeDay + ` THEN NULL ELSE due_at END,
	CASE WHEN ` + wholeDay + ` THEN due_on END,
	CASE WHEN ` + wholeDay + ` THEN (SELECT u.time_zone FROM users u WHERE u.id = user_id) ELSE time_zone END, recurrence, reminders,
	series_id, occurrence, snoozed_until, coalesce(uid, ''), revision, created_at, updated_at`

// dueColumns returns due_at, due_on and day_start of a task. The time zone of a whole day must be
// the one of its account.
func dueColumns(t task.Task) (dueAt, dueOn, dayStart *time.Time) {
	if t.DueOn == nil {
		return t.DueAt, nil, nil
	}
	start, _ := t.Due()
	return &start, new(t.DueOn.Midnight()), &start
}

// InsertTask stores a new task of a user. It returns false and changes nothing if the id is taken.
func InsertTask(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task) (bool, error) {
	dueAt, dueOn, dayStart := dueColumns(t)
	tag, err := tx.Exec(ctx, `
		INSERT INTO tasks (user_id, `+taskColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, nullif($17, ''), $18, $19, $20)
		ON CONFLICT (id) DO NOTHING`,
		userID, t.ID, t.Title, t.Description, t.CompletedAt, t.Priority, t.Tags, dueAt, dueOn, dayStart, t.TimeZone, t.Recurrence, t.Reminders,
		t.SeriesID, t.Occurrence, t.SnoozedUntil, t.UID, t.Revision, t.CreatedAt, t.UpdatedAt)
	if err != nil {
		return false, fmt.Errorf("insert task: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// UpdateTask replaces the user's task with the id of t. It returns code not_found if the user has
// no such task.
func UpdateTask(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task) error {
	dueAt, dueOn, dayStart := dueColumns(t)
	return execOne(ctx, tx, "update task", errNoTask, `
		UPDATE tasks SET title = $3, description = $4, completed_at = $5, priority = $6, tags = $7, due_at = $8, time_zone = $9,
			recurrence = $10, reminders = $11, series_id = $12, occurrence = $13, snoozed_until = $14, revision = $15, updated_at = $16,
			due_on = $17, day_start = $18
		WHERE user_id = $1 AND id = $2`,
		userID, t.ID, t.Title, t.Description, t.CompletedAt, t.Priority, t.Tags, dueAt, t.TimeZone, t.Recurrence, t.Reminders,
		t.SeriesID, t.Occurrence, t.SnoozedUntil, t.Revision, t.UpdatedAt, dueOn, dayStart)
}

// DeleteTask deletes a user's task. It returns code not_found if the user has no such task.
func DeleteTask(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) error {
	return execOne(ctx, tx, "delete task", errNoTask, `DELETE FROM tasks WHERE user_id = $1 AND id = $2`, userID, id)
}

// TaskByID returns a user's task. It returns code not_found if there is none or if it is another
// user's.
func TaskByID(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) (task.Task, error) {
	tasks, err := queryTasks(ctx, tx, `SELECT `+taskRow+` FROM tasks WHERE user_id = $1 AND id = $2`, userID, id)
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
	// date. A whole day is due at its start in the zone of the account.
	DueAfter, DueBefore *time.Time
	// Query has words that the title or description contains, in any order, ignoring case and accents. A
	// word that begins with # is the beginning of a tag.
	Query string
	// Recurring selects recurring tasks only.
	Recurring bool
	// ByCompletion orders by completion time, the last first, and leaves out open tasks.
	ByCompletion bool
	// After is the position after which the list starts. The order is by due date (tasks without
	// one last) and id. Nil is the start.
	After *TaskPosition
	// Limit is the maximum number of tasks. It is required. A list may end earlier, after
	// MaxPageBytes.
	Limit int
	// Excerpt cuts descriptions to ExcerptLength.
	Excerpt bool
}

// plainText returns an SQL expression for a text in lower case and without accents. Canonical and
// compatible forms of a character are the same (NFKD, Unicode Standard Annex 15).
func plainText(text string) string {
	return `lower(regexp_replace(normalize((` + text + `)::text, NFKD), '[\u0300-\u036f]', '', 'g'))`
}

// ExcerptLength is the length of a description in a list of excerpts, in characters.
const ExcerptLength = 200

// TaskPosition is a task's position in a list: by due date, with nil after all others, or by
// completion.
type TaskPosition struct {
	DueAt       *time.Time `json:",omitempty"`
	CompletedAt *time.Time `json:",omitempty"`
	ID          uuid.UUID
}

// ListTasks returns the selected tasks of a user, and reports whether more follow. They are ordered
// by due date (tasks without one last) and id, or by completion.
func ListTasks(ctx context.Context, tx pgx.Tx, userID uuid.UUID, f TaskFilter) ([]task.Task, bool, error) {
	columns := taskRow
	if f.Excerpt {
		columns = strings.Replace(columns, " description,", fmt.Sprintf(" left(description, %d),", ExcerptLength), 1)
	}
	q := query{`SELECT ` + columns + ` FROM tasks WHERE user_id = $1`, []any{userID}}
	switch f.Status {
	case "open":
		q.where(`completed_at IS NULL`)
	case "done":
		q.where(`completed_at IS NOT NULL`)
	}
	if f.Tag != "" {
		q.where(`$%d = ANY (tags)`, f.Tag)
	}
	if f.Priority != "" {
		q.where(`priority = $%d`, f.Priority)
	}
	// The expression of the index. A task without a due date has none that is earlier than infinity.
	if f.DueAfter != nil {
		q.where(`coalesce(due_at, 'infinity') >= $%d AND due_at IS NOT NULL`, f.DueAfter)
	}
	if f.DueBefore != nil {
		q.where(`coalesce(due_at, 'infinity') < $%d`, f.DueBefore)
	}
	var words []string
	for _, word := range strings.Fields(f.Query) {
		if tag, ok := strings.CutPrefix(word, "#"); ok {
			q.where(`EXISTS (SELECT FROM unnest(tags) AS tag WHERE starts_with(`+plainText("tag")+`, `+plainText("$%d")+`))`, tag)
		} else {
			words = append(words, word)
		}
	}
	if len(words) > 0 {
		// strpos has no wildcards. The words need no escaping. With OFFSET, the text of a task is converted
		// once and not once a word.
		q.where(`(SELECT bool_and(strpos(content, `+plainText("word")+`) > 0)
			FROM (SELECT `+plainText(`title || E'\n' || description`)+` AS content OFFSET 0) AS task, unnest($%d::text[]) AS word)`, words)
	}
	if f.Recurring {
		q.where(`recurrence IS NOT NULL`)
	}
	order := `coalesce(due_at, 'infinity'), id`
	if f.ByCompletion {
		order = `completed_at DESC, id DESC`
		q.where(`completed_at IS NOT NULL`)
	}
	switch {
	case f.After != nil && f.ByCompletion:
		q.where(`(completed_at, id) < ($%d::timestamptz, $%d)`, f.After.CompletedAt, f.After.ID)
	case f.After != nil:
		q.where(`(coalesce(due_at, 'infinity'), id) > (coalesce($%d::timestamptz, 'infinity'), $%d)`, f.After.DueAt, f.After.ID)
	}
	q.add(` ORDER BY `+order+` LIMIT $%d`, f.Limit+1)
	rows, err := tx.Query(ctx, q.sql, q.args...)
	if err != nil {
		return nil, false, fmt.Errorf("list tasks: %w", err)
	}
	tasks, more, err := readPage(rows, f.Limit, scanTask)
	if err != nil {
		return nil, false, fmt.Errorf("read tasks: %w", err)
	}
	return tasks, more, nil
}

var errNoTask = task.Errorf(task.CodeNotFound, "there is no such task")

func queryTasks(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]task.Task, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("query tasks: %w", err)
	}
	tasks, err := pgx.CollectRows(rows, scanTask)
	if err != nil {
		return nil, fmt.Errorf("read tasks: %w", err)
	}
	return tasks, nil
}

func scanTask(row pgx.CollectableRow) (task.Task, error) {
	var t task.Task
	var dueOn *time.Time
	err := row.Scan(&t.ID, &t.Title, &t.Description, &t.CompletedAt, &t.Priority, &t.Tags, &t.DueAt, &dueOn, &t.TimeZone, &t.Recurrence,
		&t.Reminders, &t.SeriesID, &t.Occurrence, &t.SnoozedUntil, &t.UID, &t.Revision, &t.CreatedAt, &t.UpdatedAt)
	if dueOn != nil {
		t.DueOn = new(task.DateOf(*dueOn))
	}
	t.Completed = t.CompletedAt != nil
	t.CreatedAt, t.UpdatedAt = t.CreatedAt.UTC(), t.UpdatedAt.UTC()
	for _, at := range []**time.Time{&t.CompletedAt, &t.DueAt, &t.Occurrence, &t.SnoozedUntil} {
		toUTC(at)
	}
	return t, err
}

func toUTC(t **time.Time) {
	if *t != nil {
		u := (*t).UTC()
		*t = &u
	}
}
