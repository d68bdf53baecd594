package postgres_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/testkit"
)

// A long transaction holds up the index tasks_completed. Meanwhile tasks are stored, and a process that
// is stopped leaves a part of the index. Two other processes finish it.
func TestIndexIsBuiltWhileTasksAreStored(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user, other := postgrestest.NewUser(t, db, base), postgrestest.NewUser(t, db, base)
	execute(t, db, `DROP INDEX tasks_completed`)
	execute(t, db, `DELETE FROM schema_migrations WHERE name = 'migrations/0020_indexes.sql'`)
	endLong := hold(t, db, fmt.Sprintf(`INSERT INTO tasks (id, user_id, title, description, time_zone, created_at, updated_at, revision, priority, tags, reminders)
		SELECT gen_random_uuid(), id, 'long', '', 'UTC', now(), now(), 1, 'none', '{}', '[]' FROM users WHERE id = '%s'`, other))
	index := func() string {
		return text(t, db, `SELECT coalesce((SELECT CASE WHEN indisvalid THEN 'complete' ELSE 'in part' END
			FROM pg_index WHERE indexrelid = to_regclass('tasks_completed')), 'none')`)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- postgres.Migrate(ctx, db) }()
	testkit.Eventually(t, "the build begins", func() bool { return index() == "in part" })
	insertTaskOf(t, db, user)
	stop()
	if err := <-stopped; err == nil {
		t.Error("a migration that was stopped reports success")
	}
	if got := index(); got != "in part" {
		t.Errorf("after the stop the index is %s, want in part", got)
	}

	ended := make(chan error, 2)
	for range cap(ended) {
		go func() { ended <- postgres.Migrate(t.Context(), db) }()
	}
	insertTaskOf(t, db, user)
	// A process of any version starts. Its exclusive lock must not wait for the build, which would wait for it.
	execute(t, db, `LOCK TABLE schema_migrations IN ACCESS EXCLUSIVE MODE`)
	endLong()
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if got := index(); got != "complete" {
		t.Errorf("the index is %s, want complete", got)
	}
}

// A long transaction reads a table that a migration alters. Requests that come after the migration
// are answered before the transaction ends.
func TestMigrationLetsRequestsThrough(t *testing.T) {
	t.Parallel()
	dumps, err := filepath.Glob(oldSchemas)
	if err != nil || len(dumps) == 0 {
		t.Fatalf("dumps of old schemas: %v, %v", dumps, err)
	}
	db := load(t, dumps[len(dumps)-1])
	endLong := hold(t, db, `SELECT FROM users`)
	migrated := make(chan error, 1)
	go func() { migrated <- postgres.Migrate(t.Context(), db) }()
	const waits = `SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass AND mode = 'AccessExclusiveLock'`
	testkit.Eventually(t, "the migration waits for the table", func() bool { return text(t, db, waits) == "1" })
	text(t, db, `SELECT count(*)::text FROM users`)
	endLong()
	if err := <-migrated; err != nil {
		t.Error(err)
	}
}

// A reader of the list of migrations, as a backup is, holds up no process that starts.
func TestStartWaitsForNoReader(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	endReader := hold(t, db, `SELECT FROM schema_migrations`)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := postgres.Migrate(ctx, db); err != nil {
		t.Error(err)
	}
	endReader()
}

// Migrations of large tables must not stop the services. Migrations before 0020 are exempt, because they are released.
func TestMigrationsDoNotStopTheServices(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("migrations: %v, %v", files, err)
	}
	for _, file := range files {
		if filepath.Base(file) < "0020" {
			continue
		}
		script := read(t, file)
		for _, index := range regexp.MustCompile(`CREATE (?:UNIQUE )?INDEX (?:\w+ )?ON (\w+)`).FindAllStringSubmatch(script, -1) {
			if !strings.Contains(script, "CREATE TABLE "+index[1]+" ") {
				t.Errorf("%s: %q stops writes to a table with rows: use CREATE INDEX CONCURRENTLY in a migration whose second line is \"-- outside of a transaction\"", file, index[0])
			}
		}
		for _, column := range regexp.MustCompile(`ADD COLUMN [^,;]*DEFAULT [^,;]*\(`).FindAllString(script, -1) {
			t.Errorf("%s: %q rewrites the table: add the column without a computed default", file, column)
		}
	}
}

// hold runs a statement in a transaction that stays open until end is called.
func hold(t *testing.T, db *postgres.DB, sql string) (end func()) {
	t.Helper()
	tx, err := db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }) // after a failure
	if _, err := tx.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Commit(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// insertTaskOf stores a task. It fails if that takes longer than a request may.
func insertTaskOf(t *testing.T, db *postgres.DB, user any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := db.Pool().Exec(ctx, `INSERT INTO tasks (id, user_id, title, description, time_zone, created_at, updated_at, revision, priority, tags, reminders)
		VALUES (gen_random_uuid(), $1, 'meanwhile', '', 'UTC', now(), now(), 1, 'none', '{}', '[]')`, user)
	if err != nil {
		t.Errorf("store a task: %v", err)
	}
}

func execute(t *testing.T, db *postgres.DB, sql string) {
	t.Helper()
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql)
		return err
	})
}

// text returns the text that a query selects.
func text(t *testing.T, db *postgres.DB, sql string) (got string) {
	t.Helper()
	in(t, db, func(ctx context.Context, tx pgx.Tx) error { return tx.QueryRow(ctx, sql).Scan(&got) })
	return got
}

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
