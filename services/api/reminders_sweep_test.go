package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/sidecar"
)

func TestSweep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		scheduled bool
		later     time.Duration
		want      string
	}{
		{"not due", true, 44 * time.Minute, ""},
		{"its job has its chance", true, 45*time.Minute + sweepGrace, ""},
		{"its job did not come", true, 45*time.Minute + sweepGrace + time.Millisecond, "0@45"},
		{"it has no job", false, 45 * time.Minute, "0@45"},
		{"everything was down for days", true, 72 * time.Hour, "0@45"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newRemindersBench(t)
			b.newTask(t, object{"title": "dentist", "due_at": minute(60)})
			if c.scheduled {
				b.reconciled(t)
			}
			b.advance(c.later)
			b.swept(t)
			b.swept(t)
			if got := b.due(t); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSweepFiresMoreThanAPage(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	const n = 2*sweepPage + 1
	b.addTasks(t, b.ID, n, 45)
	b.advance(46 * time.Minute)
	b.swept(t)
	if got := b.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due'`); got != n {
		t.Errorf("%d reminders fired, want %d", got, n)
	}
}

// More of one person's reminders than a page holds cannot be fired, because their tasks cannot be read.
func TestSweepGoesOnBehindRemindersThatFail(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	other := b.newPerson(t)
	b.addTasks(t, b.ID, 2*sweepPage+1, 45)
	b.addTasks(t, other.ID, 3, 46)
	b.exec(t, `UPDATE tasks SET recurrence = '"not a rule"' WHERE user_id = $1`, b.ID)
	b.advance(47 * time.Minute)
	if err := b.sweepOnce(t.Context()); err == nil {
		t.Error("a sweep in which reminders failed returned no error")
	}
	if got := b.dueOf(t, other.ID); got != 3 {
		t.Errorf("%d reminders of another person fired, want 3", got)
	}
}

// A sweep is bounded. The next one goes on behind the reminders that failed, however many there are, and tries them again in
// the end.
func TestSweepGoesOnWhereTheLastOneEnded(t *testing.T) {
	t.Parallel()
	const pages, failing = 2, 4*sweepPage + 1
	b := newRemindersBench(t)
	b.sweepPages = pages
	b.addTasks(t, b.ID, failing, 45)
	b.exec(t, `UPDATE tasks SET recurrence = '"not a rule"' WHERE user_id = $1`, b.ID)
	b.addTasks(t, b.ID, 1, 46)
	var tried atomic.Int64
	fire := b.fire
	b.fire = func(ctx context.Context, r postgres.Reminder) error {
		tried.Add(1)
		return fire(ctx, r)
	}
	b.advance(47 * time.Minute)
	for n, want := range []int64{pages * sweepPage, pages * sweepPage, failing + 1 - 2*pages*sweepPage} {
		tried.Store(0)
		if err := b.sweepOnce(t.Context()); err == nil {
			t.Errorf("sweep %d, in which reminders failed, returned no error", n)
		}
		if got := tried.Load(); got != want {
			t.Errorf("sweep %d tried %d reminders, want %d", n, got, want)
		}
	}
	if got := b.dueOf(t, b.ID); got != 1 {
		t.Errorf("%d reminders fired, want the 1 behind those that fail", got)
	}
	b.exec(t, `UPDATE tasks SET recurrence = NULL WHERE user_id = $1`, b.ID)
	for range 3 {
		b.swept(t)
	}
	if got := b.dueOf(t, b.ID); got != failing+1 {
		t.Errorf("%d reminders fired in the end, want %d", got, failing+1)
	}
}

// A transaction that was left open holds one person's row.
func TestSweepGoesOnBehindALockedPerson(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	other := b.newPerson(t)
	b.addTasks(t, b.ID, sweepPage+1, 45)
	b.addTasks(t, other.ID, 3, 46)
	b.advance(47 * time.Minute)
	b.locked(t, func() {
		if err := b.sweepOnce(t.Context()); err == nil {
			t.Error("a sweep in which reminders failed returned no error")
		}
		if got := b.dueOf(t, other.ID); got != 3 {
			t.Errorf("%d reminders of another person fired, want 3", got)
		}
	})
	b.swept(t)
	if got := b.dueOf(t, b.ID); got != sweepPage+1 {
		t.Errorf("%d reminders fired after the row was free, want %d", got, sweepPage+1)
	}
}

func TestSweepTakesTurns(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	other := b.newPerson(t)
	b.addTasks(t, b.ID, 3*sweepPage, 45)
	b.addTasks(t, other.ID, 1, 46)
	b.advance(47 * time.Minute)
	b.swept(t)
	before := b.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due' AND seq < (
		SELECT seq FROM outbox WHERE type = 'reminder.due' AND user_id = $1)`, other.ID)
	if before >= sweepPage {
		t.Errorf("%d reminders of one person fired before the only one of another, want less than %d", before, sweepPage)
	}
}

// Jobs of one person call while that person's row is held: they do not take all places.
func TestOnePersonLeavesPlacesForOthers(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	other := b.newPerson(t)
	b.addTasks(t, b.ID, 4*maxFiring, 45)
	b.reconciled(t)
	mine := slices.Collect(maps.Keys(b.allJobs(t)))
	made := other.newTask(t, object{"title": "plants", "due_at": minute(60)})
	b.advance(45 * time.Minute)
	var calls sync.WaitGroup
	b.locked(t, func() {
		for _, name := range mine {
			calls.Go(func() { b.callback(t, name) })
		}
		eventually(t, "one's reminders wait for the row", func() bool { return len(b.firing) > 0 })
		b.callback(t, sidecar.JobName(made.ID, 0)).want(t, 200)
		if got := b.dueOf(t, other.ID); got != 1 {
			t.Errorf("%d reminders of another person fired, want 1", got)
		}
		if got := len(b.firing); got > maxFiringOfUser {
			t.Errorf("one person's reminders hold %d places, want %d at most", got, maxFiringOfUser)
		}
	})
	calls.Wait()
	b.advance(2 * sweepGrace)
	b.swept(t)
	if got := b.dueOf(t, b.ID); got != len(mine) {
		t.Errorf("%d reminders fired in the end, want %d", got, len(mine))
	}
}

// locked runs f while another transaction holds the person's row.
func (p person) locked(t *testing.T, f func()) {
	t.Helper()
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		if _, err := postgres.LockUser(t.Context(), tx, p.ID); err != nil {
			return err
		}
		f()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// dueOf returns how many reminders of a user went to the outbox.
func (ta *testAPI) dueOf(t *testing.T, user uuid.UUID) int {
	t.Helper()
	return ta.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due' AND user_id = $1`, user)
}

