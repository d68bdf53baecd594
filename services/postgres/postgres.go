// Package postgres is the one place that speaks SQL. Functions take the transaction that they are part of, and the present
// as an argument; DB.InTx composes them.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"taskmaster/services/task"
)

// DB is a bounded set of connections. When all are taken and three callers wait for each, the next is refused at once
// rather than queued: an overloaded database is not helped by a longer queue.
type DB struct {
	pool *pgxpool.Pool
	// admitted has a place for each connection and for three callers who wait for it.
	admitted chan struct{}
}

const (
	connectTimeout = 10 * time.Second
	acquireTimeout = 2 * time.Second
	// maxIdleTime is how long an unused connection stays open. Idle ones would otherwise count against the server's limit.
	maxIdleTime = 5 * time.Minute
	// maxLifetime is how long a connection is used. A server's process grows with each kind of statement.
	maxLifetime = time.Hour
	// retryAfter is what a refused caller is told.
	retryAfter = time.Second
)

// Open connects to a PostgreSQL URL with at most maxConns connections and checks that the server answers. The URL's
// parameters pool_max_conn_lifetime and pool_max_conn_idle_time may shorten how long connections live.
func Open(ctx context.Context, url string, maxConns int) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		// pgx's parse error redacts the password.
		return nil, fmt.Errorf("parse DATABASE_URL: %w", err)
	}
	cfg.MaxConns = int32(min(maxConns, math.MaxInt32)) //nolint:gosec // bounded just before
	// The URL may set a shorter time for both. Without jitter all connections would be replaced at one moment.
	cfg.MaxConnIdleTime = min(cfg.MaxConnIdleTime, maxIdleTime)
	cfg.MaxConnLifetime = min(cfg.MaxConnLifetime, maxLifetime)
	cfg.MaxConnLifetimeJitter = cfg.MaxConnLifetime / 6
	cfg.ConnConfig.ConnectTimeout = connectTimeout
	boundSessions(cfg)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to database: %w", err)
	}
	return &DB{pool: pool, admitted: make(chan struct{}, 4*maxConns)}, nil
}

// OpenService is Open for a service. It refuses a database of a newer version, which the service would
// misread.
func OpenService(ctx context.Context, url string, maxConns int) (*DB, error) {
	db, err := Open(ctx, url, maxConns)
	if err != nil {
		return nil, err
	}
	if err := CheckVersion(ctx, db); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// Close waits for connections in use and closes all.
func (db *DB) Close() { db.pool.Close() }

// Pool is the pool itself, for libraries that bring their own SQL. What they take is not counted by admission.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Ping checks that the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.pool.Ping(ctx); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// InTx runs f in a read-committed transaction, which commits when f returns nil and rolls back otherwise. It returns f's
// error as it is. Code unavailable means that the database is overloaded or away and that nothing was done; when the
// connection breaks during the commit the outcome is unknown and the error is internal.
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
		return task.RetryLater(task.CodeUnavailable, retryAfter, "the service is overloaded, try again shortly")
	}
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return pgx.BeginTxFunc(ctx, conn, options, f)
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
	return nil, errors.Join(task.RetryLater(task.CodeUnavailable, retryAfter, "the service is overloaded or its database away, try again shortly"), err)
}

// isUniqueViolation says whether err is PostgreSQL's unique_violation.
func isUniqueViolation(err error) bool { return isCode(err, "23505") }

// isDeadlock says whether err is PostgreSQL's deadlock_detected.
func isDeadlock(err error) bool { return isCode(err, "40P01") }

// isCode says whether err is PostgreSQL's error with this code (appendix A of its manual).
func isCode(err error, code string) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == code
}
