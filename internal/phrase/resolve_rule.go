package phrase

import (
	"time"

	"taskmaster/internal/task"
)

// resolveRule finds the first occurrence, which is the due date, and sets the recurrence.
func (p *parser) resolveRule() {
	start := p.today
	if p.date != nil {
		start = p.date.day
	}
	r := &task.Recurrence{Anchor: task.AnchorDue, Missed: task.MissedSkip}
	p.out.Recurrence = r
	first, ok := p.firstFrom(start)
	if !ok {
		return // the task is invalid without a due date, and Parse then ignores all dates and times
	}
	if p.afterDone {
		r.Anchor = task.AnchorCompletion
	}
	r.RRule = p.rule.text(wallDay(first), p.count, p.afterDone)
	due := p.at(first)
	p.out.DueAt = &due
	if last, ok := p.lastDay(wallDay(first)); ok {
		end := p.at(last.AddDate(0, 0, 1).Add(-time.Second))
		r.EndAt = &end
	}
}

// firstFrom returns the first occurrence on or after start as a wall time. It is in the future
// unless the line names its day.
func (p *parser) firstFrom(start time.Time) (time.Time, bool) {
	wall := p.usual(start)
	later := func(wall time.Time) bool { return p.date != nil || !p.passed(wall) }
	if !p.rule.named() {
		if !later(wall) {
			wall = wall.AddDate(0, 0, 1)
		}
		return wall, true
	}
	// internal/task decides which days match the rule. The search starts one day earlier to include
	// start.
	every := *p.rule
	every.interval = 1
	r := task.Recurrence{RRule: every.text(start, 0, false)}
	found, err := r.Occurrences(wall.AddDate(0, 0, -1), "UTC", 2)
	if err != nil {
		return time.Time{}, false
	}
	for _, wall := range found {
		if later(wall) {
			return wall, true
		}
	}
	return time.Time{}, false
}

// lastDay returns the last day of the series, if the line names one. A day before the first
// occurrence belongs to a later year.
func (p *parser) lastDay(first time.Time) (time.Time, bool) {
	switch {
	case p.during != nil:
		return p.during.after(first).AddDate(0, 0, -1), true
	case p.until == nil:
		return time.Time{}, false
	}
	last := p.until.day
	for last.Before(first) && p.until.again != nil {
		last = p.until.again(last)
	}
	return last, true
}

func wallDay(wall time.Time) time.Time { return wall.Truncate(24 * time.Hour) }
