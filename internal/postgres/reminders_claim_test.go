package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

func TestClaimUnscheduled(t *testing.T) {
	t.Parallel()
	f := newRemindersFixture(t)
	f.set(t, base, map[int]int{0: 30, 1: 10, 2: 20})
	var first []postgres.Reminder
	in(t, f.DB, func(ctx context.Context, tx pgx.Tx) (err error) {
		first, err = postgres.ClaimUnscheduled(ctx, tx, base, at(1), 2)
		return err
	})
	if got, want := describe(first...), "[1@10 2@20]"; got != want {
		t.Errorf("first claim: got %s, want %s", got, want)
	}
	for _, c := range []struct {
		name string
		now  time.Time
		want string
	}{
		{"the others are free", base, "[0@30]"},
		{"all are claimed", base, "[]"},
		{"the claims are over, one is too late for a job", at(10), "[0@30 2@20]"},
	} {
		if got := describe(f.claim(t, c.now, c.now.Add(time.Minute))...); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}

	// Another caller took over the first claim. Its marks no longer count.
	for _, r := range first {
		in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error { return postgres.MarkScheduled(ctx, tx, r, at(1)) })
	}
	if got, want := describe(f.lock(t, 2)), "[2@20]"; got != want {
		t.Errorf("after a late mark: got %s, want %s", got, want)
	}
}

// Two callers claim at once. The second gets other reminders. If it waited for the first, one slow
// caller would delay all jobs.
func TestClaimBesideAnotherClaim(t *testing.T) {
	t.Parallel()
	f := newRemindersFixture(t)
	f.set(t, base, map[int]int{0: 30, 1: 10})
	in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := postgres.ClaimUnscheduled(ctx, tx, base, at(1), 1); err != nil {
			return err
		}
		second, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		return f.InTx(second, func(tx pgx.Tx) error {
			got, err := postgres.ClaimUnscheduled(second, tx, base, at(1), 2)
			if got, want := describe(got...), "[0@30]"; got != want {
				t.Errorf("the second caller claims %s, want %s", got, want)
			}
			return err
		})
	})
}

func TestMarkUnscheduledWaits(t *testing.T) {
	t.Parallel()
	f := newRemindersFixture(t)
	f.set(t, base, map[int]int{0: 30})
	claimed := f.claim(t, base, at(1))
	in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error {
		return postgres.MarkUnscheduled(ctx, tx, claimed[0], at(1), base.Add(5*time.Second))
	})
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{4 * time.Second, "[]"}, {5 * time.Second, "[0@30]"}} {
		if got := describe(f.claim(t, base.Add(c.after), at(1))...); got != c.want {
			t.Errorf("after %v: got %s, want %s", c.after, got, c.want)
		}
	}
}
