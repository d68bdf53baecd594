package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

// The purposes of a link.
const (
	// LinkConfirm confirms the address of an account.
	LinkConfirm = "confirm"
	// LinkReset sets a new password.
	LinkReset = "reset"
	// LinkLeave and LinkJoin agree to a change of the address, by the old and by the new one.
	LinkLeave = "leave"
	LinkJoin  = "join"
	// LinkInvite makes an account, and LinkSetup that of an administrator.
	LinkInvite = "invite"
	LinkSetup  = "setup"
	// LinkSignup makes an account with a confirmed address.
	LinkSignup = "signup"
)

// Link is a link that works once. The database holds only the SHA-256 of its token.
type Link struct {
	ID uuid.UUID
	// UserID is nil for an invitation and a sign-up. It is nil for a reset until the e-mail is sent: the
	// address may have no account.
	UserID  *uuid.UUID
	Purpose string
	// Address is the address that the link is sent to. It is empty for an invitation of anybody.
	Address   string
	CreatedAt time.Time
	// ExpiresAt ends the link. A link without a token is not sent after it.
	ExpiresAt time.Time
	UsedAt    *time.Time
}

const linkColumns = `id, user_id, purpose, address, created_at, expires_at, used_at`

// InsertLink stores a link. Its token has the SHA-256 tokenHash, or nil if notifier makes the token. An
// earlier link of the account with the same purpose ends.
func InsertLink(ctx context.Context, tx pgx.Tx, l Link, tokenHash []byte) error {
	batch := &pgx.Batch{}
	if l.UserID != nil {
		batch.Queue(`DELETE FROM links WHERE user_id = $1 AND purpose = $2`, l.UserID, l.Purpose)
	}
	batch.Queue(`INSERT INTO links (`+linkColumns+`, token_hash) VALUES ($1, $2, $3, $4, $5, $6, NULL, $7)`,
		l.ID, l.UserID, l.Purpose, l.Address, l.CreatedAt, l.ExpiresAt, tokenHash)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("insert link: %w", err)
	}
	return nil
}

// KeepSetupLink stores a set-up link unless it is known, used or not.
func KeepSetupLink(ctx context.Context, tx pgx.Tx, l Link, tokenHash []byte) error {
	_, err := tx.Exec(ctx, `INSERT INTO links (`+linkColumns+`, token_hash) VALUES ($1, NULL, $2, '', $3, $4, NULL, $5) ON CONFLICT (token_hash) DO NOTHING`,
		l.ID, LinkSetup, l.CreatedAt, l.ExpiresAt, tokenHash)
	if err != nil {
		return fmt.Errorf("keep set-up link: %w", err)
	}
	return nil
}

// ErrNoLink refuses a link that does not exist, that was used or that has expired.
var ErrNoLink = task.Errorf(task.CodeNotFound, "this link does not work, or no longer: it works once and for a short time, so ask for a new one")

// LinkByID returns a link. It returns ErrNoLink if there is none, or if it was used or has expired.
func LinkByID(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) (Link, error) {
	return oneLink(ctx, tx, `SELECT `+linkColumns+` FROM links WHERE id = $1 AND used_at IS NULL AND expires_at > $2`, id, now)
}

// LinkByHash returns the link whose token has a SHA-256. It returns ErrNoLink if there is none, or if
// it was used or has expired.
func LinkByHash(ctx context.Context, tx pgx.Tx, tokenHash []byte, now time.Time) (Link, error) {
	return oneLink(ctx, tx, `SELECT `+linkColumns+` FROM links WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2`, tokenHash, now)
}

// ArmLink gives a link its token and its account. An earlier token of the link ends. Other links of the
// account with the same purpose end too.
func ArmLink(ctx context.Context, tx pgx.Tx, l Link, tokenHash []byte) error {
	if _, err := tx.Exec(ctx, `DELETE FROM links WHERE user_id = $1 AND purpose = $2 AND id <> $3`, l.UserID, l.Purpose, l.ID); err != nil {
		return fmt.Errorf("end earlier links: %w", err)
	}
	return execOne(ctx, tx, "arm link", ErrNoLink, `UPDATE links SET user_id = $2, token_hash = $3, expires_at = $4 WHERE id = $1 AND used_at IS NULL`,
		l.ID, l.UserID, tokenHash, l.ExpiresAt)
}

// UseLink marks a link as used. Of several concurrent calls one succeeds, and the others return
// ErrNoLink. Lock the user first.
func UseLink(ctx context.Context, tx pgx.Tx, l Link, now time.Time) error {
	return execOne(ctx, tx, "use link", ErrNoLink, `UPDATE links SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2`, l.ID, now)
}

// DeleteLinks ends the links of an account with one of the purposes.
func DeleteLinks(ctx context.Context, tx pgx.Tx, userID uuid.UUID, purposes ...string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM links WHERE user_id = $1 AND purpose = ANY ($2)`, userID, purposes); err != nil {
		return fmt.Errorf("delete links: %w", err)
	}
	return nil
}

// PurgeLinks removes up to limit links that expired before an instant, and returns their number.
func PurgeLinks(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM links WHERE id IN (SELECT id FROM links WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge links: %w", err)
	}
	return tag.RowsAffected(), nil
}

func oneLink(ctx context.Context, tx pgx.Tx, sql string, args ...any) (Link, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return Link{}, fmt.Errorf("query link: %w", err)
	}
	l, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Link])
	if errors.Is(err, pgx.ErrNoRows) {
		return Link{}, ErrNoLink
	}
	if err != nil {
		return Link{}, fmt.Errorf("read link: %w", err)
	}
	l.CreatedAt, l.ExpiresAt = l.CreatedAt.UTC(), l.ExpiresAt.UTC()
	return l, nil
}
