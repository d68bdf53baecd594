package main

import (
	"net/http"
	"net/url"
	"time"

	"taskmaster/internal/task"
)

// doneTasks shows completed tasks, the latest first, grouped by the day of their completion.
func (s *service) doneTasks(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	tasks, more, err := rc.readPart(r, url.Values{"status": {"done"}, "order": {"completed"}})
	if err != nil {
		return err
	}
	l := list{Empty: empty{"Nothing is done yet", "Complete a task by the circle before it, or with x.", "See today", "/today"}, ReadOnly: true, More: more}
	l.byDay(rc, tasks, func(t task.Task) time.Time { return t.CompletedAt.In(rc.zone) })
	return s.showTo(w, r, rc, http.StatusOK, page{Name: "list", Title: "Done", Path: "/done", Body: l})
}
