package task

import (
	"time"
	_ "time/tzdata" // the same zones on every machine that has none of its own
)

// A wall time is the reading of a clock in some zone. It is stored as a time.Time in UTC.
// Arithmetic on it ignores offsets: one day later is the same reading on the next date.

// wallOf returns the wall time in zone at t.
func wallOf(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// instantOf returns the instant at which a clock in zone shows a wall time, by RFC 5545 section
// 3.3.5. If the clock shows the wall time twice, it returns the first instant. If the clock skips
// the wall time, it uses the offset before the gap: 02:30 becomes 03:30. time.Date leaves both
// cases undefined.
func instantOf(wall time.Time, zone *time.Location) time.Time {
	// No zone is a day off UTC, and none changes its offset twice within two days.
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
