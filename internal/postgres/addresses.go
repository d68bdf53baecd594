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

// AddressChange is a wish to change the address of an account. It takes place when both addresses have
// agreed.
type AddressChange struct {
	UserID               uuid.UUID
	Address              string
	OldAgreed, NewAgreed bool
	ExpiresAt            time.Time
}

// KeepAddressChange stores a wish to change the address. It replaces an earlier one of the account.
func KeepAddressChange(ctx context.Context, tx pgx.Tx, c AddressChange) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO address_changes (user_id, address, old_agreed, new_agreed, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id) DO UPDATE SET address = $2, old_agreed = $3, new_agreed = $4, expires_at = $5`,
		c.UserID, c.Address, c.OldAgreed, c.NewAgreed, c.ExpiresAt)
	if err != nil {
		return fmt.Errorf("keep change of address: %w", err)
	}
	return nil
}

// AddressChangeOf returns the wish of an account to change its address. It returns found=false if there
// is none, or if it has expired.
func AddressChangeOf(ctx context.Context, tx pgx.Tx, userID uuid.UUID, now time.Time) (c AddressChange, found bool, err error) {
	err = tx.QueryRow(ctx, `SELECT user_id, address, old_agreed, new_agreed, expires_at FROM address_changes WHERE user_id = $1 AND expires_at > $2`,
		userID, now).Scan(&c.UserID, &c.Address, &c.OldAgreed, &c.NewAgreed, &c.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return AddressChange{}, false, nil
	}
	if err != nil {
		return AddressChange{}, false, fmt.Errorf("query change of address: %w", err)
	}
	return c, true, nil
}

// DeleteAddressChange withdraws a wish to change the address, with its links.
func DeleteAddressChange(ctx context.Context, tx pgx.Tx, userID uuid.UUID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM address_changes WHERE user_id = $1`, userID); err != nil {
		return fmt.Errorf("delete change of address: %w", err)
	}
	return DeleteLinks(ctx, tx, userID, LinkLeave, LinkJoin)
}

// SetAddress changes the address of an account and of its e-mail channel. The new address is confirmed
// at the given time, or not confirmed if it is nil. It returns code conflict if another account has the
// address. Lock the user first.
func SetAddress(ctx context.Context, tx pgx.Tx, userID uuid.UUID, address string, confirmedAt *time.Time) error {
	// A savepoint, so that the transaction survives a conflict.
	err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		return execOne(ctx, tx, "set address", ErrNoUser, `UPDATE users SET email = $2, confirmed_at = $3 WHERE id = $1`, userID, address, confirmedAt)
	})
	if isUniqueViolation(err) {
		return task.Errorf(task.CodeConflict, "this address belongs to another account")
	}
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE channels SET address = $2 WHERE user_id = $1 AND kind = 'email'`, userID, address); err != nil {
		return fmt.Errorf("set address of channel: %w", err)
	}
	return DeleteLinks(ctx, tx, userID, LinkConfirm, LinkReset)
}

// ConfirmAddress notes that e-mail to the account's address arrives.
func ConfirmAddress(ctx context.Context, tx pgx.Tx, userID uuid.UUID, now time.Time) error {
	return execOne(ctx, tx, "confirm address", ErrNoUser, `UPDATE users SET confirmed_at = coalesce(confirmed_at, $2) WHERE id = $1`, userID, now)
}

// MarkAsked notes that the system asks for a confirmation by itself. It returns false if it has asked
// before or if the address is confirmed.
func MarkAsked(ctx context.Context, tx pgx.Tx, userID uuid.UUID, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `UPDATE users SET asked_at = $2 WHERE id = $1 AND asked_at IS NULL AND confirmed_at IS NULL`, userID, now)
	if err != nil {
		return false, fmt.Errorf("mark account as asked: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// Mailed reports whether reminders by e-mail reach an account: its state decides about its channel.
type Mailed struct{ Confirmed, HasChannel, Disabled bool }

// MailedOf returns whether e-mail may go to an account.
func MailedOf(ctx context.Context, tx pgx.Tx, userID uuid.UUID) (m Mailed, err error) {
	err = tx.QueryRow(ctx, `
		SELECT confirmed_at IS NOT NULL, disabled_at IS NOT NULL,
			EXISTS (SELECT FROM channels c WHERE c.user_id = u.id AND c.kind = 'email' AND c.enabled)
		FROM users u WHERE id = $1`, userID).Scan(&m.Confirmed, &m.Disabled, &m.HasChannel)
	if errors.Is(err, pgx.ErrNoRows) {
		return Mailed{}, ErrNoUser
	}
	if err != nil {
		return Mailed{}, fmt.Errorf("query whether e-mail may go to account: %w", err)
	}
	return m, nil
}

// CountMail counts an e-mail of a kind to an account. It returns false, and counts nothing, if the
// account had limit e-mails of the kind in this hour of the clock.
func CountMail(ctx context.Context, tx pgx.Tx, userID uuid.UUID, kind string, limit int, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO mail_counts AS c (user_id, kind, hour, mails) VALUES ($1, $2, $3, 1)
		ON CONFLICT (user_id, kind) DO UPDATE SET mails = CASE WHEN c.hour = $3 THEN c.mails + 1 ELSE 1 END, hour = $3
		WHERE c.hour <> $3 OR c.mails < $4`, userID, kind, now.UTC().Truncate(time.Hour), limit)
	if err != nil {
		return false, fmt.Errorf("count e-mail: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// SetMails notes whether notifier has a mail server.
func SetMails(ctx context.Context, tx pgx.Tx, mails bool) error {
	if _, err := tx.Exec(ctx, `UPDATE installation SET mails = $1 WHERE mails IS DISTINCT FROM $1`, mails); err != nil {
		return fmt.Errorf("note mail server: %w", err)
	}
	return nil
}

// Mails reports whether notifier has a mail server. It returns true before a notifier has said it.
func Mails(ctx context.Context, tx pgx.Tx) (mails bool, err error) {
	if err := tx.QueryRow(ctx, `SELECT coalesce(mails, true) FROM installation`).Scan(&mails); err != nil {
		return false, fmt.Errorf("query mail server: %w", err)
	}
	return mails, nil
}

// DeleteCredentials deletes the API tokens and OAuth connections of an account, and the channels that do
// not lead to its address.
func DeleteCredentials(ctx context.Context, tx pgx.Tx, userID uuid.UUID) error {
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM tokens WHERE user_id = $1`, userID)
	batch.Queue(`DELETE FROM oauth_grants WHERE user_id = $1`, userID)
	batch.Queue(`DELETE FROM channels WHERE user_id = $1 AND kind <> 'email'`, userID)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("delete credentials: %w", err)
	}
	return nil
}
