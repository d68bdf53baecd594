package main

import (
	"net/http"
	"net/url"
	"time"

	"taskmaster/internal/task"
	"taskmaster/services/web/client"
)

// postpone moves a task to another day and keeps its time of day. The field to is today, tomorrow
// or week (next Monday), or an instant or a day for undo. In a series it moves only this occurrence. A
// change that was kept offline counts its days from the day it was made. It is refused with code
// precondition_failed when the task has changed since.
func (s *service) postpone(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	t, err := rc.Task(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	due, day, err := rc.postponed(t, r.FormValue("to"), rc.madeAt(r))
	if err != nil {
		return err
	}
	var unless []string
	if revision := r.PostFormValue("revision"); isOfflineChange(r) && revision != "" {
		unless = []string{"If-Match", task.ETag(revision)}
	}
	var moved task.Task
	if err := rc.Call(r.Context(), "PATCH", client.ItemPath("/tasks", t.ID.String()), map[string]any{"due_at": due, "due_on": day}, &moved, unless...); err != nil {
		return err
	}
	w.Header().Set("ETag", rc.etag(moved))
	n := flashMessage{Text: quoted(t.Title) + " has no date"}
	if due := rc.due(due, day); due != nil {
		n.Text = quoted(t.Title) + " is due " + due.Words
	}
	before := "never"
	switch {
	case t.DueAt != nil:
		before = t.DueAt.Format(time.RFC3339Nano)
	case t.DueOn != nil:
		before = string(*t.DueOn)
	}
	n.Undo = "/tasks/" + t.ID.String() + "/postpone?to=" + url.QueryEscape(before)
	return s.redirectWithFlash(w, r, back(r), n)
}

// postponed returns the new due date of a task that is moved at now, in the task's own time zone. A
// task without a time of day is due on a whole day. It returns code invalid for an unknown target.
func (rc *requestContext) postponed(t task.Task, to string, now time.Time) (*time.Time, *task.Date, error) {
	if at, err := time.Parse(time.RFC3339Nano, to); err == nil {
		return &at, nil, nil
	}
	if day, err := time.Parse(time.DateOnly, to); err == nil {
		date := task.DateOf(day)
		return nil, &date, nil
	}
	zone, err := task.LoadZone(t.TimeZone)
	if err != nil {
		zone = rc.zone // a zone that this machine does not know
	}
	today := civil(now.In(zone))
	days := 0
	switch to {
	case "never":
		return nil, nil, nil
	case "today":
	case "tomorrow":
		days = 1
	case "week":
		days = 7 - weekdayFrom(time.Monday, today.Weekday())
	default:
		return nil, nil, task.Invalid("to", "is not a day: choose today, tomorrow or next week")
	}
	day := today.AddDate(0, 0, days)
	if t.DueAt == nil {
		date := task.DateOf(day)
		return nil, &date, nil
	}
	here := t.DueAt.In(zone)
	timeOfDay := time.Duration(here.Hour())*time.Hour + time.Duration(here.Minute())*time.Minute + time.Duration(here.Second())*time.Second
	due := task.Instant(day.Add(timeOfDay), zone).UTC()
	return &due, nil, nil
}