func TestForgottenJobsAreScheduledAgain(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	const n = verifyPage + 20
	b.addTasks(t, b.ID, n, 30)
	later := b.newTask(t, object{"title": "next week", "due_at": minute(7 * 24 * 60)})
	b.reconciled(t)
	all := b.allJobs(t)
	for name := range all {
		if err := b.jobs.DeleteJob(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.verifyOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.reconciled(t)
	// What is due beyond the hour has time.
	delete(all, sidecar.JobName(later.ID, 0))
	if got := b.allJobs(t); !maps.EqualFunc(got, all, time.Time.Equal) {
		t.Errorf("got %d jobs, want the %d of the next hour again", len(got), len(all))
	}
}

func TestVerificationGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	b.addTasks(t, b.ID, verifyPage+50, 30)
	b.reconciled(t)
	asked := map[string]int{}
	var mu sync.Mutex
	b.jobs.Err = func(call, name string) error {
		mu.Lock()
		defer mu.Unlock()
		asked[name]++
		return nil
	}
	for _, want := range []int{verifyPage, verifyPage + 50, verifyPage + 50} {
		if err := b.verifyOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(asked) != want {
			t.Errorf("%d jobs were looked up so far, want %d", len(asked), want)
		}
	}
	if most := slices.Max(slices.Collect(maps.Values(asked))); most != 2 {
		t.Errorf("one job was looked up %d times, want 2", most)
	}
}

func (b remindersBench) swept(t *testing.T) {
	t.Helper()
	if err := b.sweepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// allJobs returns all jobs that the scheduler holds of the reminders in the database.
func (b remindersBench) allJobs(t *testing.T) map[string]time.Time {
	t.Helper()
	jobs := map[string]time.Time{}
	err := b.person.db.InTx(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT task_id, number FROM reminders`)
		if err != nil {
			return err
		}
		var id uuid.UUID
		var number int
		_, err = pgx.ForEachRow(rows, []any{&id, &number}, func() error {
			if at, ok := b.jobs.Job(sidecar.JobName(id, number)); ok {
				jobs[sidecar.JobName(id, number)] = at
			}
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}
