package task

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// SuccessorID returns the id of the occurrence of a series at an instant: a UUIDv5, the same for whoever computes it.
func SuccessorID(seriesID uuid.UUID, occurrence time.Time) uuid.UUID {
	return uuid.NewSHA1(seriesID, []byte(occurrence.UTC().Format(time.RFC3339Nano)))
}

// NextTask returns the task for the occurrence that follows a completed one, as Next finds it, or false when there is none.
// It is open, due at its occurrence, and otherwise a copy; reminders set for an instant keep their distance from the due
// date on the clock. Revision, CreatedAt and UpdatedAt are left to whoever stores it. Errors have code invalid.
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
	id := SuccessorID(seriesID, next.At)
	if t.Recurrence.Anchor == AnchorCompletion {
		// Done early, an interval from completion can come again to an instant that the series has had: what tells the two
		// apart is the task that was completed.
		id = SuccessorID(t.ID, next.At)
	}
	due, occurrence := next.At, next.At
	return Task{
		ID:          id,
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
