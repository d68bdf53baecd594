package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// housekeepingLock is the advisory lock that keeps housekeepers apart.
const housekeepingLock = 7_301_003

// TryHousekeeping takes the right to purge until the transaction ends. It returns false when somebody else has it.
func TryHousekeeping(ctx context.Context, tx pgx.Tx) (ok bool, err error) {
	if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, housekeepingLock).Scan(&ok); err != nil {
		return false, fmt.Errorf("lock housekeeping: %w", err)
	}
	return ok, nil
}
