package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// AwaitWaiter returns when another transaction waits for a lock that tx holds.
func AwaitWaiter(ctx context.Context, tx pgx.Tx) error {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var waiting bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))`).Scan(&waiting)
		if err != nil {
			return fmt.Errorf("query locks: %w", err)
		}
		if waiting {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("timed out waiting for another transaction to wait for this one")
		}
	}
}
