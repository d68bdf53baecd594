package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
)

// TestColumnTypeChangesWhileServing alters columns of two tables while callers read and write them.
// PostgreSQL refuses prepared statements whose columns have changed. No caller may notice.
func TestColumnTypeChangesWhileServing(t *testing.T) {
	t.Parallel()
	const callers, each = 8, 40
	db := postgrestest.OpenFor(t, callers)
	user := postgrestest.NewUser(t, db, base)
	work := func(ctx context.Context) error {
		return db.InTx(ctx, func(tx pgx.Tx) error {
			u, err := postgres.UserByID(ctx, tx, user)
			if err != nil {
				return err
			}
			made := task.Task{ID: uuid.Must(uuid.NewV7()), Title: "pay rent", TimeZone: u.TimeZone, Tags: []string{}, CreatedAt: base, UpdatedAt: base}
			made.Normalize()
			if _, err := postgres.InsertTask(ctx, tx, user, made); err != nil {
				return err
			}
			_, err = postgres.TaskByID(ctx, tx, user, made.ID)
			return err
		})
	}
	var started, all sync.WaitGroup
	started.Add(callers)
	for range callers {
		all.Go(func() {
			for i := range each {
				if err := work(t.Context()); err != nil {
					t.Errorf("call %d: %v", i, err)
				}
				if i == 0 {
					started.Done() // the statements are prepared
				}
			}
		})
	}
	started.Wait()
	for i := range 4 {
		to := []string{"varchar", "text"}[i%2]
		in(t, db, func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, fmt.Sprintf(`ALTER TABLE users ALTER COLUMN time_zone TYPE %s; ALTER TABLE tasks ALTER COLUMN title TYPE %s`, to, to))
			return err
		})
	}
	all.Wait()
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		var n int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM tasks`).Scan(&n)
		if n != callers*each {
			t.Errorf("got %d tasks, want %d", n, callers*each)
		}
		return err
	})
}

// TestLostConnection shows that a transaction returns code unavailable if its connection breaks
// before the commit.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	err := db.InTx(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `SELECT pg_terminate_backend(pg_backend_pid())`)
		return err
	})
	if got := task.ErrorCode(err); got != task.CodeUnavailable {
		t.Errorf("got code %s of %v, want unavailable", got, err)
	}
}

// TestRowOfDeletedUser shows that a row of a deleted user is refused with code not_found.
func TestRowOfDeletedUser(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	err := db.InTx(t.Context(), func(tx pgx.Tx) error {
		return postgres.InsertToken(t.Context(), tx, postgres.Token{ID: uuid.New(), UserID: uuid.New(), Scopes: []string{}, CreatedAt: base}, []byte("x"))
	})
	if got := task.ErrorCode(err); got != task.CodeNotFound {
		t.Errorf("got code %s of %v, want not_found", got, err)
	}
}
