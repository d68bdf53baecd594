package postgres_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// base is the current time in tests.
var base = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// in runs f in a transaction and fails the test on an error.
func in(t *testing.T, db *postgres.DB, f func(ctx context.Context, tx pgx.Tx) error) {
	t.Helper()
	if err := db.InTx(t.Context(), func(tx pgx.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}
