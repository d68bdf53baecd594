package main

import (
	"net/http"
	"net/url"
	"time"

	"taskmaster/internal/task"
)

// doneShown is the number of completed tasks on the page, the latest first.
const doneShown = 200

// doneTasks shows completed tasks, grouped by the day of their completion.
func (s *service) doneTasks(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	tasks, more, err := rc.TasksUpTo(r.Context(), doneShown, url.Values{"status": {"done"}, "order": {"completed"}})
	if err != nil {
		return err
	}
	l := list{Empty: empty{"Nothing is done yet", "Complete a task by the circle before it, or with x.", "See today", "/today"}, ReadOnly: true, More: more}
	l.byDay(rc, tasks, func(t task.Task) time.Time { return t.CompletedAt.In(rc.zone) })
	return s.showTo(w, r, rc, http.StatusOK, page{Name: "list", Title: "Done", Path: "/done", Body: l})
}
