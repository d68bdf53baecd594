package task

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// SuccessorID returns the ID of the task that follows a completion at a revision. It is a UUIDv5
// and equal for every caller. The occurrence's instant could not replace the revision. A task that
// is completed, reopened and completed again can reach the same instant twice. Each completion has
// a follower of its own.
func SuccessorID(previousID uuid.UUID, completedRevision int64) uuid.UUID {
	return uuid.NewSHA1(previousID, []byte(strconv.FormatInt(completedRevision, 10)))
}

// NextTask returns the task for the occurrence after a completed one. It returns false if there is
// none. t is the task as it was completed: its revision is the completion's revision, from which
// the new ID derives. The new task is open, due at its occurrence, and otherwise a copy. Reminders
// at an instant keep their distance in wall time from the due date. The caller sets Revision,
// CreatedAt and UpdatedAt. Errors have code invalid.
func NextTask(t Task, completedAt time.Time) (Task, bool, error) {
	next, ok, err := Next(t, completedAt)
	if err != nil || !ok {
		return Task{}, false, err
	}
	zone, err := LoadZone(t.TimeZone)
	if err != nil {
		return Task{}, false, fmt.Errorf("load time zone again: %w", err)
	}
	seriesID := t.ID
	if t.SeriesID != nil {
		seriesID = *t.SeriesID
	}
	due, occurrence := next.At, next.At
	return Task{
		ID:          SuccessorID(t.ID, t.Revision),
		Title:       t.Title,
		Description: t.Description,
		Priority:    t.Priority,
		Tags:        slices.Clone(t.Tags),
		DueAt:       &due,
		TimeZone:    t.TimeZone,
		Recurrence:  &next.Recurrence,
		Reminders:   moveReminders(t, due, zone),
		SeriesID:    &seriesID,
		Occurrence:  &occurrence,
	}, true, nil
}

// moveReminders returns the reminders of t for another due date.
func moveReminders(t Task, due time.Time, zone *time.Location) []Reminder {
	reminders := slices.Clone(t.Reminders)
	from := t.DueAt
	if from == nil {
		from = t.Occurrence
	}
	for i, reminder := range reminders {
		if reminder.At == nil || from == nil {
			continue
		}
		distance := wallOf(*reminder.At, zone).Sub(wallOf(*from, zone))
		at := instantOf(wallOf(due, zone).Add(distance), zone).UTC()
		reminders[i].At = &at
	}
	return reminders
}
