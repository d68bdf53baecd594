// Package reminder fires reminders at their time. Like package outbox it runs beside the requests and
// works on rows that the requests have committed.
//
// The table reminders is the truth. The scheduler holds one job for each pending reminder, so that a
// reminder fires to the second. Everything works without the scheduler too, a few seconds later:
//
//	            reconcile                      job              fire
//	pending ----------------> pending, has job -----> callback ------> fired
//	   ^                         |        |                              ^
//	   +---- verify: job lost ---+        +-- sweep: overdue, no callback +
//
// ReconcileOnce makes the scheduler's jobs agree with the table. SweepOnce fires overdue reminders.
// VerifyOnce finds jobs that the scheduler has lost. Run calls the three in loops. Fire is the callback
// of a job. A reminder fires once, however many of them try.
package reminder

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"taskmaster/internal/clock"
	"taskmaster/internal/health"
	"taskmaster/internal/idle"
	"taskmaster/internal/peruser"
	"taskmaster/internal/postgres"
)

// databaseTimeout limits one transaction of a loop. Without it, a lost connection would stop the loop.
const databaseTimeout = 5 * time.Second

// Jobs is the scheduler, behind the sidecar.
type Jobs interface {
	ScheduleJob(ctx context.Context, name string, at time.Time) error
	DeleteJob(ctx context.Context, name string) error
	HasJob(ctx context.Context, name string) (bool, error)
}

// Config is the configuration of a Scheduler.
type Config struct {
	// DB is the connection pool of the loops.
	DB *postgres.DB
	// FireDB is the connection pool of the transactions that fire a reminder. Most of them belong to
	// callbacks, which are requests, so it is the pool of requests.
	FireDB *postgres.DB
	Jobs   Jobs
	// AwaitJobs waits at the start until the scheduler accepts calls, for a bounded time. Nil means that
	// it does.
	AwaitJobs func(ctx context.Context)
	Clock     *clock.Cautious
	// Fired is called with the user after reminder.due was committed to the outbox.
	Fired func(userID uuid.UUID)
	Log   *slog.Logger
	// Metrics may be nil.
	Metrics prometheus.Registerer
	// VerifyInterval is the time between two calls of VerifyOnce; 0 means a minute.
	VerifyInterval time.Duration
	// Idle stops the loops while nothing happens. It may be nil.
	Idle *idle.Monitor
}

// Scheduler fires reminders.
type Scheduler struct {
	Config
	metrics     *metrics
	clockHealth *health.Reporter

	// woken has an element if reminders may have changed since the last reconciliation.
	woken chan struct{}
	// verified is the position at which the last verification ended.
	verified postgres.ReminderPosition
	// swept is the position of the current round of sweeps by user. A round ends when every overdue
	// reminder was tried.
	swept map[uuid.UUID]postgres.Swept
	// sweepPages is maxSweepPages, and less in tests.
	sweepPages int

	// fire fires a reminder. Tests observe it.
	fire func(ctx context.Context, r postgres.Reminder) error
	// fires limits the reminders that fire at a time, and firesOfUser those of one user. lookups
	// limits the callbacks that look up their reminder.
	fires, lookups *semaphore.Weighted
	firesOfUser    *peruser.Semaphore
}

// New returns a Scheduler. Run starts its loops.
func New(cfg Config) *Scheduler {
	if cfg.VerifyInterval == 0 {
		cfg.VerifyInterval = verifyInterval
	}
	if cfg.AwaitJobs == nil {
		cfg.AwaitJobs = func(context.Context) {}
	}
	s := &Scheduler{
		Config:      cfg,
		clockHealth: health.New("system clock", cfg.Log, cfg.Clock.Now),
		woken:       make(chan struct{}, 1),
		swept:       map[uuid.UUID]postgres.Swept{},
		sweepPages:  maxSweepPages,
		fires:       semaphore.NewWeighted(maxFires),
		lookups:     semaphore.NewWeighted(maxLookups),
		firesOfUser: peruser.New(maxFiresOfUser),
		metrics:     newMetrics(cfg.Metrics),
	}
	s.fire = s.fireInTurn
	return s
}

// Wake starts a reconciliation, because reminders may have changed. It never blocks.
func (s *Scheduler) Wake() {
	s.Idle.Touch()
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// Run reconciles, sweeps and verifies until ctx is cancelled, and returns its error.
func (s *Scheduler) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		s.AwaitJobs(ctx)
		return s.reconcile(ctx)
	})
	g.Go(func() error { return s.runPeriodically(ctx, sweepInterval, "reminder sweep", s.sweepAndPlan) })
	g.Go(func() error {
		s.AwaitJobs(ctx)
		return s.runPeriodically(ctx, s.VerifyInterval, "reminder verification", s.VerifyOnce)
	})
	return g.Wait()
}

// runPeriodically calls fn immediately and then every interval until ctx is cancelled. It logs when the
// task begins to fail and when it recovers.
func (s *Scheduler) runPeriodically(ctx context.Context, interval time.Duration, task string, fn func(context.Context) error) error {
	reporter := health.New(task, s.Log, s.Clock.Now)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := s.Idle.Wait(ctx); err != nil {
			return err
		}
		err := fn(ctx)
		reporter.Report(ctx, err)
		if err != nil {
			s.Idle.Touch() // it has to be repeated
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

func (s *Scheduler) inTx(ctx context.Context, f func(ctx context.Context, tx pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, databaseTimeout)
	defer cancel()
	return s.DB.InTx(ctx, func(tx pgx.Tx) error { return f(ctx, tx) })
}
