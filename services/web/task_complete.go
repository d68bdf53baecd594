package main

import (
	"net/http"

	"taskmaster/internal/task"
	"taskmaster/services/web/client"
)

// completeTask completes a task. Completing and reopening are idempotent and overwrite no other
// change. They therefore need no If-Match.
func (s *service) completeTask(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	id := r.PathValue("id")
	t, err := rc.Post(r.Context(), client.ItemPath("/tasks", id)+"/complete", r.PostFormValue("key"), nil)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", rc.etag(t))
	return s.redirectWithFlash(w, r, back(r), flashMessage{Text: "Completed " + quoted(t.Title), Undo: "/tasks/" + t.ID.String() + "/reopen"})
}

func (s *service) reopenTask(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	id := r.PathValue("id")
	t, err := rc.Post(r.Context(), client.ItemPath("/tasks", id)+"/reopen", r.PostFormValue("key"), nil)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", rc.etag(t))
	return s.redirectWithFlash(w, r, back(r), flashMessage{Text: quoted(t.Title) + " is open again"})
}

// skipTask moves a recurring task to its next occurrence, unless it changed since the user saw it. A
// repeated click would skip another occurrence.
func (s *service) skipTask(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	var t task.Task
	path := client.ItemPath("/tasks", r.PathValue("id")) + "/skip"
	err := rc.Call(r.Context(), "POST", path, nil, &t, "Idempotency-Key", r.PostFormValue("key"), "If-Match", task.ETag(r.PostFormValue("revision")))
	if err != nil {
		return err
	}
	w.Header().Set("ETag", rc.etag(t))
	said := "Skipped one of " + quoted(t.Title)
	if due := rc.due(t.DueAt, t.DueOn); due != nil {
		said += ": it is due " + due.Words
	}
	return s.redirectWithFlash(w, r, back(r), flashMessage{Text: said})
}

// deletion is a task on the page that asks for confirmation before deleting it.
type deletion struct {
	ID, Title, Revision, Back string
}

// deleteTask deletes a task permanently, unless it changed since the user saw it. A script delays
// the form so that the deletion can be undone. Without scripts, a page asks for confirmation.
func (s *service) deleteTask(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	d := deletion{r.PathValue("id"), r.PostFormValue("title"), r.PostFormValue("revision"), back(r)}
	if d.Back == "/task/"+d.ID {
		d.Back = "/today"
	}
	if r.PostFormValue("sure") == "" && !isOfflineChange(r) {
		return s.showTo(w, r, rc, http.StatusOK, page{Name: "delete", Title: "Delete " + quoted(d.Title) + "?", Body: d, Here: d.Back})
	}
	err := rc.Call(r.Context(), "DELETE", client.ItemPath("/tasks", d.ID), nil, nil, "If-Match", task.ETag(d.Revision))
	switch task.ErrorCode(err) {
	case "", task.CodeNotFound: // it is deleted already
		return s.redirectWithFlash(w, r, d.Back, flashMessage{Text: "Deleted " + quoted(d.Title)})
	case task.CodePrecondition:
		return task.Errorf(task.CodePrecondition, "%s was changed elsewhere meanwhile and is still there: look at it before you delete it", quoted(d.Title))
	default:
		return err
	}
}
