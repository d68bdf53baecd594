package task

import (
	"time"
)

// Occurrence is one due instance of a series.
type Occurrence struct {
	// At is the due instant and the RECURRENCE-ID.
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
// completed occurrence, even if that was completed early.
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
	return r.next(completed, completedAt, zone)
}

// Occurrences returns the n occurrences after one that is due at an instant. It assumes that each
// is completed when it is due. It returns fewer if the series ends. Without a DTStart the series
// starts at due. Errors have code invalid.
func (r Recurrence) Occurrences(due time.Time, timeZone string, n int) ([]time.Time, error) {
	t := Task{DueAt: &due, Occurrence: &due, TimeZone: timeZone, Recurrence: &r}
	var found []time.Time
	for len(found) < n {
		next, ok, err := Next(t, *t.Occurrence)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		found = append(found, next.At)
		t.Occurrence, t.Recurrence = &next.At, &next.Recurrence
	}
	return found, nil
}

// next returns the occurrence after the one due at previous. DTStart must be set.
func (r Recurrence) next(previous, completedAt time.Time, zone *time.Location) (Occurrence, bool, error) {
	rule, err := parseRule(r.RRule)
	if err != nil {
		return Occurrence{}, false, Invalid("recurrence.rrule", err.Error())
	}
	s := series{rule: rule, start: r.start(zone), zone: zone, endAt: r.EndAt}
	// A pattern that was set after the occurrence was created starts at DTStart, which is the
	// completed task itself.
	after := latest(previous, *r.DTStart)
	switch {
	case r.Anchor == AnchorCompletion:
		s.start = onDate(wallOf(completedAt, zone), s.start)
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
		after = latest(after, completedAt)
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
func (r Recurrence) validate(timeZone string) []FieldError {
	var bad []FieldError
	check := func(ok bool, field, message string) {
		if !ok {
			bad = append(bad, FieldError{"recurrence." + field, message})
		}
	}
	check(r.Anchor == "" || r.Anchor == AnchorDue || r.Anchor == AnchorCompletion, "anchor", "is neither due nor completion")
	check(r.Missed == "" || r.Missed == MissedSkip || r.Missed == MissedCatchUp, "missed", "is neither skip nor catch_up")
	check(inRange(r.DTStart), "dtstart", "is not between the years 1970 and 9999")
	rule, err := parseRule(r.RRule)
	if err != nil {
		check(false, "rrule", err.Error())
	}
	zone, zoneErr := LoadZone(timeZone)
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
