package main

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
)

const (
	// maxFiring is how many reminders fire at once. A thousand that are due at the same second take turns, and leave
	// connections to people.
	maxFiring = 8
	// maxFiringOfUser is how many of these places one user's reminders take. They wait for each other in any case, because each
	// holds the user's row, and those of others need not wait for all of them.
	maxFiringOfUser = 2
	// maxLooking is how many reminders are looked up at once, before they queue for a place.
	maxLooking = 4
	// fireTimeout bounds the wait for a turn together with the firing.
	fireTimeout = 10 * time.Second
	// clockSkew is how much earlier than by our clock a reminder may fire: the scheduler goes by its own.
	clockSkew = time.Second
)

// fireJob answers the call of a reminder's job: 200 when there is nothing more to do, also because the reminder was moved
// or is gone. Any other answer makes the sidecar call again (https://docs.dapr.io/reference/api/jobs_api/).
func (a *api) fireJob(w http.ResponseWriter, r *http.Request) error {
	taskID, number, ok := sidecar.ParseJobName(r.PathValue("name"))
	if !ok {
		a.log.WarnContext(r.Context(), "a job fired that is none of ours", "job", r.PathValue("name"))
		return nil
	}
	return a.fire(r.Context(), taskID, number)
}

// fire sends a reminder off if it is due and still holds. Doing it twice is doing it once. Code unavailable when too many
// others are before it.
func (a *api) fire(ctx context.Context, taskID uuid.UUID, number int) error {
	ctx, cancel := context.WithTimeout(ctx, fireTimeout)
	defer cancel()
	r, err := a.findReminder(ctx, taskID, number)
	if task.ErrorCode(err) == task.CodeNotFound {
		return nil // it went with its account
	}
	if err != nil {
		return err
	}
	if !r.Pending || r.FireAt.After(a.cautious.now().Add(clockSkew)) {
		return nil // one of thousands that call at once need not wait to learn that
	}
	return a.fireInTurn(ctx, r)
}

func (a *api) findReminder(ctx context.Context, taskID uuid.UUID, number int) (r postgres.Reminder, err error) {
	select {
	case a.looking <- struct{}{}:
		defer func() { <-a.looking }()
	case <-ctx.Done():
		return postgres.Reminder{}, errManyDue
	}
	err = a.db.InTx(ctx, func(tx pgx.Tx) error {
		r, err = postgres.ReminderByID(ctx, tx, taskID, number)
		return err
	})
	return r, err
}

var errManyDue = task.RetryLater(task.CodeUnavailable, time.Second, "too many reminders are due")

// fireInTurn is fire for a reminder that has been read. It waits for one of its user's places first, so that those who wait
// behind a user of thousands are that user's own.
func (a *api) fireInTurn(ctx context.Context, found postgres.Reminder) error {
	ctx, cancel := context.WithTimeout(ctx, fireTimeout)
	defer cancel()
	if err := a.firingOfUser.Acquire(ctx, found.UserID); err != nil {
		return errManyDue
	}
	defer a.firingOfUser.Release(found.UserID)
	select {
	case a.firing <- struct{}{}:
		defer func() { <-a.firing }()
	case <-ctx.Done():
		return errManyDue
	}
	var fired *postgres.Reminder
	err := a.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		fired, err = fireReminder(ctx, tx, found.TaskID, found.Number, a.cautious.now())
		return err
	})
	if err != nil {
		return err
	}
	if fired != nil {
		a.wake(fired.UserID)
	}
	return nil
}

// fireReminder appends reminder.due and notes that the reminder has fired, or cancels it when its task is gone or done. It
// returns nil when the reminder did not fire. Reminders of a task at the same instant are one: the first of them fires.
func fireReminder(ctx context.Context, tx pgx.Tx, taskID uuid.UUID, number int, now time.Time) (*postgres.Reminder, error) {
	r, err := postgres.LockReminder(ctx, tx, taskID, number)
	if task.ErrorCode(err) == task.CodeNotFound {
		return nil, nil // it went with its account
	}
	if err != nil {
		return nil, err
	}
	if !r.Pending || r.FireAt.After(now.Add(clockSkew)) {
		return nil, nil // it has fired, was cancelled, or was moved and has another job
	}
	t, err := postgres.TaskByID(ctx, tx, r.UserID, taskID)
	if task.ErrorCode(err) == task.CodeNotFound || (err == nil && t.Completed) {
		return nil, postgres.MarkCancelled(ctx, tx, r, now)
	}
	if err != nil {
		return nil, err
	}
	first, err := postgres.MarkFired(ctx, tx, r, now)
	if err != nil || !first {
		return nil, err
	}
	due := event.New(event.ReminderDue, r.UserID, t, now)
	due.Data.Reminder = &event.DueReminder{Number: r.Number, At: r.FireAt}
	if err := postgres.RecordEvents(ctx, tx, due); err != nil {
		return nil, err
	}
	return &r, nil
}
