package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"taskmaster/internal/backoff"
	"taskmaster/internal/health"
	"taskmaster/internal/postgres"
	"taskmaster/internal/sidecar"
)

const (
	// reconcileInterval is how often work is looked for that nobody woke us for.
	reconcileInterval = time.Second
	// maxClaimed is how many reminders are claimed at once, maxTelling how many of them the sidecar is told of at once.
	maxClaimed = 32
	maxTelling = 16
	// tellTimeout bounds one call of the sidecar. claimFor is longer than telling all that was claimed can take.
	tellTimeout = 5 * time.Second
	claimFor    = time.Minute
	// retryAfter is when a reminder is tried again that could not be scheduled.
	retryAfter = 5 * time.Second

	minReconcileBackoff = 100 * time.Millisecond
	maxReconcileBackoff = 5 * time.Second

	databaseTimeout = 5 * time.Second
)

// reconcileBackoff spaces reconciliations while the database or the scheduler is away.
var reconcileBackoff = backoff.Policy{Min: minReconcileBackoff, Max: maxReconcileBackoff}

// jobs is the scheduler, behind the sidecar.
type jobs interface {
	ScheduleJob(ctx context.Context, name string, at time.Time) error
	DeleteJob(ctx context.Context, name string) error
	HasJob(ctx context.Context, name string) (bool, error)
}

// reminders keeps the scheduler in step with the database, which is what counts:
//
//	            reconcile                      job              fire
//	pending ----------------> pending, has job -----> callback ------> fired
//	   ^                         |        |                              ^
//	   +---- verify: job lost ---+        +-- sweep: overdue, no callback +
//
// Nothing of it is on a request's path. What the scheduler forgets or cannot be told costs a reminder seconds.
type reminders struct {
	db   *postgres.DB
	jobs jobs
	fire func(ctx context.Context, r postgres.Reminder) error
	log  *slog.Logger
	now  func() time.Time
	// clock is what now reads. The sweep keeps it right.
	clock       *cautiousClock
	clockHealth *health.Reporter

	woken       chan struct{}
	verifyEvery time.Duration
	// verified is how far the last verification came, and swept how far the last sweep came with each user.
	verified postgres.ReminderPosition
	swept    map[uuid.UUID]postgres.Swept
	// sweepPages is maxSweepPages, but in tests.
	sweepPages int
}

func newReminders(db *postgres.DB, j jobs, fire func(ctx context.Context, r postgres.Reminder) error, log *slog.Logger, clock *cautiousClock) *reminders {
	m := &reminders{db: db, jobs: j, fire: fire, log: log, now: clock.now, clock: clock, woken: make(chan struct{}, 1), verifyEvery: verifyInterval, swept: map[uuid.UUID]postgres.Swept{}, sweepPages: maxSweepPages}
	m.clockHealth = m.health("system clock")
	return m
}

// health returns a reporter of one of the loops.
func (m *reminders) health(subject string) *health.Reporter {
	return health.New(subject, m.log, m.now)
}

// wake says that reminders may have changed. It never blocks.
func (m *reminders) wake() {
	select {
	case m.woken <- struct{}{}:
	default:
	}
}

// run reconciles, sweeps and verifies until ctx ends, and returns ctx's error.
func (m *reminders) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return m.reconcile(ctx) })
	g.Go(func() error {
		return every(ctx, sweepInterval, m.health("reminder sweep").Report, m.sweepOnce)
	})
	g.Go(func() error {
		return every(ctx, m.verifyEvery, m.health("reminder verification").Report, m.verifyOnce)
	})
	return g.Wait()
}

func (m *reminders) reconcile(ctx context.Context) error {
	ticker := time.NewTicker(reconcileInterval)
	defer ticker.Stop()
	scheduling := m.health("reminder scheduling")
	failures := 0
	var failedAt time.Time
	for {
		more, err := m.reconcileOnce(ctx)
		if err != nil {
			failedAt = m.now()
		}
		// That nothing is left to do is no sign of health while what failed waits for its next try.
		if err != nil || m.now().Sub(failedAt) > 2*retryAfter {
			scheduling.Report(ctx, err)
		}
		switch {
		case err != nil:
			failures++
			if err := reconcileBackoff.Wait(ctx, failures); err != nil {
				return err
			}
			continue
		case more:
			failures = 0
			continue
		}
		failures = 0
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.woken:
		case <-ticker.C:
		}
	}
}

// reconcileOnce tells the scheduler of reminders of which it knows something else than they want. It returns whether there
// may be more; an error means that nothing was achieved.
func (m *reminders) reconcileOnce(ctx context.Context) (more bool, err error) {
	now := m.now()
	until := now.Add(claimFor).Truncate(time.Microsecond)
	var claimed []postgres.Reminder
	err = m.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		claimed, err = postgres.ClaimUnscheduled(ctx, tx, now, until, maxClaimed)
		return err
	})
	if err != nil {
		return false, err
	}
	failed := m.tell(ctx, claimed)
	achieved := 0
	for i, r := range claimed {
		if err := m.mark(ctx, r, until, failed[i] == nil); err != nil {
			return false, err
		}
		if failed[i] == nil {
			achieved++
		}
	}
	if len(claimed) > 0 && achieved == 0 {
		return false, failed[0]
	}
	return len(claimed) == maxClaimed, nil
}

// tell makes the scheduler hold what claimed reminders want, and returns the error of each.
func (m *reminders) tell(ctx context.Context, claimed []postgres.Reminder) []error {
	failed := make([]error, len(claimed))
	var g errgroup.Group
	g.SetLimit(maxTelling)
	for i, r := range claimed {
		g.Go(func() error { failed[i] = m.schedule(ctx, r); return nil })
	}
	_ = g.Wait() // the errors are in failed
	return failed
}

// mark notes what came of telling the scheduler, also when ctx has ended meanwhile.
func (m *reminders) mark(ctx context.Context, r postgres.Reminder, claimedUntil time.Time, told bool) error {
	return m.inTx(context.WithoutCancel(ctx), func(ctx context.Context, tx pgx.Tx) error {
		if told {
			return postgres.MarkScheduled(ctx, tx, r, claimedUntil)
		}
		return postgres.MarkUnscheduled(ctx, tx, r, claimedUntil, m.now().Add(retryAfter))
	})
}

func (m *reminders) schedule(ctx context.Context, r postgres.Reminder) error {
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	name := sidecar.JobName(r.TaskID, r.Number)
	if r.Pending {
		return m.jobs.ScheduleJob(ctx, name, r.FireAt)
	}
	return m.jobs.DeleteJob(ctx, name)
}

func (m *reminders) inTx(ctx context.Context, f func(ctx context.Context, tx pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, databaseTimeout)
	defer cancel()
	return m.db.InTx(ctx, func(tx pgx.Tx) error { return f(ctx, tx) })
}
