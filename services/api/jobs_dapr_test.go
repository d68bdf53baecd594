package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/postgres"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
)

// jobsBench is an api on the real clock whose reminders are jobs of a real scheduler.
type jobsBench struct {
	person
	*reminders
	dapr   *daprBench
	client *sidecar.Client
	began  time.Time

	mu    sync.Mutex
	calls map[string]int
	// refuse makes the app answer calls with 500 before the handler sees them.
	refuse bool
}

func newJobsBench(t *testing.T) *jobsBench {
	t.Helper()
	a := newTestAPI(t)
	a.now, a.cautious.process = time.Now, time.Now
	b := &jobsBench{began: time.Now(), calls: map[string]int{}}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.called(r) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		a.api.handler().ServeHTTP(w, r)
	}))
	t.Cleanup(app.Close)
	b.dapr = newDaprBench(t, app.Listener.Addr(), a.cfg.AppAPIToken)
	client, err := sidecar.New(b.dapr.grpc, b.dapr.http, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	b.client, b.person = client, a.newPerson(t)
	b.reminders = newReminders(a.db, client, a.fireInTurn, a.log, a.cautious)
	return b
}

func (b *jobsBench) called(r *http.Request) (refused bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[filepath.Base(r.URL.Path)]++
	return b.refuse
}

func (b *jobsBench) callsOf(id uuid.UUID, number int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[sidecar.JobName(id, number)]
}

func (b *jobsBench) setRefuse(refuse bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = refuse
}

