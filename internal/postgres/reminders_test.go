package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
)

// remindersFixture is a database with a user and the ID of a task.
type remindersFixture struct {
	*postgres.DB
	user, task uuid.UUID
}

func newRemindersFixture(t *testing.T) remindersFixture {
	t.Helper()
	db := postgrestest.Open(t)
	return remindersFixture{db, postgrestest.NewUser(t, db, base), uuid.Must(uuid.NewV7())}
}

// at returns the instant that many minutes after base.
func at(minutes int) time.Time { return base.Add(time.Duration(minutes) * time.Minute) }

// set sets the task's reminders, given in minutes after base.
func (f remindersFixture) set(t *testing.T, now time.Time, wanted map[int]int) {
	t.Helper()
	instants := map[int]time.Time{}
	for number, minutes := range wanted {
		instants[number] = at(minutes)
	}
	in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error {
		return postgres.SetReminders(ctx, tx, f.user, f.task, instants, now)
	})
}

func (f remindersFixture) claim(t *testing.T, now, until time.Time) (claimed []postgres.Reminder) {
	t.Helper()
	in(t, f.DB, func(ctx context.Context, tx pgx.Tx) (err error) {
		claimed, err = postgres.ClaimUnscheduled(ctx, tx, now, until, 100)
		return err
	})
	return claimed
}

func (f remindersFixture) lock(t *testing.T, number int) (r postgres.Reminder) {
	t.Helper()
	in(t, f.DB, func(ctx context.Context, tx pgx.Tx) (err error) {
		r, err = postgres.LockReminder(ctx, tx, f.task, number)
		return err
	})
	return r
}

func (f remindersFixture) fire(t *testing.T, number int, now time.Time) {
	t.Helper()
	r := f.lock(t, number)
	in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error {
		_, err := postgres.MarkFired(ctx, tx, r, now)
		return err
	})
}

// schedule claims and marks all reminders, like a reconciler.
func (f remindersFixture) schedule(t *testing.T) {
	t.Helper()
	for _, r := range f.claim(t, base, at(1)) {
		in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error { return postgres.MarkScheduled(ctx, tx, r, at(1)) })
	}
}

// describe returns reminders as text to compare: number, minutes after base, whether over, minutes
// of the job.
func describe(reminders ...postgres.Reminder) string {
	var lines []string
	for _, r := range reminders {
		s := fmt.Sprintf("%d@%v", r.Number, r.FireAt.Sub(base).Minutes())
		if !r.Pending {
			s += " over"
		}
		if r.JobAt != nil {
			s += fmt.Sprintf(" job@%v", r.JobAt.Sub(base).Minutes())
		}
		lines = append(lines, s)
	}
	slices.Sort(lines)
	return fmt.Sprint(lines)
}

