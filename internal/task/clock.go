package task

import "time"

// Instant returns the instant at which a clock in zone reads wall, whatever the zone that wall itself is in. As everywhere
// here, a reading that the clock skips is taken with the offset before the gap, one that it shows twice is the first.
func Instant(wall time.Time, zone *time.Location) time.Time {
	return instantOf(wallOf(wall, wall.Location()), zone)
}
