package postgres

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"taskmaster/internal/task"
)

// StoredAnswer is the answer to repetitions of a request that carried an Idempotency-Key. It holds no
// secrets.
type StoredAnswer struct {
	Status int
	Header map[string]string
	Body   []byte
}

// TakeIdempotencyKey reserves a user's key for a request. If an earlier request took the key, it
// waits for that request and returns found=true with its answer. It returns code conflict if the
// earlier request had another hash. It holds the user's row until the transaction ends.
func TakeIdempotencyKey(ctx context.Context, tx pgx.Tx, userID uuid.UUID, key string, hash []byte, now time.Time) (a StoredAnswer, found bool, err error) {
	taken := false
	batch := &pgx.Batch{}
	// Every transaction locks the user first and the key second. Two requests with another order
	// would wait for each other.
	batch.Queue(`SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`, userID)
	batch.Queue(`INSERT INTO idempotency_keys (user_id, key, request_hash, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		userID, key, hash, now).Exec(func(tag pgconn.CommandTag) error {
		taken = tag.RowsAffected() == 1
		return nil
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return a, false, fmt.Errorf("take idempotency key: %w", err)
	}
	if taken {
		return a, false, nil
	}
	var was []byte
	var sealed bool
	err = tx.QueryRow(ctx, `SELECT request_hash, status, header, body, sealed FROM idempotency_keys WHERE user_id = $1 AND key = $2`, userID, key).
		Scan(&was, &a.Status, &a.Header, &a.Body, &sealed)
	if err != nil {
		return a, false, fmt.Errorf("read idempotency key: %w", err)
	}
	if !bytes.Equal(was, hash) {
		return a, false, task.Errorf(task.CodeConflict, "this Idempotency-Key was used for another request")
	}
	// The previous version encrypted answers with secrets. It still runs during an upgrade, so the
	// column goes with a later version.
	if sealed {
		return a, false, task.Errorf(task.CodeConflict, "this Idempotency-Key was used before an upgrade, and its answer held a secret, which is shown once")
	}
	return a, true, nil
}

// StoreAnswer stores the answer to repetitions of the request that took a key in this transaction.
func StoreAnswer(ctx context.Context, tx pgx.Tx, userID uuid.UUID, key string, a StoredAnswer) error {
	_, err := tx.Exec(ctx, `UPDATE idempotency_keys SET status = $3, header = $4, body = $5 WHERE user_id = $1 AND key = $2`,
		userID, key, a.Status, a.Header, a.Body)
	if err != nil {
		return fmt.Errorf("store answer: %w", err)
	}
	return nil
}

// PurgeIdempotencyKeys removes up to limit keys taken before an instant and returns their number.
func PurgeIdempotencyKeys(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM idempotency_keys WHERE (user_id, key) IN (
			SELECT user_id, key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge idempotency keys: %w", err)
	}
	return tag.RowsAffected(), nil
}
