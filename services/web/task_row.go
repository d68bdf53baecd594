package main

import (
	"time"

	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// row is a task in a list.
type row struct {
	ID, Title string
	// Revision is the task's version for the forms that change it.
	Revision           string
	Completed, Overdue bool
	// Due, Done and Snoozed are nil when they do not apply.
	Due, Done, Snoozed *moment
	// Repeats describes the recurrence in words, or is "".
	Repeats  string
	Priority task.Priority
	Tags     []navEntry
	HasNotes bool
}

func (rc *requestContext) row(t task.Task) row {
	r := row{
		ID: t.ID.String(), Title: t.Title, Revision: t.Version(rc.user.Epoch),
		Completed: t.Completed, Overdue: t.Overdue(rc.now), Priority: t.Priority, HasNotes: t.Description != "",
		Due: rc.due(t.DueAt, t.DueOn), Done: rc.moment(t.CompletedAt), Repeats: phrase.SayTask(t),
	}
	if t.SnoozedUntil != nil && t.SnoozedUntil.After(rc.now) {
		r.Snoozed = rc.moment(t.SnoozedUntil)
	}
	for _, tag := range t.Tags {
		r.Tags = append(r.Tags, navEntry{Name: tag, Path: tagPath(tag)})
	}
	return r
}

func (rc *requestContext) rows(tasks []task.Task) []row {
	rows := make([]row, len(tasks))
	for i, t := range tasks {
		rows[i] = rc.row(t)
	}
	return rows
}

func (rc *requestContext) moment(t *time.Time) *moment {
	if t == nil {
		return nil
	}
	m := newMoment(*t, rc.now, rc.zone)
	return &m
}
