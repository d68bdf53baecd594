package supervise

import (
	"fmt"
	"regexp"
	"time"
)

// Repetitions filters the repeated lines of a program, such as a connection error with each retry.
// It drops a line that differs only in numbers and ids from a line of the last minute.
type Repetitions struct {
	now  func() time.Time
	seen map[string]*repetition
}

// repetition counts the lines of one kind.
type repetition struct {
	shown   time.Time
	dropped int // since shown
}

const (
	// repeatAfter is how long lines of one kind are dropped. It keeps the console readable while a
	// program retries.
	repeatAfter = time.Minute
	// mostSeen bounds the kinds of lines kept in memory.
	mostSeen = 1000
)

var varying = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|\d+(?:\.\d+)?(?:ns|µs|ms|s)?`)

// NewRepetitions returns a filter that has seen no line.
func NewRepetitions() *Repetitions {
	return &Repetitions{now: time.Now, seen: map[string]*repetition{}}
}

// Filter returns the line, or "" if it is a repetition. The first line after a pause counts those
// that were dropped.
func (r *Repetitions) Filter(line string) string {
	if line == "" {
		return ""
	}
	kind, now := varying.ReplaceAllString(line, "#"), r.now()
	before := r.seen[kind]
	if before != nil && now.Sub(before.shown) < repeatAfter {
		before.dropped++
		return ""
	}
	if len(r.seen) >= mostSeen {
		clear(r.seen)
	}
	r.seen[kind] = &repetition{shown: now}
	if before != nil && before.dropped > 0 {
		line += fmt.Sprintf(" (and %d more like this)", before.dropped)
	}
	return line
}