func TestSetReminders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		// first is set and scheduled, and the reminders of fired are fired. Then second is set.
		first  map[int]int
		fired  []int
		second map[int]int
		want   string
	}{
		{"unchanged", map[int]int{0: 10, 1: 20}, nil, map[int]int{0: 10, 1: 20}, "[0@10 job@10 1@20 job@20]"},
		{"moved", map[int]int{0: 10}, nil, map[int]int{0: 15}, "[0@15 job@10]"},
		{"moved to the past", map[int]int{0: 10}, nil, map[int]int{0: -5}, "[0@-5 over job@10]"},
		{"withdrawn", map[int]int{0: 10, 1: 20}, nil, map[int]int{0: 10}, "[0@10 job@10 1@20 over job@20]"},
		{"all withdrawn", map[int]int{0: 10}, nil, nil, "[0@10 over job@10]"},
		{"added", map[int]int{0: 10}, nil, map[int]int{0: 10, 1: 30}, "[0@10 job@10 1@30]"},
		{"passed on its way", nil, nil, map[int]int{0: 0}, "[0@0]"},
		{"passed a minute ago", nil, nil, map[int]int{0: -1}, "[0@-1 over]"},
		{"in the past from the start", map[int]int{0: -10}, nil, map[int]int{0: -10}, "[0@-10 over]"},
		{"fired and unchanged", map[int]int{0: 0}, []int{0}, map[int]int{0: 0}, "[0@0 over]"},
		{"fired and withdrawn", map[int]int{0: 0}, []int{0}, nil, "[0@0 over]"},
		{"fired and moved", map[int]int{0: 0}, []int{0}, map[int]int{0: 30}, "[0@30]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newRemindersFixture(t)
			f.set(t, at(-1), c.first)
			f.schedule(t)
			for _, number := range c.fired {
				f.fire(t, number, base)
			}
			f.set(t, base, c.second)
			var got []postgres.Reminder
			for _, number := range []int{0, 1} {
				in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error {
					r, err := postgres.LockReminder(ctx, tx, f.task, number)
					if task.ErrorCode(err) == task.CodeNotFound {
						return nil
					}
					got = append(got, r)
					return err
				})
			}
			if got := describe(got...); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestWithdrawnReminderCanBeSetAgain(t *testing.T) {
	t.Parallel()
	f := newRemindersFixture(t)
	for _, wanted := range []map[int]int{{0: 10}, nil, {0: 10}} {
		f.set(t, base, wanted)
	}
	if got, want := describe(f.lock(t, 0)), "[0@10]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A change between the claim of a reminder and MarkScheduled leaves the difference to the scheduler
// to be claimed.
func TestMarkScheduledAfterChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		meanwhile func(t *testing.T, f remindersFixture)
		// want is the next claim.
		want string
	}{
		{"nothing", func(*testing.T, remindersFixture) {}, "[]"},
		{"moved", func(t *testing.T, f remindersFixture) {
			t.Helper()
			f.set(t, base, map[int]int{0: 15})
		}, "[0@15 job@10]"},
		{"moved and back", func(t *testing.T, f remindersFixture) {
			t.Helper()
			f.set(t, base, map[int]int{0: 15})
			f.set(t, base, map[int]int{0: 10})
		}, "[]"},
		{"cancelled", func(t *testing.T, f remindersFixture) {
			t.Helper()
			f.set(t, base, nil)
		}, "[0@10 over job@10]"},
		{"fired by its job", func(t *testing.T, f remindersFixture) {
			t.Helper()
			f.fire(t, 0, at(10))
		}, "[]"},
		{"fired, then moved", func(t *testing.T, f remindersFixture) {
			t.Helper()
			f.fire(t, 0, at(10))
			f.set(t, at(10), map[int]int{0: 20})
		}, "[0@20 job@10]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newRemindersFixture(t)
			f.set(t, base, map[int]int{0: 10})
			claimed := f.claim(t, base, at(1))
			if got, want := describe(claimed...), "[0@10]"; got != want {
				t.Fatalf("claimed %s, want %s", got, want)
			}
			c.meanwhile(t, f)
			if got := f.claim(t, base, at(1)); len(got) > 0 {
				t.Fatalf("another caller got %s while the first had not finished", describe(got...))
			}
			in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error { return postgres.MarkScheduled(ctx, tx, claimed[0], at(1)) })
			if got := describe(f.claim(t, base, at(2))...); got != c.want {
				t.Errorf("got %s left to do, want %s", got, c.want)
			}
		})
	}
}

func TestEndedRemindersLeaveOnlyJobsToCome(t *testing.T) {
	t.Parallel()
	f := newRemindersFixture(t)
	f.set(t, base, map[int]int{0: 10, 1: 20})
	f.schedule(t)
	f.fire(t, 0, at(10)) // at its instant
	f.fire(t, 1, at(10)) // early: its job must be deleted
	if got, want := describe(f.claim(t, at(10), at(11))...), "[1@20 over job@20]"; got != want {
		t.Errorf("got %s to do, want %s", got, want)
	}
}

