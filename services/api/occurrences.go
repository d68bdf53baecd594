package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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
	first, err := postgres.InsertSuccessor(ctx, tx, in.UserID, in.PreviousID, in.Task.ID)
	if err != nil || !first {
		return false, err
	}
	_, made, err := createTask(ctx, tx, in.UserID, in.Task, a.now().UTC().Truncate(time.Microsecond))
	return made, err
}
