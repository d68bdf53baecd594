package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivermigrate"
)

// notBackedUp are the tables that a restore does not fill. Migrations fill the first three. A restore
// begins an epoch of its own. Triggers count the usage of the restored rows. River's clients register
// themselves.
var notBackedUp = []string{
	"schema_migrations", "river_migration", "conversation_metadata", "installation", "usage", "usage_changes", "river_leader", "river_client", "river_client_queue", "river_queue", "river_notification",
}

// Table is a table in a backup.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// Sequence is the state of a sequence.
type Sequence struct {
	Name      string `json:"name"`
	LastValue int64  `json:"last_value"`
	IsCalled  bool   `json:"is_called"`
}

// Schema identifies the schema of a backup's source.
type Schema struct {
	Migrations []AppliedMigration `json:"migrations"`
	// River is the version of River's own tables.
	River int `json:"river"`
}

// ReadForBackup runs f in one read-only snapshot without a timeout of statements.
func (db *DB) ReadForBackup(ctx context.Context, f func(tx pgx.Tx) error) error {
	return db.InSnapshot(ctx, func(tx pgx.Tx) error {
		if err := waitAsLongAsNeeded(ctx, tx); err != nil {
			return err
		}
		return f(tx)
	})
}

// BackupTables returns the tables of a backup in an order for restoring: each table comes after the
// tables that it refers to.
func BackupTables(ctx context.Context, tx pgx.Tx) ([]Table, error) {
	rows, err := tx.Query(ctx, `
		SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum),
			coalesce((SELECT array_agg(DISTINCT confrelid::regclass::text) FROM pg_constraint f
				WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid), '{}')
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		WHERE c.relnamespace = current_schema()::text::regnamespace AND c.relkind = 'r' AND c.relname <> ALL ($1)
		GROUP BY c.oid ORDER BY c.relname`, notBackedUp)
	if err != nil {
		return nil, fmt.Errorf("query tables: %w", err)
	}
	type reference struct {
		Table
		after []string
	}
	left, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (reference, error) {
		var r reference
		err := row.Scan(&r.Name, &r.Columns, &r.after)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read tables: %w", err)
	}
	var tables []Table
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(r reference) bool {
			return !slices.ContainsFunc(left, func(other reference) bool { return slices.Contains(r.after, other.Name) })
		})
		if i < 0 {
			return nil, errors.New("order tables: their references form a cycle")
		}
		tables, left = append(tables, left[i].Table), slices.Delete(left, i, i+1)
	}
	return tables, nil
}

// CopyOut writes the rows of a table to w in COPY's text format and returns their number. Every
// version of PostgreSQL reads this format.
func CopyOut(ctx context.Context, tx pgx.Tx, t Table, w io.Writer) (int64, error) {
	tag, err := tx.Conn().PgConn().CopyTo(ctx, w, `COPY `+t.sql()+` TO STDOUT (ENCODING 'UTF8')`)
	if err != nil {
		return 0, fmt.Errorf("copy out %s: %w", t.Name, err)
	}
	return tag.RowsAffected(), nil
}

// CopyIn inserts the rows of a table from r and returns their number.
func CopyIn(ctx context.Context, tx pgx.Tx, t Table, r io.Reader) (int64, error) {
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, r, `COPY `+t.sql()+` FROM STDIN (ENCODING 'UTF8')`)
	if err != nil {
		return 0, fmt.Errorf("copy in %s: %w", t.Name, err)
	}
	return tag.RowsAffected(), nil
}

func (t Table) sql() string {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = pgx.Identifier{c}.Sanitize()
	}
	return pgx.Identifier{t.Name}.Sanitize() + " (" + strings.Join(columns, ", ") + ")"
}

// Sequences returns the state of all sequences. Sequences do not roll back. Read them after the
// tables of a snapshot, and they are equal or ahead.
func Sequences(ctx context.Context, tx pgx.Tx) ([]Sequence, error) {
	rows, err := tx.Query(ctx, `
		SELECT sequencename, coalesce(last_value, start_value), last_value IS NOT NULL FROM pg_sequences
		WHERE schemaname = current_schema() ORDER BY sequencename`)
	if err != nil {
		return nil, fmt.Errorf("query sequences: %w", err)
	}
	sequences, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Sequence])
	if err != nil {
		return nil, fmt.Errorf("read sequences: %w", err)
	}
	return sequences, nil
}

