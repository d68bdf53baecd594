package task

import "time"

// Instant returns the instant at which a clock in zone shows the wall time of wall. The zone of
// wall itself is ignored. A wall time that the clock skips is read with the offset before the gap.
// For a wall time that the clock shows twice it returns the first instant.
func Instant(wall time.Time, zone *time.Location) time.Time {
	return instantOf(wallOf(wall, wall.Location()), zone)
}
