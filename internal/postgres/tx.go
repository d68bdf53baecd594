package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"taskmaster/internal/task"
)

const (
	acquireTimeout = 2 * time.Second
	// retryAfter is what a refused caller is told.
	retryAfter = time.Second
	// commitGrace is how long a commit may go on after its context has ended. A commit that is broken off leaves its caller
	// without knowing whether the change is stored.
	commitGrace = 5 * time.Second
	// maxPlanAttempts bounds how often a transaction is run whose prepared statements turn out to be out of date. Each change of
	// a table needs one more.
	maxPlanAttempts = 5
)

// The errors of a transaction that its caller may be shown.
var (
	errOverloaded     = task.RetryLater(task.CodeUnavailable, retryAfter, "the service is overloaded, try again shortly")
	errAway           = task.RetryLater(task.CodeUnavailable, retryAfter, "the service is overloaded or its database away, try again shortly")
	errDiskFull       = task.Errorf(task.CodeDiskFull, "the server's disk is full, nothing was saved")
	errOutcomeUnknown = task.Errorf(task.CodeOutcomeUnknown, "the database did not confirm the change, so whether it was saved is unknown: look before you repeat it")
)

// InTx runs f in a read-committed transaction, which commits when f returns nil and rolls back otherwise. It returns f's
// error as it is. When a table was altered since f's statements were prepared, it runs f again in a new transaction. So f must
// reset its variables.
//
// With code unavailable the database is overloaded or away, and with code disk_full its disk is full: nothing was done. Code
// outcome_unknown means that the answer to the commit was lost: the change may be stored or not. A commit that was sent has
// commitGrace after ctx to be answered.
func (db *DB) InTx(ctx context.Context, f func(tx pgx.Tx) error) error {
	return db.inTx(ctx, pgx.TxOptions{}, f)
}

// InSnapshot is InTx for reading: all statements of f see the database as it is at the first one.
func (db *DB) InSnapshot(ctx context.Context, f func(tx pgx.Tx) error) error {
	return db.inTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, f)
}

func (db *DB) inTx(ctx context.Context, options pgx.TxOptions, f func(tx pgx.Tx) error) error {
	select {
	case db.admitted <- struct{}{}:
		defer func() { <-db.admitted }()
	default:
		return errOverloaded
	}
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	for attempt := 1; ; attempt++ {
		err = db.once(ctx, conn, options, f)
		if attempt == maxPlanAttempts || !isStalePlan(err) {
			break
		}
		// The transaction was rolled back. Statements of other tables may be out of date as well.
		if err := conn.Conn().DeallocateAll(ctx); err != nil {
			return fmt.Errorf("forget prepared statements: %w", err)
		}
	}
	return db.explain(ctx, conn, err)
}

func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	waitCtx, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	conn, err := db.pool.Acquire(waitCtx)
	if err == nil {
		return conn, nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("acquire connection: %w", ctx.Err())
	}
	if db.disk.Full() {
		return nil, errors.Join(errDiskFull, err) // a server that cannot write its log ends, and does not start
	}
	return nil, errors.Join(errAway, err)
}

// once runs f in a transaction.
func (db *DB) once(ctx context.Context, conn *pgxpool.Conn, options pgx.TxOptions, f func(tx pgx.Tx) error) error {
	tx, err := conn.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	// It also ends the transaction of an f that panics. After a commit it does nothing. A connection whose transaction cannot
	// be rolled back is closed, so its error tells nothing.
	defer func() { _ = tx.Rollback(ctx) }()
	if err := f(tx); err != nil {
		return err
	}
	wrote := db.disk.Full() && hasWritten(ctx, tx)
	if err := commit(ctx, tx); err != nil {
		return err
	}
	if wrote {
		db.disk.noteWrite(ctx)
	}
	return nil
}

// hasWritten reports whether a transaction has changed anything.
func hasWritten(ctx context.Context, tx pgx.Tx) (wrote bool) {
	err := tx.QueryRow(ctx, `SELECT pg_current_xact_id_if_assigned() IS NOT NULL`).Scan(&wrote)
	return err == nil && wrote
}

// commit commits tx, unless ctx has ended or the connection is closed.
func commit(ctx context.Context, tx pgx.Tx) error {
	if ctx.Err() != nil {
		return fmt.Errorf("commit: %w", ctx.Err())
	}
	if tx.Conn().IsClosed() {
		return errors.New("commit: the connection is closed")
	}
	answered, cancel := graced(ctx, commitGrace)
	defer cancel()
	err := tx.Commit(answered)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("commit: %w", err)
	pgErr, refused := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, pgx.ErrTxCommitRollback), refused && pgErr.SeverityUnlocalized == "ERROR":
		return err // it was rolled back
	case refused && strings.HasPrefix(pgErr.Code, invalidTransactionState):
		return err // PostgreSQL had ended the session before, because the transaction took too long
	}
	// pgconn.SafeToRetry does not tell more: pgx 5.12 calls a connection that broke before the answer closed, as if nothing had
	// been sent.
	return errors.Join(errOutcomeUnknown, err)
}

// graced returns a context that ends a grace after ctx does.
func graced(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return later, func() { stop(); cancel() }
}

// explain adds the words for its caller to the error of a transaction.
func (db *DB) explain(ctx context.Context, conn *pgxpool.Conn, err error) error {
	if err == nil {
		return nil
	}
	if isDiskFull(err) {
		db.disk.noteFull(ctx, err)
	}
	pgErr, ours := errors.AsType[*pgconn.PgError](err)
	switch {
	case task.ErrorCode(err) != task.CodeInternal:
		return err
	case isDiskFull(err):
		return errors.Join(errDiskFull, err)
	case ours && strings.HasPrefix(pgErr.Code, insufficientResources):
		return errors.Join(errAway, err)
	case ours && pgErr.Code == foreignKeyViolation && strings.HasSuffix(pgErr.ConstraintName, "_user_id_fkey"):
		return errors.Join(ErrNoUser, err)
	case conn.Conn().IsClosed() && ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled):
		return errors.Join(errAway, err) // before the commit
	}
	return err
}

// Codes of PostgreSQL's errors (appendix A of its manual).
const (
	foreignKeyViolation = "23503"
	diskFull            = "53100"
	ioError             = "58030"
	featureNotSupported = "0A000"
	// These two are classes.
	insufficientResources   = "53"
	invalidTransactionState = "25"
)

// isDiskFull reports whether PostgreSQL found no space to write.
func isDiskFull(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	return pgErr.Code == diskFull || (pgErr.Code == ioError && strings.Contains(pgErr.Message, "No space left on device"))
}

// isStalePlan reports whether a table was altered so that a prepared statement would return other columns than it said. The
// message is in the server's language, the name of the server's function is not.
func isStalePlan(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == featureNotSupported && pgErr.Routine == "RevalidateCachedQuery"
}
