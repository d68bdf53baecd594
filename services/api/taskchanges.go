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

// The functions here are what can happen to a task. Each runs in a transaction that it leaves holding the user's row, takes
// a revision if something changes and only then, keeps the reminders in step and appends the events. In the outbox and so
// for every consumer, a user's changes stand in the order of their revisions.

// newTask prepares a task that a user asked for: normalized, valid, the first of its series if it recurs.
func newTask(t task.Task, now time.Time) (task.Task, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return task.Task{}, fmt.Errorf("make task id: %w", err)
	}
	t.ID = id
	t.Normalize()
	if t.Completed {
		t.CompletedAt = &now
	}
	startSeries(&t)
	return t, t.Validate()
}

// startSeries makes a recurring task an occurrence of its series, by default the first.
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

// createTask stores a task that newTask or the recurrence prepared. It returns false, having changed nothing, when the id
// is taken.
func createTask(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task, now time.Time) (task.Task, bool, error) {
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
		if err := keepCompletion(ctx, tx, userID, t); err != nil {
			return task.Task{}, false, err
		}
	}
	return t, true, commitChange(ctx, tx, userID, t, now, events...)
}

// updateTask changes a user's task by edit. ifMatch, when not "", has to name its ETag. Without a change nothing happens and
// the task is returned as it is. Codes: not_found, precondition_failed, and what edit returns.
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
	if !completes || len(previous) > countCompletion(previous) {
		e := event.New(event.TaskUpdated, userID, t, now)
		e.Data.Previous = previous
		events = append(events, e)
	}
	if completes {
		events = append(events, event.New(event.TaskCompleted, userID, t, now))
	}
	if err := commitChange(ctx, tx, userID, t, now, events...); err != nil {
		return task.Task{}, err
	}
	switch {
	case completes:
		return t, keepCompletion(ctx, tx, userID, t)
	case before.Completed && !t.Completed:
		return t, undoCompletion(ctx, tx, userID, t.ID, now)
	}
	return t, nil
}

// countCompletion returns how many of the changed fields are those that completing alone changes.
func countCompletion(previous map[string]json.RawMessage) int {
	n := 0
	for _, name := range []string{"completed", "completed_at", "snoozed_until"} {
		if _, ok := previous[name]; ok {
			n++
		}
	}
	return n
}

// reconcileCompletion keeps CompletedAt in step with Completed. A completed task is not snoozed.
func reconcileCompletion(t *task.Task, before task.Task, now time.Time) {
	switch {
	case !t.Completed:
		t.CompletedAt = nil
	case !before.Completed:
		t.CompletedAt, t.SnoozedUntil = &now, nil
	}
}

// anchorSeries makes a pattern that was set or changed start at this task. Moving the due date alone moves this occurrence
// and leaves the series where it is.
func anchorSeries(t *task.Task, before task.Task) {
	if t.Recurrence == nil || reflect.DeepEqual(t.Recurrence, before.Recurrence) {
		return
	}
	t.Occurrence = nil
	startSeries(t)
}

// deleteTask removes a user's task. Codes: not_found, precondition_failed.
func deleteTask(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID, ifMatch string, now time.Time) error {
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
	return commitDeletion(ctx, tx, userID, t, now)
}

// keepCompletion stores the completion of a recurring task, at the revision that t has. The next
// occurrence is made only while it is stored. A follower that stayed when the task was reopened
// follows this completion as well: a second one beside it would double the series.
func keepCompletion(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task) error {
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

// undoCompletion forgets a task's completion and takes its next occurrence back, unless that was
// touched since. A touched one stays the task's follower.
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
	return deleteTask(ctx, tx, userID, *c.FollowerID, "", now)
}

// commitChange takes the revision that t has been given, sets its reminders and appends the events, with task.changed last.
func commitChange(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task, now time.Time, events ...event.Event) error {
	if err := takeRevision(ctx, tx, userID, t.Revision); err != nil {
		return err
	}
	if err := postgres.SetReminders(ctx, tx, userID, t.ID, wantedReminders(t), now); err != nil {
		return err
	}
	return postgres.AppendEvents(ctx, tx, append(events, event.New(event.TaskChanged, userID, t, now))...)
}

func commitDeletion(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t task.Task, now time.Time) error {
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

// wantedReminders returns the instants of a task's reminders by number; none once it is completed.
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

// clone copies what edits may write through.
func clone(t task.Task) task.Task {
	if t.Recurrence != nil {
		r := *t.Recurrence
		t.Recurrence = &r
	}
	t.Reminders = append([]task.Reminder{}, t.Reminders...)
	return t
}
