package phrase

import (
	"slices"
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
	first, ok := p.firstOfTimes(start)
	if !ok || !p.setHours() {
		return // the task is invalid without a due date, and Parse then ignores all dates and times
	}
	if p.afterDone {
		r.Anchor = task.AnchorCompletion
	}
	r.RRule = p.rule.text(wallDay(first), p.count, p.afterDone)
	last, ends := p.lastDay(wallDay(first))
	if p.wholeDay() {
		p.out.DueOn = new(task.DateOf(first))
		if ends {
			r.EndAt = &last
		}
		return
	}
	if p.clockZone != nil {
		p.out.TimeZone = p.clockZone.String()
	}
	due := p.at(first)
	p.out.DueAt = &due
	if ends {
		end := p.at(last.AddDate(0, 0, 1).Add(-time.Second))
		r.EndAt = &end
	}
}

// setHours sets the times of a rule that has several. All must have the same minute.
func (p *parser) setHours() bool {
	if p.others == nil {
		return true
	}
	hours := []int{p.half(*p.clock).hour}
	for _, c := range p.others {
		last := hours[len(hours)-1]
		hours = append(hours, p.half(c).hour)
		if c.half && p.clock.half && p.half(c).hour < last {
			return false // "at 6 and 9" may be in either half of the day
		}
		if c.minute != p.clock.minute || slices.Contains(hours[:len(hours)-1], p.half(c).hour) || len(hours) > 24 {
			return false
		}
	}
	slices.Sort(hours)
	p.rule.hours = hours
	return hours[len(hours)-1] < 24
}

// firstOfTimes returns the first occurrence of a rule with one or more times of day.
func (p *parser) firstOfTimes(start time.Time) (time.Time, bool) {
	first, ok := p.firstFrom(start)
	clock := p.clock
	for i := range p.others {
		p.clock = &p.others[i]
		if wall, found := p.firstFrom(start); found && (!ok || wall.Before(first)) {
			first, ok = wall, true
		}
	}
	p.clock = clock
	return first, ok
}

// firstFrom returns the first occurrence on or after start as a wall time. It is in the future
// unless the line names its day.
func (p *parser) firstFrom(start time.Time) (time.Time, bool) {
	wall := p.usual(start)
	later := func(wall time.Time) bool {
		if p.date != nil && !p.began {
			return true
		}
		if p.wholeDay() {
			return !wall.Before(p.today)
		}
		return !p.passed(wall)
	}
	if !p.rule.named() {
		if !later(wall) {
			wall = wall.AddDate(0, 0, 1)
		}
		return wall, true
	}
	// internal/task decides which days match the rule. The search starts one day earlier to include
	// start.
	every := *p.rule
	every.interval, every.hours = 1, nil
	if p.rule.interval > 1 && p.rule.leapDay() {
		every.leap = true
	}
	r := task.Recurrence{RRule: every.text(start, 0, false)}
	found, err := r.Occurrences(wall.AddDate(0, 0, -1), "UTC", 3)
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
	return p.until.notBefore(first), true
}

func wallDay(wall time.Time) time.Time { return wall.Truncate(24 * time.Hour) }
