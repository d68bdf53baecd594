package task

import (
	"time"

	"github.com/teambition/rrule-go"
)

// Occurrence is one due instance of a series.
type Occurrence struct {
	// At is the due instant and the RECURRENCE-ID. For a whole day it is the day's midnight in UTC.
	At time.Time
	// Recurrence is the recurrence of the occurrence's task. It continues the series.
	Recurrence Recurrence
}

// Next returns the occurrence after a completed task. It returns false if the task does not recur,
// or if its series has ended by UNTIL, COUNT or EndAt. The result depends only on the arguments:
// the same completion has the same successor at any time and on any machine.
//
// The pattern is evaluated in wall time of the task's time zone. 09:00 stays 09:00 across a change
// of the offset. A wall time that the clock skips is read with the offset before the gap (02:30
// becomes 03:30). A wall time that the clock shows twice means the first instant.
//
// An RRULE has the meaning of RFC 5545: FREQ=MONTHLY from the 31st has no occurrence in April. The
// shorthands monthly and yearly fall on the month's last day instead. They return to the 31st in
// the next month with one. So does a rule of only frequency and interval with AnchorCompletion.
// DTStart is always the first occurrence and counts as one.
//
// With AnchorDue, Next returns the first occurrence after the completed one, even if its DueAt was
// moved. With MissedSkip it is also after completedAt. With AnchorCompletion the rule restarts on
// the date of completedAt at the time of day of DTStart. A rule that names days continues after the
// completed occurrence, even if that was completed early. Its weeks, months and years then count from that
// occurrence.
//
// The series of a task that is due on a whole day has days and no times. Changes of the clock do not
// touch it. A day is missed when it has ended in the task's time zone.
//
// Errors have code invalid: the recurrence or the time zone is not valid.
func Next(t Task, completedAt time.Time) (Occurrence, bool, error) {
	if t.Recurrence == nil {
		return Occurrence{}, false, nil
	}
	zone, err := LoadZone(t.TimeZone)
	if err != nil {
		return Occurrence{}, false, Invalid("time_zone", "is not an IANA time zone such as Europe/Berlin")
	}
	missed := completedAt
	if t.DueOn != nil {
		t.Recurrence = new(*t.Recurrence)
		t.normalizeDays() // of an event of any origin
		// The day of the completion has not passed yet.
		completedAt = DateOf(completedAt.In(zone)).Midnight()
		missed, zone = completedAt.AddDate(0, 0, -1), time.UTC
	}
	r := *t.Recurrence
	if r.DTStart == nil {
		r.DTStart = t.DueAt
	}
	if r.DTStart == nil {
		return Occurrence{}, false, Invalid("due_at", "is required by a recurrence")
	}
	completed := *r.DTStart
	if t.Occurrence != nil {
		completed = *t.Occurrence
	}
	return r.next(completed, completedAt, missed, zone)
}

// Occurrences returns the n occurrences after one that is due at an instant. It assumes that each
// is completed when it is due. It returns fewer if the series ends. Without a DTStart the series
// starts at due. Errors have code invalid.
func (r Recurrence) Occurrences(due time.Time, timeZone string, n int) ([]time.Time, error) {
	return Task{DueAt: &due, TimeZone: timeZone, Recurrence: &r}.Occurrences(n)
}

// Occurrences returns the n occurrences after the due date of a task, like Recurrence.Occurrences.
// Whole days are midnights in UTC.
func (t Task) Occurrences(n int) ([]time.Time, error) { return t.Expected(time.Time{}, n) }

// Expected returns the n occurrences after the due date of a task whose completions are not before
// now, like Occurrences. So an overdue task skips the missed ones, unless it catches up.
func (t Task) Expected(now time.Time, n int) ([]time.Time, error) {
	var found []time.Time
	due, ok := t.Due()
	for ok && len(found) < n {
		t.Occurrence = &due
		if t.DueOn != nil {
			t.Occurrence = new(t.DueOn.Midnight())
		}
		next, more, err := Next(t, latest(due, now))
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		found = append(found, next.At)
		t.Recurrence, due = &next.Recurrence, next.At
		if t.DueOn != nil {
			t.DueOn = new(DateOf(next.At))
			due, _ = t.Due()
		}
	}
	return found, nil
}

