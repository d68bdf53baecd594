package reminder

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"taskmaster/internal/sidecar"
)

// TestLostJobsAreScheduledAgain deletes all jobs behind the back of the Scheduler.
func TestLostJobsAreScheduledAgain(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	user := e.newUser(t)
	e.addTasks(t, user, verifyPage+20, 30)
	later := e.addTasks(t, user, 1, 7*24*60)
	e.reconciled(t)
	all := e.allJobs(t)
	for name := range all {
		if err := e.jobs.DeleteJob(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.VerifyOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.reconciled(t)
	delete(all, sidecar.JobName(later[0], 0)) // a job after the next hour is verified later
	if got := e.allJobs(t); !maps.EqualFunc(got, all, time.Time.Equal) {
		t.Errorf("got %d jobs, want the %d of the next hour again", len(got), len(all))
	}
}

// TestVerificationContinues verifies more jobs than fit on a page.
func TestVerificationContinues(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.addTasks(t, e.newUser(t), verifyPage+50, 30)
	e.reconciled(t)
	lookups := map[string]int{}
	var mu sync.Mutex
	e.jobs.Err = func(_, name string) error {
		mu.Lock()
		defer mu.Unlock()
		lookups[name]++
		return nil
	}
	for _, want := range []int{verifyPage, verifyPage + 50, verifyPage + 50} {
		if err := e.VerifyOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(lookups) != want {
			t.Errorf("%d jobs were looked up so far, want %d", len(lookups), want)
		}
	}
	if most := slices.Max(slices.Collect(maps.Values(lookups))); most != 2 {
		t.Errorf("one job was looked up %d times, want 2", most)
	}
}
