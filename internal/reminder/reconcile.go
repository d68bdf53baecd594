package reminder

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"taskmaster/internal/backoff"
	"taskmaster/internal/health"
	"taskmaster/internal/postgres"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/telemetry"
)

const (
	// reconcileInterval is the time between two reconciliations without a call of Wake. It bounds the
	// delay of changes that another replica has committed.
	reconcileInterval = time.Second
	// maxClaimed is the number of reminders that one reconciliation claims.
	maxClaimed = 32
	// maxScheduling is the number of concurrent calls of the sidecar in a reconciliation.
	maxScheduling = 16
	// jobTimeout limits one call of the sidecar.
	jobTimeout = 5 * time.Second
	// claimFor is the lifetime of a claim. All calls for a claim take less, so that no other replica
	// schedules the same reminders meanwhile.
	claimFor = time.Minute
	// retryAfter is the delay before a reminder that could not be scheduled is tried again.
	retryAfter = 5 * time.Second
)

// reconcileBackoff spaces reconciliations while the database or the scheduler is away.
var reconcileBackoff = backoff.Policy{Min: 100 * time.Millisecond, Max: 5 * time.Second}

func (s *Scheduler) reconcile(ctx context.Context) error {
	ticker := time.NewTicker(reconcileInterval)
	defer ticker.Stop()
	reporter := health.New("reminder scheduling", s.Log, s.Clock.Now)
	failures := 0
	var failedAt time.Time
	for {
		if err := s.Idle.Wait(ctx); err != nil {
			return err
		}
		more, err := s.ReconcileOnce(ctx)
		if err != nil {
			failedAt = s.Clock.Now()
			s.Idle.Touch() // it has to be repeated
		}
		// While a failed reminder waits for its next attempt, there is nothing to do. That is no sign
		// of health.
		if err != nil || s.Clock.Now().Sub(failedAt) > 2*retryAfter {
			reporter.Report(ctx, err)
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
		case <-s.woken:
		case <-ticker.C:
		}
	}
}

// ReconcileOnce claims reminders whose scheduled job differs from the table, and creates, moves or
// deletes the job. It reports whether there may be more. It returns an error if the claim failed, or if
// none of the jobs could be changed.
func (s *Scheduler) ReconcileOnce(ctx context.Context) (more bool, err error) {
	now := s.Clock.Now()
	until := now.Add(claimFor).Truncate(time.Microsecond)
	var claimed []postgres.Reminder
	err = s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		claimed, err = postgres.ClaimUnscheduled(ctx, tx, now, until, maxClaimed)
		return err
	})
	if err != nil {
		return false, err
	}
	failed := s.scheduleAll(ctx, claimed)
	scheduled := 0
	for i, r := range claimed {
		if err := s.storeResult(ctx, r, until, failed[i] == nil); err != nil {
			return false, err
		}
		if failed[i] == nil {
			scheduled++
		}
	}
	if len(claimed) > 0 && scheduled == 0 {
		return false, failed[0]
	}
	return len(claimed) == maxClaimed, nil
}

// scheduleAll makes the jobs of claimed reminders agree with the table. It returns the error of each.
func (s *Scheduler) scheduleAll(ctx context.Context, claimed []postgres.Reminder) []error {
	failed := make([]error, len(claimed))
	var g errgroup.Group
	g.SetLimit(maxScheduling)
	for i, r := range claimed {
		g.Go(func() error { failed[i] = s.schedule(ctx, r); return nil })
	}
	_ = g.Wait() // the errors are in failed
	return failed
}

// schedule creates or moves the job of a pending reminder, and deletes that of any other.
func (s *Scheduler) schedule(ctx context.Context, r postgres.Reminder) error {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	ctx = telemetry.Continue(ctx, r.TraceParent)
	name := sidecar.JobName(r.TaskID, r.Number)
	if r.Pending {
		return s.Jobs.ScheduleJob(ctx, name, r.FireAt)
	}
	return s.Jobs.DeleteJob(ctx, name)
}

// storeResult ends the claim of a reminder. It does so even if ctx is cancelled meanwhile: otherwise the
// reminder would wait for the end of its claim.
func (s *Scheduler) storeResult(ctx context.Context, r postgres.Reminder, claimedUntil time.Time, scheduled bool) error {
	return s.inTx(context.WithoutCancel(ctx), func(ctx context.Context, tx pgx.Tx) error {
		if scheduled {
			return postgres.MarkScheduled(ctx, tx, r, claimedUntil)
		}
		return postgres.MarkUnscheduled(ctx, tx, r, claimedUntil, s.Clock.Now().Add(retryAfter))
	})
}
