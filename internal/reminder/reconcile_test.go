package reminder

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"taskmaster/internal/sidecar"
	"taskmaster/internal/testkit"
)

// TestJobsFollowTheTable changes the reminders of a task and reconciles after each change.
func TestJobsFollowTheTable(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	user := e.newUser(t)
	id := e.addTasks(t, user, 1, 45)[0]
	for _, step := range []struct {
		name         string
		wanted, jobs map[int]int
	}{
		{"created", map[int]int{0: 45}, map[int]int{0: 45}},
		{"moved", map[int]int{0: 105}, map[int]int{0: 105}},
		{"two", map[int]int{0: 60, 1: 100}, map[int]int{0: 60, 1: 100}},
		{"fewer", map[int]int{0: 60}, map[int]int{0: 60}},
		{"in the past", map[int]int{0: -10}, map[int]int{}},
		{"again", map[int]int{0: 20}, map[int]int{0: 20}},
		{"none", nil, map[int]int{}},
	} {
		e.setReminders(t, user, id, step.wanted)
		e.reconciled(t)
		if got := e.scheduled(id); !maps.Equal(got, step.jobs) {
			t.Errorf("%s: got jobs %v, want %v", step.name, got, step.jobs)
		}
	}
	if more, err := e.ReconcileOnce(t.Context()); more || err != nil {
		t.Errorf("got more %v, error %v; want nothing left to schedule", more, err)
	}
}

// TestSchedulerOutageDelaysJobs loses the scheduler of jobs. No reminder is lost.
func TestSchedulerOutageDelaysJobs(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.jobs.Err = func(string, string) error { return errors.New("connection refused") }
	id := e.addTasks(t, e.newUser(t), 1, 45)[0]
	if _, err := e.ReconcileOnce(t.Context()); err == nil {
		t.Fatal("ReconcileOnce returned no error during an outage")
	}
	e.jobs.Err = nil
	e.reconciled(t)
	if got := e.scheduled(id); len(got) != 0 {
		t.Errorf("it was tried again at once: %v", got)
	}
	e.advance(retryAfter)
	e.reconciled(t)
	if got, want := e.scheduled(id), map[int]int{0: 45}; !maps.Equal(got, want) {
		t.Errorf("got jobs %v, want %v", got, want)
	}
}

// TestRefusedJobDelaysNoOther schedules two reminders, of which the scheduler refuses one.
func TestRefusedJobDelaysNoOther(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	user := e.newUser(t)
	refused := e.addTasks(t, user, 1, 15)[0]
	e.jobs.Err = func(_, name string) error {
		if name == sidecar.JobName(refused, 0) {
			return errors.New("invalid job name")
		}
		return nil
	}
	other := e.addTasks(t, user, 1, 45)[0]
	e.reconciled(t)
	if got, want := e.scheduled(other), map[int]int{0: 45}; !maps.Equal(got, want) {
		t.Errorf("the other reminder has jobs %v, want %v", got, want)
	}
	// The refused one fires without a job.
	e.advance(15 * time.Minute)
	e.swept(t)
	if got := e.due(t, user); got != 1 {
		t.Errorf("%d reminders fired, want the refused one", got)
	}
}

// TestRun runs all loops by the real clock.
func TestRun(t *testing.T) {
	t.Parallel()
	e := newEnvAt(t, time.Now())
	user := e.newUser(t)
	inAnHour := int(time.Since(testStart)/time.Minute) + 60
	e.addTasks(t, user, 1, inAnHour)
	e.exec(t, `UPDATE reminders SET fire_at = fire_at - interval '2 hours'`)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	testkit.Eventually(t, "the overdue reminder fires", func() bool { return e.due(t, user) == 1 })
	id := e.addTasks(t, user, 1, inAnHour)[0]
	e.Wake()
	testkit.Eventually(t, "the new reminder has a job", func() bool { return len(e.scheduled(id)) == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v, want context.Canceled", err)
	}
}
