package ical

import (
	"strings"
	"time"

	"taskmaster/internal/task"
)

// recurrence reads the recurrence. due is the value that became the due date.
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
		// In other programs, a series ends with its completed task.
	default:
		if due.allDay {
			rule = untilDate(rule)
		}
		if !ended(rule, r.t.DueAt.In(r.account)) {
			r.t.Recurrence = &task.Recurrence{RRule: rule}
		}
	}
}

// namesDays reports whether the rule names days. Otherwise it repeats the day of its start.
func (r *reader) namesDays() bool {
	p, _ := r.get("RRULE")
	return strings.Contains(strings.ToUpper(p.value), ";BY")
}

// untilDate makes UNTIL a date, which fits a series of dates. An UNTIL of midnight would exclude
// the last date, because its task is due later on that day.
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

// ended reports whether UNTIL is on an earlier date, so that the task is the last of its series.
func ended(rule string, due time.Time) bool {
	_, until, ok := strings.Cut(rule, "UNTIL=")
	return ok && len(until) >= len(formDate) && until[:len(formDate)] < due.Format(formDate)
}

// reminders reads the alarms. A task without an alarm has no reminder.
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

// reminder reads a VALARM. It skips alarms without an action and alarms at a place.
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
		r.note("a reminder relative to a missing date is left out")
		return task.Reminder{}, false
	}
	at := r.triggered(strings.EqualFold(trigger.param("RELATED"), "END"), distance)
	// Rounded up: a reminder may come a little early, but not late.
	minutes := int((r.t.DueAt.Sub(at) + time.Minute - 1) / time.Minute)
	if at.After(*r.t.DueAt) || minutes > task.MaxMinutesBefore {
		return task.Reminder{At: &at}, true
	}
	return task.Reminder{MinutesBefore: &minutes}, true
}

// triggered returns the instant at a distance from the start, or from the end, which is the due
// date. A date counts from midnight, like in other programs.
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
