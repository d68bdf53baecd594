package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// holding is the result of a transaction that was held open.
type holding struct {
	duration time.Duration
	// dead describes the rows that the database could not remove meanwhile.
	dead string
}

// hold opens a transaction as a report or a forgotten session does. It has a snapshot, so that no
// newer dead row can be removed, and a transaction id, which is the oldest from now on. release
// ends the transaction, and fails if it had ended before.
func hold(ctx context.Context, url string) (release func() (holding, error), err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("hold a transaction: %w", err)
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err == nil {
		_, err = tx.Exec(ctx, `SELECT pg_current_xact_id(), count(*) FROM users`)
	}
	if err != nil {
		return nil, fmt.Errorf("hold a transaction: %w", errors.Join(err, conn.Close(ctx)))
	}
	began := time.Now()
	return func() (holding, error) {
		defer conn.Close(ctx)
		h := holding{duration: time.Since(began)}
		var outbox int64
		err := tx.QueryRow(ctx, `SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'outbox'`).Scan(&outbox)
		if err != nil {
			return h, fmt.Errorf("the transaction did not stay open: %w", err)
		}
		h.dead = fmt.Sprintf("%d dead rows of the outbox waited for its end", outbox)
		return h, tx.Rollback(ctx)
	}, nil
}
