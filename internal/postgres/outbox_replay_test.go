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
		want  int
	}{
		{"all", 3 * time.Hour, false, 12},
		{"since", 30 * time.Minute, false, 4},
		{"of one user", 3 * time.Hour, true, 6},
		{"none", 0, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := postgrestest.Open(t)
			users := []uuid.UUID{postgrestest.NewUser(t, db, base), postgrestest.NewUser(t, db, base)}
			for _, age := range []time.Duration{2 * time.Hour, time.Hour, time.Minute} {
				for _, user := range users {
					change(t, db, user, "old", base.Add(-age))
				}
			}
			for _, user := range users {
				publishAll(t, db, user, base.Add(-time.Second))
			}
			since := base.Add(-c.since)
			found := users[:1]
			if !c.mine {
				in(t, db, func(ctx context.Context, tx pgx.Tx) (err error) {
					found, err = postgres.PublishedUsers(ctx, tx, since)
					return err
				})
			}
			var total int64
			for _, user := range found {
				in(t, db, func(ctx context.Context, tx pgx.Tx) error {
					n, err := postgres.Replay(ctx, tx, since, user)
					total += n
					return err
				})
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
		n, err := postgres.Replay(ctx, tx, base.Add(-time.Minute), user)
		if n != 2 {
			t.Errorf("replayed %d events, want 2", n)
		}
		return err
	})
}

// A new event has the turn of the last event that waits. So the turns of a partition key must never
// fall, also when events are replayed before others that wait.
func TestTurnsNeverFall(t *testing.T) {
	t.Parallel()
	for name, waits := range map[string]int{"nothing waits": 0, "some events wait": 3, "as many as have turn 0 wait": postgres.MaxAhead, "more wait": 3 * postgres.MaxAhead} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := postgrestest.Open(t)
			user := postgrestest.NewUser(t, db, base)
			for range postgres.MaxAhead + 7 {
				change(t, db, user, "published", base)
				publishAll(t, db, user, base)
			}
			for range waits {
				change(t, db, user, "waiting", base)
			}
			in(t, db, func(ctx context.Context, tx pgx.Tx) error {
				_, err := postgres.Replay(ctx, tx, base.Add(-time.Minute), user)
				return err
			})
			for range postgres.MaxAhead + 1 {
				change(t, db, user, "new", base)
			}
			in(t, db, func(ctx context.Context, tx pgx.Tx) error {
				var falls int
				err := tx.QueryRow(ctx, `
					SELECT count(*) FROM (
						SELECT turn < lag(turn) OVER (PARTITION BY topic ORDER BY revision, seq) AS falls FROM outbox WHERE published_at IS NULL
					) waiting WHERE falls`).Scan(&falls)
				if falls > 0 {
					t.Errorf("%d events have a lower turn than the event before", falls)
				}
				return err
			})
		})
	}
}

// An account is deleted while its events are replayed. Both lock the user first.
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
				if _, err := postgres.LockUserToDelete(t.Context(), tx, user); err != nil {
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
				n, err := postgres.Replay(t.Context(), tx, base, user)
				if n != 0 {
					t.Errorf("replayed %d events of the deleted user", n)
				}
				return err
			})
		}()
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
