package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/history"
)

// MaxHistory is the number of entries kept per task, the newest.
const MaxHistory = 500

// insertHistory numbers an entry and removes the oldest one above MaxHistory. It does nothing for a
// deleted task. The caller holds the user's row, so that numbers are unique.
const insertHistory = `
	WITH last AS (
		SELECT coalesce((SELECT number FROM task_history WHERE task_id = $1 ORDER BY number DESC LIMIT 1), 0) AS number
		FROM tasks WHERE id = $1 AND user_id = $2
	), forgotten AS (
		DELETE FROM task_history WHERE task_id = $1 AND number <= (SELECT number FROM last) + 1 - $6
	)
	INSERT INTO task_history (task_id, number, user_id, type, at, detail)
	SELECT $1, number + 1, $2, $3, $4, $5 FROM last`

// HistoryEntry is an entry with its number in the history of its task.
type HistoryEntry struct {
	Number int
	history.Entry
}

// AppendHistory adds entries that no event describes to a task's history. The transaction must hold
// the user's row.
func AppendHistory(ctx context.Context, tx pgx.Tx, userID, taskID uuid.UUID, entries ...history.Entry) error {
	batch := &pgx.Batch{}
	if err := queueHistory(batch, userID, taskID, entries); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("append to history: %w", err)
	}
	return nil
}

func queueEventHistory(batch *pgx.Batch, e event.Event) error {
	entries, err := history.Of(e)
	if err != nil {
		return err
	}
	return queueHistory(batch, e.Data.UserID, e.Data.TaskID, entries)
}

func queueHistory(batch *pgx.Batch, userID, taskID uuid.UUID, entries []history.Entry) error {
	for _, entry := range entries {
		detail, err := json.Marshal(entry.Detail)
		if err != nil {
			return fmt.Errorf("encode history of task %s: %w", taskID, err)
		}
		batch.Queue(insertHistory, taskID, userID, entry.Type, entry.At, detail, MaxHistory)
	}
	return nil
}

// History returns up to limit entries of a task before a number, the newest first. It ends earlier
// after MaxPageBytes, and reports whether more follow. The number 0 means from the newest on.
func History(ctx context.Context, tx pgx.Tx, userID, taskID uuid.UUID, before, limit int) ([]HistoryEntry, bool, error) {
	rows, err := tx.Query(ctx, `
		SELECT number, type, at, detail FROM task_history
		WHERE task_id = $1 AND user_id = $2 AND ($3 = 0 OR number < $3) ORDER BY number DESC LIMIT $4`, taskID, userID, before, limit+1)
	if err != nil {
		return nil, false, fmt.Errorf("query history: %w", err)
	}
	entries, more, err := readPage(rows, limit, func(row pgx.CollectableRow) (HistoryEntry, error) {
		var e HistoryEntry
		err := row.Scan(&e.Number, &e.Type, &e.At, &e.Detail)
		e.At = e.At.UTC()
		return e, err
	})
	if err != nil {
		return nil, false, fmt.Errorf("read history: %w", err)
	}
	return entries, more, nil
}

// HistoryPosition is a position in the order of tasks and, within a task, of entries. The zero
// value is the start.
type HistoryPosition struct {
	TaskID uuid.UUID
	Number int
}

// TaskHistoryEntry is an entry with the ID of its task.
type TaskHistoryEntry struct {
	TaskID uuid.UUID
	HistoryEntry
}

// HistoryOfTasks returns up to limit entries of a user's tasks after a position. They are ordered
// by task, then the oldest first. The ids must be in order.
func HistoryOfTasks(ctx context.Context, tx pgx.Tx, userID uuid.UUID, ids []uuid.UUID, after HistoryPosition, limit int) ([]TaskHistoryEntry, error) {
	// With the ids before the position, PostgreSQL reads the entries of all users from there on.
	first, _ := slices.BinarySearchFunc(ids, after.TaskID, func(id, from uuid.UUID) int { return bytes.Compare(id[:], from[:]) })
	ids = ids[first:]
	rows, err := tx.Query(ctx, `
		SELECT task_id, number, type, at, detail FROM task_history
		WHERE user_id = $1 AND task_id = ANY ($2) AND (task_id, number) > ($3, $4) ORDER BY task_id, number LIMIT $5`,
		userID, ids, after.TaskID, after.Number, limit)
	if err != nil {
		return nil, fmt.Errorf("query history of tasks: %w", err)
	}
	entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (TaskHistoryEntry, error) {
		var e TaskHistoryEntry
		err := row.Scan(&e.TaskID, &e.Number, &e.Type, &e.At, &e.Detail)
		e.At = e.At.UTC()
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read history of tasks: %w", err)
	}
	return entries, nil
}