func TestOverdueReminders(t *testing.T) {
	t.Parallel()
	f := newRemindersFixture(t)
	f.set(t, base, map[int]int{0: 10, 1: 20, 2: 30, 3: 40})
	f.schedule(t)
	f.set(t, base, map[int]int{0: 10, 1: 20, 2: 25, 3: 40}) // the scheduler has the third at its old instant
	for _, c := range []struct {
		now, before int
		limit       int
		want        string
	}{
		{9, 9, 10, "[]"},
		{10, 9, 10, "[]"}, // the job has time to fire it
		{11, 11, 10, "[0@10 job@10]"},
		{25, 11, 10, "[0@10 job@10 2@25 job@30]"},
		{99, 99, 10, "[0@10 job@10 1@20 job@20 2@25 job@30 3@40 job@40]"},
		{99, 99, 2, "[0@10 job@10 1@20 job@20 2@25 job@30 3@40 job@40]"},
	} {
		var got []postgres.Reminder
		swept := map[uuid.UUID]postgres.Swept{}
		for more := true; more; {
			in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error {
				page, err := postgres.OverdueReminders(ctx, tx, at(c.now), at(c.before), swept, nil, c.limit)
				more = len(page) == c.limit
				got = append(got, page...)
				return err
			})
			if len(got) > 0 { // none of them could be fired
				swept[f.user] = postgres.Swept{Tried: len(got), Failed: got[len(got)-1].Position()}
			}
		}
		if got := describe(got...); got != c.want {
			t.Errorf("at %d before %d by %d: got %s, want %s", c.now, c.before, c.limit, got, c.want)
		}
	}
}

func TestOverdueRemindersOfUsersTakeTurns(t *testing.T) {
	t.Parallel()
	f := newRemindersFixture(t)
	other := remindersFixture{f.DB, postgrestest.NewUser(t, f.DB, base), uuid.Must(uuid.NewV7())}
	f.set(t, base, map[int]int{0: 1, 1: 2, 2: 3})
	other.set(t, base, map[int]int{5: 10, 6: 20})
	overdue := func(want string, swept map[uuid.UUID]postgres.Swept, without ...uuid.UUID) {
		t.Helper()
		in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error {
			var got []int
			page, err := postgres.OverdueReminders(ctx, tx, at(30), at(30), swept, without, 4)
			for _, r := range page {
				got = append(got, r.Number)
			}
			if fmt.Sprint(got) != want {
				t.Errorf("swept %v, without %v: got reminders %v, want %s", swept, without, got, want)
			}
			return err
		})
	}
	overdue("[0 5 1 6]", nil)
	overdue("[5 6]", nil, f.user)
	failed := postgres.ReminderPosition{FireAt: at(1), TaskID: f.task, Number: 0}
	overdue("[5 1 6 2]", map[uuid.UUID]postgres.Swept{f.user: {Tried: 1, Failed: failed}})
	overdue("[5 6 0 1]", map[uuid.UUID]postgres.Swept{f.user: {Tried: 2}})
}

func TestScheduledAndForgotten(t *testing.T) {
	t.Parallel()
	f := newRemindersFixture(t)
	f.set(t, base, map[int]int{0: 10, 1: 20})
	f.schedule(t)
	f.set(t, base, map[int]int{0: 10, 1: 20, 2: 15}) // the last has no job yet
	var got []postgres.Reminder
	in(t, f.DB, func(ctx context.Context, tx pgx.Tx) (err error) {
		got, err = postgres.ScheduledReminders(ctx, tx, postgres.ReminderPosition{}, at(20), 10)
		return err
	})
	if got, want := describe(got...), "[0@10 job@10]"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error { return postgres.MarkForgotten(ctx, tx, got[0]) })
	if got, want := describe(f.claim(t, base, at(1))...), "[0@10 2@15]"; got != want {
		t.Errorf("got %s to do, want %s", got, want)
	}
}

// LockReminder waits for a change of the user's tasks and returns the changed reminder.
func TestLockReminderSeesWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	f := newRemindersFixture(t)
	f.set(t, base, map[int]int{0: 10})
	locked := make(chan postgres.Reminder, 1)
	in(t, f.DB, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := postgres.LockUser(ctx, tx, f.user); err != nil {
			return err
		}
		go func() {
			var r postgres.Reminder
			err := f.InTx(ctx, func(tx pgx.Tx) (err error) {
				r, err = postgres.LockReminder(ctx, tx, f.task, 0)
				return err
			})
			if err != nil {
				t.Error(err)
			}
			locked <- r
		}()
		if err := postgrestest.AwaitWaiter(ctx, tx); err != nil {
			return err
		}
		return postgres.SetReminders(ctx, tx, f.user, f.task, map[int]time.Time{0: at(25)}, base)
	})
	if got, want := describe(<-locked), "[0@25]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
