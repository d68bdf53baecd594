package main

import (
	"net/http"
	"net/url"
	"time"

	"taskmaster/internal/task"
)

// postpone moves a task to another day, at the time of day that it had: `to` is today, tomorrow, week (next Monday), or the
// instant to which it goes back. Of a task that repeats, it moves this occurrence alone. One that a browser kept is about the days of
// when it was kept, and is refused when the task has changed since: code precondition_failed.
func (w *web) postpone(rw http.ResponseWriter, r *http.Request, v *visit) error {
	t, err := v.task(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	due, err := v.postponed(t, r.FormValue("to"), v.madeAt(r))
	if err != nil {
		return err
	}
	var unless []string
	if revision := r.PostFormValue("revision"); keptChange(r) && revision != "" {
		unless = []string{"If-Match", etag(revision)}
	}
	var moved task.Task
	if err := v.call(r.Context(), "PATCH", "/tasks"+taskPath(t.ID.String()), map[string]any{"due_at": due}, &moved, unless...); err != nil {
		return err
	}
	rw.Header().Set("ETag", v.etag(moved))
	n := notice{Text: quoted(t.Title) + " has no date"}
	if due != nil {
		n.Text = quoted(t.Title) + " is due " + when(*due, v.now, v.zone)
	}
	n.Undo = "/tasks/" + t.ID.String() + "/postpone?to=never"
	if t.DueAt != nil {
		n.Undo = "/tasks/" + t.ID.String() + "/postpone?to=" + url.QueryEscape(t.DueAt.Format(time.RFC3339Nano))
	}
	return w.done(rw, r, back(r), n)
}

// postponed returns when a task is due after it was moved at a time, on the clocks of its own time zone. Code invalid when it is not
// said where to.
func (v *visit) postponed(t task.Task, to string, now time.Time) (*time.Time, error) {
	if at, err := time.Parse(time.RFC3339Nano, to); err == nil {
		return &at, nil
	}
	zone, err := task.LoadZone(t.TimeZone)
	if err != nil {
		zone = v.zone // one that this machine does not know
	}
	today := civil(now.In(zone))
	days := 0
	switch to {
	case "never":
		return nil, nil
	case "today":
	case "tomorrow":
		days = 1
	case "week":
		days = 7 - weekdayFrom(time.Monday, today.Weekday())
	default:
		return nil, task.Invalid("to", "is not a day: choose today, tomorrow or next week")
	}
	timeOfDay := 9 * time.Hour
	if t.DueAt != nil {
		here := t.DueAt.In(zone)
		timeOfDay = time.Duration(here.Hour())*time.Hour + time.Duration(here.Minute())*time.Minute + time.Duration(here.Second())*time.Second
	}
	due := task.Instant(today.AddDate(0, 0, days).Add(timeOfDay), zone).UTC()
	return &due, nil
}
