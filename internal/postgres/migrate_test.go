package postgres_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// oldSchemas are dumps of databases that the released versions created, with some rows. There is
// one for each version that changed the schema. Each was created by that version's own Migrate and
//
//	pg_dump --no-owner --no-privileges --no-comments --column-inserts
//
// without its comments, psql commands and settings. The number is the order, the word is the
// commit.
const oldSchemas = "testdata/schemas/*.sql"

// An installation of any released version gets the schema of a new one and keeps its rows.
func TestMigrateEveryReleasedVersion(t *testing.T) {
	t.Parallel()
	dumps, err := filepath.Glob(oldSchemas)
	if err != nil || len(dumps) < 8 {
		t.Fatalf("got the dumps %v, %v; want 8 or more", dumps, err)
	}
	fresh := schemaOf(t, postgrestest.Open(t))
	for _, dump := range dumps {
		t.Run(filepath.Base(dump), func(t *testing.T) {
			t.Parallel()
			db := load(t, dump)
			before := countRows(t, db)
			if err := postgres.CheckVersion(t.Context(), db); err != nil {
				t.Errorf("check the version before the upgrade: %v", err)
			}
			for range 2 { // the second time has nothing to do
				if err := postgres.Migrate(t.Context(), db); err != nil {
					t.Fatal(err)
				}
			}
			upgraded := schemaOf(t, db)
			for _, part := range without(fresh, upgraded) {
				t.Errorf("a new installation has, and the upgraded one lacks: %s", part)
			}
			for _, part := range without(upgraded, fresh) {
				t.Errorf("the upgraded installation has, and a new one lacks: %s", part)
			}
			after := countRows(t, db)
			for table, n := range before {
				if table != "schema_migrations" && after[table] != n {
					t.Errorf("%s has %d rows, had %d", table, after[table], n)
				}
			}
			in(t, db, func(ctx context.Context, tx pgx.Tx) error {
				var unchecked int
				err := tx.QueryRow(ctx, `SELECT count(*) FROM schema_migrations WHERE checksum IS NULL`).Scan(&unchecked)
				if unchecked > 0 {
					t.Errorf("%d migrations have no checksum", unchecked)
				}
				return err
			})
		})
	}
}

// Migrate and the services refuse a database that holds more than this version knows.
func TestMigrateRefusals(t *testing.T) {
	t.Parallel()
	const changed = `UPDATE schema_migrations SET checksum = `
	for _, c := range []struct {
		name, sql        string
		migrate, version string // part of the error; "" means no error
	}{
		{"as it is", `SELECT`, "", ""},
		{"a newer version", `INSERT INTO schema_migrations (name) VALUES ('migrations/9999_future.sql')`,
			"newer version of TaskMaster: it has the migration 9999_future.sql", "run that version, or restore a backup"},
		{"a newer version that leaves this one running",
			`INSERT INTO schema_migrations (name, compatible) VALUES ('migrations/9999_future.sql', true)`, "", ""},
		{"a newer River", `INSERT INTO river_migration (line, version) VALUES ('main', 9999)`,
			"newer version of TaskMaster: it has the migration 9999 of River", "newer version of TaskMaster"},
		{"an edited migration", changed + `repeat('ab', 32) WHERE name = 'migrations/0003_outbox_lanes.sql'`,
			"internal/postgres/migrations/0003_outbox_lanes.sql was edited after it was applied to this database (SHA-256 abababababab then", ""},
		{"the first version's 0001", changed + `'be6db043de4cb02e79e09145d4e16a1325ba2e91786882d84ffc8f5a43ce8880' WHERE name = 'migrations/0001_init.sql'`, "", ""},
		{"the second version's 0001", changed + `'ea2fcca91419a8a91e957415cc1d8880f33c14673901f5a675e15ba0972143cf' WHERE name = 'migrations/0001_init.sql'`, "", ""},
		{"an older version that kept no checksum", `UPDATE schema_migrations SET checksum = NULL`, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := postgrestest.Open(t)
			in(t, db, func(ctx context.Context, tx pgx.Tx) error {
				_, err := tx.Exec(ctx, c.sql)
				return err
			})
			wantError(t, "CheckVersion", postgres.CheckVersion(t.Context(), db), c.version)
			wantError(t, "Migrate", postgres.Migrate(t.Context(), db), c.migrate)
		})
	}
}

// Every migration states whether older versions run with it. Its author decides whether a release
// can be rolled back.
func TestMigrationsSayWhetherOlderVersionsRun(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		script, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(script), "\n")
		// Every version that checks migrations knows those before 0007.
		if filepath.Base(file) >= "0007" && first != "-- older versions run: yes" && first != "-- older versions run: no" {
			t.Errorf("%s begins with %q, want \"-- older versions run: yes\" or no", file, first)
		}
	}
}

func wantError(t *testing.T, call string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", call, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%s: got error %v, want %q", call, err, want)
	}
}

// load creates a database from a dump.
func load(t *testing.T, dump string) *postgres.DB {
	t.Helper()
	script, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgrestest.EmptyURL(t), 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, string(script))
		return err
	})
	return db
}

// schemaOf lists the parts of a database's schema in PostgreSQL's own words. It leaves out the
// order of columns, because an added column comes last. It also leaves out the constraints NOT NULL of
// PostgreSQL 18: the columns have the same, and a renamed table keeps the old names.
func schemaOf(t *testing.T, db *postgres.DB) []string {
	t.Helper()
	var parts []string
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			WITH tables AS (SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')
			SELECT format('column %s.%s %s%s default %s identity %s', relname, attname, format_type(atttypid, atttypmod),
					CASE WHEN attnotnull THEN ' not null' END, coalesce(pg_get_expr(adbin, adrelid), 'none'), attidentity)
				FROM tables JOIN pg_attribute ON attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
				LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
			UNION ALL SELECT format('constraint %s.%s %s', relname, conname, pg_get_constraintdef(c.oid))
				FROM tables JOIN pg_constraint c ON conrelid = tables.oid AND contype <> 'n'
			UNION ALL SELECT format('index %s', pg_get_indexdef(indexrelid)) FROM tables JOIN pg_index ON indrelid = tables.oid
			UNION ALL SELECT format('storage %s %s', relname, reloptions) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
			UNION ALL SELECT format('sequence %s %s by %s from %s', sequencename, data_type, increment_by, start_value)
				FROM pg_sequences WHERE schemaname = 'public'
			UNION ALL SELECT format('function %s', pg_get_functiondef(oid)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
			UNION ALL SELECT format('trigger %s', pg_get_triggerdef(g.oid)) FROM pg_trigger g JOIN tables ON tgrelid = tables.oid WHERE NOT tgisinternal
			UNION ALL SELECT format('enum %s %s', typname, string_agg(enumlabel, ' ' ORDER BY enumsortorder))
				FROM pg_type JOIN pg_enum ON enumtypid = pg_type.oid WHERE typnamespace = 'public'::regnamespace GROUP BY typname
			ORDER BY 1`)
		if err != nil {
			return err
		}
		parts, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if len(parts) < 100 {
		t.Fatalf("the schema has %d parts: %q", len(parts), parts)
	}
	return parts
}

// without returns the elements of all that are not in others.
func without(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(others, s) })
}

// countRows returns the number of rows of each table.
func countRows(t *testing.T, db *postgres.DB) map[string]int {
	t.Helper()
	counts := map[string]int{}
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`)
		if err != nil {
			return err
		}
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, table := range tables {
			var n int
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM `+pgx.Identifier{table}.Sanitize()).Scan(&n); err != nil {
				return err
			}
			counts[table] = n
		}
		return nil
	})
	return counts
}
