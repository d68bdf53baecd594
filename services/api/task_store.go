package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/event"
	"taskmaster/internal/history"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// This file holds the changes of a task. Each runs in a transaction and locks the user's row until
// its end. If something changes, it takes the next revision, updates the reminders and appends the
// events. In the outbox, and so for every consumer, a user's changes are in the order of their
// revisions.

// newTask prepares a task that a user asked for: normalized, valid, and the first of its series if
// it recurs.
func newTask(t task.Task, now time.Time) (task.Task, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return task.Task{}, fmt.Errorf("create task id: %w", err)
	}
	t.ID = id
	t.Normalize()
	if t.Completed {
		t.CompletedAt = &now
	}
	startSeries(&t)
	return t, t.Validate()
}

// startSeries makes a recurring task an occurrence of its series. By default it is the first.
func startSeries(t *task.Task) {
	if t.Recurrence == nil {
		return
	}
	if t.SeriesID == nil {
		t.SeriesID = &t.ID
	}
	if t.Occurrence == nil && t.DueOn != nil {
		t.Occurrence = new(t.DueOn.Midnight())
	}
	if t.Occurrence == nil {
		t.Occurrence = t.DueAt
	}
}

// userTx is a transaction that holds the row of a user, so that nobody else changes the user's tasks
// until it ends.
type userTx struct {
	pgx.Tx
	// user is the locked user. Its revision is the last one that was taken.
	user postgres.User
	now  time.Time
	// used is the number of bytes that the user stored before the transaction.
	used  int64
	quota account.Quota
}

// lockUser locks a user's row. It returns code not_found if the account was deleted.
func lockUser(ctx context.Context, tx pgx.Tx, userID uuid.UUID, now time.Time, quota account.Quota) (*userTx, error) {
	u, used, err := postgres.LockUserAndUsage(ctx, tx, userID)
	return &userTx{Tx: tx, user: u, now: now, used: used, quota: quota.Of(u)}, err
}

// insertTask stores a task that newTask or the recurrence prepared. It returns false and changes
// nothing if the id is taken.
func (u *userTx) insertTask(ctx context.Context, t task.Task) (task.Task, bool, error) {
	u.placeDay(&t)
	t.Revision, t.CreatedAt, t.UpdatedAt = u.user.Revision+1, u.now, u.now
	made, err := postgres.InsertTask(ctx, u.Tx, u.user.ID, t)
	if err != nil || !made {
		return task.Task{}, false, err
	}
	events := []event.Event{event.New(event.TaskCreated, u.user.ID, t, u.now)}
	if t.Completed {
		events = append(events, event.New(event.TaskCompleted, u.user.ID, t, u.now))
		if err := u.storeCompletion(ctx, t); err != nil {
			return task.Task{}, false, err
		}
	}
	return t, true, u.recordChange(ctx, t, events)
}

// placeDay gives a task that is due on a whole day the time zone of its account.
func (u *userTx) placeDay(t *task.Task) {
	if t.DueOn != nil {
		t.TimeZone = u.user.TimeZone
	}
}

