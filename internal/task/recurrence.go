package task

import (
	"time"
)

// Occurrence is one due instance of a series.
type Occurrence struct {
	// At is when it is due, and its RECURRENCE-ID.
	At time.Time
	// Recurrence is what its task carries so that the series goes on from it.
	Recurrence Recurrence
}

// Next returns the occurrence that follows a completed task, or false when the task does not recur or its series has
// ended, by UNTIL, COUNT or EndAt. It depends on its arguments alone: the same completion has the same successor,
// whenever and wherever it is asked for.
//
// The pattern is evaluated on the clock of the task's time zone, so that 09:00 stays 09:00 across a change of offset. A time
// that the clock skips is read with the offset before the gap (02:30 becomes 03:30), one that it shows twice is the first.
//
// An RRULE means what RFC 5545 says, and FREQ=MONTHLY from the 31st has no occurrence in April. The shorthands monthly and
// yearly, and with AnchorCompletion any rule that is a mere frequency and interval, fall on the month's last day
// instead, and on the 31st again when there is one. DTStart is always the first occurrence and counts as such.
//
// With AnchorDue it is the first occurrence after the completed one, however its DueAt was moved, and with MissedSkip one
// after completedAt too. With AnchorCompletion the rule starts anew on the date of completedAt, at DTStart's time of day; a
// rule that names days goes on after the completed occurrence even when that was done early.
//
// Errors have code invalid: the recurrence or the time zone is not a valid one.
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

// Occurrences returns the n occurrences that follow one that is due at an instant, each taken as completed when it is
// due; fewer when the series ends. Without a DTStart the series starts at due. Errors have code invalid.
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

// next returns what follows the occurrence that was due at previous. DTStart is set.
func (r Recurrence) next(previous, completedAt time.Time, zone *time.Location) (Occurrence, bool, error) {
	rule, err := parseRule(r.RRule)
	if err != nil {
		return Occurrence{}, false, Invalid("recurrence.rrule", err.Error())
	}
	s := series{rule: rule, start: r.start(zone), zone: zone, endAt: r.EndAt}
	// A pattern set after the occurrence was made starts at DTStart, which is the completed task itself.
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
		// Of a series that starts anew each time, only what is left of COUNT can be carried on.
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

// start returns DTStart on the clock of a zone.
func (r Recurrence) start(zone *time.Location) time.Time {
	return wallOf(*r.DTStart, zone).Truncate(time.Second)
}

// validate reports every bad field of the recurrence of a task in a valid time zone.
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
