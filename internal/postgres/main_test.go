package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// The test binary is also a program that connects to a database.
func TestMain(m *testing.M) {
	if url := os.Getenv(connectTo); url != "" {
		os.Exit(connectAsChild(url))
	}
	os.Exit(postgrestest.Main(m))
}

// base is the current time in tests.
var base = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// in runs f in a transaction and fails the test on an error.
func in(t *testing.T, db *postgres.DB, f func(ctx context.Context, tx pgx.Tx) error) {
	t.Helper()
	postgrestest.InTx(t, db, func(tx pgx.Tx) error { return f(t.Context(), tx) })
}

// connectTo makes the test binary connect to a database and print the error. Go reads the system's
// authorities once in a process, so that a test of them needs another one.
const connectTo = "CONNECT_TO"

func connectAsChild(url string) (status int) {
	if err := connect(context.Background(), url); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// connect reads whether its own session is encrypted, in two transactions.
func connect(ctx context.Context, url string) error {
	db, err := postgres.Open(ctx, url, 2)
	if err != nil {
		return err
	}
	defer db.Close()
	for range 2 {
		var encrypted bool
		err := db.InTx(ctx, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, `SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`).Scan(&encrypted)
		})
		if err != nil {
			return err
		}
		if !encrypted {
			return errors.New("the session is not encrypted")
		}
	}
	return nil
}
