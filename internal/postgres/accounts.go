package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Account is a line of the list of accounts for an operator.
type Account struct {
	User
	// StoredBytes is the number of bytes that the account stores.
	StoredBytes int64
}

// Accounts returns up to limit accounts by address, from the one after an address.
func Accounts(ctx context.Context, tx pgx.Tx, after string, limit int) ([]Account, error) {
	rows, err := tx.Query(ctx, `SELECT `+userRow+`, (SELECT coalesce(sum(bytes), 0)::bigint FROM usage WHERE user_id = users.id)
		FROM users WHERE email > $1 AND `+notDeleted+` ORDER BY email LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("query accounts: %w", err)
	}
	accounts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Account, err error) {
		err = row.Scan(&a.ID, &a.Email, &a.PasswordHash, &a.TimeZone, &a.WeekStart, &a.Language, &a.LineSigns, &a.Revision, &a.CreatedAt, &a.Epoch,
			&a.ChosenReminders, &a.ConfirmedAt, &a.Admin, &a.DisabledAt, &a.QuotaBytes, &a.ExpiresAt, &a.StoredBytes)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	return accounts, nil
}

// HasAdmin reports whether an account is an administrator.
func HasAdmin(ctx context.Context, tx pgx.Tx) (found bool, err error) {
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM users WHERE admin)`).Scan(&found); err != nil {
		return false, fmt.Errorf("query administrators: %w", err)
	}
	return found, nil
}

// UpdateAccount stores the state that an operator sets: administrator, disabled, quota.
func UpdateAccount(ctx context.Context, tx pgx.Tx, u User) error {
	return execOne(ctx, tx, "update account", ErrNoUser, `UPDATE users SET admin = $2, disabled_at = $3, quota_bytes = $4 WHERE id = $1`,
		u.ID, u.Admin, u.DisabledAt, u.QuotaBytes)
}

// ExpiredUsers returns up to limit accounts that are to be deleted, among them the closed ones.
func ExpiredUsers(ctx context.Context, tx pgx.Tx, now time.Time, limit int) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM users WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`, now, limit)
	if err != nil {
		return nil, fmt.Errorf("query expired accounts: %w", err)
	}
	users, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("read expired accounts: %w", err)
	}
	return users, nil
}
