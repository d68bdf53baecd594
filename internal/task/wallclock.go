package task

import (
	"time"
	_ "time/tzdata" // the same zones on every machine that has none of its own
)

// A wall time is what a clock in some zone reads. It is held as a time.Time labelled UTC, so that arithmetic on it knows
// no offset: a day later is the same reading on the next date.

// wallOf returns what a clock in zone reads at t.
func wallOf(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// instantOf returns the instant at which a clock in zone reads wall, by RFC 5545 section 3.3.5: the first of the two when
// clocks are put back over it, and read with the offset before the gap when they are put forward over it, so that 02:30
// becomes 03:30. time.Date leaves both open.
func instantOf(wall time.Time, zone *time.Location) time.Time {
	// No zone is a day off UTC, and none changes its offset twice in two days.
	before := wall.Add(-offset(wall.Add(-24*time.Hour), zone))
	after := wall.Add(-offset(wall.Add(24*time.Hour), zone))
	if !wallOf(before, zone).Equal(wall) && wallOf(after, zone).Equal(wall) {
		return after
	}
	return before
}

// offset returns how far zone is ahead of UTC at t.
func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// onDate returns the date of one wall time with the time of day of another.
func onDate(date, timeOfDay time.Time) time.Time {
	return midnight(date).Add(timeOfDay.Sub(midnight(timeOfDay)))
}

func midnight(wall time.Time) time.Time { return wall.Truncate(24 * time.Hour) }

func latest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.After(first) {
			first = t
		}
	}
	return first
}
