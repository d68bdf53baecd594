// Package postgres is the only package that contains SQL. Its functions take their transaction and
// the current time as arguments. DB.InTx composes them.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// DB is a bounded set of connections. When all are taken and three callers wait for each, it
// refuses the next caller immediately. A longer queue would not help an overloaded database.
type DB struct {
	pool *pgxpool.Pool
	// admitted has a slot for each connection and for waitersPerConn callers that wait for it.
	admitted chan struct{}
	disk     *Disk
	// acquireTimeout bounds the wait for a connection. used is called before and after each
	// transaction.
	acquireTimeout time.Duration
	used           func()
	// local are the statements that follow BEGIN behind a pooler in transaction mode.
	local string
}

const (
	connectTimeout = 10 * time.Second
	// maxIdleTime is how long an unused connection stays open. Idle connections count against the
	// server's limit.
	maxIdleTime = 5 * time.Minute
	// maxLifetime is how long a connection is used. The server's process of a connection grows with
	// each kind of statement.
	maxLifetime = time.Hour
)

// Option changes the connections of a DB.
type Option func(*pgxpool.Config)

// WithTracer traces the statements. A nil tracer traces none.
func WithTracer(tracer pgx.QueryTracer) Option {
	return func(cfg *pgxpool.Config) {
		if tracer != nil {
			cfg.ConnConfig.Tracer = tracer
		}
	}
}

// Open connects to a PostgreSQL URL with at most maxConns connections and checks that the server
// answers. The parameters pool_max_conn_lifetime and pool_max_conn_idle_time of the URL may shorten
// the life of connections. The parameter default_query_exec_mode=cache_describe is for a pooler in
// transaction mode: statements are not prepared, and no setting of a session is relied on.
func Open(ctx context.Context, url string, maxConns int, options ...Option) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		// pgx redacts the password in its parse error.
		return nil, fmt.Errorf("parse DATABASE_URL: %w", err)
	}
	cfg.MaxConns = int32(min(maxConns, math.MaxInt32)) //nolint:gosec // bounded just before
	// The URL may set a shorter time for both. Jitter keeps the pool from replacing all connections
	// at once.
	cfg.MaxConnIdleTime = min(cfg.MaxConnIdleTime, maxIdleTime)
	cfg.MaxConnLifetime = min(cfg.MaxConnLifetime, maxLifetime)
	cfg.MaxConnLifetimeJitter = cfg.MaxConnLifetime / 6
	cfg.ConnConfig.ConnectTimeout = connectTimeout
	for _, option := range options {
		option(cfg)
	}
	local := boundSessions(cfg)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to database: %w", explainTLS(err))
	}
	return &DB{
		pool: pool, admitted: make(chan struct{}, (1+waitersPerConn)*maxConns), disk: NewDisk(slog.New(slog.DiscardHandler)),
		acquireTimeout: acquireTimeout, used: func() {}, local: local,
	}, nil
}

// OpenService opens the database for a service. It refuses a database of a newer version, because
// the service would misread it.
func OpenService(ctx context.Context, url string, maxConns int, options ...Option) (*DB, error) {
	db, err := Open(ctx, url, maxConns, options...)
	if err != nil {
		return nil, err
	}
	if err := CheckVersion(ctx, db); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// Sleeps prepares for a server that suspends itself while nothing happens. A caller waits for a
// connection as long as a start of the server may take. Each transaction calls used when it begins
// and when it ends. Call Sleeps before the first transaction.
func (db *DB) Sleeps(used func()) { db.acquireTimeout, db.used = connectTimeout, used }

// Close waits for the connections in use and closes all.
func (db *DB) Close() { db.pool.Close() }

// Pooled reports whether the database is behind a pooler in transaction mode. LISTEN does not work
// there.
func (db *DB) Pooled() bool { return db.local != "" }

// Pool returns the connection pool for libraries with SQL of their own. Admission does not count
// their connections.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Ping checks that the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.pool.Ping(ctx); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// Now returns the time of the database server's clock.
func (db *DB) Now(ctx context.Context) (now time.Time, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now) })
	if err != nil {
		return time.Time{}, fmt.Errorf("read the database's clock: %w", err)
	}
	return now, nil
}

// isUniqueViolation reports whether err is PostgreSQL's unique_violation.
func isUniqueViolation(err error) bool { return isCode(err, "23505") }

// isDeadlock reports whether err is PostgreSQL's deadlock_detected.
func isDeadlock(err error) bool { return isCode(err, "40P01") }

// isLockTimeout reports whether err is PostgreSQL's lock_not_available, the error of a
// lock_timeout.
func isLockTimeout(err error) bool { return isCode(err, "55P03") }

// isCode reports whether err is PostgreSQL's error with this code (appendix A of its manual).
func isCode(err error, code string) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == code
}
