package main

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
)

// exec runs a statement directly on the database.
func (ta *testAPI) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	postgrestest.InTx(t, ta.db, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), sql, args...)
		return err
	})
}

// count returns the number that a query selects.
func (ta *testAPI) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	postgrestest.InTx(t, ta.db, func(tx pgx.Tx) error { return tx.QueryRow(t.Context(), sql, args...).Scan(&n) })
	return n
}

// insertTask stores a task in a transaction of the test.
func insertTask(ctx context.Context, tx pgx.Tx, user uuid.UUID, made task.Task, now time.Time) error {
	u, err := lockUser(ctx, tx, user, now, 0)
	if err != nil {
		return err
	}
	_, _, err = u.insertTask(ctx, made)
	return err
}
