package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/services/history"
	"taskmaster/services/postgres"
	"taskmaster/services/server"
	"taskmaster/services/task"
)

// occurrence is the body of POST /internal/occurrences: the task that follows a completed one.
type occurrence struct {
	UserID            uuid.UUID `json:"user_id"`
	PreviousID        uuid.UUID `json:"previous_id"`
	CompletedRevision int64     `json:"completed_revision"`
	Task              task.Task `json:"task"`
}

// maxOccurrence is the largest body in bytes; a task in JSON can be larger than what its owner sent.
const maxOccurrence = 1 << 20

// createOccurrence makes the next occurrence once, however often it is asked to: 201 when made, 200 when it had been or
// when the completion has been undone since. 409 means that it can never be made.
func (a *api) createOccurrence(w http.ResponseWriter, r *http.Request) error {
	// Another version of recurring may send fields that this one does not know.
	body, err := server.ReadBody(w, r, maxOccurrence)
	if err != nil {
		return err
	}
	var in occurrence
	if err := json.Unmarshal(body, &in); err != nil {
		return task.Errorf(task.CodeConflict, "the occurrence is not one: %v", err)
	}
	in.Task.Normalize()
	if err := in.Task.Validate(); err != nil {
		return task.Errorf(task.CodeConflict, "the occurrence is not valid: %v", err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	made := false
	err = a.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		made, err = a.followUp(ctx, tx, in)
		return err
	})
	if task.ErrorCode(err) == task.CodeNotFound {
		// The account is gone, and with it the wish for more tasks.
		err = nil
	}
	if err != nil {
		return err
	}
	if !made {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	a.wake(in.UserID)
	w.WriteHeader(http.StatusCreated)
	return nil
}

func (a *api) followUp(ctx context.Context, tx pgx.Tx, in occurrence) (bool, error) {
	if _, err := postgres.LockUser(ctx, tx, in.UserID); err != nil {
		return false, err
	}
	previous, err := postgres.TaskByID(ctx, tx, in.UserID, in.PreviousID)
	if err == nil && !previous.Completed {
		return false, nil // reopened since
	}
	// A completed task that was deleted is followed all the same: deleting it tidied up, the series goes on.
	if err != nil && task.ErrorCode(err) != task.CodeNotFound {
		return false, err
	}
	if _, followed, err := postgres.Successor(ctx, tx, in.UserID, in.PreviousID); followed || err != nil {
		return false, err
	}
	made, err := a.createFollower(ctx, tx, in.UserID, &in.Task)
	if err != nil {
		return false, err
	}
	if _, err := postgres.InsertSuccessor(ctx, tx, in.UserID, in.PreviousID, in.Task.ID); err != nil {
		return false, err
	}
	followed := history.Entry{Type: history.Followed, At: a.instant(), Detail: history.Detail{NextTaskID: &in.Task.ID}}
	return made, postgres.AppendHistory(ctx, tx, in.UserID, in.PreviousID, followed)
}

// createFollower stores the next occurrence. It returns false when the user has it already. An id that is somebody else's,
// who can have imported it, must not end the series: the task then gets another.
func (a *api) createFollower(ctx context.Context, tx pgx.Tx, userID uuid.UUID, t *task.Task) (bool, error) {
	now := a.instant()
	_, made, err := createTask(ctx, tx, userID, *t, now)
	if made || err != nil {
		return made, err
	}
	_, err = postgres.TaskByID(ctx, tx, userID, t.ID)
	if task.ErrorCode(err) != task.CodeNotFound {
		return false, err
	}
	if t.ID, err = uuid.NewV7(); err != nil {
		return false, fmt.Errorf("make task id: %w", err)
	}
	_, made, err = createTask(ctx, tx, userID, *t, now)
	return made, err
}
