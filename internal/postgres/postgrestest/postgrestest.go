// Package postgrestest provides tests with a real PostgreSQL: one server per test binary and one
// database per test.
package postgrestest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/embedded"
	"taskmaster/internal/task"
	"taskmaster/internal/testkit"
)

const startTimeout = 2 * time.Minute

var (
	server   *url.URL
	database atomic.Int64
	// pooler is the address of a pooler in front of the server, or empty.
	pooler string
)

// Main runs a package's tests with a server. It uses the server of TEST_DATABASE_URL (as a
// superuser) if set, and otherwise starts one. If TEST_POOLER is the path of PgBouncer, the tests reach
// their databases through it, in transaction mode. Call Main as os.Exit(postgrestest.Main(m)).
func Main(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	stop, err := start(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "postgrestest:", err)
		return 1
	}
	defer stop()
	return m.Run()
}

func start(ctx context.Context) (stop func(), err error) {
	stop = func() {}
	raw := os.Getenv("TEST_DATABASE_URL")
	if raw == "" {
		dir, err := os.MkdirTemp("", "taskmaster-postgres-")
		if err != nil {
			return nil, fmt.Errorf("create directory: %w", err)
		}
		s, err := embedded.Start(ctx, embedded.Config{Dir: dir, Unsafe: true})
		if err != nil {
			os.RemoveAll(dir)
			return nil, err
		}
		raw, stop = s.URL(), func() {
			if err := s.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, "postgrestest:", err)
			}
			os.RemoveAll(dir)
		}
	}
	if server, err = url.Parse(raw); err == nil {
		err = migrateTemplate(ctx)
	}
	if program := os.Getenv("TEST_POOLER"); program != "" && err == nil {
		stopServer := stop
		var stopPooler func()
		if pooler, stopPooler, err = startPooler(ctx, program, server, ""); err == nil {
			stop = func() { stopPooler(); stopServer() }
		}
	}
	if err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// template is the database that tests copy. Its name contains the process ID.
func template() string { return fmt.Sprintf("template_%d", os.Getpid()) }

func migrateTemplate(ctx context.Context) error {
	if err := execute(ctx, `CREATE DATABASE `+template()); err != nil {
		return err
	}
	db, err := postgres.Open(ctx, databaseURL(template()), 4)
	if err != nil {
		return err
	}
	defer db.Close()
	return postgres.Migrate(ctx, db)
}

// URL creates a migrated, empty database for the test and returns its URL. The database is dropped
// after the test.
func URL(t testing.TB) string {
	t.Helper()
	return create(t, template())
}

// EmptyURL is URL for a database without a schema.
func EmptyURL(t testing.TB) string {
	t.Helper()
	return create(t, "template1")
}

// NewerURL is URL for a database that a later version has changed.
func NewerURL(t testing.TB) string {
	t.Helper()
	raw := URL(t)
	conn, err := pgx.Connect(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), `INSERT INTO schema_migrations (name) VALUES ('migrations/9999_future.sql')`); err != nil {
		t.Fatal(err)
	}
	return raw
}

// NeedSession skips a test of sessions if the tests reach their databases through a pooler. The
// sessions are the pooler's then.
func NeedSession(t testing.TB) {
	t.Helper()
	if pooler != "" {
		t.Skip("the sessions are the pooler's")
	}
}

func create(t testing.TB, template string) string {
	t.Helper()
	if server == nil {
		t.Fatal("postgrestest: the package needs func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }")
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), database.Add(1))
	if err := execute(t.Context(), `CREATE DATABASE `+name+` TEMPLATE `+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's context is cancelled by now.
		if err := execute(context.WithoutCancel(t.Context()), `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	return databaseURL(name)
}

// Open creates a migrated, empty database for the test and connects to it with 8 connections.
func Open(t testing.TB) *postgres.DB {
	t.Helper()
	return OpenFor(t, 8)
}

// OpenFor is Open with one connection for each concurrent caller. A further caller would wait for a
// connection, and time out if all others take long.
func OpenFor(t testing.TB, callers int) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), URL(t), callers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	db.Sleeps(func() {}) // a connection to a busy machine takes as long as one to a server that wakes up
	return db
}

// InTx runs f in a transaction for the test itself. The code under test may use all connections, so a
// refused transaction runs again later. Another error ends the test.
func InTx(t testing.TB, db *postgres.DB, f func(tx pgx.Tx) error) {
	t.Helper()
	var err error
	testkit.Eventually(t, "the database has a connection for the test", func() bool {
		err = db.InTx(t.Context(), f)
		return err == nil || task.ErrorCode(err) != task.CodeUnavailable
	})
	if err != nil {
		t.Fatal(err)
	}
}

// NewUser stores a user and returns its ID.
func NewUser(t testing.TB, db *postgres.DB, created time.Time) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	InTx(t, db, func(tx pgx.Tx) error {
		return postgres.InsertUser(t.Context(), tx, postgres.User{ID: id, Email: id.String() + "@example.com", TimeZone: "UTC", CreatedAt: created})
	})
	return id
}

// databaseURL returns the URL of a database, through the pooler if there is one.
func databaseURL(name string) string {
	u := *server
	u.Path = "/" + name
	if pooler != "" {
		query := u.Query()
		query.Set("default_query_exec_mode", "cache_describe")
		u.Host, u.RawQuery = pooler, query.Encode()
	}
	return u.String()
}

// execute runs a statement on a connection of its own. It holds a lock that all test binaries
// share, because PostgreSQL refuses two concurrent copies of a template.
func execute(ctx context.Context, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server.String())
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(7301000)`); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
