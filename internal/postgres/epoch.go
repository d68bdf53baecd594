package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// newEpoch makes a random word: 48 random bits of a UUID in hex.
const newEpoch = `substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)`

// epochOf selects the epoch, as part of another statement.
const epochOf = `(SELECT epoch FROM installation)`

// Epoch returns the word that names the history which the revisions are of. A restore changes it.
func Epoch(ctx context.Context, tx pgx.Tx) (epoch string, err error) {
	if err := tx.QueryRow(ctx, `SELECT `+epochOf).Scan(&epoch); err != nil {
		return "", fmt.Errorf("query epoch: %w", err)
	}
	return epoch, nil
}

// BeginEpoch tells everybody that the database was restored, and returns the new epoch. Clients load
// everything anew. Pending reminders are scheduled again, because the scheduler was not restored.
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

// republishAge is how old an event may be, seen from the last one, that is published again after a
// restore. A consumer tries an event for a day; the broker that had it may be gone.
const republishAge = 24 * time.Hour

// Restored is BeginEpoch, and makes the last day's events wait again. It returns the new epoch and how
// many events wait. Consumers drop those that they have handled.
func Restored(ctx context.Context, tx pgx.Tx) (epoch string, events int64, err error) {
	if epoch, err = BeginEpoch(ctx, tx); err != nil {
		return "", 0, err
	}
	tag, err := tx.Exec(ctx, `
		UPDATE outbox SET published_at = NULL
		WHERE published_at IS NOT NULL AND created_at > (SELECT max(created_at) FROM outbox) - make_interval(secs => $1)`, republishAge.Seconds())
	if err != nil {
		return "", 0, fmt.Errorf("make events wait again: %w", err)
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

// noticeRestore begins an epoch when the database is not where the present one began: in another
// database (pg_restore), on another server, or on another timeline (a recovery to a point in time, or
// a failover, which can lose commits too). It runs on each new connection, since each of these ends
// the connections that there were. A copy of the data folder put back looks like a crash and is not
// noticed; `api restored` is for that.
func noticeRestore(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var usable bool
		err := tx.QueryRow(ctx, `SELECT to_regclass('installation') IS NOT NULL AND NOT pg_is_in_recovery()
			AND current_setting('transaction_read_only') = 'off'`).Scan(&usable)
		if err != nil {
			return fmt.Errorf("look for the epoch: %w", err)
		}
		if !usable {
			return nil
		}
		here, err := locate(ctx, tx)
		if err != nil || here == "" {
			return err
		}
		var known, moved bool
		err = tx.QueryRow(ctx, `SELECT located IS NOT NULL, located IS DISTINCT FROM $1 FROM installation`, here).Scan(&known, &moved)
		if err != nil {
			return fmt.Errorf("query where the epoch began: %w", err)
		}
		if !moved {
			return nil
		}
		// Of several connections one does it; the others wait for it here and find it done.
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

// locate returns where the database is: system identifier, OID and timeline. It returns "" when the
// server does not tell, as some hosted ones.
func locate(ctx context.Context, tx pgx.Tx) (located string, err error) {
	// A savepoint: what is refused must not end the caller's transaction.
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT format('%s/%s/%s', (SELECT system_identifier FROM pg_control_system()),
				(SELECT oid FROM pg_database WHERE datname = current_database()), left(pg_walfile_name(pg_current_wal_lsn()), 8))`).Scan(&located)
	})
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && notTold[pgErr.Code] {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask where the database is: %w", err)
	}
	return located, nil
}

// notTold are PostgreSQL's errors (appendix A of its manual) of a server that keeps this to itself:
// insufficient_privilege, feature_not_supported, undefined_function.
var notTold = map[string]bool{"42501": true, "0A000": true, "42883": true}
