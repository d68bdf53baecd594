package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/history"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// maxOccurrence is the largest body in bytes. A task in JSON can be larger than the request that
// created it.
const maxOccurrence = 1 << 20

// createOccurrence creates the next occurrence once, however often it is called. It answers 201 if
// it created the task, and 200 if the task exists or the completion was undone. 409 means that the
// occurrence can never be created.
func (s *service) createOccurrence(w http.ResponseWriter, r *http.Request) error {
	// Another version of recurring may send fields that this one does not know.
	body, err := server.ReadBody(w, r, maxOccurrence)
	if err != nil {
		return err
	}
	var in apiv1.Occurrence
	if err := json.Unmarshal(body, &in); err != nil {
		s.log.WarnContext(r.Context(), "occurrence is not JSON", "error", err)
		return task.Errorf(task.CodeConflict, "the body is not an occurrence")
	}
	in.Task.Normalize()
	// The title is that of the previous task, which may be older than the rules for titles.
	if err := in.Task.ValidateAfter(in.Task); err != nil {
		return task.Errorf(task.CodeConflict, "the occurrence is not valid: %v", err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	made := false
	err = s.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		u, err := lockUser(ctx, tx, in.UserID, s.instant(), s.quota())
		if err != nil {
			return err
		}
		made, err = u.followUp(ctx, in)
		return err
	})
	if task.ErrorCode(err) == task.CodeNotFound {
		// The account was deleted, and with it the series.
		err = nil
	}
	if err != nil {
		return err
	}
	if !made {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	s.wake(in.UserID)
	w.WriteHeader(http.StatusCreated)
	return nil
}

// followUp creates the task that follows a completion, once and only while the completion stands.
// It returns false if there is nothing to create.
func (u *userTx) followUp(ctx context.Context, in apiv1.Occurrence) (bool, error) {
	c, stands, err := u.standingCompletion(ctx, in)
	if err != nil || !stands || c.FollowerID != nil {
		return false, err
	}
	// The id belongs to the completion. The previous version derived it from the occurrence's
	// instant.
	in.Task.ID = task.SuccessorID(in.PreviousID, in.CompletedRevision)
	made, err := u.createFollower(ctx, &in.Task)
	if err != nil {
		return false, err
	}
	if err := postgres.FollowCompletion(ctx, u.Tx, c, in.Task.ID); err != nil {
		return false, err
	}
	followed := history.Entry{Type: history.Followed, At: u.now, Detail: history.Detail{NextTaskID: &in.Task.ID}}
	return made, postgres.AppendHistory(ctx, u.Tx, in.UserID, in.PreviousID, followed)
}

// standingCompletion returns the completion that an occurrence follows. It returns false if the
// completion was undone, or if it was followed and its task is gone.
//
// During an upgrade, a replica of the previous version may complete or reopen a task and store
// nothing here. The task itself then shows it. An open task has no standing completion. A completed
// task that has not changed since the completion was completed by it.
func (u *userTx) standingCompletion(ctx context.Context, in apiv1.Occurrence) (postgres.Completion, bool, error) {
	c, found, err := postgres.CompletionAt(ctx, u.Tx, in.UserID, in.PreviousID, in.CompletedRevision)
	if err != nil || c.Gone {
		return c, found, err
	}
	previous, err := postgres.TaskByID(ctx, u.Tx, in.UserID, in.PreviousID)
	if task.ErrorCode(err) == task.CodeNotFound {
		return c, found, nil
	}
	if err != nil || !previous.Completed {
		return c, false, err
	}
	if found || previous.Revision != in.CompletedRevision {
		return c, found, nil
	}
	followed, err := postgres.HasSuccessor(ctx, u.Tx, in.UserID, in.PreviousID)
	if err != nil || followed {
		return c, false, err
	}
	if err := u.storeCompletion(ctx, previous); err != nil {
		return c, false, err
	}
	return postgres.CompletionAt(ctx, u.Tx, in.UserID, in.PreviousID, in.CompletedRevision)
}

// createFollower stores the next occurrence. It returns false if the user has it already. Another
// user can have imported a task with the id. The occurrence then gets a new id, so that the series
// goes on.
func (u *userTx) createFollower(ctx context.Context, t *task.Task) (bool, error) {
	_, made, err := u.insertTask(ctx, *t)
	if made || err != nil {
		return made, err
	}
	_, err = postgres.TaskByID(ctx, u.Tx, u.user.ID, t.ID)
	if task.ErrorCode(err) != task.CodeNotFound {
		return false, err
	}
	if t.ID, err = uuid.NewV7(); err != nil {
		return false, fmt.Errorf("create task id: %w", err)
	}
	_, made, err = u.insertTask(ctx, *t)
	return made, err
}
