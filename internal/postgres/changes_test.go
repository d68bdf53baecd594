package postgres_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// Purging leaves a user's latest changes without a gap. Clients compute missed changes from
// revisions.
func TestPurgeOutboxLeavesNoGap(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user := postgrestest.NewUser(t, db, base)
	const changes = 8
	for i := range changes {
		change(t, db, user, "old", base)
		if i < changes-2 {
			publishAll(t, db, user, base.Add(time.Duration(i)*time.Minute))
		}
	}
	// Rows rewritten in another order, like by replays, must not change which rows are purged
	// first.
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE outbox SET published_at = published_at WHERE revision IN (1, 3)`)
		return err
	})
	for removed := int64(3); removed == 3; {
		in(t, db, func(ctx context.Context, tx pgx.Tx) (err error) {
			if removed, err = postgres.PurgeOutbox(ctx, tx, base.Add(time.Hour), 3); err != nil {
				return err
			}
			events, _, err := postgres.Changes(ctx, tx, user, 0, 100)
			for i, e := range events {
				if want := int64(changes - len(events) + 1 + i); e.Data.Revision != want {
					t.Errorf("%d changes left: the %d. has revision %d, want %d", len(events), i+1, e.Data.Revision, want)
				}
			}
			return err
		})
	}
	if got, _ := claim(t, db, waiting(postgres.Shard(user), 100)); len(got) != 4 {
		t.Errorf("got %v left to publish, want the last two changes", got)
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user, other := postgrestest.NewUser(t, db, base), postgrestest.NewUser(t, db, base)
	for range 5 {
		change(t, db, user, "mine", base)
		change(t, db, other, "theirs", base)
	}
	for _, c := range []struct {
		since int64
		limit int
		want  []int64
	}{
		{0, 100, []int64{1, 2, 3, 4, 5}}, {2, 2, []int64{3, 4}}, {5, 10, nil}, {99, 10, nil},
	} {
		in(t, db, func(ctx context.Context, tx pgx.Tx) error {
			events, _, err := postgres.Changes(ctx, tx, user, c.since, c.limit)
			var got []int64
			for _, e := range events {
				if e.Data.UserID != user || e.Type != event.TaskChanged {
					t.Errorf("since %d: got %s of %s", c.since, e.Type, e.Data.UserID)
				}
				got = append(got, e.Data.Revision)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("since %d at most %d: got %v, want %v", c.since, c.limit, got, c.want)
			}
			return err
		})
	}
}

func TestInbox(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	id := uuid.New()
	for _, c := range []struct {
		consumer string
		id       uuid.UUID
		want     bool
	}{{"notifier", id, true}, {"notifier", id, false}, {"recurring", id, true}, {"notifier", uuid.New(), true}} {
		in(t, db, func(ctx context.Context, tx pgx.Tx) error {
			got, err := postgres.Receive(ctx, tx, c.consumer, c.id, base)
			if got != c.want {
				t.Errorf("Receive(%s, %s) = %v, want %v", c.consumer, c.id, got, c.want)
			}
			return err
		})
	}
	for _, c := range []struct {
		before time.Time
		limit  int
		want   int64
	}{{base, 10, 0}, {base.Add(time.Microsecond), 2, 2}, {base.Add(time.Hour), 10, 1}, {base.Add(time.Hour), 10, 0}} {
		in(t, db, func(ctx context.Context, tx pgx.Tx) error {
			got, err := postgres.PurgeInbox(ctx, tx, c.before, c.limit)
			if got != c.want {
				t.Errorf("PurgeInbox(%v, %d) = %d, want %d", c.before, c.limit, got, c.want)
			}
			return err
		})
	}
}
