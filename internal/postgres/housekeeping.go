package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// housekeepingLock is the advisory lock that lets one process at a time purge.
const housekeepingLock = 7_301_003

// TryHousekeeping claims the right to purge until the transaction ends. It returns false if another
// process holds it.
func TryHousekeeping(ctx context.Context, tx pgx.Tx) (ok bool, err error) {
	if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, housekeepingLock).Scan(&ok); err != nil {
		return false, fmt.Errorf("lock housekeeping: %w", err)
	}
	return ok, nil
}
