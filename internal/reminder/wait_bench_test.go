package reminder

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

// waitBench measures how long the reminders of other users wait because of one user.
type waitBench struct {
	*env
	one    uuid.UUID
	others []uuid.UUID

	mu    sync.Mutex
	waits []time.Duration
}

// newWaitBench creates a number of overdue reminders of one user, and one of each of 20 others. The
// others are due a minute later, so that a sweep meets them last.
func newWaitBench(b *testing.B, reminders int) *waitBench {
	b.Helper()
	w := &waitBench{env: newEnv(b)}
	w.one = w.newUser(b)
	w.addTasks(b, w.one, reminders, 45)
	for range 20 {
		user := w.newUser(b)
		w.addTasks(b, user, 1, 46)
		w.others = append(w.others, user)
	}
	w.advance(47 * time.Minute)
	return w
}

// noteWait records the wait of one reminder.
func (w *waitBench) noteWait(wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waits = append(w.waits, wait)
}

// sweep sweeps until the reminders of all others have fired. It records their waits.
func (w *waitBench) sweep(b *testing.B) {
	b.Helper()
	fire, start := w.fire, time.Now()
	w.fire = func(ctx context.Context, r postgres.Reminder) error {
		err := fire(ctx, r)
		if r.UserID != w.one && err == nil {
			w.noteWait(time.Since(start))
		}
		return err
	}
	for range 100 {
		_ = w.SweepOnce(b.Context()) // the reminders of the one user may fail
		if len(w.waits) == len(w.others) {
			return
		}
	}
	b.Fatalf("%d reminders of others fired, want %d", len(w.waits), len(w.others))
}

// callBack calls all jobs at once, as the scheduler does after an outage. A refused call is repeated
// after a second.
func (w *waitBench) callBack(b *testing.B) {
	b.Helper()
	var calls sync.WaitGroup
	start := time.Now()
	for user, tasks := range w.tasks(b) {
		for _, id := range tasks {
			calls.Go(func() {
				for w.Fire(b.Context(), id, 0) != nil {
					time.Sleep(time.Second)
				}
				if user != w.one {
					w.noteWait(time.Since(start))
				}
			})
		}
	}
	calls.Wait()
}

// tasks returns the tasks that have a reminder, by user.
func (w *waitBench) tasks(b *testing.B) map[uuid.UUID][]uuid.UUID {
	b.Helper()
	tasks := map[uuid.UUID][]uuid.UUID{}
	w.do(b, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT user_id, task_id FROM reminders`)
		if err != nil {
			return err
		}
		var user, id uuid.UUID
		_, err = pgx.ForEachRow(rows, []any{&user, &id}, func() error {
			tasks[user] = append(tasks[user], id)
			return nil
		})
		return err
	})
	return tasks
}

// report reports the median and the longest wait in milliseconds.
func (w *waitBench) report(b *testing.B) {
	b.Helper()
	slices.Sort(w.waits)
	b.ReportMetric(float64(w.waits[len(w.waits)/2].Milliseconds()), "ms-median")
	b.ReportMetric(float64(w.waits[len(w.waits)-1].Milliseconds()), "ms-longest")
}

// BenchmarkWait prints, with -benchtime 1x, the waits of other users for each case.
func BenchmarkWait(b *testing.B) {
	const many = 3000
	b.Run(fmt.Sprintf("%d jobs of one user call back at one instant", many), func(b *testing.B) {
		w := newWaitBench(b, many)
		for b.Loop() {
			w.callBack(b)
			w.report(b)
		}
	})
	b.Run(fmt.Sprintf("sweep of %d reminders of one user", many), func(b *testing.B) {
		w := newWaitBench(b, many)
		for b.Loop() {
			w.sweep(b)
			w.report(b)
		}
	})
	b.Run(fmt.Sprintf("sweep of %d reminders that fail", many), func(b *testing.B) {
		w := newWaitBench(b, many)
		w.exec(b, `UPDATE tasks SET recurrence = '"not a rule"' WHERE user_id = $1`, w.one)
		for b.Loop() {
			w.sweep(b)
			w.report(b)
		}
	})
	b.Run("sweep while a lost transaction holds one user", func(b *testing.B) {
		w := newWaitBench(b, sweepPage)
		for b.Loop() {
			w.locked(b, w.one, func() { w.sweep(b) })
			w.report(b)
		}
	})
	b.Run("next change of a user whom a lost transaction holds", func(b *testing.B) {
		w := newWaitBench(b, 1)
		for b.Loop() {
			b.ReportMetric(float64(w.nextChange(b).Milliseconds()), "ms-longest")
		}
	})
}

// nextChange locks a user in a transaction that does nothing more. It returns the time until the next
// transaction has the lock.
func (w *waitBench) nextChange(b *testing.B) time.Duration {
	b.Helper()
	locked, free := make(chan struct{}), make(chan struct{})
	var lost sync.WaitGroup
	lost.Go(func() {
		_ = w.DB.InTx(b.Context(), func(tx pgx.Tx) error { // the server ends it
			_, err := postgres.LockUser(b.Context(), tx, w.one)
			close(locked)
			<-free
			return err
		})
	})
	<-locked
	start := time.Now()
	w.locked(b, w.one, func() {})
	wait := time.Since(start)
	close(free)
	lost.Wait()
	return wait
}
