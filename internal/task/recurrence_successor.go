package task

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// SuccessorID returns the id of the task that follows another's completion, which took a revision:
// a UUIDv5, equal for every caller. The occurrence's instant would not do instead of the revision.
// A task that is completed, reopened and completed again can come to the same instant, and its
// second completion has a follower of its own.
func SuccessorID(previousID uuid.UUID, completedRevision int64) uuid.UUID {
	return uuid.NewSHA1(previousID, []byte(strconv.FormatInt(completedRevision, 10)))
}

// NextTask returns the task for the occurrence that follows a completed one, as Next finds it, or
// false when there is none. t is the task as it was completed: its revision is that of the
// completion, and the id derives from it. It is open, due at its occurrence, and otherwise a copy;
// reminders set for an instant keep their distance from the due date on the clock. Revision,
// CreatedAt and UpdatedAt are left to whoever stores it. Errors have code invalid.
func NextTask(t Task, completedAt time.Time) (Task, bool, error) {
	next, ok, err := Next(t, completedAt)
	if err != nil || !ok {
		return Task{}, false, err
	}
	zone, err := LoadZone(t.TimeZone)
	if err != nil {
		return Task{}, false, fmt.Errorf("load the time zone again: %w", err)
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

// moveReminders returns t's reminders for a due date.
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
