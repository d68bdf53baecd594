package main

import (
	"context"

	"github.com/google/uuid"

	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// storeCompletion stores the completion of a recurring task at the revision of t. The next
// occurrence is created only while the completion is stored. If the task was reopened and its
// follower stayed, the follower belongs to this completion too: a second one beside it would double
// the series.
func (u *userTx) storeCompletion(ctx context.Context, t task.Task) error {
	before, found, err := postgres.LastCompletion(ctx, u.Tx, u.user.ID, t.ID)
	if err != nil {
		return err
	}
	if found {
		if err := postgres.DeleteCompletions(ctx, u.Tx, u.user.ID, t.ID); err != nil {
			return err
		}
	}
	if t.Recurrence == nil {
		return nil
	}
	c := postgres.Completion{UserID: u.user.ID, TaskID: t.ID, Revision: t.Revision}
	if before.FollowerID != nil {
		switch _, err := postgres.TaskByID(ctx, u.Tx, u.user.ID, *before.FollowerID); {
		case err == nil:
			c.FollowerID = before.FollowerID
		case task.ErrorCode(err) != task.CodeNotFound:
			return err
		}
	}
	return postgres.InsertCompletion(ctx, u.Tx, c)
}

// undoCompletion deletes a task's completion and its next occurrence, unless the occurrence was
// changed since. A changed one stays the task's follower.
func (u *userTx) undoCompletion(ctx context.Context, id uuid.UUID) error {
	c, found, err := postgres.LastCompletion(ctx, u.Tx, u.user.ID, id)
	if err != nil || !found {
		return err
	}
	untouched := false
	if c.FollowerID != nil {
		follower, err := postgres.TaskByID(ctx, u.Tx, u.user.ID, *c.FollowerID)
		if err != nil && task.ErrorCode(err) != task.CodeNotFound {
			return err
		}
		if err == nil && !follower.UpdatedAt.Equal(follower.CreatedAt) {
			return nil
		}
		untouched = err == nil
	}
	if err := postgres.DeleteCompletions(ctx, u.Tx, u.user.ID, id); err != nil || !untouched {
		return err
	}
	return u.removeTask(ctx, *c.FollowerID, nil)
}
