package phrase

import (
	"time"

	"taskmaster/internal/task"
)

// resolve computes the due date, the recurrence and the reminders.
func (p *parser) resolve() {
	p.useRemindDay()
	switch {
	case p.rule != nil:
		p.resolveRule()
	case p.instant != nil:
		due := p.instant.UTC()
		p.out.DueAt = &due
	case p.date != nil && p.wholeDay():
		p.out.DueOn = new(task.DateOf(p.dueDay()))
	case p.date != nil || p.clock != nil || p.part != nil:
		due := p.at(p.wallDue())
		p.out.DueAt = &due
	}
	if due := p.out.DueAt; due != nil && p.clockZone != nil {
		p.conflict = p.conflict || !p.lang.agrees(p.zoneName, *due, p.clockZone)
	}
	p.resolveReminders()
}

// wholeDay reports whether the line names no time.
func (p *parser) wholeDay() bool { return p.clock == nil && p.part == nil && p.instant == nil }

// dueDay returns the named day, which may be today.
func (p *parser) dueDay() time.Time { return p.date.notBefore(p.today) }

// useRemindDay makes the day of the reminder the due date of a line that names no other: "call mum
// remind me tomorrow at 9".
func (p *parser) useRemindDay() {
	r := p.remind
	if r == nil || r.before || p.rule != nil || p.date != nil || p.clock != nil || p.part != nil {
		return
	}
	p.date, p.clock, p.part, p.remind = r.date, r.clock, r.part, nil
	for i, w := range p.words {
		if w.kind == KindReminder && p.lang.reminder[w.text] && (i == 0 || p.words[i-1].kind != KindReminder) {
			p.words[i].kind = "" // of the task "send reminder"
			return
		}
	}
	if p.clock != nil || p.part != nil {
		p.out.Reminders = []task.Reminder{{MinutesBefore: new(0)}}
	}
}

// at converts a wall time to an instant, in the zone that the line names or in the parser's.
func (p *parser) at(wall time.Time) time.Time {
	zone := p.zone
	if p.clockZone != nil {
		zone = p.clockZone
	}
	return task.Instant(wall, zone).UTC()
}

// atHome converts a wall time in the parser's zone to an instant.
func (p *parser) atHome(wall time.Time) time.Time { return task.Instant(wall, p.zone).UTC() }

// passed reports whether a wall time is not in the future.
func (p *parser) passed(wall time.Time) bool { return !p.at(wall).After(p.now) }

// clockOn returns the time of day on a day. If the time is ambiguous and the day is today, the time
// that is still to come counts.
func (p *parser) clockOn(day time.Time) clock {
	part := p.part
	if p.clock != nil {
		c := p.half(*p.clock)
		later := clock{hour: c.hour + 12, minute: c.minute}
		if c.half && part == nil && day.Equal(p.today) && p.passed(c.on(day)) && !p.passed(later.on(day)) {
			return later
		}
		return c
	}
	if !day.Equal(p.today) {
		return part.clock(day, nil)
	}
	here := p.wallNow()
	return part.clock(day, &here)
}

func (p *parser) wallNow() time.Time {
	here := p.now.In(p.zone)
	return time.Date(here.Year(), here.Month(), here.Day(), here.Hour(), here.Minute(), here.Second(), 0, time.UTC)
}

// wallDue returns the due date of a task that does not repeat. Without a day it is the next
// occurrence of the time.
func (p *parser) wallDue() time.Time {
	if p.date == nil {
		if wall := p.usual(p.today); !p.passed(wall) {
			return wall
		}
		return p.usual(p.today.AddDate(0, 0, 1))
	}
	wall := p.clockOn(p.date.day).on(p.date.day)
	if p.date.again != nil && p.passed(wall) {
		day := p.date.again(p.date.day)
		wall = p.clockOn(day).on(day)
	}
	return wall
}

// usual returns the time of day on any day other than today, or the day itself if the line names no
// time.
func (p *parser) usual(day time.Time) time.Time {
	if p.clock != nil {
		return p.half(*p.clock).on(day)
	}
	if p.part == nil {
		return day
	}
	return p.part.clock(day, nil).on(day)
}

// resolveReminders sets the reminders of a task with a due date. Without one, the words go back to
// the title.
func (p *parser) resolveReminders() {
	if p.before == nil && p.remind == nil {
		return
	}
	if p.out.DueAt == nil && p.out.DueOn == nil {
		for i := range p.words {
			if p.words[i].kind == KindReminder {
				p.words[i].kind = ""
			}
		}
		return
	}
	if p.out.DueOn != nil {
		p.remindOfDay()
		return
	}
	for _, a := range p.before {
		r := task.Reminder{MinutesBefore: &a.minutes}
		if a.minutes == 0 {
			r = task.Reminder{DaysBefore: &a.days}
		}
		p.out.Reminders = append(p.out.Reminders, r)
	}
	if r := p.remind; r != nil {
		at := p.remindAt(*p.out.DueAt)
		p.conflict = p.conflict || at.After(*p.out.DueAt)
		p.out.Reminders = []task.Reminder{{At: &at}}
		if r.date == nil && p.clockZone == nil {
			// Days before follow the task when it moves or repeats.
			p.out.Reminders = []task.Reminder{{DaysBefore: &r.days}}
			if r.clock != nil || r.part != nil {
				p.out.Reminders[0].TimeOfDay = at.In(p.zone).Format("15:04")
			}
		}
	}
}

// remindAt returns the instant of a reminder with a day or a time of its own.
func (p *parser) remindAt(due time.Time) time.Time {
	wall := due.In(p.zone)
	day := midnight(wall)
	switch r := p.remind; {
	case r.date != nil:
		day = r.date.day
	case r.before:
		day = day.AddDate(0, 0, -r.days)
	}
	switch r := p.remind; {
	case r.clock != nil:
		return p.atHome(r.clock.in(r.part).on(day))
	case r.part != nil:
		return p.atHome(r.part.clock(day, nil).on(day))
	case r.date != nil:
		return p.atHome(day.Add(9 * time.Hour))
	}
	return p.atHome(day.Add(time.Duration(wall.Hour())*time.Hour + time.Duration(wall.Minute())*time.Minute))
}

// remindOfDay sets the reminders of a whole day. A length of time counts back from the usual time of
// its reminder.
func (p *parser) remindOfDay() {
	const usual = 9 * time.Hour // task.DefaultTime
	due := p.out.DueOn.Midnight()
	remind := func(wall time.Time) {
		days := int(due.Sub(midnight(wall)) / (24 * time.Hour))
		p.conflict = p.conflict || days < 0
		p.out.Reminders = append(p.out.Reminders, task.Reminder{DaysBefore: &days, TimeOfDay: wall.Format("15:04")})
	}
	for _, a := range p.before {
		remind(due.Add(usual).AddDate(0, 0, -a.days).Add(-minutes(a)))
	}
	r := p.remind
	if r == nil {
		return
	}
	day := due
	switch {
	case r.date != nil:
		day = r.date.day
	case r.before:
		day = day.AddDate(0, 0, -r.days)
	}
	switch {
	case r.clock != nil:
		remind(r.clock.in(r.part).on(day))
	case r.part != nil:
		remind(r.part.clock(day, nil).on(day))
	default:
		remind(day.Add(usual))
	}
}

func (p *parser) draft() Draft {
	p.out.Title = p.title()
	return p.out
}
