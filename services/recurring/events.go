package main

import (
	"context"
	"fmt"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

// The app that owns tasks, and its method that creates an occurrence.
const (
	apiApp            = "api"
	occurrencesMethod = "internal/occurrences"
)

// handle creates the next occurrence if e completes a recurring task. The code invalid means that
// the event is wrong, and conflict that api refused the occurrence. A retry would fail too.
func (r *recurring) handle(ctx context.Context, e event.Event) error {
	completed := e.Data.TaskData
	if e.Type != event.TaskCompleted || completed.Recurrence == nil {
		return nil
	}
	if completed.ID != e.Data.TaskID || completed.CompletedAt == nil {
		return task.Errorf(task.CodeInvalid, "event %s of task %s: its task has another id or no completed_at", e.ID, e.Data.TaskID)
	}
	next, ok, err := task.NextTask(completed, *completed.CompletedAt)
	if err != nil {
		return fmt.Errorf("find next occurrence of task %s: %w", completed.ID, err)
	}
	if !ok {
		r.log.InfoContext(ctx, "series ended", "task_id", completed.ID, "series_id", completed.SeriesID)
		return nil
	}
	err = r.invoke(ctx, apiApp, occurrencesMethod, apiv1.Occurrence{
		UserID: e.Data.UserID, PreviousID: completed.ID, CompletedRevision: e.Data.Revision, Task: next,
	})
	if err != nil {
		return fmt.Errorf("create next occurrence of task %s: %w", completed.ID, err)
	}
	r.log.DebugContext(ctx, "occurrence created", "task_id", next.ID, "previous_id", completed.ID, "due_at", next.DueAt)
	return nil
}
