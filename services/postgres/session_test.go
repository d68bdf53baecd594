package postgres_test

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"taskmaster/services/event"
	"taskmaster/services/postgres"
	"taskmaster/services/postgres/postgrestest"
	"taskmaster/services/task"
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

// settings returns the settings of a session by which lost peers are noticed, in the units of pg_settings.
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

// A client locks a user and is never heard of again.
func TestLostTransactionIsEnded(t *testing.T) {
	t.Parallel()
	database := postgrestest.URL(t)
	db, losing := openWith(t, database, nil), openWith(t, database, map[string]string{"idle_in_transaction_session_timeout": "300ms"})
	user := newUser(t, db)
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
		t.Errorf("another cannot lock the user: %v", err)
	}
	close(found)
	const idleInTransactionSessionTimeout = "25P03"
	if pgErr, ok := errors.AsType[*pgconn.PgError](<-ended); !ok || pgErr.Code != idleInTransactionSessionTimeout {
		t.Errorf("the lost transaction ended with %v, want code %s", pgErr, idleInTransactionSessionTimeout)
	}
}

// Somebody else migrates for longer than any lock may be waited for.
func TestMigrationIsWaitedFor(t *testing.T) {
	t.Parallel()
	database := postgrestest.URL(t)
	db := openWith(t, database, nil)
	impatient := openWith(t, database, map[string]string{"lock_timeout": "50ms", "idle_in_transaction_session_timeout": "50ms"})
	done := make(chan error, 1)
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(7301001)`); err != nil {
			return err
		}
		go func() { done <- postgres.Migrate(ctx, impatient) }()
		waiting(t, db, "advisory", 100*time.Millisecond)
		return nil
	})
	if err := <-done; err != nil {
		t.Errorf("migrate: %v", err)
	}
}

// A delivery comes while its user is being deleted.
func TestDeletedUserIsGivenNoDelivery(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user := newUser(t, db)
	late := event.New(event.ReminderDue, user, task.Task{ID: uuid.New()}, base)
	done := make(chan error, 1)
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := postgres.LockUserToDelete(ctx, tx, user); err != nil {
			return err
		}
		go func() {
			done <- db.InTx(ctx, func(tx pgx.Tx) error {
				d := postgres.NewDelivery(late, postgres.Channel{UserID: user, Kind: postgres.ChannelEmail}, base)
				d.ChannelID = nil
				return postgres.InsertDeliveries(ctx, tx, late, []postgres.Delivery{d})
			})
		}()
		waiting(t, db, "transactionid", 0)
		return postgres.DeleteUser(ctx, tx, user)
	})
	const foreignKeyViolation = "23503"
	if pgErr, ok := errors.AsType[*pgconn.PgError](<-done); !ok || pgErr.Code != foreignKeyViolation {
		t.Errorf("the delivery ended with %v, want code %s", pgErr, foreignKeyViolation)
	}
}

// waiting returns once a session of the database has waited for a kind of lock that long.
func waiting(t *testing.T, db *postgres.DB, lock string, long time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		n := 0
		in(t, db, func(ctx context.Context, tx pgx.Tx) error {
			return tx.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = $1 AND clock_timestamp() - query_start > $2`,
				lock, long).Scan(&n)
		})
		if n > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for a session that waits for a lock of kind %s", lock)
		}
	}
}
