package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// newEpoch generates a random word: 48 random bits of a UUID in hex.
const newEpoch = `substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)`

// epochOf selects the epoch inside another statement.
const epochOf = `(SELECT epoch FROM installation)`

// Epoch returns the word that identifies the history of the revisions. A restore changes it.
func Epoch(ctx context.Context, tx pgx.Tx) (epoch string, err error) {
	if err := tx.QueryRow(ctx, `SELECT `+epochOf).Scan(&epoch); err != nil {
		return "", fmt.Errorf("query epoch: %w", err)
	}
	return epoch, nil
}

// BeginEpoch starts a new epoch after a restore and returns it. Clients then reload everything.
// Pending reminders are scheduled again, because the restore did not cover the scheduler.
func BeginEpoch(ctx context.Context, tx pgx.Tx) (epoch string, err error) {
	located, err := locate(ctx, tx)
	if err != nil {
		return "", err
	}
	err = tx.QueryRow(ctx, `UPDATE installation SET epoch = `+newEpoch+`, located = nullif($1, '') RETURNING epoch`, located).Scan(&epoch)
	if err != nil {
		return "", fmt.Errorf("begin epoch: %w", err)
	}
	return epoch, rescheduleReminders(ctx, tx)
}

// republishAge is the maximum age of an event that is published again after a restore, relative to
// the last event. A consumer tries an event for a day, and the broker that held it may be gone.
const republishAge = 24 * time.Hour

// Restored starts a new epoch and makes the events of the last republishAge wait again. It returns
// the new epoch and the number of events. Consumers drop the events that they have handled.
func Restored(ctx context.Context, tx pgx.Tx) (epoch string, events int64, err error) {
	if epoch, err = BeginEpoch(ctx, tx); err != nil {
		return "", 0, err
	}
	tag, err := tx.Exec(ctx, `
		UPDATE outbox SET published_at = NULL
		WHERE published_at IS NOT NULL AND created_at > (SELECT max(created_at) FROM outbox) - make_interval(secs => $1)`, republishAge.Seconds())
	if err != nil {
		return "", 0, fmt.Errorf("mark events as unpublished: %w", err)
	}
	return epoch, tag.RowsAffected(), nil
}

func rescheduleReminders(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE reminders SET job_at = NULL, retry_at = NULL WHERE state = 'pending' AND job_at IS NOT NULL`)
	if err != nil {
		return fmt.Errorf("reschedule reminders: %w", err)
	}
	return nil
}

// noticeRestore starts a new epoch if the database has moved: to another database (pg_restore),
// another server or another timeline. A new timeline is a recovery to a point in time, or a
// failover, which can lose commits too. It runs on each new connection, because every move ends the
// existing connections. It cannot notice a data folder that was copied back, because that looks
// like a crash. Run `api restored` after that.
func noticeRestore(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var writable bool
		err := tx.QueryRow(ctx, `SELECT to_regclass('installation') IS NOT NULL AND NOT pg_is_in_recovery()
			AND current_setting('transaction_read_only') = 'off'`).Scan(&writable)
		if err != nil {
			return fmt.Errorf("query installation table: %w", err)
		}
		if !writable {
			return nil
		}
		here, err := locate(ctx, tx)
		if err != nil || here == "" {
			return err
		}
		var known, moved bool
		err = tx.QueryRow(ctx, `SELECT located IS NOT NULL, located IS DISTINCT FROM $1 FROM installation`, here).Scan(&known, &moved)
		if err != nil {
			return fmt.Errorf("query location of the epoch: %w", err)
		}
		if !moved {
			return nil
		}
		// One of several connections starts the epoch. The others wait here and find it started.
		tag, err := tx.Exec(ctx, `UPDATE installation SET located = $1, epoch = CASE WHEN located IS NULL THEN epoch ELSE `+newEpoch+` END
			WHERE located IS DISTINCT FROM $1`, here)
		if err != nil {
			return fmt.Errorf("begin epoch after a restore: %w", err)
		}
		if !known || tag.RowsAffected() == 0 {
			return nil
		}
		return rescheduleReminders(ctx, tx)
	})
}

// locate returns the identity of the database: system identifier, OID and timeline. It returns ""
// if the server does not reveal them, like some hosted servers.
func locate(ctx context.Context, tx pgx.Tx) (located string, err error) {
	// The savepoint keeps a refused query from ending the caller's transaction.
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT format('%s/%s/%s', (SELECT system_identifier FROM pg_control_system()),
				(SELECT oid FROM pg_database WHERE datname = current_database()), left(pg_walfile_name(pg_current_wal_lsn()), 8))`).Scan(&located)
	})
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && notTold[pgErr.Code] {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("query location of the database: %w", err)
	}
	return located, nil
}

// notTold are the PostgreSQL errors (appendix A of its manual) of a server that does not reveal
// them: insufficient_privilege, feature_not_supported, undefined_function.
var notTold = map[string]bool{"42501": true, "0A000": true, "42883": true}
