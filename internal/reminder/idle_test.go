package reminder

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/clock"
	"taskmaster/internal/idle"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/testkit"
)

// runIdle runs the loops of a service that sleeps after a time.
func (e *env) runIdle(t *testing.T, after time.Duration) {
	t.Helper()
	e.Idle = idle.New(after)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }() // its error is that of ctx
	t.Cleanup(func() { cancel(); <-done })
}

func (e *env) awaitSleep(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "the service is asleep", func() bool { return !e.Idle.Awake() })
}

// TestASleepingServiceSweepsInTime fires a reminder whose job is lost, after the loops have slept.
func TestASleepingServiceSweepsInTime(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.Clock = clock.New(time.Now, e.DB.Now)
	user := e.newUser(t)
	e.runIdle(t, time.Second)
	var at time.Time
	// The service must sleep before the reminder is due. A slow machine needs more time for that.
	for lead := 5 * time.Second; ; lead *= 2 {
		fired := e.fired.Load()
		at = time.Now().Add(lead)
		var name string
		e.do(t, func(ctx context.Context, tx pgx.Tx) error {
			id, err := addTask(ctx, tx, user, at, time.Now())
			name = sidecar.JobName(id, 0)
			return err
		})
		e.Wake()
		testkit.Eventually(t, "the reminder has a job", func() bool { _, ok := e.jobs.Job(name); return ok })
		if err := e.jobs.DeleteJob(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		e.awaitSleep(t)
		asleep := time.Now().Before(at)
		testkit.Eventually(t, "the reminder fires", func() bool { return e.fired.Load() == fired+1 })
		if asleep {
			break
		}
	}
	late := time.Since(at)
	t.Logf("fired %v after its time", late)
	if late < sweepGrace {
		t.Errorf("fired %v after its time, within the grace of %v for its job", late, sweepGrace)
	}
}

// TestAChangeWakesASleepingService schedules the job of a reminder that came while the loops slept.
func TestAChangeWakesASleepingService(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	user := e.newUser(t)
	e.runIdle(t, 500*time.Millisecond)
	var id uuid.UUID
	for tries := 1; ; tries++ {
		e.awaitSleep(t)
		id = e.addTasks(t, user, 1, 60)[0]
		time.Sleep(2 * reconcileInterval)
		if len(e.scheduled(id)) == 0 {
			break
		}
		if tries == 5 { // once, a reconciling that was under way may find it
			t.Fatal("the service does not sleep")
		}
	}
	e.Wake()
	testkit.Eventually(t, "the reminder has a job", func() bool { return len(e.scheduled(id)) == 1 })
}

// TestAFailureKeepsAwake repeats a sweep that failed.
func TestAFailureKeepsAwake(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	user := e.newUser(t)
	e.addTasks(t, user, 1, 0)
	e.runIdle(t, 100*time.Millisecond)
	e.locked(t, user, func() { // the reminder cannot fire
		time.Sleep(2 * sweepInterval)
	})
	testkit.Eventually(t, "the reminder fires", func() bool { return e.fired.Load() == 1 })
	e.awaitSleep(t)
}
