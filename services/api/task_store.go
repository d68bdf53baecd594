package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
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
	if t.Occurrence == nil {
		t.Occurrence = t.DueAt
	}
}

// insertTask stores a task that newTask or the recurrence prepared. It returns false and changes
// nothing if the id is taken.
func insertTask(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task, now time.Time) (task.Task, bool, error) {
	u, err := postgres.LockUser(ctx, tx, userID)
	if err != nil {
		return task.Task{}, false, err
	}
	t.Revision, t.CreatedAt, t.UpdatedAt = u.Revision+1, now, now
	made, err := postgres.InsertTask(ctx, tx, userID, t)
	if err != nil || !made {
		return task.Task{}, false, err
	}
	events := []event.Event{event.New(event.TaskCreated, userID, t, now)}
	if t.Completed {
		events = append(events, event.New(event.TaskCompleted, userID, t, now))
		if err := storeCompletion(ctx, tx, userID, t); err != nil {
			return task.Task{}, false, err
		}
	}
	return t, true, recordChange(ctx, tx, userID, t, now, events...)
}

// updateTask changes a user's task by edit. If ifMatch is not empty, it has to name the task's
// ETag. An edit that changes nothing takes no revision and returns the task as it is. Codes:
// not_found, precondition_failed, and those of edit.
func updateTask(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID, ifMatch string, now time.Time, edit func(*task.Task) error) (task.Task, error) {
	u, err := postgres.LockUser(ctx, tx, userID)
	if err != nil {
		return task.Task{}, err
	}
	before, err := postgres.TaskByID(ctx, tx, userID, id)
	if err != nil {
		return task.Task{}, err
	}
	if err := checkMatch(ifMatch, before, u.Epoch); err != nil {
		return task.Task{}, err
	}
	t := clone(before)
	if err := edit(&t); err != nil {
		return task.Task{}, err
	}
	t.Normalize()
	reconcileCompletion(&t, before, now)
	anchorSeries(&t, before)
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
	t.Revision, t.UpdatedAt = u.Revision+1, now
	if err := postgres.UpdateTask(ctx, tx, userID, t); err != nil {
		return task.Task{}, err
	}
	var events []event.Event
	completes := t.Completed && !before.Completed
	if !completes || len(previous) > countCompletionFields(previous) {
		e := event.New(event.TaskUpdated, userID, t, now)
		e.Data.Previous = previous
		events = append(events, e)
	}
	if completes {
		events = append(events, event.New(event.TaskCompleted, userID, t, now))
	}
	if err := recordChange(ctx, tx, userID, t, now, events...); err != nil {
		return task.Task{}, err
	}
	switch {
	case completes:
		return t, storeCompletion(ctx, tx, userID, t)
	case before.Completed && !t.Completed:
		return t, undoCompletion(ctx, tx, userID, t.ID, now)
	}
	return t, nil
}

// countCompletionFields returns how many of the changed fields are those that completing alone
// changes.
func countCompletionFields(previous map[string]json.RawMessage) int {
	n := 0
	for _, name := range []string{"completed", "completed_at", "snoozed_until"} {
		if _, ok := previous[name]; ok {
			n++
		}
	}
	return n
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
	if t.Recurrence == nil || reflect.DeepEqual(t.Recurrence, before.Recurrence) {
		return
	}
	t.Occurrence = nil
	startSeries(t)
}

// removeTask deletes a user's task. Codes: not_found, precondition_failed.
func removeTask(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID, ifMatch string, now time.Time) error {
	u, err := postgres.LockUser(ctx, tx, userID)
	if err != nil {
		return err
	}
	t, err := postgres.TaskByID(ctx, tx, userID, id)
	if err != nil {
		return err
	}
	if err := checkMatch(ifMatch, t, u.Epoch); err != nil {
		return err
	}
	if err := postgres.DeleteTask(ctx, tx, userID, id); err != nil {
		return err
	}
	if err := postgres.LeaveCompletions(ctx, tx, userID, id, now); err != nil {
		return err
	}
	t.Revision = u.Revision + 1
	return recordDeletion(ctx, tx, userID, t, now)
}

