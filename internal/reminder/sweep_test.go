package reminder

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"taskmaster/internal/postgres"
	"taskmaster/internal/testkit"
)

// TestSweep sweeps at different times after the instant of a reminder.
func TestSweep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		scheduled bool
		later     time.Duration
		want      int
	}{
		{"not due", true, 44 * time.Minute, 0},
		{"its job may still call", true, 45*time.Minute + sweepGrace, 0},
		{"its job did not call", true, 45*time.Minute + sweepGrace + time.Millisecond, 1},
		{"it has no job", false, 45 * time.Minute, 1},
		{"everything was down for days", true, 72 * time.Hour, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			user := e.newUser(t)
			e.addTasks(t, user, 1, 45)
			if c.scheduled {
				e.reconciled(t)
			}
			e.advance(c.later)
			e.swept(t)
			e.swept(t)
			if got := e.due(t, user); got != c.want {
				t.Errorf("%d reminders fired, want %d", got, c.want)
			}
			if got := e.fired.Load(); got != int64(c.want) {
				t.Errorf("Fired was called %d times, want %d", got, c.want)
			}
		})
	}
}

func TestSweepFiresMoreThanAPage(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	const n = 2*sweepPage + 1
	user := e.newUser(t)
	e.addTasks(t, user, n, 45)
	e.advance(46 * time.Minute)
	e.swept(t)
	if got := e.due(t, user); got != n {
		t.Errorf("%d reminders fired, want %d", got, n)
	}
}

// TestSweepPassesFailingReminders has more failing reminders of one user than fit on a page. They fail
// because their tasks cannot be read.
func TestSweepPassesFailingReminders(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	failing, other := e.newUser(t), e.newUser(t)
	e.addTasks(t, failing, 2*sweepPage+1, 45)
	e.addTasks(t, other, 3, 46)
	e.exec(t, `UPDATE tasks SET recurrence = '"not a rule"' WHERE user_id = $1`, failing)
	e.advance(47 * time.Minute)
	if err := e.SweepOnce(t.Context()); err == nil {
		t.Error("a sweep with failing reminders returned no error")
	}
	if got := e.due(t, other); got != 3 {
		t.Errorf("%d reminders of the other user fired, want 3", got)
	}
}

// TestSweepContinuesWhereTheLastOneEnded bounds the sweep to two pages. The next sweep continues behind
// the failed reminders, and a later one tries them again.
func TestSweepContinuesWhereTheLastOneEnded(t *testing.T) {
	t.Parallel()
	const pages, failing = 2, 4*sweepPage + 1
	e := newEnv(t)
	e.sweepPages = pages
	user := e.newUser(t)
	e.addTasks(t, user, failing, 45)
	e.exec(t, `UPDATE tasks SET recurrence = '"not a rule"' WHERE user_id = $1`, user)
	e.addTasks(t, user, 1, 46)
	var tried atomic.Int64
	fire := e.fire
	e.fire = func(ctx context.Context, r postgres.Reminder) error {
		tried.Add(1)
		return fire(ctx, r)
	}
	e.advance(47 * time.Minute)
	for n, want := range []int64{pages * sweepPage, pages * sweepPage, failing + 1 - 2*pages*sweepPage} {
		tried.Store(0)
		if err := e.SweepOnce(t.Context()); err == nil {
			t.Errorf("sweep %d with failing reminders returned no error", n)
		}
		if got := tried.Load(); got != want {
			t.Errorf("sweep %d tried %d reminders, want %d", n, got, want)
		}
	}
	if got := e.due(t, user); got != 1 {
		t.Errorf("%d reminders fired, want the one behind the failing ones", got)
	}
	e.exec(t, `UPDATE tasks SET recurrence = NULL WHERE user_id = $1`, user)
	for range 3 {
		e.swept(t)
	}
	if got := e.due(t, user); got != failing+1 {
		t.Errorf("%d reminders fired in the end, want %d", got, failing+1)
	}
}

// TestSweepPassesALockedUser sweeps while a forgotten transaction holds the row of one user.
func TestSweepPassesALockedUser(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	locked, other := e.newUser(t), e.newUser(t)
	e.addTasks(t, locked, sweepPage+1, 45)
	e.addTasks(t, other, 3, 46)
	e.advance(47 * time.Minute)
	e.locked(t, locked, func() {
		// On a busy machine a transaction of the other user may also take too long. The next sweep
		// repeats it.
		testkit.Eventually(t, "the three reminders of the other user fire", func() bool {
			if err := e.SweepOnce(t.Context()); err == nil {
				t.Error("a sweep with failing reminders returned no error")
			}
			return e.due(t, other) == 3
		})
	})
	e.swept(t)
	if got := e.due(t, locked); got != sweepPage+1 {
		t.Errorf("%d reminders fired after the row was free, want %d", got, sweepPage+1)
	}
}

func TestSweepTakesTurns(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	busy, other := e.newUser(t), e.newUser(t)
	e.addTasks(t, busy, 3*sweepPage, 45)
	e.addTasks(t, other, 1, 46)
	e.advance(47 * time.Minute)
	e.swept(t)
	before := e.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due' AND seq < (
		SELECT seq FROM outbox WHERE type = 'reminder.due' AND user_id = $1)`, other)
	if before >= sweepPage {
		t.Errorf("%d reminders of one user fired before the only one of another, want less than %d", before, sweepPage)
	}
}

// TestOneUserLeavesRoomForOthers lets jobs of one user call while that user's row is locked.
func TestOneUserLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	locked, other := e.newUser(t), e.newUser(t)
	waiting := e.addTasks(t, locked, 4*maxFires, 45)
	free := e.addTasks(t, other, 1, 45)
	e.reconciled(t)
	e.advance(45 * time.Minute)
	var calls sync.WaitGroup
	e.locked(t, locked, func() {
		for _, id := range waiting {
			calls.Go(func() { _ = e.Fire(t.Context(), id, 0) }) // the sweep fires the ones that fail
		}
		testkit.Eventually(t, "the user's reminders wait for the row", func() bool {
			all := e.fires.TryAcquire(maxFires)
			if all {
				e.fires.Release(maxFires)
			}
			return !all
		})
		if err := e.Fire(t.Context(), free[0], 0); err != nil {
			t.Error(err)
		}
		if got := e.due(t, other); got != 1 {
			t.Errorf("%d reminders of the other user fired, want 1", got)
		}
		if !e.fires.TryAcquire(maxFires - maxFiresOfUser) {
			t.Errorf("one user's reminders hold more than %d of the %d places", maxFiresOfUser, maxFires)
		} else {
			e.fires.Release(maxFires - maxFiresOfUser)
		}
	})
	calls.Wait()
	e.advance(2 * sweepGrace)
	e.swept(t)
	if got := e.due(t, locked); got != len(waiting) {
		t.Errorf("%d reminders fired in the end, want %d", got, len(waiting))
	}
}
