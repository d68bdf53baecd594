package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// addTask creates a task from a typed line. The fields under "Set by hand" override the line.
func (s *service) addTask(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	draft, err := rc.draft(r)
	if err != nil {
		return err
	}
	t, err := rc.Post(r.Context(), "/tasks", r.PostFormValue("key"), draft)
	if err != nil {
		return err
	}
	said := "Added " + quoted(t.Title)
	if due := rc.due(t.DueAt, t.DueOn); due != nil {
		said += ", due " + due.Words
	}
	return s.redirectWithFlash(w, r, back(r), flashMessage{Text: said})
}

// draft reads the form. 3/4 is a date if the form names the user's date order.
func (rc *requestContext) draft(r *http.Request) (d phrase.Draft, err error) {
	order, known := dateOrders[r.PostFormValue("dates")]
	if !known {
		return phrase.Draft{}, task.Invalid("dates", "is neither dmy nor mdy")
	}
	d, _ = parseLine(r.PostFormValue("line"), r.PostFormValue("usual_day"), rc.madeAt(r), rc.zone, phrase.Options{
		DateOrder: order, WeekStart: new(rc.weekStart()), Language: rc.user.Language, TodoistSigns: rc.user.LineSigns == apiv1.SignsTodoist,
	})
	// The tag or priority of the current view applies unless the line names another.
	if tag := r.PostFormValue("tag"); tag != "" && !slices.Contains(d.Tags, tag) {
		d.Tags = append(d.Tags, tag)
	}
	if usual := r.PostFormValue("usual_priority"); usual != "" && d.Priority == "" {
		d.Priority = task.Priority(usual)
	}
	if set := dueField(r.PostForm); set != "" {
		if d.DueAt, d.DueOn, err = readDue(set, rc.zone); err != nil {
			return phrase.Draft{}, task.Invalid("due", err.Error())
		}
	}
	if set := r.PostFormValue("priority"); set != "" {
		d.Priority = task.Priority(set)
	}
	if set := r.PostFormValue("repeat"); set != "" {
		d.Recurrence = &task.Recurrence{RRule: set}
	}
	return d, nil
}

// parseLine parses a line. A task whose line names no day is due on day (2026-11-26), if day is
// set.
func parseLine(line, day string, now time.Time, zone *time.Location, o phrase.Options) (phrase.Draft, []phrase.Span) {
	o.Day, _ = time.Parse(time.DateOnly, day) // the zero time for no day
	return phrase.Parse(line, now, zone, o)
}

// dueField returns the due date in a form: "2026-02-10T15:00", or "2026-02-10" for a whole day. The
// field due may contain the time, or due_time does.
func dueField(values url.Values) string {
	due := values.Get("due")
	if timeOfDay := values.Get("due_time"); timeOfDay != "" && len(due) == len(time.DateOnly) {
		due += "T" + timeOfDay
	}
	return due
}

// readDue parses the value of dueField in zone. It returns an instant or a day.
func readDue(text string, zone *time.Location) (*time.Time, *task.Date, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		date := task.DateOf(day)
		return nil, &date, nil
	}
	at, err := localTime(text, zone)
	if err != nil {
		return nil, nil, err
	}
	return &at, nil, nil
}

// localTime parses the value of a datetime-local field in zone and returns it in UTC.
func localTime(text string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02"} {
		if wall, err := time.Parse(layout, text); err == nil {
			return task.Instant(wall, zone).UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("is not a date and time such as 2026-02-10T15:00")
}
