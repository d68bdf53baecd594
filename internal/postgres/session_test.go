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
	postgrestest.NeedSession(t)
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

// TestTransactionsAreBoundedBehindAPooler checks that each transaction brings its limits along, and that
// its session keeps none. The session belongs to other clients too.
func TestTransactionsAreBoundedBehindAPooler(t *testing.T) {
	t.Parallel()
	db := openWith(t, postgrestest.URL(t), map[string]string{"default_query_exec_mode": "cache_describe", "lock_timeout": "7s"})
	read := func(ctx context.Context, tx pgx.Tx) (got [4]string) {
		err := tx.QueryRow(ctx, `SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'),
			current_setting('transaction_isolation'), current_setting('transaction_read_only')`).Scan(&got[0], &got[1], &got[2], &got[3])
		if err != nil {
			t.Error(err)
		}
		return got
	}
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		if got, want := read(ctx, tx), [4]string{"7s", "30s", "read committed", "off"}; got != want {
			t.Errorf("settings of a transaction: got %q, want %q", got, want)
		}
		return nil
	})
	err := db.InSnapshot(t.Context(), func(tx pgx.Tx) error {
		if got, want := read(t.Context(), tx), [4]string{"7s", "30s", "repeatable read", "on"}; got != want {
			t.Errorf("settings of a snapshot: got %q, want %q", got, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	var outside string
	if err := db.Pool().QueryRow(t.Context(), `SHOW lock_timeout`).Scan(&outside); err != nil || outside != "0" {
		t.Errorf("lock_timeout of the session: got %q and error %v, want 0", outside, err)
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