// reconciled works off all that there is to tell the scheduler, as of when the test began: however slow the machine is, what
// has fallen due since gets its job as well.
func (b *jobsBench) reconciled(t *testing.T) {
	t.Helper()
	asOfThen := *b.reminders
	asOfThen.now = func() time.Time { return b.began }
	for more := true; more; {
		var err error
		if more, err = asOfThen.reconcileOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *jobsBench) hasJob(t *testing.T, id uuid.UUID, number int) bool {
	t.Helper()
	has, err := b.client.HasJob(t.Context(), sidecar.JobName(id, number))
	if err != nil {
		t.Fatal(err)
	}
	return has
}

// fired returns how many reminders of a task went to the outbox.
func (b *jobsBench) fired(t *testing.T, id uuid.UUID) int {
	t.Helper()
	return b.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due' AND task_id = $1`, id)
}

func (b *jobsBench) remindIn(t *testing.T, d time.Duration) task.Task {
	t.Helper()
	return b.newTask(t, object{"title": "soon", "reminders": []object{{"at": time.Now().Add(d)}}})
}

func TestRemindersAreJobsOfTheScheduler(t *testing.T) {
	t.Parallel()
	b := newJobsBench(t)

	moved, cancelled, kept := b.remindIn(t, time.Hour), b.remindIn(t, time.Hour), b.remindIn(t, time.Hour)
	b.reconciled(t)
	for _, made := range []task.Task{moved, cancelled, kept} {
		if !b.hasJob(t, made.ID, 0) {
			t.Fatal("a new reminder has no job")
		}
	}

	// Moved near, the job fires at the new instant, and only then. A snooze has to be in the future when it is asked for, so it
	// is near only afterwards.
	at := time.Now().Add(5 * time.Second)
	b.send(t, "PATCH", taskPath(moved.ID), object{"reminders": []object{{"at": at}}}).want(t, 200)
	b.send(t, "POST", taskPath(cancelled.ID, "/complete"), nil).want(t, 200)
	b.send(t, "POST", taskPath(kept.ID, "/snooze"), object{"until": at.Add(time.Hour)}).want(t, 200)
	b.exec(t, `UPDATE reminders SET fire_at = $1 WHERE task_id = $2 AND number = $3`, at, kept.ID, postgres.SnoozeNumber)
	b.reconciled(t)
	if b.hasJob(t, cancelled.ID, 0) {
		t.Error("a completed task's reminder has a job")
	}
	eventually(t, "the moved and the snoozed reminder fire", func() bool { return b.fired(t, moved.ID) == 1 && b.fired(t, kept.ID) == 1 })
	if early := time.Until(at); early > clockSkew {
		t.Errorf("the reminder fired %v early", early)
	}
	if b.callsOf(moved.ID, 0) == 0 || b.callsOf(kept.ID, postgres.SnoozeNumber) == 0 {
		t.Error("not the job fired the reminder")
	}
	if !b.hasJob(t, kept.ID, 0) || b.fired(t, cancelled.ID) > 0 {
		t.Error("the job of an hour from now is gone, or the completed task's reminder fired")
	}
	eventually(t, "the job that fired is gone", func() bool { return !b.hasJob(t, moved.ID, 0) })
	if err := b.client.DeleteJob(t.Context(), sidecar.JobName(moved.ID, 0)); err != nil {
		t.Errorf("deleting a job that is gone: %v", err)
	}
}

func TestRefusedJobCallIsRepeated(t *testing.T) {
	t.Parallel()
	b := newJobsBench(t)
	b.setRefuse(true)
	made := b.remindIn(t, 0)
	b.reconciled(t)
	eventually(t, "the job calls", func() bool { return b.callsOf(made.ID, 0) > 0 })
	b.setRefuse(false)
	eventually(t, "the job calls again and the reminder fires", func() bool { return b.fired(t, made.ID) == 1 })
}

// A scheduler that comes back without its data is told again, and what falls due meanwhile fires without it.
func TestSchedulerThatLostEverything(t *testing.T) {
	t.Parallel()
	b := newJobsBench(t)
	soon, later := b.remindIn(t, time.Hour), b.remindIn(t, 30*time.Minute)
	b.reconciled(t)
	// The job is near. Its reminder is only when the scheduler is gone: nothing but the sweep can fire it.
	at := time.Now().Add(2 * time.Second)
	if err := b.client.ScheduleJob(t.Context(), sidecar.JobName(soon.ID, 0), at); err != nil {
		t.Fatal(err)
	}
	b.dapr.killScheduler()
	if err := os.RemoveAll(filepath.Join(b.dapr.dir, "etcd")); err != nil {
		t.Fatal(err)
	}
	b.exec(t, `UPDATE reminders SET fire_at = $1, job_at = $1 WHERE task_id = $2`, at, soon.ID)
	eventually(t, "the sweep fires what is due", func() bool {
		if err := b.sweepOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		return b.fired(t, soon.ID) == 1
	})
	calls := b.callsOf(soon.ID, 0) // on a slow machine it was not killed in time
	b.dapr.startScheduler()
	eventually(t, "the job of the later reminder is back", func() bool {
		if err := b.verifyOnce(t.Context()); err != nil {
			return false // the sidecar has not found the scheduler yet
		}
		if _, err := b.reconcileOnce(t.Context()); err != nil {
			return false
		}
		has, err := b.client.HasJob(t.Context(), sidecar.JobName(later.ID, 0))
		return has && err == nil
	})
	if b.callsOf(soon.ID, 0) > calls {
		t.Error("a scheduler without data called a job")
	}
}

func TestManyJobsAtOneSecond(t *testing.T) {
	t.Parallel()
	b := newJobsBench(t)
	const n = 200
	var ids []uuid.UUID
	for range n {
		ids = append(ids, b.remindIn(t, time.Hour).ID)
	}
	b.reconciled(t)
	b.exec(t, `UPDATE reminders SET fire_at = $1`, time.Now().Add(3*time.Second).Truncate(time.Second))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.run(ctx) }()
	eventually(t, "all fire", func() bool {
		return b.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due'`) >= n
	})
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("run returned %v, want context.Canceled", err)
	}
	for _, id := range ids {
		if got := b.fired(t, id); got != 1 {
			t.Errorf("a reminder fired %d times, want once", got)
		}
	}
}
