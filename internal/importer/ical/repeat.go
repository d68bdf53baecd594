package ical

import (
	"strings"
	"time"

	"taskmaster/internal/task"
)

// recurrence reads how the task repeats. due is the value that the due date is from.
func (r *reader) recurrence(due *moment) {
	p, repeats := r.get("RRULE")
	_, exception := r.get("RECURRENCE-ID")
	rule := strings.ToUpper(strings.TrimSpace(p.value))
	var own task.Recurrence
	wrote := r.decode(propRecurrence, &own)
	switch {
	case exception || due == nil:
	case wrote && (r.t.Completed && !repeats || repeats && standardRule(own) == rule):
		r.t.Recurrence = &own
	case !repeats || r.t.Completed:
		// In other programs a series whose task is completed is over.
	default:
		if due.allDay {
			rule = untilDate(rule)
		}
		if !ended(rule, r.t.DueAt.In(r.account)) {
			r.t.Recurrence = &task.Recurrence{RRule: rule}
		}
	}
}

// namesDays says whether the rule names days rather than repeating those of its start.
func (r *reader) namesDays() bool {
	p, _ := r.get("RRULE")
	return strings.Contains(strings.ToUpper(p.value), ";BY")
}

// untilDate makes UNTIL a date, as it should be where the series is one of dates. Midnight would leave out the last of
// them, which is due later that day.
func untilDate(rule string) string {
	before, until, ok := strings.Cut(rule, "UNTIL=")
	if !ok {
		return rule
	}
	until, after, more := strings.Cut(until, ";")
	if len(until) > len(formDate) {
		until = until[:len(formDate)]
	}
	if more {
		until += ";" + after
	}
	return before + "UNTIL=" + until
}

// ended says whether the task is the last of its series because UNTIL is on an earlier date.
func ended(rule string, due time.Time) bool {
	_, until, ok := strings.Cut(rule, "UNTIL=")
	return ok && len(until) >= len(formDate) && until[:len(formDate)] < due.Format(formDate)
}

// reminders reads the alarms. A task without one has no reminder.
func (r *reader) reminders() {
	r.t.Reminders = []task.Reminder{}
	if r.t.DueAt == nil && r.decode(propReminders, &r.t.Reminders) && r.t.Reminders != nil {
		return
	}
	r.t.Reminders = []task.Reminder{}
	for _, c := range r.children {
		if c.name != "VALARM" {
			continue
		}
		if reminder, ok := r.reminder(c); ok {
			r.t.Reminders = append(r.t.Reminders, reminder)
		}
	}
}

// reminder reads a VALARM. Those that do nothing, or something at a place, are left out.
func (r *reader) reminder(c component) (task.Reminder, bool) {
	if _, place := c.get("X-APPLE-PROXIMITY"); place {
		r.note("a reminder at a place is left out")
		return task.Reminder{}, false
	}
	if strings.EqualFold(c.text("ACTION"), "NONE") {
		return task.Reminder{}, false
	}
	trigger, ok := c.get("TRIGGER")
	if !ok {
		return task.Reminder{}, false
	}
	distance, relative := parseDuration(trigger.value)
	if !relative {
		m, ok, err := r.moment(c, "TRIGGER")
		if err != nil {
			r.fail("reminders", err)
		}
		return task.Reminder{At: &m.at}, ok
	}
	if r.t.DueAt == nil {
		r.note("a reminder before a date that it does not have is left out")
		return task.Reminder{}, false
	}
	at := r.triggered(strings.EqualFold(trigger.param("RELATED"), "END"), distance)
	// Rounded up: rather a little early than late.
	minutes := int((r.t.DueAt.Sub(at) + time.Minute - 1) / time.Minute)
	if at.After(*r.t.DueAt) || minutes > task.MaxMinutesBefore {
		return task.Reminder{At: &at}, true
	}
	return task.Reminder{MinutesBefore: &minutes}, true
}

// triggered returns the instant at a distance from the beginning, or from the end, which is the due date. Both are midnight
// where they are dates: so other programs count.
func (r *reader) triggered(fromEnd bool, distance time.Duration) time.Time {
	order := []string{"DTSTART", "DUE"}
	if fromEnd {
		order = []string{"DUE"}
	}
	for _, name := range order {
		if m, ok, err := r.moment(r.component, name); ok && err == nil {
			return m.at.Add(distance)
		}
	}
	return r.t.DueAt.Add(distance)
}

func upper(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }
