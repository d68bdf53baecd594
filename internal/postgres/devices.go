package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// MaxDevices is the maximum number of devices of a user that are remembered. A further device
// replaces the one that was unused for longest.
const MaxDevices = 100

// IsDevice reports whether a device has logged in to the account of a lower-case e-mail address.
func IsDevice(ctx context.Context, tx pgx.Tx, email string, tokenHash []byte) (known bool, err error) {
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM devices d JOIN users u ON u.id = d.user_id WHERE d.token_hash = $2 AND u.email = $1)`,
		email, tokenHash).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("look up device: %w", err)
	}
	return known, nil
}

// UseDevice records a login with a device and reports whether it has logged in to the account before.
// If not, the device gets a new token, also for its other accounts. A token that somebody else
// planted in the browser is then of no use to them. tokenHash is nil if the browser has no token.
func UseDevice(ctx context.Context, tx pgx.Tx, userID uuid.UUID, tokenHash, newHash []byte, now time.Time) (known bool, err error) {
	tag, err := tx.Exec(ctx, `UPDATE devices SET used_at = $3 WHERE token_hash = $2 AND user_id = $1`, userID, tokenHash, now)
	if err != nil {
		return false, fmt.Errorf("record use of device: %w", err)
	}
	if tag.RowsAffected() == 1 {
		return true, nil
	}
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE devices SET token_hash = $2 WHERE token_hash = $1`, tokenHash, newHash)
	batch.Queue(`INSERT INTO devices (token_hash, user_id, created_at, used_at) VALUES ($1, $2, $3, $3)`, newHash, userID, now)
	batch.Queue(`
		DELETE FROM devices WHERE user_id = $1 AND token_hash IN (
			SELECT token_hash FROM devices WHERE user_id = $1 ORDER BY used_at DESC, token_hash = $2 DESC OFFSET $3
		)`, userID, newHash, MaxDevices)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return false, fmt.Errorf("insert device: %w", err)
	}
	return false, nil
}

// DeleteOtherDevices forgets all devices of a user except the one with tokenHash. With nil it forgets
// all.
func DeleteOtherDevices(ctx context.Context, tx pgx.Tx, userID uuid.UUID, tokenHash []byte) error {
	_, err := tx.Exec(ctx, `DELETE FROM devices WHERE user_id = $1 AND token_hash IS DISTINCT FROM $2`, userID, tokenHash)
	if err != nil {
		return fmt.Errorf("delete other devices: %w", err)
	}
	return nil
}

// PurgeDevices removes up to limit devices that were last used before an instant, and returns their
// number.
func PurgeDevices(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM devices WHERE (token_hash, user_id) IN (
			SELECT token_hash, user_id FROM devices WHERE used_at <= $1 ORDER BY used_at LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge devices: %w", err)
	}
	return tag.RowsAffected(), nil
}
