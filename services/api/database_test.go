package main

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// exec runs a statement on the database, behind the api's back.
func (ta *testAPI) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	err := ta.db.InTx(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), sql, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// count returns the one number that a query gives.
func (ta *testAPI) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	err := ta.db.InTx(t.Context(), func(tx pgx.Tx) error { return tx.QueryRow(t.Context(), sql, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	within(t, 30*time.Second, what, ok)
}

func within(t *testing.T, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