// updateTask changes a task by edit. If ifMatch is not empty, it has to name the task's ETag. An
// edit that changes nothing takes no revision and returns the task as it is. Codes: not_found,
// precondition_failed, and those of edit.
func (u *userTx) updateTask(ctx context.Context, id uuid.UUID, ifMatch []string, edit func(*task.Task) error) (task.Task, error) {
	before, err := postgres.TaskByID(ctx, u.Tx, u.user.ID, id)
	if err != nil {
		return task.Task{}, err
	}
	if err := checkMatch(ifMatch, before, u.user.Epoch); err != nil {
		return task.Task{}, err
	}
	t := clone(before)
	if err := edit(&t); err != nil {
		return task.Task{}, err
	}
	if t.Reminders == nil {
		t.Reminders = u.user.DefaultReminders().Of(t.DueOn != nil)
	}
	sameSeries := t.ChangeKind(before, u.user.DefaultReminders())
	t.Normalize()
	u.placeDay(&t)
	reconcileCompletion(&t, before, u.now)
	if !sameSeries {
		anchorSeries(&t, before)
	}
	if err := t.ValidateAfter(before); err != nil {
		return task.Task{}, err
	}
	previous, err := event.Changes(before, t)
	if err != nil {
		return task.Task{}, err
	}
	if len(previous) == 0 {
		return before, nil
	}
	t.Revision, t.UpdatedAt = u.user.Revision+1, u.now
	events, err := u.updateEvents(before, t, previous)
	if err != nil {
		return task.Task{}, err
	}
	if err := u.admitUpdate(before, t, events); err != nil {
		return task.Task{}, err
	}
	if err := postgres.UpdateTask(ctx, u.Tx, u.user.ID, t); err != nil {
		return task.Task{}, err
	}
	if err := u.recordChange(ctx, t, events); err != nil {
		return task.Task{}, err
	}
	switch {
	case t.Completed && !before.Completed:
		return t, u.storeCompletion(ctx, t)
	case before.Completed && !t.Completed:
		return t, u.undoCompletion(ctx, t.ID)
	}
	return t, nil
}

// updateEvents returns the events of a changed task: task.updated for an edit, task.completed for a
// completion, and both if an edit also completed the task.
func (u *userTx) updateEvents(before, t task.Task, previous map[string]json.RawMessage) ([]event.Event, error) {
	updated := event.New(event.TaskUpdated, u.user.ID, t, u.now)
	updated.Data.Previous = previous
	if !t.Completed || before.Completed {
		return []event.Event{updated}, nil
	}
	completed := event.New(event.TaskCompleted, u.user.ID, t, u.now)
	onlyCompleted := clone(before)
	onlyCompleted.Completed = true
	reconcileCompletion(&onlyCompleted, before, u.now)
	edits, err := event.Changes(onlyCompleted, t)
	if err != nil || len(edits) == 0 {
		return []event.Event{completed}, err
	}
	return []event.Event{updated, completed}, nil
}

// reconcileCompletion derives CompletedAt from Completed. A completed task is not snoozed.
func reconcileCompletion(t *task.Task, before task.Task, now time.Time) {
	switch {
	case !t.Completed:
		t.CompletedAt = nil
	case !before.Completed:
		t.CompletedAt, t.SnoozedUntil = &now, nil
	}
}

// anchorSeries restarts the series at this task if its pattern was set or changed. A new due date
// alone moves this occurrence and leaves the series unchanged.
func anchorSeries(t *task.Task, before task.Task) {
	if t.Recurrence == nil || samePattern(*t.Recurrence, before.Recurrence) {
		return
	}
	t.Occurrence = nil
	startSeries(t)
}

// samePattern reports whether two recurrences differ in nothing but left-out occurrences.
func samePattern(r task.Recurrence, before *task.Recurrence) bool {
	if before == nil {
		return false
	}
	r.ExDates = before.ExDates
	return reflect.DeepEqual(r, *before)
}

// skipOccurrence moves a recurring task to its next occurrence without completing it. Codes:
// not_found, precondition_failed, and conflict if it does not recur, is completed or is the last one.
func (u *userTx) skipOccurrence(ctx context.Context, id uuid.UUID, ifMatch []string) (task.Task, error) {
	t, err := u.updateTask(ctx, id, ifMatch, func(t *task.Task) error {
		if t.Completed {
			return task.Errorf(task.CodeConflict, "the task is completed")
		}
		if t.Recurrence == nil {
			return task.Errorf(task.CodeConflict, "the task does not repeat, so it has no next occurrence")
		}
		moved, err := t.Skip(u.now)
		if err == nil && !moved {
			err = task.Errorf(task.CodeConflict, "this is the last occurrence of the task: complete or delete it")
		}
		return err
	})
	if err != nil {
		return task.Task{}, err
	}
	return t, postgres.AppendHistory(ctx, u.Tx, u.user.ID, id, history.Entry{Type: history.Skipped, At: u.now})
}

