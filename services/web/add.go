package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// addTask makes a task of one line as it was typed, and of the fields "set by hand", which win.
func (w *web) addTask(rw http.ResponseWriter, r *http.Request, v *visit) error {
	draft, err := v.draft(r)
	if err != nil {
		return err
	}
	t, err := v.post(r.Context(), "", r.PostFormValue("key"), draft)
	if err != nil {
		return err
	}
	said := "Added " + quoted(t.Title)
	if t.DueAt != nil {
		said += ", due " + when(*t.DueAt, v.now, v.zone)
	}
	return w.done(rw, r, back(r), notice{Text: said})
}

// draft reads the form. 3/4 is a date if the form says in which order the visitor writes them.
func (v *visit) draft(r *http.Request) (phrase.Draft, error) {
	order, known := dateOrders[r.PostFormValue("dates")]
	if !known {
		return phrase.Draft{}, task.Invalid("dates", "is neither dmy nor mdy")
	}
	d, _ := parseLine(r.PostFormValue("line"), r.PostFormValue("usual_day"), v.madeAt(r), v.zone, order)
	// What the view stands for is given to what is added there, unless the line says something else.
	if tag := r.PostFormValue("tag"); tag != "" && !slices.Contains(d.Tags, tag) {
		d.Tags = append(d.Tags, tag)
	}
	if usual := r.PostFormValue("usual_priority"); usual != "" && d.Priority == "" {
		d.Priority = task.Priority(usual)
	}
	if set := r.PostFormValue("due"); set != "" {
		due, err := localTime(set, v.zone)
		if err != nil {
			return phrase.Draft{}, task.Invalid("due", err.Error())
		}
		d.DueAt = &due
	}
	if set := r.PostFormValue("priority"); set != "" {
		d.Priority = task.Priority(set)
	}
	if set := r.PostFormValue("repeat"); set != "" {
		d.Recurrence = &task.Recurrence{RRule: set}
	}
	return d, nil
}

// parseLine reads a line. What is said without a day is due on the given one (2026-11-26), if any.
func parseLine(line, day string, now time.Time, zone *time.Location, order phrase.DateOrder) (phrase.Draft, []phrase.Span) {
	options := phrase.Options{DateOrder: order}
	if _, err := time.Parse(time.DateOnly, day); err == nil && strings.TrimSpace(line) != "" {
		// With a day of its own in the line, the second stays in the title.
		d, spans := phrase.Parse(line+" on "+day, now, zone, options)
		if !strings.Contains(d.Title, day) || strings.Contains(line, day) {
			return d, slices.DeleteFunc(spans, func(s phrase.Span) bool { return s.End > len(line) })
		}
	}
	return phrase.Parse(line, now, zone, options)
}

// localTime reads what a field of type datetime-local holds, as clocks in zone show it, in UTC.
func localTime(text string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02"} {
		if wall, err := time.Parse(layout, text); err == nil {
			return task.Instant(wall, zone).UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("is not a date and time such as 2026-02-10T15:00")
}
