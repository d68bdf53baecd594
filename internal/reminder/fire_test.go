package reminder

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/event"
)

// TestFire calls Fire like a job. A reminder fires only if it is due and still wanted.
func TestFire(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before func(t *testing.T, e *env, user, taskID uuid.UUID)
		// later is the time of the call, in minutes after the start. The reminder is set for 45.
		later int
		want  int
	}{
		{"on time", nil, 45, 1},
		{"late", nil, 4500, 1},
		{"early", nil, 44, 0},
		{"moved", func(t *testing.T, e *env, user, taskID uuid.UUID) {
			t.Helper()
			e.setReminders(t, user, taskID, map[int]int{0: 75})
		}, 45, 0},
		{"cancelled", func(t *testing.T, e *env, user, taskID uuid.UUID) {
			t.Helper()
			e.setReminders(t, user, taskID, nil)
		}, 45, 0},
		{"task completed by an older replica", func(t *testing.T, e *env, _, taskID uuid.UUID) {
			t.Helper()
			e.exec(t, `UPDATE tasks SET completed_at = created_at WHERE id = $1`, taskID)
		}, 45, 0},
		{"task deleted by hand", func(t *testing.T, e *env, _, taskID uuid.UUID) {
			t.Helper()
			e.exec(t, `DELETE FROM tasks WHERE id = $1`, taskID)
		}, 45, 0},
		{"account deleted", func(t *testing.T, e *env, user, _ uuid.UUID) {
			t.Helper()
			e.exec(t, `DELETE FROM users WHERE id = $1`, user)
		}, 45, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			user := e.newUser(t)
			id := e.addTasks(t, user, 1, 45)[0]
			e.reconciled(t)
			if c.before != nil {
				c.before(t, e, user, id)
			}
			e.advance(time.Duration(c.later) * time.Minute)
			for range 2 {
				if err := e.Fire(t.Context(), id, 0); err != nil {
					t.Fatal(err)
				}
			}
			if got := e.due(t, user); got != c.want {
				t.Errorf("%d reminders fired, want %d", got, c.want)
			}
			if got := e.count(t, `SELECT count(*) FROM outbox WHERE type = $1 AND topic = $2`, event.ReminderDue, event.TopicReminders); got != c.want {
				t.Errorf("%d events are in the topic of reminders, want %d", got, c.want)
			}
		})
	}
}

// TestRemindersOfOneInstantAreOne gives a task several reminders for one instant. The owner is notified
// once, by the jobs or by the sweep.
func TestRemindersOfOneInstantAreOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		fire func(t *testing.T, e *env, id uuid.UUID, numbers int)
	}{
		{"their jobs call", func(t *testing.T, e *env, id uuid.UUID, numbers int) {
			t.Helper()
			for number := range numbers {
				if err := e.Fire(t.Context(), id, number); err != nil {
					t.Fatal(err)
				}
			}
		}},
		{"their jobs call at once", func(t *testing.T, e *env, id uuid.UUID, numbers int) {
			t.Helper()
			var calls sync.WaitGroup
			for number := range numbers {
				calls.Go(func() { _ = e.Fire(t.Context(), id, number) }) // the sweep fires the ones that fail
			}
			calls.Wait()
		}},
		{"the sweep", func(*testing.T, *env, uuid.UUID, int) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			user := e.newUser(t)
			id := e.addTasks(t, user, 1, 45)[0]
			wanted := map[int]int{0: 45, 1: 45, 2: 46, 3: 45}
			e.setReminders(t, user, id, wanted)
			e.reconciled(t)
			e.advance(46 * time.Minute)
			c.fire(t, e, id, len(wanted))
			e.advance(2 * sweepGrace)
			e.swept(t)
			e.swept(t)
			if got := e.due(t, user); got != 2 {
				t.Errorf("%d reminders fired, want 2", got)
			}
			instants := e.count(t, `SELECT count(DISTINCT event->'data'->'reminder'->>'at') FROM outbox WHERE type = 'reminder.due'`)
			if instants != 2 {
				t.Errorf("they fired for %d instants, want 2", instants)
			}
		})
	}
}

func TestFireWithoutDatabase(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	id := e.addTasks(t, e.newUser(t), 1, 45)[0]
	e.FireDB.Close()
	if err := e.Fire(t.Context(), id, 0); err == nil {
		t.Error("Fire returned no error, so the sidecar would not call again")
	}
}

// TestThousandRemindersAtOneSecond lets all jobs call at once, and again while they fail.
func TestThousandRemindersAtOneSecond(t *testing.T) {
	t.Parallel()
	const users, each = 10, 100
	e := newEnv(t)
	var ids []uuid.UUID
	for range users {
		ids = append(ids, e.addTasks(t, e.newUser(t), each, 45)...)
	}
	e.reconciled(t)
	if got := len(e.allJobs(t)); got != users*each {
		t.Fatalf("got %d jobs, want %d", got, users*each)
	}
	e.advance(45 * time.Minute)
	var calls sync.WaitGroup
	for _, id := range ids {
		calls.Go(func() {
			for deadline := time.Now().Add(time.Minute); e.Fire(t.Context(), id, 0) != nil; time.Sleep(50 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Errorf("the reminder of task %s has not fired after a minute", id)
					return
				}
			}
		})
	}
	calls.Wait()
	if got := e.count(t, `SELECT count(DISTINCT task_id) FROM outbox WHERE type = 'reminder.due'`); got != users*each {
		t.Errorf("%d reminders fired, want %d", got, users*each)
	}
	if got := e.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due'`); got != users*each {
		t.Errorf("there are %d events, want %d", got, users*each)
	}
}
