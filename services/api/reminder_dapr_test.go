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

	"taskmaster/internal/clock"
	"taskmaster/internal/postgres"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
	"taskmaster/internal/testkit"
)

// jobsEnv is an api with the real clock. Its reminders are jobs of a real scheduler.
type jobsEnv struct {
	person
	dapr   *daprEnv
	client *sidecar.Client
	began  time.Time

	mu    sync.Mutex
	calls map[string]int
	// refuse makes the app answer calls with 500 before the handler sees them.
	refuse bool
}

func newJobsEnv(t *testing.T) *jobsEnv {
	t.Helper()
	a := newTestAPI(t)
	a.processTime = time.Now
	b := &jobsEnv{began: time.Now(), calls: map[string]int{}}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.called(r) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		a.service.handler().ServeHTTP(w, r)
	}))
	t.Cleanup(app.Close)
	b.dapr = newDaprEnv(t, app.Listener.Addr(), a.cfg.AppAPIToken)
	client, err := sidecar.New(b.dapr.grpc, b.dapr.http, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	b.client, b.person = client, a.newPerson(t)
	a.reminders = a.newReminders(a.dependencies, client)
	return b
}

func (b *jobsEnv) called(r *http.Request) (refused bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[filepath.Base(r.URL.Path)]++
	return b.refuse
}

func (b *jobsEnv) callsOf(id uuid.UUID, number int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[sidecar.JobName(id, number)]
}

func (b *jobsEnv) setRefuse(refuse bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = refuse
}

