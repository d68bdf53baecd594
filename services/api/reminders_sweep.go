package main

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"taskmaster/services/postgres"
	"taskmaster/services/sidecar"
)

const (
	// sweepInterval is how often overdue reminders are looked for.
	sweepInterval = time.Second
	// sweepGrace is what a job has to fire its reminder before the sweep does.
	sweepGrace = 2 * time.Second
	sweepPage  = 100

	// verifyInterval is how often a page of jobs is looked up, of reminders due between verifyFrom and verifyTo from now.
	// Those due sooner may be firing.
	verifyInterval = time.Minute
	verifyFrom     = time.Minute
	verifyTo       = time.Hour
	verifyPage     = 200
	maxVerifying   = 4
)

// sweepOnce fires the reminders that are overdue: the scheduler has lost them, never heard of them, or everything was down.
// It returns an error when a whole page could not be fired.
func (m *reminders) sweepOnce(ctx context.Context) error {
	now := m.now()
	var after postgres.ReminderPosition
	for ctx.Err() == nil {
		var page []postgres.Reminder
		err := m.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			page, err = postgres.OverdueReminders(ctx, tx, now, now.Add(-sweepGrace), after, sweepPage)
			return err
		})
		if err != nil {
			return err
		}
		if err := m.firePage(ctx, page); err != nil {
			return err
		}
		if len(page) < sweepPage {
			return nil
		}
		after = page[len(page)-1].Position()
	}
	return ctx.Err()
}

// firePage fires reminders, and returns an error when none could be.
func (m *reminders) firePage(ctx context.Context, page []postgres.Reminder) error {
	var g errgroup.Group
	g.SetLimit(maxFiring)
	var mu sync.Mutex
	var failed []error
	for _, r := range page {
		g.Go(func() error {
			if err := m.fire(ctx, r.TaskID, r.Number); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, err)
			}
			return nil
		})
	}
	_ = g.Wait() // the errors are in failed
	if len(page) > 0 && len(failed) == len(page) {
		return failed[0]
	}
	return nil
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