// SetSequence sets the state of a sequence.
func SetSequence(ctx context.Context, tx pgx.Tx, s Sequence) error {
	if _, err := tx.Exec(ctx, `SELECT setval($1::regclass, $2, $3)`, pgx.Identifier{s.Name}.Sanitize(), s.LastValue, s.IsCalled); err != nil {
		return fmt.Errorf("set sequence %s: %w", s.Name, err)
	}
	return nil
}

// SchemaOf returns the schema of a database.
func SchemaOf(ctx context.Context, tx pgx.Tx) (Schema, error) {
	applied, err := appliedMigrations(ctx, tx)
	if err != nil {
		return Schema{}, err
	}
	river, err := riverVersion(ctx, tx)
	return Schema{applied, river}, err
}

// PrepareRestore migrates an empty database to the schema of a backup. It refuses a backup of a
// newer version and a database with data. It also refuses a database with migrations that the
// backup lacks. Such migrations must still run on the backup's rows.
func PrepareRestore(ctx context.Context, db *DB, backup Schema) error {
	all, err := loadMigrations()
	if err != nil {
		return err
	}
	for _, a := range backup.Migrations {
		i := slices.IndexFunc(all, func(m migration) bool { return m.name == a.Name })
		if i < 0 {
			return fmt.Errorf("the backup is of a newer version of TaskMaster: it has the migration %s, which this version does not know; restore it with that version", a.Name)
		}
		if err := checkUnchanged(backup.Migrations, all[i]); err != nil {
			return fmt.Errorf("compare the backup's schema: %w", err)
		}
	}
	river, err := knownRiver(db)
	if err != nil {
		return err
	}
	if backup.River > river {
		return fmt.Errorf("the backup is of a newer version of TaskMaster: its River is at version %d, ours at %d; restore it with that version", backup.River, river)
	}
	wanted := slices.DeleteFunc(all, func(m migration) bool {
		return !slices.ContainsFunc(backup.Migrations, func(a AppliedMigration) bool { return a.Name == m.name })
	})
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		made, err := hasTable(ctx, tx, "schema_migrations")
		if err != nil || !made {
			return err
		}
		if err := CheckEmpty(ctx, tx); err != nil {
			return err
		}
		applied, err := appliedMigrations(ctx, tx)
		if err != nil {
			return err
		}
		for _, a := range applied {
			if !slices.ContainsFunc(wanted, func(m migration) bool { return m.name == a.Name }) {
				return errors.New("the backup is of an older version than the target's schema: restore it into a database without any tables, which is then brought up to date")
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return migrateTo(ctx, db, wanted)
}

// CheckEmpty returns an error that names a table if the database has data.
func CheckEmpty(ctx context.Context, tx pgx.Tx) error {
	tables, err := BackupTables(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		var filled bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM `+pgx.Identifier{t.Name}.Sanitize()+`)`).Scan(&filled); err != nil {
			return fmt.Errorf("read %s: %w", t.Name, err)
		}
		if filled {
			return fmt.Errorf("the target is not empty: there are rows in %s; restore into an empty installation", t.Name)
		}
	}
	return nil
}

// FillForRestore runs f in one transaction without a timeout of statements. Nobody else can change
// the tables meanwhile.
func (db *DB) FillForRestore(ctx context.Context, f func(tx pgx.Tx) error) error {
	return db.InTx(ctx, func(tx pgx.Tx) error {
		if err := waitAsLongAsNeeded(ctx, tx); err != nil {
			return err
		}
		tables, err := BackupTables(ctx, tx)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if _, err := tx.Exec(ctx, `LOCK TABLE `+pgx.Identifier{t.Name}.Sanitize()+` IN SHARE ROW EXCLUSIVE MODE`); err != nil {
				return fmt.Errorf("lock %s: %w", t.Name, err)
			}
		}
		if err := CheckEmpty(ctx, tx); err != nil {
			return err
		}
		return f(tx)
	})
}

// knownRiver returns the version of River's tables that this program creates.
func knownRiver(db *DB) (int, error) {
	migrator, err := riverMigrator(db)
	if err != nil {
		return 0, err
	}
	return slices.MaxFunc(migrator.AllVersions(), func(a, b rivermigrate.Migration) int { return a.Version - b.Version }).Version, nil
}

// riverVersion returns the version of River's tables in a database. It returns 0 if there are none.
func riverVersion(ctx context.Context, tx pgx.Tx) (version int, err error) {
	made, err := hasTable(ctx, tx, "river_migration")
	if err != nil || !made {
		return 0, err
	}
	if err := tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM river_migration`).Scan(&version); err != nil {
		return 0, fmt.Errorf("query River migrations: %w", err)
	}
	return version, nil
}