// reconciled reconciles by the time at which the test began. So a reminder that has become due since gets
// its job even on a slow machine.
func (b *jobsEnv) reconciled(t *testing.T) {
	t.Helper()
	deps := b.dependencies
	began := func() time.Time { return b.began }
	deps.clock = clock.New(began, func(context.Context) (time.Time, error) { return began(), nil })
	reminders := b.newReminders(deps, b.client)
	for more := true; more; {
		var err error
		if more, err = reminders.ReconcileOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *jobsEnv) hasJob(t *testing.T, id uuid.UUID, number int) bool {
	t.Helper()
	has, err := b.client.HasJob(t.Context(), sidecar.JobName(id, number))
	if err != nil {
		t.Fatal(err)
	}
	return has
}

// fired returns the number of a task's reminders in the outbox.
func (b *jobsEnv) fired(t *testing.T, id uuid.UUID) int {
	t.Helper()
	return b.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due' AND task_id = $1`, id)
}

func (b *jobsEnv) remindIn(t *testing.T, d time.Duration) task.Task {
	t.Helper()
	return b.newTask(t, object{"title": "soon", "reminders": []object{{"at": time.Now().Add(d)}}})
}

func TestRemindersAreJobsOfTheScheduler(t *testing.T) {
	t.Parallel()
	b := newJobsEnv(t)

	moved, cancelled, kept := b.remindIn(t, time.Hour), b.remindIn(t, time.Hour), b.remindIn(t, time.Hour)
	b.reconciled(t)
	for _, made := range []task.Task{moved, cancelled, kept} {
		if !b.hasJob(t, made.ID, 0) {
			t.Fatal("a new reminder has no job")
		}
	}

	// The job of a moved reminder fires at the new instant. A snooze has to be in the future when it is
	// requested, so the test moves it afterwards.
	at := time.Now().Add(5 * time.Second)
	b.send(t, "PATCH", taskPath(moved.ID), object{"reminders": []object{{"at": at}}}).want(t, 200)
	b.send(t, "POST", taskPath(cancelled.ID, "/complete"), nil).want(t, 200)
	b.send(t, "POST", taskPath(kept.ID, "/snooze"), object{"until": at.Add(30 * time.Minute)}).want(t, 200) // before its reminder
	b.exec(t, `UPDATE reminders SET fire_at = $1 WHERE task_id = $2 AND number = $3`, at, kept.ID, postgres.SnoozeNumber)
	b.reconciled(t)
	if b.hasJob(t, cancelled.ID, 0) {
		t.Error("a completed task's reminder has a job")
	}
	testkit.Eventually(t, "the moved and the snoozed reminder fire", func() bool { return b.fired(t, moved.ID) == 1 && b.fired(t, kept.ID) == 1 })
	if early := time.Until(at); early > time.Second {
		t.Errorf("the reminder fired %v early", early)
	}
	if b.callsOf(moved.ID, 0) == 0 || b.callsOf(kept.ID, postgres.SnoozeNumber) == 0 {
		t.Error("the job did not call, so something else fired the reminder")
	}
	if !b.hasJob(t, kept.ID, 0) || b.fired(t, cancelled.ID) > 0 {
		t.Error("the job of the next hour is gone, or the completed task's reminder fired")
	}
	testkit.Eventually(t, "the job that fired is gone", func() bool { return !b.hasJob(t, moved.ID, 0) })
	if err := b.client.DeleteJob(t.Context(), sidecar.JobName(moved.ID, 0)); err != nil {
		t.Errorf("deleting a job that is gone: %v", err)
	}
}

func TestRefusedJobCallIsRepeated(t *testing.T) {
	t.Parallel()
	b := newJobsEnv(t)
	b.setRefuse(true)
	made := b.remindIn(t, 0)
	b.reconciled(t)
	testkit.Eventually(t, "the job calls", func() bool { return b.callsOf(made.ID, 0) > 0 })
	b.setRefuse(false)
	testkit.Eventually(t, "the job calls again and the reminder fires", func() bool { return b.fired(t, made.ID) == 1 })
}

// TestSchedulerThatLostEverything restarts the scheduler without its data. Its jobs are scheduled again.
// A reminder that is due meanwhile fires without it.
func TestSchedulerThatLostEverything(t *testing.T) {
	t.Parallel()
	b := newJobsEnv(t)
	soon, later := b.remindIn(t, time.Hour), b.remindIn(t, 30*time.Minute)
	b.reconciled(t)
	// The job is due soon, and its reminder only after the scheduler is gone. Only the sweep can fire it.
	at := time.Now().Add(2 * time.Second)
	if err := b.client.ScheduleJob(t.Context(), sidecar.JobName(soon.ID, 0), at); err != nil {
		t.Fatal(err)
	}
	b.dapr.killScheduler()
	if err := os.RemoveAll(filepath.Join(b.dapr.dir, "etcd")); err != nil {
		t.Fatal(err)
	}
	b.exec(t, `UPDATE reminders SET fire_at = $1, job_at = $1 WHERE task_id = $2`, at, soon.ID)
	testkit.Eventually(t, "the sweep fires the due reminder", func() bool {
		if err := b.reminders.SweepOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		return b.fired(t, soon.ID) == 1
	})
	calls := b.callsOf(soon.ID, 0) // a slow machine may kill it too late
	b.dapr.startScheduler()
	testkit.Eventually(t, "the job of the later reminder is back", func() bool {
		if err := b.reminders.VerifyOnce(t.Context()); err != nil {
			return false // the sidecar has not connected yet
		}
		if _, err := b.reminders.ReconcileOnce(t.Context()); err != nil {
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
	b := newJobsEnv(t)
	const n = 200
	var ids []uuid.UUID
	for range n {
		ids = append(ids, b.remindIn(t, time.Hour).ID)
	}
	b.reconciled(t)
	b.exec(t, `UPDATE reminders SET fire_at = $1`, time.Now().Add(3*time.Second).Truncate(time.Second))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.reminders.Run(ctx) }()
	testkit.Eventually(t, "all fire", func() bool {
		return b.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due'`) >= n
	})
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v, want context.Canceled", err)
	}
	for _, id := range ids {
		if got := b.fired(t, id); got != 1 {
			t.Errorf("a reminder fired %d times, want once", got)
		}
	}
}
