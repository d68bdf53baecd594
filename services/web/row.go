package main

import (
	"time"

	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// row is a task in a list.
type row struct {
	ID, Title string
	// Revision is the task's version, as the form says it that changes the task.
	Revision           string
	Completed, Overdue bool
	// Due, Done and Snoozed are nil when there is nothing to say.
	Due, Done, Snoozed *moment
	// Repeats says the recurrence in words, "" none.
	Repeats  string
	Priority task.Priority
	Tags     []navEntry
	HasNotes bool
}

func (v *visit) row(t task.Task) row {
	r := row{
		ID: t.ID.String(), Title: t.Title, Revision: t.Version(v.user.Epoch),
		Completed: t.Completed, Overdue: overdue(t, v.now), Priority: t.Priority, HasNotes: t.Description != "",
		Due: v.moment(t.DueAt), Done: v.moment(t.CompletedAt), Repeats: repeatWords(t),
	}
	if t.SnoozedUntil != nil && t.SnoozedUntil.After(v.now) {
		r.Snoozed = v.moment(t.SnoozedUntil)
	}
	for _, tag := range t.Tags {
		r.Tags = append(r.Tags, navEntry{Name: tag, Path: tagPath(tag)})
	}
	return r
}

func (v *visit) rows(tasks []task.Task) []row {
	rows := make([]row, len(tasks))
	for i, t := range tasks {
		rows[i] = v.row(t)
	}
	return rows
}

func (v *visit) moment(t *time.Time) *moment {
	if t == nil {
		return nil
	}
	m := newMoment(*t, v.now, v.zone)
	return &m
}

// repeatWords says a task's recurrence on the clocks of its own time zone.
func repeatWords(t task.Task) string {
	if t.Recurrence == nil || t.DueAt == nil {
		return ""
	}
	zone, err := task.LoadZone(t.TimeZone)
	if err != nil {
		return t.Recurrence.RRule // one that this machine does not know
	}
	return phrase.Say(*t.Recurrence, *t.DueAt, zone)
}
