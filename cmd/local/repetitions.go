package main

import (
	"fmt"
	"regexp"
	"time"
)

// repetitions leaves out what a program says again and again, such as why it cannot connect: a line that differs from one
// shown in the last minute in numbers and ids alone.
type repetitions struct {
	now  func() time.Time
	seen map[string]*repetition
}

type repetition struct {
	shown   time.Time
	leftOut int // since then
}

const (
	repeatAfter = time.Minute
	mostSeen    = 1000 // kinds of lines
)

var varying = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|\d+(?:\.\d+)?(?:ns|µs|ms|s)?`)

// show returns the line, or "" when it is a repetition.
func (r *repetitions) show(line string) string {
	if line == "" {
		return ""
	}
	kind, now := varying.ReplaceAllString(line, "#"), r.now()
	before := r.seen[kind]
	if before != nil && now.Sub(before.shown) < repeatAfter {
		before.leftOut++
		return ""
	}
	if r.seen == nil || len(r.seen) >= mostSeen {
		r.seen = map[string]*repetition{}
	}
	r.seen[kind] = &repetition{shown: now}
	if before != nil && before.leftOut > 0 {
		line += fmt.Sprintf(" (and %d more like this)", before.leftOut)
	}
	return line
}
