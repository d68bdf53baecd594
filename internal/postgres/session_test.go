package postgres_test

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// openWith connects to a database with other settings.
func openWith(t *testing.T, database string, settings map[string]string) *postgres.DB {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, value := range settings {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	db, err := postgres.Open(t.Context(), u.String(), 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// settings returns the settings that detect lost peers, in the units of pg_settings.
func settings(t *testing.T, db *postgres.DB) map[string]string {
	t.Helper()
	got := map[string]string{}
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT name, setting FROM pg_settings
			WHERE name LIKE 'tcp\_%' OR name IN ('idle_in_transaction_session_timeout', 'lock_timeout', 'statement_timeout')`)
		if err != nil {
			return err
		}
		var name, setting string
		_, err = pgx.ForEachRow(rows, []any{&name, &setting}, func() error { got[name] = setting; return nil })
		return err
	})
	return got
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	database := postgrestest.URL(t)
	want := map[string]string{
		"idle_in_transaction_session_timeout": "30000", "lock_timeout": "90000", "statement_timeout": "0", "tcp_keepalives_idle": "15",
		"tcp_keepalives_interval": "10", "tcp_keepalives_count": "3", "tcp_user_timeout": "45000",
	}
	if got := settings(t, openWith(t, database, nil)); !maps.Equal(got, want) {
		t.Errorf("settings: got %v, want %v", got, want)
	}
	want["lock_timeout"], want["tcp_keepalives_idle"] = "7000", "60"
	if got := settings(t, openWith(t, database, map[string]string{"lock_timeout": "7s", "tcp_keepalives_idle": "60"})); !maps.Equal(got, want) {
		t.Errorf("settings of the URL: got %v, want %v", got, want)
	}
}

// A client locks a user and is then silent for ever.
func TestLostTransactionIsEnded(t *testing.T) {
	t.Parallel()
	database := postgrestest.URL(t)
	db, losing := openWith(t, database, nil), openWith(t, database, map[string]string{"idle_in_transaction_session_timeout": "300ms"})
	user := postgrestest.NewUser(t, db, base)
	locked, found := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- losing.InTx(t.Context(), func(tx pgx.Tx) error {
			if _, err := postgres.LockUser(t.Context(), tx, user); err != nil {
				return err
			}
			close(locked)
			<-found
			_, err := tx.Exec(t.Context(), `SELECT 1`)
			return err
		})
	}()
	<-locked
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		_, err := postgres.LockUser(ctx, tx, user)
		return err
	})
	if err != nil {
		t.Errorf("another transaction cannot lock the user: %v", err)
	}
	close(found)
	const idleInTransactionSessionTimeout = "25P03"
	if pgErr, ok := errors.AsType[*pgconn.PgError](<-ended); !ok || pgErr.Code != idleInTransactionSessionTimeout {
		t.Errorf("the lost transaction ended with %v, want code %s", pgErr, idleInTransactionSessionTimeout)
	}
}

// A migration waits for another one, however long that takes.
func TestMigrationWaitsForAnother(t *testing.T) {
	t.Parallel()
	database := postgrestest.URL(t)
	db := openWith(t, database, nil)
	impatient := openWith(t, database, map[string]string{"lock_timeout": "300ms", "idle_in_transaction_session_timeout": "300ms"})
	done := make(chan error, 1)
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(7301001)`); err != nil {
			return err
		}
		go func() { done <- postgres.Migrate(ctx, impatient) }()
		if err := postgrestest.AwaitWaiter(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `SELECT pg_sleep(0.6)`)
		return err
	})
	if err := <-done; err != nil {
		t.Errorf("migrate: %v", err)
	}
}
