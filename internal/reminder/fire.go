package reminder

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

const (
	// maxFires is the number of reminders that fire at a time. If a thousand are due at the same
	// second, the others wait and leave connections to people.
	maxFires = 8
	// maxFiresOfUser is the number of reminders of one user that fire at a time. They wait for each
	// other in any case, because each locks the user's row. The reminders of other users must not
	// wait for all of them.
	maxFiresOfUser = 2
	// maxLookups is the number of callbacks that look up their reminder at a time.
	maxLookups = 4
	// fireTimeout limits the wait for the semaphores together with the firing.
	fireTimeout = 10 * time.Second
	// clockSkew is the largest lead of the scheduler's clock. A job may call that much too early.
	clockSkew = time.Second
)

var errManyDue = task.RetryLater(task.CodeUnavailable, time.Second, "too many reminders are due")

// Fire fires a reminder if it is due and still wanted. It returns nil if there is nothing to do, and code
// unavailable if too many reminders are due. A second call does nothing.
func (s *Scheduler) Fire(ctx context.Context, taskID uuid.UUID, number int) error {
	ctx, cancel := context.WithTimeout(ctx, fireTimeout)
	defer cancel()
	r, err := s.lookUp(ctx, taskID, number)
	if task.ErrorCode(err) == task.CodeNotFound {
		return nil // its account was deleted
	}
	if err != nil {
		return err
	}
	if !r.Pending || r.FireAt.After(s.Clock.Now().Add(clockSkew)) {
		return nil // a callback with nothing to do need not wait behind thousands of others
	}
	return s.fire(ctx, r)
}

func (s *Scheduler) lookUp(ctx context.Context, taskID uuid.UUID, number int) (r postgres.Reminder, err error) {
	if s.lookups.Acquire(ctx, 1) != nil {
		return postgres.Reminder{}, errManyDue
	}
	defer s.lookups.Release(1)
	err = s.FireDB.InTx(ctx, func(tx pgx.Tx) error {
		r, err = postgres.ReminderByID(ctx, tx, taskID, number)
		return err
	})
	return r, err
}

// fireInTurn fires a reminder that was read before. It waits for the semaphore of the user first. So the
// reminders that wait behind a user with thousands of them are that user's own.
func (s *Scheduler) fireInTurn(ctx context.Context, found postgres.Reminder) error {
	ctx, cancel := context.WithTimeout(ctx, fireTimeout)
	defer cancel()
	if s.firesOfUser.Acquire(ctx, found.UserID) != nil {
		return errManyDue
	}
	defer s.firesOfUser.Release(found.UserID)
	if s.fires.Acquire(ctx, 1) != nil {
		return errManyDue
	}
	defer s.fires.Release(1)
	fired := false
	err := s.FireDB.InTx(ctx, func(tx pgx.Tx) (err error) {
		fired, err = fireReminder(ctx, tx, found.TaskID, found.Number, s.Clock.Now())
		return err
	})
	if err != nil {
		return err
	}
	if fired {
		s.metrics.late.Observe(max(0, s.Clock.Now().Sub(found.FireAt).Seconds()))
		s.Wake()
		s.Fired(found.UserID)
	}
	return nil
}

// fireReminder appends reminder.due and marks the reminder as fired. If its task was deleted or completed,
// it cancels the reminder instead. Of several reminders of a task at the same instant, only the first
// one fires. fireReminder reports whether the reminder fired.
func fireReminder(ctx context.Context, tx pgx.Tx, taskID uuid.UUID, number int, now time.Time) (fired bool, err error) {
	r, err := postgres.LockReminder(ctx, tx, taskID, number)
	if task.ErrorCode(err) == task.CodeNotFound {
		return false, nil // its account was deleted
	}
	if err != nil {
		return false, err
	}
	if !r.Pending || r.FireAt.After(now.Add(clockSkew)) {
		return false, nil // it has fired, was cancelled, or was moved and has another job
	}
	t, err := postgres.TaskByID(ctx, tx, r.UserID, taskID)
	if task.ErrorCode(err) == task.CodeNotFound || (err == nil && t.Completed) {
		return false, postgres.MarkCancelled(ctx, tx, r, now)
	}
	if err != nil {
		return false, err
	}
	first, err := postgres.MarkFired(ctx, tx, r, now)
	if err != nil || !first {
		return false, err
	}
	due := event.New(event.ReminderDue, r.UserID, t, now)
	due.TraceParent = r.TraceParent // of the change that set the reminder, not of the job
	due.Data.Reminder = &event.DueReminder{Number: r.Number, At: r.FireAt}
	return true, postgres.RecordEvents(ctx, tx, due)
}
