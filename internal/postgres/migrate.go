package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrationLock is the advisory lock that lets one process at a time migrate.
const migrationLock = 7_301_001

// migration is one change of the schema.
type migration struct {
	// name is the path of the file, as stored in schema_migrations.
	name     string
	script   string
	checksum string
	// compatible reports whether the previous versions run on the schema after this migration. They
	// then accept the database, and a release can be rolled back.
	compatible bool
	// online reports whether the migration builds indexes while the services write (applyOnline).
	online bool
}

const (
	// compatibleLine is the first line of a migration that keeps older versions running.
	compatibleLine = "-- older versions run: yes\n"
	// onlineLine is the line after it in a migration that builds indexes while the services write.
	onlineLine = "-- outside of a transaction\n"
)

// superseded are checksums of migrations that were edited after a release. A later migration makes
// the difference, so these checksums count as applied.
var superseded = map[string][]string{
	"migrations/0001_init.sql": {
		"be6db043de4cb02e79e09145d4e16a1325ba2e91786882d84ffc8f5a43ce8880",
		"ea2fcca91419a8a91e957415cc1d8880f33c14673901f5a675e15ba0972143cf",
		"c4d8106bfc3bb9e26bb84bdd2f78d0a10fe8d18940f3fdec336acda7588fa3c8",
		"c8b29156ad7dc715bc9dff38e37cf7e2db9edccdec4016c1b60eb8f5246d0dec",
	},
}

// loadMigrations returns the migrations in the order of their names.
func loadMigrations() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	all := make([]migration, len(names))
	for i, name := range names {
		script, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		all[i] = newMigration(name, script)
	}
	return all, nil
}

// newMigration reads a migration. The checksum does not depend on the line endings of the checkout.
func newMigration(name string, script []byte) migration {
	script = bytes.ReplaceAll(script, []byte("\r\n"), []byte("\n"))
	sum := sha256.Sum256(script)
	first, rest, _ := strings.Cut(string(script), "\n")
	return migration{
		name: name, script: string(script), checksum: hex.EncodeToString(sum[:]),
		compatible: first+"\n" == compatibleLine, online: strings.HasPrefix(rest, onlineLine),
	}
}

// Migrate brings the schema up to date. It applies the migrations in the order of their names, each
// once. A migration is a transaction, or builds indexes while the services write. River's migrations
// follow. Migrate refuses a database of a newer version. It also refuses a database with a migration
// that was edited after it was applied. It is safe to repeat, also after it was stopped, and to run
// concurrently. It holds up the services for moments only, and waits for up to maxLockWaits of them.
func Migrate(ctx context.Context, db *DB) error {
	all, err := loadMigrations()
	if err != nil {
		return err
	}
	return migrateTo(ctx, db, all)
}

func migrateTo(ctx context.Context, db *DB, all []migration) error {
	if err := checkRiver(ctx, db); err != nil {
		return err
	}
	if err := db.InTx(ctx, func(tx pgx.Tx) error { return prepareMigrations(ctx, tx, all) }); err != nil {
		return err
	}
	for _, m := range all {
		if err := m.apply(ctx, db); err != nil {
			return fmt.Errorf("migrate %s: %w", m.name, err)
		}
	}
	// River's migrator has no lock. Hold ours around it, on a separate connection.
	return db.InTx(ctx, func(tx pgx.Tx) error {
		if err := lockMigrations(ctx, tx); err != nil {
			return err
		}
		migrator, err := riverMigrator(db)
		if err != nil {
			return err
		}
		if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
			return fmt.Errorf("migrate River: %w", err)
		}
		return nil
	})
}

