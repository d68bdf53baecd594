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
	occurrence := next.At
	follower := Task{
		ID:          SuccessorID(t.ID, t.Revision),
		Title:       t.Title,
		Description: t.Description,
		Priority:    t.Priority,
		Tags:        slices.Clone(t.Tags),
		TimeZone:    t.TimeZone,
		Recurrence:  &next.Recurrence,
		SeriesID:    &seriesID,
		Occurrence:  &occurrence,
	}
	if t.DueOn != nil {
		follower.DueOn = new(DateOf(next.At))
	} else {
		follower.DueAt = new(next.At)
	}
	follower.Reminders = moveReminders(t, follower, zone)
	return follower, true, nil
}

// Skip moves a task to its next occurrence, as if it were completed when it is due, and now if that has
// passed. It returns false and changes nothing if there is no further one. Errors have code invalid.
func (t *Task) Skip(now time.Time) (bool, error) {
	due, _ := t.Due()
	next, ok, err := NextTask(*t, latest(now, due))
	if err != nil || !ok {
		return false, err
	}
	t.DueAt, t.DueOn, t.Occurrence, t.Recurrence, t.Reminders = next.DueAt, next.DueOn, next.Occurrence, next.Recurrence, next.Reminders
	t.SnoozedUntil = nil
	return true, nil
}

// moveReminders returns the reminders of t for the due date of the follower. Reminders at an instant
// move in wall time.
func moveReminders(t, follower Task, zone *time.Location) []Reminder {
	reminders := slices.Clone(t.Reminders)
	from, ok := t.Due()
	if !ok {
		from = *follower.Occurrence
		if t.Occurrence != nil {
			from = *t.Occurrence
		}
	}
	to, _ := follower.Due()
	distance := wallOf(to, zone).Sub(wallOf(from, zone))
	for i, reminder := range reminders {
		if reminder.At != nil {
			at := instantOf(wallOf(*reminder.At, zone).Add(distance), zone)
			reminders[i].At = &at
		}
	}
	return reminders
}
