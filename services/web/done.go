package main

import (
	"net/http"
	"net/url"
	"time"

	"taskmaster/internal/task"
)

// doneShown is how many of the completed tasks are listed, the last ones first.
const doneShown = 200

// doneTasks shows what is done, by the day on which it was.
func (w *web) doneTasks(rw http.ResponseWriter, r *http.Request, v *visit) error {
	tasks, more, err := v.tasksUpTo(r.Context(), doneShown, url.Values{"status": {"done"}, "order": {"completed"}})
	if err != nil {
		return err
	}
	l := list{Empty: empty{"Nothing is done yet", "Complete a task by the circle before it, or with x.", "See today", "/today"}, ReadOnly: true, More: more}
	l.byDay(v, tasks, func(t task.Task) *time.Time { return t.CompletedAt })
	return w.showTo(rw, r, v, http.StatusOK, page{Name: "list", Title: "Done", Path: "/done", Body: l})
}