// prepareMigrations creates or extends schema_migrations and compares the applied migrations with
// the known ones. It adds missing checksums to rows of versions that stored none.
func prepareMigrations(ctx context.Context, tx pgx.Tx, all []migration) error {
	if err := lockMigrations(ctx, tx); err != nil {
		return err
	}
	// Only old tables are altered, because ALTER TABLE waits for readers even if the columns are there.
	const table = `
		CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now(),
			checksum text, compatible boolean NOT NULL DEFAULT false);
		DO $$ BEGIN
			IF (SELECT count(*) FROM pg_attribute WHERE attrelid = 'schema_migrations'::regclass AND attname IN ('checksum', 'compatible')) < 2 THEN
				ALTER TABLE schema_migrations ADD COLUMN IF NOT EXISTS checksum text;
				ALTER TABLE schema_migrations ADD COLUMN IF NOT EXISTS compatible boolean NOT NULL DEFAULT false;
			END IF;
		END $$`
	if _, err := tx.Exec(ctx, table); err != nil {
		return fmt.Errorf("create schema_migrations: %w", err)
	}
	applied, err := appliedMigrations(ctx, tx)
	if err != nil {
		return err
	}
	if err := checkNewer(applied, all); err != nil {
		return err
	}
	for _, m := range all {
		if err := checkUnchanged(applied, m); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE schema_migrations SET checksum = $2, compatible = $3 WHERE name = $1 AND checksum IS NULL`,
			m.name, m.checksum, m.compatible)
		if err != nil {
			return fmt.Errorf("adopt migration %s: %w", m.name, err)
		}
	}
	return nil
}

// lockMigrations waits until no other process migrates. It holds the lock until the transaction
// ends.
func lockMigrations(ctx context.Context, tx pgx.Tx) error {
	if err := waitAsLongAsNeeded(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, migrationLock); err != nil {
		return fmt.Errorf("lock migrations: %w", err)
	}
	return nil
}

// AppliedMigration is a migration that the database has.
type AppliedMigration struct {
	Name string `json:"name"`
	// Checksum is the SHA-256 of the migration's file in hex. It is empty if an old version applied
	// the migration without a checksum.
	Checksum string `json:"checksum"`
	// Compatible reports whether versions that do not know the migration run with it.
	Compatible bool `json:"compatible"`
}

// appliedMigrations returns the applied migrations by name. It also reads the table of a version
// that stored no checksums.
func appliedMigrations(ctx context.Context, tx pgx.Tx) ([]AppliedMigration, error) {
	rows, err := tx.Query(ctx, `
		SELECT name, coalesce(to_jsonb(m) ->> 'checksum', ''), coalesce((to_jsonb(m) ->> 'compatible')::boolean, false)
		FROM schema_migrations m ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("query migrations: %w", err)
	}
	applied, err := pgx.CollectRows(rows, pgx.RowToStructByPos[AppliedMigration])
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return applied, nil
}

// checkNewer returns an error if the database has an unknown migration, unless the migration is
// marked as compatible.
func checkNewer(applied []AppliedMigration, all []migration) error {
	for _, a := range applied {
		known := slices.ContainsFunc(all, func(m migration) bool { return m.name == a.Name })
		if !known && !a.Compatible {
			return errNewer(path.Base(a.Name))
		}
	}
	return nil
}

// errNewer returns the error for a database that a newer version has changed.
func errNewer(migration string) error {
	return fmt.Errorf("the database is of a newer version of TaskMaster: it has the migration %s, which this version does not know; run that version, or restore a backup",
		migration)
}

// checkUnchanged returns an error if a migration was applied in another form.
func checkUnchanged(applied []AppliedMigration, m migration) error {
	for _, a := range applied {
		if a.Name != m.name || a.Checksum == "" || a.Checksum == m.checksum || slices.Contains(superseded[m.name], a.Checksum) {
			continue
		}
		return fmt.Errorf("internal/postgres/%s was edited after it was applied to this database (SHA-256 %.12s then, %.12s now): put the file back as it was, and write the change as a new migration",
			m.name, a.Checksum, m.checksum)
	}
	return nil
}

// CheckVersion returns an error if the database is of a newer version, because this version would
// damage it. A database without a schema passes.
func CheckVersion(ctx context.Context, db *DB) error {
	all, err := loadMigrations()
	if err != nil {
		return err
	}
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		if made, err := hasTable(ctx, tx, "schema_migrations"); !made || err != nil {
			return err
		}
		applied, err := appliedMigrations(ctx, tx)
		if err != nil {
			return err
		}
		return checkNewer(applied, all)
	})
	if err != nil {
		return err
	}
	return checkRiver(ctx, db)
}

// checkRiver returns an error if a newer River has migrated its tables. River itself would use the
// unknown tables without an error.
func checkRiver(ctx context.Context, db *DB) error {
	known, err := knownRiver(db)
	if err != nil {
		return err
	}
	return db.InTx(ctx, func(tx pgx.Tx) error {
		version, err := riverVersion(ctx, tx)
		if err != nil {
			return err
		}
		if version > known {
			return errNewer(fmt.Sprintf("%d of River", version))
		}
		return nil
	})
}

func riverMigrator(db *DB) (*rivermigrate.Migrator[pgx.Tx], error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(db.pool), nil)
	if err != nil {
		return nil, fmt.Errorf("open River migrations: %w", err)
	}
	return migrator, nil
}

func hasTable(ctx context.Context, tx pgx.Tx, name string) (made bool, err error) {
	if err := tx.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, name).Scan(&made); err != nil {
		return false, fmt.Errorf("look for table %s: %w", name, err)
	}
	return made, nil
}
