package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/tests/system"
)

// drainedWithin limits the time until all waiting events are published.
const drainedWithin = 20 * time.Minute

// connect opens a connection to the system's database.
func (b *bench) connect(ctx context.Context) (*pgx.Conn, error) {
	state, err := b.State()
	if err != nil {
		return nil, err
	}
	return pgx.Connect(ctx, state.DatabaseURL)
}

// openDatabase opens the system's database as a service does.
func (b *bench) openDatabase(ctx context.Context, conns int) (*postgres.DB, error) {
	state, err := b.State()
	if err != nil {
		return nil, err
	}
	return postgres.Open(ctx, state.DatabaseURL, conns)
}

// drained waits until every event has been published.
func (b *bench) drained(ctx context.Context) error {
	conn, err := b.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	ctx, cancel := context.WithTimeout(ctx, drainedWithin)
	defer cancel()
	return system.Poll(ctx, func() error {
		// The query reads one entry of each shard's index. It is cheap for any backlog, so that it
		// does not slow down the measurement.
		var waiting int
		err := conn.QueryRow(ctx, `
			SELECT count(*) FROM generate_series(0, $1::int - 1) s CROSS JOIN LATERAL (
				SELECT FROM outbox WHERE shard = s AND published_at IS NULL ORDER BY seq LIMIT 1
			) head`, postgres.Shards).Scan(&waiting)
		if err != nil {
			return err
		}
		if waiting > 0 {
			return fmt.Errorf("events of %d shards wait to be published", waiting)
		}
		return nil
	})
}

// published returns, for each event written after an instant, the time until the broker had it.
func (b *bench) published(ctx context.Context, after time.Time) ([]time.Duration, error) {
	conn, err := b.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT extract(epoch FROM published_at - created_at)::float8 FROM outbox WHERE created_at >= $1 AND published_at IS NOT NULL`, after)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (time.Duration, error) {
		var seconds float64
		err := row.Scan(&seconds)
		return time.Duration(seconds * float64(time.Second)), err
	})
}

// outboxStatements measures a transaction that inserts a task, with and without its events, on
// copies of the tables.
func (b *bench) outboxStatements(ctx context.Context, n int) (without, with []time.Duration, err error) {
	conn, err := b.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `
		CREATE TABLE bench_tasks (LIKE tasks INCLUDING ALL);
		CREATE TABLE bench_outbox (LIKE outbox INCLUDING ALL)`)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _, _ = conn.Exec(ctx, `DROP TABLE bench_tasks, bench_outbox`) }()
	for i := range 2 * n {
		began := time.Now()
		if err := insertOnce(ctx, conn, i%2 == 1); err != nil {
			return nil, nil, err
		}
		if took := time.Since(began); i%2 == 1 {
			with = append(with, took)
		} else {
			without = append(without, took)
		}
	}
	return without, with, nil
}

// insertOnce copies an existing task and its two events.
func insertOnce(ctx context.Context, conn *pgx.Conn, withEvents bool) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO bench_tasks SELECT gen_random_uuid(), user_id, title, description, completed_at, priority, tags, due_at,
				time_zone, recurrence, reminders, series_id, occurrence, snoozed_until, revision, created_at, updated_at
			FROM tasks LIMIT 1`)
		if err != nil || !withEvents {
			return err
		}
		batch := &pgx.Batch{}
		for range 2 {
			batch.Queue(`
				INSERT INTO bench_outbox (id, user_id, shard, topic, type, task_id, revision, event, created_at)
				SELECT gen_random_uuid(), user_id, shard, topic, type, task_id, revision, event, created_at FROM outbox LIMIT 1`)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
}
