package main

import (
	"net/http"

	"taskmaster/internal/task"
)

// completeTask and reopenTask say in which state a task is to be, which is safe to say twice and loses nothing that somebody
// else changed meanwhile: they need no If-Match.
func (w *web) completeTask(rw http.ResponseWriter, r *http.Request, v *visit) error {
	id := r.PathValue("id")
	t, err := v.post(r.Context(), taskPath(id)+"/complete", r.PostFormValue("key"), nil)
	if err != nil {
		return err
	}
	rw.Header().Set("ETag", v.etag(t))
	return w.done(rw, r, back(r), notice{Text: "Completed " + quoted(t.Title), Undo: "/tasks/" + t.ID.String() + "/reopen"})
}

func (w *web) reopenTask(rw http.ResponseWriter, r *http.Request, v *visit) error {
	id := r.PathValue("id")
	t, err := v.post(r.Context(), taskPath(id)+"/reopen", r.PostFormValue("key"), nil)
	if err != nil {
		return err
	}
	rw.Header().Set("ETag", v.etag(t))
	return w.done(rw, r, back(r), notice{Text: quoted(t.Title) + " is open again"})
}

// deletion is a task that is about to be deleted, as the page that asks for certainty shows it.
type deletion struct {
	ID, Title, Revision, Back string
}

// deleteTask deletes a task for good, unless it has changed since the visitor saw it. A script lets that be undone before it
// sends the form; without one, a page asks first.
func (w *web) deleteTask(rw http.ResponseWriter, r *http.Request, v *visit) error {
	d := deletion{r.PathValue("id"), r.PostFormValue("title"), r.PostFormValue("revision"), back(r)}
	if d.Back == "/task/"+d.ID {
		d.Back = "/today"
	}
	if r.PostFormValue("sure") == "" && !keptChange(r) {
		return w.showTo(rw, r, v, http.StatusOK, page{Name: "delete", Title: "Delete " + quoted(d.Title) + "?", Body: d, Here: d.Back})
	}
	err := v.call(r.Context(), "DELETE", "/tasks"+taskPath(d.ID), nil, nil, "If-Match", etag(d.Revision))
	switch task.ErrorCode(err) {
	case "", task.CodeNotFound: // deleted already is deleted
		return w.done(rw, r, d.Back, notice{Text: "Deleted " + quoted(d.Title)})
	case task.CodePrecondition:
		return task.Errorf(task.CodePrecondition, "%s was changed elsewhere meanwhile and is still there: look at it before you delete it", quoted(d.Title))
	default:
		return err
	}
}
