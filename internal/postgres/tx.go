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
	// waitersPerConn is the number of callers that wait for a connection. A transaction takes some
	// milliseconds, so the last of them waits for a fraction of acquireTimeout. With 3, half of 100
	// people who opened a page at the same moment were refused, on two replicas of api with 6
	// connections each.
	waitersPerConn = 16
	// retryAfter is the Retry-After of a refused call.
	retryAfter = time.Second
	// commitGrace is how long a commit may continue after its context was cancelled. After an
	// aborted commit, the caller would not know whether the change is stored.
	commitGrace = 5 * time.Second
	// maxPlanAttempts bounds how often a transaction runs because its prepared statements are out
	// of date. Each altered table needs one more attempt.
	maxPlanAttempts = 5
)

// The errors of a transaction that callers may see.
var (
	errOverloaded     = task.RetryLater(task.CodeUnavailable, retryAfter, "the service is overloaded, try again shortly")
	errAway           = task.RetryLater(task.CodeUnavailable, retryAfter, "the service is overloaded or its database away, try again shortly")
	errDiskFull       = task.Errorf(task.CodeDiskFull, "the server's disk is full, nothing was saved")
	errOutcomeUnknown = task.Errorf(task.CodeOutcomeUnknown, "the database did not confirm the change, so whether it was saved is unknown: look before you repeat it")
)

// InTx runs f in a read-committed transaction. It commits if f returns nil and rolls back
// otherwise. It returns f's error unchanged. If a table was altered after f's statements were
// prepared, it runs f again in a new transaction. f must therefore reset its variables.
//
// The code unavailable means that the database is overloaded or away, and disk_full that its disk
// is full: nothing was changed. The code outcome_unknown means that the answer to the commit was
// lost: the change may be stored or not. A sent commit may take commitGrace longer than ctx.
func (db *DB) InTx(ctx context.Context, f func(tx pgx.Tx) error) error {
	return db.inTx(ctx, pgx.TxOptions{}, f)
}

// InSnapshot runs f in a read-only transaction. All statements of f see the database as of the
// first one.
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
	db.used()
	defer db.used()
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
		// The transaction was rolled back. Statements of other tables may be out of date too.
		if err := conn.Conn().DeallocateAll(ctx); err != nil {
			return fmt.Errorf("deallocate prepared statements: %w", err)
		}
	}
	return db.explain(ctx, conn, err)
}

func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	waitCtx, cancel := context.WithTimeout(ctx, db.acquireTimeout)
	defer cancel()
	conn, err := db.pool.Acquire(waitCtx)
	if err == nil {
		return conn, nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("acquire connection: %w", ctx.Err())
	}
	if db.disk.Full() {
		return nil, errors.Join(errDiskFull, err) // a server that cannot write its log exits and does not start again
	}
	return nil, errors.Join(errAway, explainTLS(err))
}

// once runs f in one transaction.
func (db *DB) once(ctx context.Context, conn *pgxpool.Conn, options pgx.TxOptions, f func(tx pgx.Tx) error) error {
	if db.local != "" {
		options.BeginQuery = beginQuery(options) + db.local
	}
	tx, err := conn.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	// The rollback also ends the transaction of a panicking f. After a commit it does nothing. Its
	// error is irrelevant: pgx closes a connection whose transaction cannot be rolled back.
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

// beginQuery returns the statement that begins a transaction. pgx does not export its own.
func beginQuery(options pgx.TxOptions) string {
	if options.IsoLevel == "" {
		return "BEGIN"
	}
	return fmt.Sprintf("BEGIN ISOLATION LEVEL %s %s", options.IsoLevel, options.AccessMode)
}

// hasWritten reports whether a transaction has changed anything.
func hasWritten(ctx context.Context, tx pgx.Tx) (wrote bool) {
	err := tx.QueryRow(ctx, `SELECT pg_current_xact_id_if_assigned() IS NOT NULL`).Scan(&wrote)
	return err == nil && wrote
}

// commit commits tx unless ctx was cancelled or the connection is closed.
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
		return err // rolled back
	case refused && strings.HasPrefix(pgErr.Code, invalidTransactionState):
		return err // PostgreSQL had ended the session, because the transaction took too long
	}
	// pgconn.SafeToRetry does not help: pgx 5.12 reports a connection that broke before the answer
	// as closed, as if nothing had been sent.
	return errors.Join(errOutcomeUnknown, err)
}

// graced returns a context that is cancelled a grace period after ctx.
func graced(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return later, func() { stop(); cancel() }
}

// explain adds an error for the caller to the error of a transaction.
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

// Error codes of PostgreSQL (appendix A of its manual).
const (
	foreignKeyViolation = "23503"
	diskFull            = "53100"
	ioError             = "58030"
	featureNotSupported = "0A000"
	// The following two are classes.
	insufficientResources   = "53"
	invalidTransactionState = "25"
)

// isDiskFull reports whether PostgreSQL found no disk space.
func isDiskFull(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	return pgErr.Code == diskFull || (pgErr.Code == ioError && strings.Contains(pgErr.Message, "No space left on device"))
}

// isStalePlan reports whether a table was altered after a statement was prepared, so that the
// statement would return other columns. The error's message depends on the server's language, but
// the name of the server's function does not.
func isStalePlan(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == featureNotSupported && pgErr.Routine == "RevalidateCachedQuery"
}
