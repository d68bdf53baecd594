package main

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
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
)

const (
	// sweepInterval is how often overdue reminders are looked for.
	sweepInterval = time.Second
	// sweepGrace is what a job has to fire its reminder before the sweep does.
	sweepGrace = 2 * time.Second
	sweepPage  = 100
	// maxSweepPages bounds a sweep, and maxSweepFailed the reminders that it goes around. The next sweep comes in a second.
	maxSweepPages  = 100
	maxSweepFailed = 1000

	// verifyInterval is how often a page of jobs is looked up, of reminders due between verifyFrom and verifyTo from now.
	// Those due sooner may be firing.
	verifyInterval = time.Minute
	verifyFrom     = time.Minute
	verifyTo       = time.Hour
	verifyPage     = 200
	maxVerifying   = 4
)

// sweepOnce fires the reminders that are overdue: the scheduler has lost them, never heard of them, or everything was down.
// Users take turns, and a reminder that fails holds up no other. It returns an error when one could not be fired.
func (m *reminders) sweepOnce(ctx context.Context) error {
	if err := m.clock.compare(ctx); err != nil {
		return err
	}
	m.clockHealth.Report(ctx, m.clock.check())
	var failed failedReminders
	for range maxSweepPages {
		now := m.now()
		var page []postgres.Reminder
		err := m.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			page, err = postgres.OverdueReminders(ctx, tx, now, now.Add(-sweepGrace), failed.reminders, failed.users, sweepPage)
			return err
		})
		if err != nil {
			return err
		}
		m.firePage(ctx, page, &failed)
		if len(page) < sweepPage || len(failed.reminders) > maxSweepFailed || ctx.Err() != nil {
			break
		}
	}
	return failed.err
}

// failedReminders lists the reminders and users that the rest of a sweep leaves out.
type failedReminders struct {
	mu        sync.Mutex
	reminders []postgres.Reminder
	// users are those whose reminders have to wait: somebody else holds their row, or too many are due.
	users []uuid.UUID
	err   error
}

// add notes why a reminder failed. It reports whether the next of the same user may be fired.
func (f *failedReminders) add(r postgres.Reminder, err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = fmt.Errorf("fire reminder %d of task %s: %w", r.Number, r.TaskID, err)
	}
	if task.ErrorCode(err) == task.CodeUnavailable || errors.Is(err, context.DeadlineExceeded) {
		f.users = append(f.users, r.UserID)
		return false
	}
	f.reminders = append(f.reminders, r)
	return true
}

// firePage fires reminders: those of one user one after another, for each holds the user's row.
func (m *reminders) firePage(ctx context.Context, page []postgres.Reminder, failed *failedReminders) {
	var users []uuid.UUID
	ofUser := map[uuid.UUID][]postgres.Reminder{}
	for _, r := range page {
		if len(ofUser[r.UserID]) == 0 {
			users = append(users, r.UserID)
		}
		ofUser[r.UserID] = append(ofUser[r.UserID], r)
	}
	var g errgroup.Group
	g.SetLimit(maxFiring)
	for _, user := range users {
		g.Go(func() error {
			for _, r := range ofUser[user] {
				if err := m.fire(ctx, r); err != nil && !failed.add(r, err) {
					break
				}
			}
			return nil
		})
	}
	_ = g.Wait() // the errors are in failed
}

// verifyOnce looks up whether the scheduler holds the jobs of a page of the next reminders, where the last call ended, and
// has those scheduled again that it does not. After a page with losses it goes on with the next.
func (m *reminders) verifyOnce(ctx context.Context) error {
	for ctx.Err() == nil {
		now := m.now()
		if m.verified.FireAt.Before(now.Add(verifyFrom)) {
			m.verified = postgres.ReminderPosition{FireAt: now.Add(verifyFrom)}
		}
		var page []postgres.Reminder
		err := m.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			page, err = postgres.ScheduledReminders(ctx, tx, m.verified, now.Add(verifyTo), verifyPage)
			return err
		})
		if err != nil {
			return err
		}
		lost, err := m.verifyPage(ctx, page)
		if err != nil {
			return err
		}
		if len(page) < verifyPage {
			m.verified = postgres.ReminderPosition{} // from the start
			return nil
		}
		m.verified = page[len(page)-1].Position()
		if lost == 0 {
			return nil
		}
	}
	return ctx.Err()
}

// verifyPage returns how many reminders' jobs the scheduler has lost, after having noted it.
func (m *reminders) verifyPage(ctx context.Context, page []postgres.Reminder) (lost int, err error) {
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxVerifying)
	for _, r := range page {
		g.Go(func() error {
			has, err := m.hasJob(ctx, r)
			if has || err != nil {
				return err
			}
			mu.Lock()
			lost++
			mu.Unlock()
			return m.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return postgres.MarkForgotten(ctx, tx, r) })
		})
	}
	err = g.Wait()
	if lost > 0 {
		m.log.WarnContext(ctx, "the scheduler has lost jobs, they are scheduled again", "jobs", lost)
		m.wake()
	}
	return lost, err
}

func (m *reminders) hasJob(ctx context.Context, r postgres.Reminder) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	return m.jobs.HasJob(ctx, sidecar.JobName(r.TaskID, r.Number))
}
