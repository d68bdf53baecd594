package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

func TestReplay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		since time.Duration
		mine  bool
		limit int
		want  int
	}{
		{"all", 3 * time.Hour, false, 100, 12},
		{"in small batches", 3 * time.Hour, false, 5, 12},
		{"since", 30 * time.Minute, false, 100, 4},
		{"of one user", 3 * time.Hour, true, 100, 6},
		{"none", 0, false, 100, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := postgrestest.Open(t)
			users := []uuid.UUID{postgrestest.NewUser(t, db, base), postgrestest.NewUser(t, db, base)}
			for _, user := range users {
				for _, age := range []time.Duration{2 * time.Hour, time.Hour, time.Minute} {
					change(t, db, user, "old", base.Add(-age))
				}
				publishAll(t, db, user, base.Add(-time.Second))
			}
			var only uuid.UUID
			if c.mine {
				only = users[0]
			}
			var total, n, last, until int64
			in(t, db, func(ctx context.Context, tx pgx.Tx) (err error) {
				until, err = postgres.LastSeq(ctx, tx)
				return err
			})
			for more := true; more; more = int(n) == c.limit {
				in(t, db, func(ctx context.Context, tx pgx.Tx) (err error) {
					n, last, err = postgres.Replay(ctx, tx, base.Add(-c.since), only, last, until, c.limit)
					return err
				})
				total += n
			}
			pending := 0
			in(t, db, func(ctx context.Context, tx pgx.Tx) (err error) {
				pending, err = postgres.CountPending(ctx, tx, 100)
				return err
			})
			if int(total) != c.want || pending != c.want {
				t.Errorf("got %d replayed and %d pending, want %d", total, pending, c.want)
			}
		})
	}
}

// A relay records the time of publishing by its own clock, which may be ahead of all others.
func TestReplayOfEventsPublishedInTheFuture(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user := postgrestest.NewUser(t, db, base)
	change(t, db, user, "old", base)
	publishAll(t, db, user, base.Add(time.Hour))
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		until, err := postgres.LastSeq(ctx, tx)
		if err != nil {
			return err
		}
		n, _, err := postgres.Replay(ctx, tx, base.Add(-time.Minute), uuid.Nil, 0, until, 100)
		if n != 2 {
			t.Errorf("replayed %d events, want 2", n)
		}
		return err
	})
}

// An account is deleted while its events are replayed. Both lock rows in the same order.
func TestReplayBesideADeletion(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user := postgrestest.NewUser(t, db, base)
	for range 3 {
		change(t, db, user, "water the plants", base)
	}
	publishAll(t, db, user, base)
	deleted, replayed := make(chan error, 1), make(chan error, 1)
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM outbox WHERE revision = 2 AND topic = 'task-events' FOR UPDATE`); err != nil {
			return err
		}
		go func() {
			deleted <- db.InTx(t.Context(), func(tx pgx.Tx) error {
				if _, err := tx.Exec(t.Context(), `SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off`); err != nil {
					return err
				}
				return postgres.DeleteUser(t.Context(), tx, user)
			})
		}()
		if err := postgrestest.AwaitWaiter(ctx, tx); err != nil {
			return err
		}
		go func() {
			replayed <- db.InTx(t.Context(), func(tx pgx.Tx) error {
				_, _, err := postgres.Replay(t.Context(), tx, base, uuid.Nil, 1, 100, 100)
				return err
			})
		}()
		time.Sleep(200 * time.Millisecond) // until it holds the rows that are free
		return nil
	})
	if err := <-deleted; err != nil {
		t.Errorf("delete user: %v", err)
	}
	if err := <-replayed; err != nil {
		t.Errorf("replay: %v", err)
	}
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		var left int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM outbox`).Scan(&left)
		if left > 0 {
			t.Errorf("the outbox has %d events of the deleted user", left)
		}
		return err
	})
}
