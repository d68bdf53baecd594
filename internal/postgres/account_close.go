package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// notDeleted is the condition for users whom CloseAccount has not closed.
const notDeleted = `deleted_at IS NULL`

// IsLarge reports whether an account has more than limit rows, which DeleteUser would delete at once.
func IsLarge(ctx context.Context, tx pgx.Tx, id uuid.UUID, limit int) (large bool, err error) {
	err = tx.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM (SELECT FROM tasks WHERE user_id = $1 LIMIT $2) r)
			+ (SELECT count(*) FROM (SELECT FROM task_history WHERE task_id IN (SELECT id FROM tasks WHERE user_id = $1 LIMIT $2) LIMIT $2) r)
			+ (SELECT count(*) FROM (SELECT FROM outbox WHERE user_id = $1 LIMIT $2) r)
			+ (SELECT count(*) FROM (SELECT FROM deliveries WHERE user_id = $1 LIMIT $2) r)
			+ (SELECT count(*) FROM (SELECT FROM reminders WHERE user_id = $1 LIMIT $2) r)
			+ (SELECT count(*) FROM (SELECT FROM completions WHERE user_id = $1 LIMIT $2) r)
			+ (SELECT count(*) FROM (SELECT FROM idempotency_keys WHERE user_id = $1 LIMIT $2) r) >= $2`, id, limit).Scan(&large)
	if err != nil {
		return false, fmt.Errorf("count the rows of an account: %w", err)
	}
	return large, nil
}

// CloseAccount hides a large account, as if DeleteUser had deleted it: nobody can log in, no reminder
// fires, no notification is sent, and its address is free. ExpiredUsers returns it at any instant from
// now on, until RemoveRows and DeleteUser have deleted its rows. Call LockUserToDelete first.
func CloseAccount(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) error {
	batch := &pgx.Batch{}
	for _, table := range []string{"sessions", "tokens", "oauth_grants", "channels", "devices", "links", "address_changes"} {
		batch.Queue(`DELETE FROM `+table+` WHERE user_id = $1`, id)
	}
	batch.Queue(`UPDATE users SET deleted_at = $2, disabled_at = $2, expires_at = created_at, admin = false, password_hash = '', email = id::text
		WHERE id = $1`, id, now)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("close account: %w", err)
	}
	return deleteJobs(ctx, tx, "user_id", id)
}

// RemoveRows deletes up to limit rows of an account that is closed or has expired, and returns their
// number: 0 means that few are left, which DeleteUser deletes. Pending deliveries and events go first.
func RemoveRows(ctx context.Context, tx pgx.Tx, id uuid.UUID, limit int) (int64, error) {
	// Every transaction locks the user's row first. Rows of the outbox are locked in the order of seq.
	if _, err := tx.Exec(ctx, `SELECT FROM users WHERE id = $1 FOR UPDATE`, id); err != nil {
		return 0, fmt.Errorf("lock the account to remove: %w", err)
	}
	var deliveries []uuid.UUID
	found, err := tx.Query(ctx, `DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE user_id = $1 LIMIT $2) RETURNING id`, id, limit)
	if err == nil {
		deliveries, err = pgx.CollectRows(found, pgx.RowTo[uuid.UUID])
	}
	if err != nil {
		return 0, fmt.Errorf("remove deliveries of an account: %w", err)
	}
	if len(deliveries) > 0 {
		return int64(len(deliveries)), deleteJobs(ctx, tx, "delivery_id", deliveries...)
	}
	for _, rows := range []string{
		`outbox WHERE seq IN (SELECT seq FROM outbox WHERE user_id = $1 AND published_at IS NULL ORDER BY seq LIMIT $2 FOR UPDATE)`,
		`outbox WHERE seq IN (SELECT seq FROM outbox WHERE user_id = $1 ORDER BY seq LIMIT $2 FOR UPDATE)`,
		`reminders WHERE (task_id, number) IN (SELECT task_id, number FROM reminders WHERE user_id = $1 LIMIT $2)`,
		`idempotency_keys WHERE user_id = $1 AND key IN (SELECT key FROM idempotency_keys WHERE user_id = $1 LIMIT $2)`,
		`completions WHERE (user_id, task_id, revision) IN (SELECT user_id, task_id, revision FROM completions WHERE user_id = $1 LIMIT $2)`,
		`task_history WHERE (task_id, number) IN (SELECT h.task_id, h.number FROM task_history h WHERE h.task_id IN (` + firstTasks + `) LIMIT $2)`,
		`tasks WHERE id IN (` + firstTasks + `)`, // without history by now
	} {
		tag, err := tx.Exec(ctx, `DELETE FROM `+rows, id, limit)
		if err != nil {
			return 0, fmt.Errorf("remove rows of an account: %w", err)
		}
		if tag.RowsAffected() > 0 {
			return tag.RowsAffected(), nil
		}
	}
	return 0, nil
}

// firstTasks are the first tasks of a user in the order of an index, always the same ones.
const firstTasks = `SELECT id FROM tasks WHERE user_id = $1 ORDER BY coalesce(due_at, 'infinity'), id LIMIT $2`
