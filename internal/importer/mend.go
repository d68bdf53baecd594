package importer

import (
	"errors"
	"slices"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// Mend removes the parts of a task that are not valid, so that one bad entry does not refuse a file.
// It keeps each part in the description and returns a message with the reason. task.Fit cares for
// titles, descriptions and tags.
func Mend(t *task.Task) []string {
	var b Builder
	for _, at := range []struct {
		name string
		at   **time.Time
	}{{"Completed", &t.CompletedAt}, {"Occurrence", &t.Occurrence}, {"Snoozed until", &t.SnoozedUntil}} {
		if *at.at != nil && ((*at.at).Year() < 1970 || (*at.at).Year() > 9999) {
			b.Keep(at.name, (*at.at).Format(time.RFC3339), "an instant is not between the years 1970 and 9999")
			*at.at = nil
		}
	}
	// A removed part can make another one invalid: a recurrence needs a due date.
	for range 3 {
		e, bad := errors.AsType[*task.Error](check(*t))
		if !bad || !b.remove(t, e.Fields) {
			break
		}
	}
	t.Description = b.text(t.Description)
	return b.Notes
}

// check validates a task without a change.
func check(t task.Task) error {
	if t.Recurrence != nil {
		t.Recurrence = new(*t.Recurrence)
	}
	t.Reminders = slices.Clone(t.Reminders)
	t.Normalize()
	return t.Validate()
}

// remove removes the parts of bad fields. It reports whether there was one.
func (b *Builder) remove(t *task.Task, bad []task.FieldError) bool {
	removed := false
	for _, f := range bad {
		name, _, _ := strings.Cut(f.Field, ".")
		before := len(b.Notes)
		switch {
		case name == "priority":
			b.Keep("Priority", string(t.Priority), "the priority "+f.Message)
			t.Priority = task.PriorityNone
		case name == "time_zone":
			b.Keep("Time zone", t.TimeZone, "the time zone "+f.Message)
			t.TimeZone = "UTC"
		case name == "uid":
			b.Note("the UID %s: it is left out", f.Message)
			t.UID = ""
		case name == "due_at" && t.DueAt != nil:
			b.Keep("Due", t.DueAt.Format(time.RFC3339), "the due date "+f.Message)
			t.DueAt = nil
		case name == "due_on" && t.DueOn != nil:
			b.Keep("Due", string(*t.DueOn), "the due date "+f.Message)
			t.DueOn = nil
		case name == "reminders" && len(t.Reminders) > 0:
			b.reminders(t)
		case (name == "recurrence" || name == "due_at") && t.Recurrence != nil:
			b.Keep("Repeats", t.Recurrence.RRule, "the recurrence "+f.Message)
			t.Recurrence = nil
		}
		removed = removed || len(b.Notes) > before
	}
	return removed
}

// reminders removes the reminders that are not valid.
func (b *Builder) reminders(t *task.Task) {
	t.Reminders = slices.DeleteFunc(slices.Clone(t.Reminders), func(r task.Reminder) bool {
		alone := task.Task{Title: "x", Reminders: []task.Reminder{r}}
		e, bad := errors.AsType[*task.Error](check(alone))
		if bad {
			at := r.TimeOfDay
			if r.At != nil {
				at = r.At.Format(time.RFC3339)
			}
			b.Keep("Reminder", at, "a reminder "+e.Fields[0].Message)
		}
		return bad
	})
	if len(t.Reminders) > task.MaxReminders {
		t.Reminders = t.Reminders[:task.MaxReminders]
		b.Note("reminders beyond %d are left out", task.MaxReminders)
	}
}
