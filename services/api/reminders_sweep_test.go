package main

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/services/sidecar"
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
