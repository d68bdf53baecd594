package ical

import (
	"encoding/json"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// recurrence reads the recurrence. due is the value that became the due date.
func (r *reader) recurrence(due *moment) {
	p, repeats := r.get("RRULE")
	_, exception := r.get("RECURRENCE-ID")
	rule := upper(p.value)
	if trimmed := strings.TrimRight(rule, "; "); trimmed != rule {
		rule = trimmed
		r.note("RRULE ends with a semicolon: it is read without it")
	}
	var own task.Recurrence
	wrote := r.decode(propRecurrence, &own)
	switch {
	case exception || due == nil:
	case wrote && (r.t.Completed && !repeats || repeats && standardRule(own, due.allDay) == rule):
		r.t.Recurrence = &own
	case !repeats || r.t.Completed:
		// In other programs, a series ends with its completed task.
	default:
		if due.allDay {
			rule = untilDate(rule)
		}
		if last, _ := r.t.Due(); !ended(rule, last.In(r.account)) {
			r.t.Recurrence = &task.Recurrence{RRule: rule}
		}
	}
	if r.t.Recurrence != nil && repeats {
		r.exDates()
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
	_, due := r.t.Due()
	if !due && r.decode(propReminders, &r.t.Reminders) && r.t.Reminders != nil {
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
	reminder, ok := r.triggered(c, trigger)
	// The reminder in JSON counts unless another program has moved the alarm.
	var own task.Reminder
	if p, wrote := c.get(propReminder); ok && wrote && json.Unmarshal([]byte(unescape(p.value)), &own) == nil {
		here, _ := r.t.RemindAt(reminder)
		if there, set := r.t.RemindAt(own); set && there.Equal(here) {
			return own, true
		}
	}
	return reminder, ok
}

// triggered returns the reminder of a TRIGGER. Days and weeks are those of the calendar (RFC 5545
// section 3.3.6), other lengths are exact. A date counts from its midnight, like in other programs.
func (r *reader) triggered(c component, trigger property) (task.Reminder, bool) {
	distance, relative := ParseDuration(trigger.value)
	if !relative {
		m, ok, err := r.moment(c, "TRIGGER")
		if err != nil {
			r.keep(c, "TRIGGER", err)
		}
		return task.Reminder{At: &m.at}, ok
	}
	due, ok := r.t.Due()
	if !ok {
		r.note("a reminder relative to a missing date is left out")
		return task.Reminder{}, false
	}
	from, sameDay := due, true
	if base := r.base(strings.EqualFold(trigger.param("RELATED"), "END")); base != nil {
		from, sameDay = base.at, base.at.Equal(due)
	}
	if r.t.DueOn != nil {
		return r.remindDay(from, distance), true
	}
	if days := int(distance / (24 * time.Hour)); sameDay && !strings.Contains(upper(trigger.value), "T") && days <= 0 && -days <= task.MaxDaysBefore {
		days = -days
		return task.Reminder{DaysBefore: &days}, true
	}
	at := from.Add(distance)
	// Rounded up: a reminder may come a little early, but not late.
	minutes := int((due.Sub(at) + time.Minute - 1) / time.Minute)
	if at.After(due) || minutes > task.MaxMinutesBefore {
		return task.Reminder{At: &at}, true
	}
	return task.Reminder{MinutesBefore: &minutes}, true
}

// base returns the value from which an alarm counts: the start, or the end, which is the due date.
func (r *reader) base(fromEnd bool) *moment {
	order := []string{"DTSTART", "DUE"}
	if fromEnd {
		order = []string{"DUE"}
	}
	for _, name := range order {
		if m, ok, err := r.moment(r.component, name); ok && err == nil {
			return &m
		}
	}
	return nil
}

// remindDay returns the reminder of a whole day at a distance from a time on the clock.
func (r *reader) remindDay(from time.Time, distance time.Duration) task.Reminder {
	local := from.In(r.account)
	wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC).Add(distance)
	days := int(r.t.DueOn.Midnight().Sub(task.DateOf(wall).Midnight()) / (24 * time.Hour))
	if days < 0 || days > task.MaxDaysBefore {
		return task.Reminder{At: new(task.Instant(wall, r.account))}
	}
	return task.Reminder{DaysBefore: &days, TimeOfDay: wall.Format("15:04")}
}

func upper(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }
