package postgres

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Usage returns the bytes that a user stores: tasks, history, outbox, answers to repeated requests,
// deliveries and conversations with the assistant. Triggers count them (migration 0018), so that it reads a few rows only.
func Usage(ctx context.Context, tx pgx.Tx, userID uuid.UUID) (bytes int64, err error) {
	if err := tx.QueryRow(ctx, usageOf, userID).Scan(&bytes); err != nil {
		return 0, fmt.Errorf("query usage: %w", err)
	}
	return bytes, nil
}

const usageOf = `
	SELECT coalesce(sum(bytes), 0)::bigint FROM (
		SELECT bytes FROM usage WHERE user_id = $1 UNION ALL SELECT bytes FROM usage_changes WHERE user_id = $1
	) counted`

// LockUserAndUsage is LockUser and Usage in one round trip. The lock comes first, so that the usage
// includes the last change. It also adds the waiting changes of usage to the user's rows.
func LockUserAndUsage(ctx context.Context, tx pgx.Tx, id uuid.UUID) (u User, bytes int64, err error) {
	batch := &pgx.Batch{}
	batch.Queue(lockUser, id).Query(func(rows pgx.Rows) (err error) {
		u, err = readUser(rows)
		return err
	})
	batch.Queue(foldUsage, []uuid.UUID{id})
	batch.Queue(usageOf, id).QueryRow(func(row pgx.Row) error { return row.Scan(&bytes) })
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return User{}, 0, fmt.Errorf("lock user and read usage: %w", err)
	}
	return u, bytes, nil
}

// foldUsage adds the waiting changes of usage of the users in a set to their rows. The transaction
// must hold the users' rows.
const foldUsage = `
	WITH waiting AS (
		DELETE FROM usage_changes WHERE user_id = ANY ($1) RETURNING *
	)
	INSERT INTO usage AS u SELECT user_id, store, sum(bytes) FROM waiting GROUP BY user_id, store
	ON CONFLICT (user_id, store) DO UPDATE SET bytes = u.bytes + excluded.bytes`

// FoldUsage adds the waiting changes of usage of up to limit users to their rows, and returns the
// number of these users. It leaves out users that another transaction holds. It removes the changes of
// deleted users.
func FoldUsage(ctx context.Context, tx pgx.Tx, limit int) (int64, error) {
	_, err := tx.Exec(ctx, `
		DELETE FROM usage_changes WHERE ctid IN (
			SELECT ctid FROM usage_changes c WHERE NOT EXISTS (SELECT FROM users WHERE id = c.user_id) FOR UPDATE SKIP LOCKED
		)`)
	if err != nil {
		return 0, fmt.Errorf("remove usage of deleted users: %w", err)
	}
	rows, err := tx.Query(ctx, `
		SELECT id FROM users WHERE id IN (SELECT user_id FROM usage_changes) LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED`, limit)
	if err != nil {
		return 0, fmt.Errorf("lock users with changes of usage: %w", err)
	}
	users, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, fmt.Errorf("read users with changes of usage: %w", err)
	}
	if _, err := tx.Exec(ctx, foldUsage, users); err != nil {
		return 0, fmt.Errorf("fold usage: %w", err)
	}
	return int64(len(users)), nil
}

// deleteUsage removes the count of a deleted user.
func deleteUsage(ctx context.Context, tx pgx.Tx, userID uuid.UUID) error {
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM usage WHERE user_id = $1`, userID)
	batch.Queue(`DELETE FROM usage_changes WHERE user_id = $1`, userID)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("delete usage: %w", err)
	}
	return nil
}
