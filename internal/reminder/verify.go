package reminder

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"taskmaster/internal/postgres"
	"taskmaster/internal/sidecar"
)

const (
	// verifyInterval is the default time between two verifications. Each looks up one page of jobs.
	verifyInterval = time.Minute
	// verifyFrom is the time before a reminder at which its job is no longer looked up, because it may
	// be firing.
	verifyFrom = time.Minute
	// verifyTo is the time before a reminder at which its job is looked up first. Later jobs have time.
	verifyTo = time.Hour
	// verifyPage is the number of jobs that one verification looks up.
	verifyPage = 200
	// maxVerifying is the number of concurrent lookups.
	maxVerifying = 4
)

// VerifyOnce looks up a page of jobs of the next hour in the scheduler, from the position at which the
// last call ended. It marks lost jobs, so that they are scheduled again. After a page with losses it
// goes on with the next one.
func (s *Scheduler) VerifyOnce(ctx context.Context) error {
	for ctx.Err() == nil {
		now := s.Clock.Now()
		if s.verified.FireAt.Before(now.Add(verifyFrom)) {
			s.verified = postgres.ReminderPosition{FireAt: now.Add(verifyFrom)}
		}
		var page []postgres.Reminder
		err := s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			page, err = postgres.ScheduledReminders(ctx, tx, s.verified, now.Add(verifyTo), verifyPage)
			return err
		})
		if err != nil {
			return err
		}
		lost, err := s.verifyPage(ctx, page)
		if err != nil {
			return err
		}
		if len(page) < verifyPage {
			s.verified = postgres.ReminderPosition{} // from the start
			return nil
		}
		s.verified = page[len(page)-1].Position()
		if lost == 0 {
			return nil
		}
	}
	return ctx.Err()
}

// verifyPage marks the reminders whose jobs the scheduler has lost, and returns their number.
func (s *Scheduler) verifyPage(ctx context.Context, page []postgres.Reminder) (lost int, err error) {
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxVerifying)
	for _, r := range page {
		g.Go(func() error {
			has, err := s.hasJob(ctx, r)
			if has || err != nil {
				return err
			}
			mu.Lock()
			lost++
			mu.Unlock()
			return s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return postgres.MarkForgotten(ctx, tx, r) })
		})
	}
	err = g.Wait()
	if lost > 0 {
		s.metrics.repairs.WithLabelValues(repairLost).Add(float64(lost))
		s.Log.WarnContext(ctx, "scheduler has lost jobs, scheduling them again", "jobs", lost)
		s.Wake()
	}
	return lost, err
}

func (s *Scheduler) hasJob(ctx context.Context, r postgres.Reminder) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	return s.Jobs.HasJob(ctx, sidecar.JobName(r.TaskID, r.Number))
}
