package postgres_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

func TestPurgeReminders(t *testing.T) {
	t.Parallel()
	f := newRemindersFixture(t)
	open := uuid.Must(uuid.NewV7())
	in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error {
		_, err := postgres.InsertTask(ctx, tx, f.user, task.Task{
			ID: open, Title: "open", Priority: task.PriorityNone, Tags: []string{}, Reminders: []task.Reminder{}, TimeZone: "UTC",
			CreatedAt: base, UpdatedAt: base,
		})
		return err
	})
	onOpen := remindersFixture{f.DB, f.user, open}
	onOpen.set(t, at(-100), map[int]int{0: -90})
	onOpen.fire(t, 0, at(-90))
	f.set(t, at(-100), map[int]int{0: -90, 1: -80, 2: 10, 3: -70})
	f.fire(t, 0, at(-90))
	f.fire(t, 3, base)
	// The sweep takes care of the reminder that is long due and still pending.
	for _, c := range []struct {
		before int
		limit  int
		want   int64
	}{{-90, 10, 0}, {-60, 1, 1}, {-60, 10, 1}, {-60, 10, 0}} {
		in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error {
			got, err := postgres.PurgeReminders(ctx, tx, at(c.before), c.limit)
			if got != c.want {
				t.Errorf("PurgeReminders(%d, %d) = %d, want %d", c.before, c.limit, got, c.want)
			}
			return err
		})
	}
	if got, want := describe(f.lock(t, 1), f.lock(t, 2), onOpen.lock(t, 0)), "[0@-90 over 1@-80 2@10]"; got != want {
		t.Errorf("got %s left, want %s", got, want)
	}
}