// next returns the occurrence after the one due at previous. Occurrences up to missed have passed.
// DTStart must be set.
func (r Recurrence) next(previous, completedAt, missed time.Time, zone *time.Location) (Occurrence, bool, error) {
	rule, err := parseRule(r.RRule)
	if err != nil {
		return Occurrence{}, false, Invalid("recurrence.rrule", err.Error())
	}
	s := series{rule: rule, start: r.start(zone), zone: zone, endAt: r.EndAt, exDates: r.ExDates}
	// A pattern that was set after the occurrence was created starts at DTStart, which is the
	// completed task itself.
	after := latest(previous, *r.DTStart)
	switch {
	case r.Anchor == AnchorCompletion:
		restarted := completedAt
		if !rule.plain && rule.option.Freq != rrule.DAILY {
			// Otherwise the next week, month or year of the rule would follow an early completion too
			// soon.
			restarted = latest(completedAt, previous)
		}
		s.start = onDate(wallOf(restarted, zone), rule.firstTime(s.start))
		if restart := instantOf(s.start, zone); rule.plain {
			s.rule.clamp = true
			after = restart
		} else {
			after = latest(after, restart, completedAt)
		}
		// A series that restarts each time can only carry on the rest of COUNT.
		s.rule.count = 0
		if rule.count == 1 {
			return Occurrence{}, false, nil
		}
		if rule.count > 1 {
			r.RRule = rule.withCount(rule.count - 1)
		}
	case r.Missed != MissedCatchUp:
		after = latest(after, missed)
	}
	found, err := s.after(after, 1)
	if err != nil || len(found) == 0 {
		return Occurrence{}, false, err
	}
	return Occurrence{At: found[0].UTC(), Recurrence: r}, true, nil
}

// start returns DTStart as a wall time in a zone.
func (r Recurrence) start(zone *time.Location) time.Time {
	return wallOf(*r.DTStart, zone).Truncate(time.Second)
}

// validate returns every bad field of a recurrence. It checks the series only if the time zone is
// valid.
func (r Recurrence) validate(timeZone string, wholeDays bool) []FieldError {
	var bad []FieldError
	check := func(ok bool, field, message string) {
		if !ok {
			bad = append(bad, FieldError{"recurrence." + field, message})
		}
	}
	check(r.Anchor == "" || r.Anchor == AnchorDue || r.Anchor == AnchorCompletion, "anchor", "is neither due nor completion")
	check(r.Missed == "" || r.Missed == MissedSkip || r.Missed == MissedCatchUp, "missed", "is neither skip nor catch_up")
	check(inRange(r.DTStart), "dtstart", "is not between the years 1970 and 9999")
	check(inRange(r.EndAt), "end_at", "is not between the years 1970 and 9999")
	check(len(r.ExDates) <= MaxExDates, "exdates", "has more than 200 entries")
	for i := range r.ExDates[:min(len(r.ExDates), MaxExDates)] {
		check(inRange(&r.ExDates[i]), "exdates", "has an instant that is not between the years 1970 and 9999")
	}
	rule, err := parseRule(r.RRule)
	if err != nil {
		check(false, "rrule", err.Error())
	}
	if len(rule.option.Byhour)+len(rule.option.Byminute) > 0 {
		check(!wholeDays, "rrule", "has BYHOUR or BYMINUTE, but the task is due on a whole day: leave them out, or set due_at")
	}
	zone, zoneErr := LoadZone(timeZone)
	if wholeDays {
		zone = time.UTC
	}
	if err != nil || zoneErr != nil || r.DTStart == nil || !inRange(r.DTStart) {
		return bad
	}

	start := r.start(zone)
	check(r.EndAt == nil || !r.EndAt.Before(*r.DTStart), "end_at", "is before due_at, where the series starts: choose a later end")
	check(!rule.until.passed(start, r.DTStart.Truncate(time.Second)), "rrule", "has an UNTIL before due_at, where the series starts: choose a later one")
	endless := series{rule: rule, start: start, zone: zone}
	endless.rule.count, endless.rule.until = 0, until{}
	found, err := endless.after(*r.DTStart, 1)
	check(err == nil && len(found) > 0, "rrule", "never occurs again: no date fits all its parts")
	return bad
}
