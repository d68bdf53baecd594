package task

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Date is a day of the calendar without a time zone: "2026-12-31".
type Date string

// DateOf returns the date that t shows in its own location.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// Midnight returns the beginning of a valid date in UTC. It is the wall time of a whole day in a
// series.
func (d Date) Midnight() time.Time {
	midnight, _ := time.Parse(time.DateOnly, string(d))
	return midnight
}

// Start returns the first instant of a valid date in zone. If the clocks skip midnight, it is the
// instant after the gap.
func (d Date) Start(zone *time.Location) time.Time { return Instant(d.Midnight(), zone).UTC() }

// AddDays returns the date that is n days later.
func (d Date) AddDays(n int) Date { return DateOf(d.Midnight().AddDate(0, 0, n)) }

// valid reports whether d is written as 2026-12-31 and is between the years 1970 and 9999.
func (d Date) valid() bool {
	t, err := time.Parse(time.DateOnly, string(d))
	return err == nil && inRange(&t)
}

// Due returns the instant from which the task counts as due today: DueAt, or the start of DueOn in
// the task's time zone. It returns false without a due date.
func (t Task) Due() (time.Time, bool) {
	switch {
	case t.DueAt != nil:
		return *t.DueAt, true
	case t.DueOn != nil:
		return t.DueOn.Start(t.zone()), true
	}
	return time.Time{}, false
}

// Overdue reports whether an open task is past its due date. A whole day is past when it has ended
// in the task's time zone.
func (t Task) Overdue(now time.Time) bool {
	switch {
	case t.Completed:
		return false
	case t.DueOn != nil:
		return !t.DueOn.AddDays(1).Start(t.zone()).After(now)
	}
	return t.DueAt != nil && t.DueAt.Before(now)
}

// zone returns the task's time zone, or UTC if this machine does not know it.
func (t Task) zone() *time.Location {
	zone, err := LoadZone(t.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// ChangeKind adapts a task whose due date was an instant and became a whole day, or the reverse. An
// unchanged recurrence goes on with the same days, and ChangeKind returns true. Unchanged reminders
// that do not fit the new kind become its default.
func (t *Task) ChangeKind(before Task, defaults ReminderDefaults) (sameSeries bool) {
	if (t.DueOn != nil) == (before.DueOn != nil) || t.DueOn == nil && t.DueAt == nil {
		return false
	}
	if reflect.DeepEqual(t.Reminders, before.Reminders) {
		t.Reminders = remindersOfKind(t.Reminders, t.DueOn != nil, defaults)
	}
	if t.Recurrence == nil || !reflect.DeepEqual(t.Recurrence, before.Recurrence) {
		return false
	}
	r := *t.Recurrence
	t.Recurrence = &r
	if t.DueOn != nil {
		zone := before.zone()
		for _, at := range []**time.Time{&t.Occurrence, &r.DTStart, &r.EndAt} {
			if *at != nil {
				*at = new(DateOf((*at).In(zone)).Midnight())
			}
		}
		r.ExDates = slices.Clone(r.ExDates)
		for i, at := range r.ExDates {
			r.ExDates[i] = DateOf(at.In(zone)).Midnight()
		}
		r.RRule = dateUntil(r.RRule, zone)
		return true
	}
	zone := t.zone()
	timed := func(day time.Time) time.Time { return instantOf(onDate(day, wallOf(*t.DueAt, zone)), zone) }
	for _, at := range []**time.Time{&t.Occurrence, &r.DTStart} {
		if *at != nil {
			*at = new(timed(**at))
		}
	}
	r.ExDates = slices.Clone(r.ExDates)
	for i, day := range r.ExDates {
		r.ExDates[i] = timed(day)
	}
	if r.EndAt != nil {
		r.EndAt = new(DateOf(*r.EndAt).AddDays(1).Start(zone).Add(-time.Microsecond))
	}
	return true
}

// remindersOfKind returns reminders for a whole day, or for an instant. Minutes before a whole day
// would be in the night before.
func remindersOfKind(reminders []Reminder, whole bool, defaults ReminderDefaults) []Reminder {
	if reflect.DeepEqual(reminders, defaults.Of(!whole)) {
		return defaults.Of(whole)
	}
	if !whole {
		return reminders
	}
	kept, wanted := []Reminder{}, reminders
	if slices.ContainsFunc(reminders, func(r Reminder) bool { return r.MinutesBefore != nil }) {
		wanted = append(defaults.Of(true), reminders...)
	}
	for _, r := range wanted {
		if r.MinutesBefore != nil {
			continue
		}
		if !slices.ContainsFunc(kept, func(k Reminder) bool { return reflect.DeepEqual(k, r) }) {
			kept = append(kept, r)
		}
	}
	return kept
}

// normalizeDays makes the instants of a series of whole days the midnights of days in UTC. An
// instant that is none is a part of a day in the task's time zone.
func (t *Task) normalizeDays() {
	zone := t.zone()
	day := func(at **time.Time) {
		if *at != nil && !midnight((*at).UTC()).Equal(**at) {
			*at = new(DateOf((*at).In(zone)).Midnight())
		}
	}
	day(&t.Occurrence)
	if r := t.Recurrence; r != nil {
		if r.DTStart == nil {
			r.DTStart = new(t.DueOn.Midnight())
		}
		day(&r.DTStart)
		day(&r.EndAt)
		r.ExDates = slices.Clone(r.ExDates)
		for i := range r.ExDates {
			at := &r.ExDates[i]
			day(&at)
			r.ExDates[i] = *at
		}
		r.ExDates = instantSet(r.ExDates)
		r.RRule = dateUntil(r.RRule, zone)
	}
}

var untilTime = regexp.MustCompile(`(?i)\bUNTIL=(\d{8}T\d{6}Z?)`)

// dateUntil makes the UNTIL of a rule a date, as RFC 5545 section 3.3.10 requires for a series of
// dates.
func dateUntil(rule string, zone *time.Location) string {
	return untilTime.ReplaceAllStringFunc(rule, func(part string) string {
		u, err := parseUntil(strings.ToUpper(part[len("UNTIL="):]))
		if err != nil {
			return part
		}
		if u.utc {
			u.last = u.last.In(zone)
		}
		return part[:len("UNTIL=")] + u.last.Format("20060102")
	})
}