// removeTask deletes a task. Codes: not_found, precondition_failed.
func (u *userTx) removeTask(ctx context.Context, id uuid.UUID, ifMatch []string) error {
	t, err := postgres.TaskByID(ctx, u.Tx, u.user.ID, id)
	if err != nil {
		return err
	}
	if err := checkMatch(ifMatch, t, u.user.Epoch); err != nil {
		return err
	}
	if err := postgres.DeleteTask(ctx, u.Tx, u.user.ID, id); err != nil {
		return err
	}
	if err := postgres.LeaveCompletions(ctx, u.Tx, u.user.ID, id, u.now); err != nil {
		return err
	}
	t.Revision = u.user.Revision + 1
	return u.recordDeletion(ctx, t)
}

// recordChange takes the revision of t, sets its reminders and appends the events, task.changed
// last.
func (u *userTx) recordChange(ctx context.Context, t task.Task, events []event.Event) error {
	events = append(events, event.New(event.TaskChanged, u.user.ID, t, u.now))
	return u.record(ctx, t, u.wantedReminders(t), events)
}

// recordDeletion takes the revision of the deleted task t, cancels its reminders and appends the
// events, task.changed last.
func (u *userTx) recordDeletion(ctx context.Context, t task.Task) error {
	changed := event.New(event.TaskChanged, u.user.ID, t, u.now)
	changed.Data.Deleted = true
	return u.record(ctx, t, nil, []event.Event{event.New(event.TaskDeleted, u.user.ID, t, u.now), changed})
}

func (u *userTx) record(ctx context.Context, t task.Task, reminders map[int]time.Time, events []event.Event) error {
	if err := postgres.SetRevision(ctx, u.Tx, u.user.ID, t.Revision); err != nil {
		return err
	}
	u.user.Revision = t.Revision
	if err := postgres.SetReminders(ctx, u.Tx, u.user.ID, t.ID, reminders, u.now); err != nil {
		return err
	}
	return postgres.RecordEvents(ctx, u.Tx, events...)
}

// wantedReminders returns the instants of a task's reminders by number. A default reminder that had
// passed when the task was created comes when the task is due.
func (u *userTx) wantedReminders(t task.Task) map[int]time.Time {
	wanted := wantedReminders(t, u.now)
	if t.DueAt == nil || !t.DueAt.After(t.CreatedAt) || !reflect.DeepEqual(t.Reminders, u.user.DefaultReminders().Timed) {
		return wanted
	}
	for i := range t.Reminders {
		if at, ok := wanted[i]; ok && !at.After(t.CreatedAt) {
			wanted[i] = *t.DueAt
		}
	}
	return afterSnooze(t, wanted, u.now)
}

// wantedReminders returns the instants of a task's reminders by number. A completed task has none.
func wantedReminders(t task.Task, now time.Time) map[int]time.Time {
	wanted := map[int]time.Time{}
	if t.Completed {
		return wanted
	}
	for i, r := range t.Reminders {
		if at, ok := t.RemindAt(r); ok {
			wanted[i] = at
		}
	}
	return afterSnooze(t, wanted, now)
}

// afterSnooze replaces the coming reminders of a snoozed task up to the end of its snooze by one at the
// end. Those that have passed stay: their notifications may still be on their way.
func afterSnooze(t task.Task, wanted map[int]time.Time, now time.Time) map[int]time.Time {
	if t.SnoozedUntil == nil || t.Completed {
		return wanted
	}
	maps.DeleteFunc(wanted, func(_ int, at time.Time) bool { return at.After(now) && at.Before(*t.SnoozedUntil) })
	wanted[postgres.SnoozeNumber] = *t.SnoozedUntil
	return wanted
}

// clone copies the parts of a task that an edit may write through.
func clone(t task.Task) task.Task {
	if t.Recurrence != nil {
		r := *t.Recurrence
		t.Recurrence = &r
	}
	t.Reminders = append([]task.Reminder{}, t.Reminders...)
	return t
}