// storeCompletion stores the completion of a recurring task at the revision of t. The next
// occurrence is created only while the completion is stored. If the task was reopened and its
// follower stayed, the follower belongs to this completion too: a second one beside it would double
// the series.
func storeCompletion(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task) error {
	before, found, err := postgres.LastCompletion(ctx, tx, userID, t.ID)
	if err != nil {
		return err
	}
	if found {
		if err := postgres.DeleteCompletions(ctx, tx, userID, t.ID); err != nil {
			return err
		}
	}
	if t.Recurrence == nil {
		return nil
	}
	c := postgres.Completion{UserID: userID, TaskID: t.ID, Revision: t.Revision}
	if before.FollowerID != nil {
		switch _, err := postgres.TaskByID(ctx, tx, userID, *before.FollowerID); {
		case err == nil:
			c.FollowerID = before.FollowerID
		case task.ErrorCode(err) != task.CodeNotFound:
			return err
		}
	}
	return postgres.InsertCompletion(ctx, tx, c)
}

// undoCompletion deletes a task's completion and its next occurrence, unless the occurrence was
// changed since. A changed one stays the task's follower.
func undoCompletion(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID, now time.Time) error {
	c, found, err := postgres.LastCompletion(ctx, tx, userID, id)
	if err != nil || !found {
		return err
	}
	untouched := false
	if c.FollowerID != nil {
		follower, err := postgres.TaskByID(ctx, tx, userID, *c.FollowerID)
		if err != nil && task.ErrorCode(err) != task.CodeNotFound {
			return err
		}
		if err == nil && !follower.UpdatedAt.Equal(follower.CreatedAt) {
			return nil
		}
		untouched = err == nil
	}
	if err := postgres.DeleteCompletions(ctx, tx, userID, id); err != nil || !untouched {
		return err
	}
	return removeTask(ctx, tx, userID, *c.FollowerID, "", now)
}

// recordChange takes the revision of t, sets its reminders and appends the events, task.changed
// last.
func recordChange(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task, now time.Time, events ...event.Event) error {
	if err := takeRevision(ctx, tx, userID, t.Revision); err != nil {
		return err
	}
	if err := postgres.SetReminders(ctx, tx, userID, t.ID, wantedReminders(t), now); err != nil {
		return err
	}
	return postgres.AppendEvents(ctx, tx, append(events, event.New(event.TaskChanged, userID, t, now))...)
}

func recordDeletion(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task, now time.Time) error {
	if err := takeRevision(ctx, tx, userID, t.Revision); err != nil {
		return err
	}
	if err := postgres.SetReminders(ctx, tx, userID, t.ID, nil, now); err != nil {
		return err
	}
	changed := event.New(event.TaskChanged, userID, t, now)
	changed.Data.Deleted = true
	return postgres.AppendEvents(ctx, tx, event.New(event.TaskDeleted, userID, t, now), changed)
}

func takeRevision(ctx context.Context, tx pgx.Tx, userID uuid.UUID, want int64) error {
	got, err := postgres.NextRevision(ctx, tx, userID)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("revision %d of user %s was taken in spite of the lock, wanted %d", got, userID, want)
	}
	return nil
}

// wantedReminders returns the instants of a task's reminders by number. A completed task has none.
func wantedReminders(t task.Task) map[int]time.Time {
	wanted := map[int]time.Time{}
	if t.Completed {
		return wanted
	}
	for i, r := range t.Reminders {
		if at, ok := r.Time(t.DueAt); ok {
			wanted[i] = at
		}
	}
	if t.SnoozedUntil != nil {
		wanted[postgres.SnoozeNumber] = *t.SnoozedUntil
	}
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
