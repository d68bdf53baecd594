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
	// maxSweepPages bounds a sweep. The next one comes in a second and goes on behind it.
	maxSweepPages = 100

	// verifyInterval is how often a page of jobs is looked up, of reminders due between verifyFrom and verifyTo from now.
	// Those due sooner may be firing.
	verifyInterval = time.Minute
	verifyFrom     = time.Minute
	verifyTo       = time.Hour
	verifyPage     = 200
	maxVerifying   = 4
)

// sweepOnce fires the reminders that are overdue: the scheduler has lost them, never heard of them, or everything was down.
// Users take turns, and a reminder that fails holds up no other: the sweep goes on behind it. When there are more than a sweep
// may try, the next one goes on where it ended, and what failed is tried again once all were tried. It returns an error when a
// reminder could not be fired.
func (m *reminders) sweepOnce(ctx context.Context) error {
	if err := m.clock.compare(ctx); err != nil {
		return err
	}
	m.clockHealth.Report(ctx, m.clock.check())
	s := sweep{swept: m.swept}
	for range m.sweepPages {
		now := m.now()
		var page []postgres.Reminder
		err := m.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			page, err = postgres.OverdueReminders(ctx, tx, now, now.Add(-sweepGrace), s.swept, s.held, sweepPage)
			return err
		})
		if err != nil {
			return err
		}
		m.firePage(ctx, page, &s)
		if len(page) < sweepPage {
			clear(s.swept) // all were tried
			break
		}
		if ctx.Err() != nil {
			break
		}
	}
	return s.err
}

// sweep is what a sweep knows of the reminders that it tried.
type sweep struct {
	mu sync.Mutex
	// swept is how far it came with each user, and held are the users who wait for the next sweep: somebody else holds their
	// row, or too many reminders are due.
	swept map[uuid.UUID]postgres.Swept
	held  []uuid.UUID
	err   error
}

// note notes the result of a reminder. It reports whether the next one of the same user may be fired.
func (s *sweep) note(r postgres.Reminder, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("fire reminder %d of task %s: %w", r.Number, r.TaskID, err)
	}
	if task.ErrorCode(err) == task.CodeUnavailable || errors.Is(err, context.DeadlineExceeded) {
		s.held = append(s.held, r.UserID)
		return false
	}
	swept := s.swept[r.UserID]
	swept.Tried++
	if err != nil {
		swept.Failed = r.Position()
	}
	s.swept[r.UserID] = swept
	return true
}

// firePage fires reminders: those of one user one after another, for each holds the user's row.
func (m *reminders) firePage(ctx context.Context, page []postgres.Reminder, s *sweep) {
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
				if !s.note(r, m.fire(ctx, r)) {
					break
				}
			}
			return nil
		})
	}
	_ = g.Wait() // the sweep has the errors
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
