package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/backoff"
)

// onlineLock is the advisory lock that lets one process at a time build indexes.
const onlineLock = 7_301_004

const (
	// migrationLockTimeout is how long a migration waits for a table. All requests that need the table
	// wait behind it.
	migrationLockTimeout = 2 * time.Second
	// maxLockWaits is how often a migration asks for its tables: for about ten minutes.
	maxLockWaits = 60
)

// lockWaits is the pause in which requests go on, before a migration asks for its tables again.
var lockWaits = backoff.Policy{Min: time.Second, Max: 10 * time.Second}

// apply applies a migration unless the database has it.
func (m migration) apply(ctx context.Context, db *DB) error {
	if m.online {
		return m.applyOnline(ctx, db)
	}
	for waits := 1; ; waits++ {
		err := db.InTx(ctx, func(tx pgx.Tx) error { return m.applyIn(ctx, tx) })
		if !isLockTimeout(err) {
			return err
		}
		if waits == maxLockWaits {
			return fmt.Errorf("long transactions use the tables, so try again when they have ended (SELECT * FROM pg_stat_activity shows them): %w", err)
		}
		if waited := lockWaits.Wait(ctx, waits); waited != nil {
			return errors.Join(waited, err)
		}
	}
}

// applyIn applies a migration in a transaction. It returns a lock timeout if the tables are in use.
func (m migration) applyIn(ctx context.Context, tx pgx.Tx) error {
	if err := lockMigrations(ctx, tx); err != nil {
		return err
	}
	isNew, err := m.record(ctx, tx)
	if err != nil || !isNew {
		return err
	}
	if _, err := tx.Exec(ctx, `SELECT set_config('lock_timeout', $1, true)`, milliseconds(migrationLockTimeout)); err != nil {
		return fmt.Errorf("bound the wait for tables: %w", err)
	}
	if _, err := tx.Exec(ctx, m.script); err != nil {
		return fmt.Errorf("apply migration: %w", err)
	}
	return nil
}

// record notes that a migration is applied. It returns false if it was applied before.
func (m migration) record(ctx context.Context, tx pgx.Tx) (isNew bool, err error) {
	tag, err := tx.Exec(ctx, `INSERT INTO schema_migrations (name, checksum, compatible) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		m.name, m.checksum, m.compatible)
	if err != nil {
		return false, fmt.Errorf("record migration: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

// isApplied reports, in a transaction of its own, whether the database has a migration.
func (m migration) isApplied(ctx context.Context, db *DB) (applied bool, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM schema_migrations WHERE name = $1)`, m.name).Scan(&applied)
	})
	if err != nil {
		return false, fmt.Errorf("look for migration: %w", err)
	}
	return applied, nil
}

// onlineIndex is the only kind of statement in an online migration.
var onlineIndex = regexp.MustCompile(`^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (\w+)\s+ON \w+ [^;]+$`)

// indexes returns the statements of an online migration by the names of their indexes, in order.
func (m migration) indexes() (names, statements []string, err error) {
	var lines []string
	for line := range strings.Lines(m.script) {
		if !strings.HasPrefix(line, "--") {
			lines = append(lines, line)
		}
	}
	for statement := range strings.SplitSeq(strings.Join(lines, ""), ";") {
		if statement = strings.TrimSpace(statement); statement == "" {
			continue
		}
		found := onlineIndex.FindStringSubmatch(statement)
		if found == nil {
			return nil, nil, fmt.Errorf("a migration outside of a transaction has statements CREATE INDEX CONCURRENTLY name ON table alone, and not %q", statement)
		}
		names, statements = append(names, found[1]), append(statements, statement)
	}
	return names, statements, nil
}

// applyOnline builds the indexes of a migration while the services write. After it was stopped, it goes
// on with the index that is not complete.
func (m migration) applyOnline(ctx context.Context, db *DB) error {
	names, statements, err := m.indexes()
	if err != nil {
		return err
	}
	for waits := 1; ; waits++ {
		var mine bool
		err := db.InTx(ctx, func(tx pgx.Tx) error {
			if err := waitAsLongAsNeeded(ctx, tx); err != nil {
				return err
			}
			// The index waits for all snapshots. A process that waits for the lock in a statement has one.
			// So has this transaction after a statement of the extended protocol.
			err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, pgx.QueryExecModeSimpleProtocol, onlineLock).Scan(&mine)
			if err != nil || !mine {
				return err
			}
			// This transaction must not lock a table either. A process that starts could wait for the table
			// with a snapshot, for which the index would wait.
			isApplied, err := m.isApplied(ctx, db)
			if err != nil || isApplied {
				return err
			}
			for i, name := range names {
				if err := buildIndex(ctx, db, name, statements[i]); err != nil {
					return err
				}
			}
			_, err = m.record(ctx, tx)
			return err
		})
		if mine || err != nil {
			return err
		}
		if err := lockWaits.Wait(ctx, min(waits, 2)); err != nil {
			return err
		}
	}
}

// buildIndex builds an index that the database lacks or has in part.
func buildIndex(ctx context.Context, db *DB, name, statement string) error {
	pooled, err := db.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to build %s: %w", name, err)
	}
	// The connection is not used again, so its settings bound nobody else.
	conn := pooled.Hijack()
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if !db.Pooled() {
		// The build waits for every transaction that began before it.
		if _, err := conn.Exec(ctx, `SET lock_timeout = 0`); err != nil {
			return fmt.Errorf("lift the bound of the build: %w", err)
		}
	}
	defer context.AfterFunc(ctx, func() { cancelStatement(context.WithoutCancel(ctx), conn) })()
	made, complete, err := awaitIndex(ctx, conn, name)
	if err != nil {
		return fmt.Errorf("look for index %s: %w", name, err)
	}
	if complete {
		return nil
	}
	if made {
		if _, err := conn.Exec(ctx, `DROP INDEX CONCURRENTLY `+pgx.Identifier{name}.Sanitize()); err != nil {
			return fmt.Errorf("remove the part of index %s: %w", name, err)
		}
	}
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("build index %s: %w", name, err)
	}
	return nil
}

// awaitIndex reports whether the database has an index, and whether it is complete. It first waits until
// no session builds it: the server ends the statement of a lost process only when it is done.
func awaitIndex(ctx context.Context, conn *pgx.Conn, name string) (made, complete bool, err error) {
	for waits := 1; ; waits++ {
		var building bool
		err := conn.QueryRow(ctx, `
			SELECT count(*) > 0, coalesce(bool_and(indisvalid), false),
				EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = to_regclass($1))
			FROM pg_index WHERE indexrelid = to_regclass($1)`, name).Scan(&made, &complete, &building)
		if err != nil || !building {
			return made, complete, err
		}
		if err := lockWaits.Wait(ctx, min(waits, 2)); err != nil {
			return false, false, err
		}
	}
}

// cancelStatement asks the server to end a connection's statement. Closing the connection does not.
func cancelStatement(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	// If it fails, awaitIndex waits for the statement's end.
	_ = conn.PgConn().CancelRequest(ctx)
}
