package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Completion is a valid completion of a recurring task. The revision of the completing change
// identifies it. An undone completion has no row and no follower. Callers hold the user's row.
//
// A row lives as long as it can be needed:
//
//   - While the task exists, because reopening the task takes its follower back.
//   - After a completed task was deleted, until the completion is followed. Its event can be late
//     because of the broker, a replay of the outbox or a replayed dead letter. PurgeCompletions
//     ends the wait.
//
// One more row can exist for an open task: its owner changed the follower, so the follower stayed
// when the task was reopened.
type Completion struct {
	UserID, TaskID uuid.UUID
	Revision       int64
	// FollowerID is the next task of the series. It is nil until the task is created. That task may
	// have been deleted since.
	FollowerID *uuid.UUID
	// Gone reports that the completed task was deleted. An existing task with the same id was
	// imported later.
	Gone bool
}

// InsertCompletion stores a completion.
func InsertCompletion(ctx context.Context, tx pgx.Tx, c Completion) error {
	_, err := tx.Exec(ctx, `INSERT INTO completions (user_id, task_id, revision, follower_id) VALUES ($1, $2, $3, $4)`,
		c.UserID, c.TaskID, c.Revision, c.FollowerID)
	if err != nil {
		return fmt.Errorf("insert completion: %w", err)
	}
	return nil
}

// CompletionAt returns the completion of a task at a revision. It returns false if there is none or
// it was removed.
func CompletionAt(ctx context.Context, tx pgx.Tx, userID, taskID uuid.UUID, revision int64) (Completion, bool, error) {
	return queryCompletion(ctx, tx, `
		SELECT user_id, task_id, revision, follower_id, gone_at IS NOT NULL FROM completions
		WHERE user_id = $1 AND task_id = $2 AND revision = $3`, userID, taskID, revision)
}

// LastCompletion returns the last completion of an existing task. It returns false if there is
// none.
func LastCompletion(ctx context.Context, tx pgx.Tx, userID, taskID uuid.UUID) (Completion, bool, error) {
	return queryCompletion(ctx, tx, `
		SELECT user_id, task_id, revision, follower_id, false FROM completions
		WHERE user_id = $1 AND task_id = $2 AND gone_at IS NULL ORDER BY revision DESC LIMIT 1`, userID, taskID)
}

func queryCompletion(ctx context.Context, tx pgx.Tx, sql string, args ...any) (Completion, bool, error) {
	var c Completion
	err := tx.QueryRow(ctx, sql, args...).Scan(&c.UserID, &c.TaskID, &c.Revision, &c.FollowerID, &c.Gone)
	if errors.Is(err, pgx.ErrNoRows) {
		return Completion{}, false, nil
	}
	if err != nil {
		return Completion{}, false, fmt.Errorf("query completion: %w", err)
	}
	return c, true, nil
}

// FollowCompletion stores the task that follows a completion. If the completed task was deleted, it
// removes the row instead.
func FollowCompletion(ctx context.Context, tx pgx.Tx, c Completion, followerID uuid.UUID) error {
	sql, args := `UPDATE completions SET follower_id = $4 WHERE user_id = $1 AND task_id = $2 AND revision = $3`,
		[]any{c.UserID, c.TaskID, c.Revision, followerID}
	if c.Gone {
		sql, args = `DELETE FROM completions WHERE user_id = $1 AND task_id = $2 AND revision = $3`, args[:3]
	}
	if _, err := tx.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("follow completion: %w", err)
	}
	return nil
}

// DeleteCompletions removes the completions of an existing task, because they were undone or
// replaced.
func DeleteCompletions(ctx context.Context, tx pgx.Tx, userID, taskID uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM completions WHERE user_id = $1 AND task_id = $2 AND gone_at IS NULL`, userID, taskID)
	if err != nil {
		return fmt.Errorf("delete completions: %w", err)
	}
	return nil
}

// LeaveCompletions prepares the deletion of a task. It keeps only the completion that has no
// follower yet.
func LeaveCompletions(ctx context.Context, tx pgx.Tx, userID, taskID uuid.UUID, now time.Time) error {
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM completions WHERE user_id = $1 AND task_id = $2 AND follower_id IS NOT NULL`, userID, taskID)
	batch.Queue(`UPDATE completions SET gone_at = $3 WHERE user_id = $1 AND task_id = $2 AND gone_at IS NULL`, userID, taskID, now)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("leave completions: %w", err)
	}
	return nil
}

// PurgeCompletions removes up to limit completions of tasks deleted before an instant, and returns
// their number. It keeps a completion whose event is a waiting dead letter. A replay of that event
// still creates the next occurrence.
func PurgeCompletions(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM completions WHERE (user_id, task_id, revision) IN (
			SELECT user_id, task_id, revision FROM completions c
			WHERE gone_at < $1 AND NOT EXISTS (
				SELECT FROM dead_letters d WHERE d.user_id = c.user_id AND d.task_id = c.task_id AND d.state = 'waiting')
			ORDER BY gone_at LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge completions: %w", err)
	}
	return tag.RowsAffected(), nil
}

// HasSuccessor reports whether a replica of the previous version created the follower of a task.
// Such replicas run beside this version during an upgrade.
func HasSuccessor(ctx context.Context, tx pgx.Tx, userID, previousID uuid.UUID) (bool, error) {
	var found bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM successors WHERE previous_id = $1 AND user_id = $2)`, previousID, userID).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("query successor: %w", err)
	}
	return found, nil
}
