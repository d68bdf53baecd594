package reminder

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

const (
	// sweepInterval is the time between two sweeps. It is the delay of a reminder without a job.
	sweepInterval = time.Second
	// sweepGrace is the time that a job has to fire its reminder before the sweep does.
	sweepGrace = 2 * time.Second
	// sweepPage is the number of overdue reminders in memory at a time.
	sweepPage = 100
	// maxSweepPages bounds one sweep. The next one continues a second later.
	maxSweepPages = 100
)

// SweepOnce fires the overdue reminders that no job has fired: the scheduler has lost their jobs, was
// never told, or everything was down. Users take turns, and a reminder that fails delays no other. If a
// sweep ends before all were tried, the next one continues there. Failed reminders are tried again after
// all others. SweepOnce returns an error if a reminder could not be fired.
func (s *Scheduler) SweepOnce(ctx context.Context) error {
	if err := s.Clock.Compare(ctx); err != nil {
		return err
	}
	s.clockHealth.Report(ctx, s.Clock.Check())
	progress := sweep{swept: s.swept}
	for range s.sweepPages {
		now := s.Clock.Now()
		var page []postgres.Reminder
		err := s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			page, err = postgres.OverdueReminders(ctx, tx, now, now.Add(-sweepGrace), progress.swept, progress.held, sweepPage)
			return err
		})
		if err != nil {
			return err
		}
		s.firePage(ctx, page, &progress)
		if len(page) < sweepPage {
			clear(progress.swept) // all were tried
			break
		}
		if ctx.Err() != nil {
			break
		}
	}
	return progress.err
}

// sweepAndPlan is SweepOnce for a database that may sleep. It plans the sweep at the next reminder,
// in case the scheduler loses its job.
func (s *Scheduler) sweepAndPlan(ctx context.Context) error {
	if err := s.SweepOnce(ctx); err != nil || s.Idle == nil {
		return err
	}
	var next time.Time
	var found bool
	err := s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		next, found, err = postgres.NextReminder(ctx, tx)
		return err
	})
	if err == nil && found {
		s.Idle.WakeIn(next.Add(sweepGrace).Sub(s.Clock.Now()))
	}
	return err
}

// sweep is the progress of one sweep.
type sweep struct {
	mu sync.Mutex
	// swept is the position in the reminders of each user.
	swept map[uuid.UUID]postgres.Swept
	// held are the users who wait for the next sweep: another transaction holds their row, or too many
	// reminders are due.
	held []uuid.UUID
	// err is the first error.
	err error
}

// add stores the result of a reminder. It reports whether the next reminder of the same user may be
// fired.
func (p *sweep) add(r postgres.Reminder, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("fire reminder %d of task %s: %w", r.Number, r.TaskID, err)
	}
	if task.ErrorCode(err) == task.CodeUnavailable || errors.Is(err, context.DeadlineExceeded) {
		p.held = append(p.held, r.UserID)
		return false
	}
	swept := p.swept[r.UserID]
	swept.Tried++
	if err != nil {
		swept.Failed = r.Position()
	}
	p.swept[r.UserID] = swept
	return true
}

// firePage fires reminders. The reminders of one user fire one after another, because each locks
// the user's row.
func (s *Scheduler) firePage(ctx context.Context, page []postgres.Reminder, progress *sweep) {
	var users []uuid.UUID
	ofUser := map[uuid.UUID][]postgres.Reminder{}
	for _, r := range page {
		if len(ofUser[r.UserID]) == 0 {
			users = append(users, r.UserID)
		}
		ofUser[r.UserID] = append(ofUser[r.UserID], r)
	}
	var g errgroup.Group
	g.SetLimit(maxFires)
	for _, user := range users {
		g.Go(func() error {
			for _, r := range ofUser[user] {
				err := s.fire(ctx, r)
				if err == nil {
					s.metrics.repairs.WithLabelValues(repairSwept).Inc()
				}
				if !progress.add(r, err) {
					break
				}
			}
			return nil
		})
	}
	_ = g.Wait() // the first error is in progress
}
