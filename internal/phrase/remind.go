package phrase

import (
	"strings"

	"taskmaster/internal/task"
)

// remind is a reminder with a day or a time of its own.
type remind struct {
	date   *date // its own day, or nil
	days   int   // days before the due date
	before bool  // the line names the days before
	clock  *clock
	part   *part
}

// readReminders reads "remind me 1 day and 1 hour before", "remind me at 8am", "remind me on
// thursday", "remind me the day before at 8pm" and "no reminder".
func (p *parser) readReminders() {
	for i := range p.words {
		if next := p.is(i, p.lang.noReminder); next > 0 && p.out.Reminders == nil {
			p.out.Reminders = []task.Reminder{}
			p.mark(KindReminder, i, next)
			return
		}
		from := p.is(i, p.lang.remindMe)
		if from == 0 {
			continue
		}
		if before, next := p.readBefore(from, i > 0); next > 0 {
			if r, end := p.readRemindTime(next); end > 0 && len(before) == 1 && before[0].minutes == 0 {
				r.days, r.before = before[0].days, true
				p.remind = &r
				p.mark(KindReminder, i, end)
				return
			}
			p.before = before
			p.mark(KindReminder, i, next)
			return
		}
		// "Remind me at 9 to call" names the due time instead.
		if r, next := p.readRemind(from); next > 0 && i > 0 && p.ends(next) {
			p.remind = &r
			p.mark(KindReminder, i, next)
			return
		}
	}
}

// readRemind reads the day and the time of a reminder in any order.
func (p *parser) readRemind(i int) (remind, int) {
	var r remind
	next := 0
	if c, end := p.readRemindTime(i); end > 0 {
		r.clock, r.part, next = c.clock, c.part, end
	}
	for _, day := range []struct {
		phrases set
		days    int
	}{{p.lang.dayBefore, 1}, {p.lang.onDay, 0}} {
		if end := p.is(max(i, next), day.phrases); end > 0 {
			r.days, r.before, next = day.days, true, end
		}
	}
	if part, end := find(p, p.lang.partsBefore, max(i, next)); end > 0 && !r.before {
		r.days, r.before, r.part, next = 1, true, part, end
	}
	if !r.before {
		j := p.skip(max(i, next), p.lang.on)
		if d, s, end := p.readDate(j); end > 0 && (j > max(i, next) || s >= weak) {
			r.date, next = &d, end
		} else if before, end := p.readBefore(max(i, next), false); end > 0 && next > 0 && len(before) == 1 && before[0].minutes == 0 {
			r.days, r.before, next = before[0].days, true, end
		}
	}
	if r.clock == nil && r.part == nil && next > 0 {
		if c, end := p.readRemindTime(next); end > 0 {
			r.clock, r.part, next = c.clock, c.part, end
		}
	}
	return r, next
}

// readRemindTime reads "at 8am", "in the evening" and, after a day, "evening".
func (p *parser) readRemindTime(i int) (remind, int) {
	if part, next := find(p, p.lang.partsSaid, i); next > 0 {
		return remind{part: part}, next
	}
	if part, next := find(p, p.lang.parts, i); next > 0 && i > 0 && !p.lang.remindMe[p.text(i-1)] {
		return remind{part: part}, next
	}
	at := p.skip(i, p.lang.at)
	if c, s, next := p.readClock(at); next > 0 && (at > i || s >= beside) {
		return remind{clock: &c}, next
	}
	return remind{}, 0
}

// readBefore reads lengths of time before the due date. "1 day and 1 hour" are two of them, "1 hour
// and 30 minutes" is one. With bare set, the end of the line may stand for "before": "reminder 1h".
func (p *parser) readBefore(i int, bare bool) ([]amount, int) {
	var before []amount
	for last := (amount{}); ; {
		a, next := p.readPartOfAmount(i)
		switch {
		case next == 0 || a.months+a.years > 0 || a.minutes > task.MaxMinutesBefore || a.days > task.MaxDaysBefore,
			len(before) == task.MaxReminders:
			return nil, 0
		case last.minutes >= 60 && a.days == 0 && a.minutes < 60:
			before[len(before)-1].minutes += a.minutes
		default:
			before = append(before, a)
		}
		last = a
		if done := p.is(next, p.lang.before); done > 0 {
			and := p.is(done, p.lang.and)
			if and == 0 {
				return before, done
			}
			if more, end := p.readBefore(and, false); end > 0 && len(before)+len(more) <= task.MaxReminders {
				return append(before, more...), end // "1 week before and 1 day before"
			}
			return before, done
		}
		if bare && next == len(p.words) {
			return before, next
		}
		if i = p.skip(next, p.lang.and); i == next && !p.words[next-1].stop && a.minutes < 60 {
			return nil, 0
		}
	}
}

// asked returns the index of the request itself after "to", or of its verb: "recuérdame llamar".
func (p *parser) asked(i int) int {
	if next := p.is(i, p.lang.remindMeTo); next > 0 {
		return next
	}
	if p.lang.verbEnd != "" && strings.HasSuffix(p.text(i), p.lang.verbEnd) {
		return i
	}
	return 0
}

// dropRequest drops "remind me to" from "remind me to call mum tomorrow", because the due date has
// a reminder anyway. "Remind me at 5pm to call mum" reminds at that time.
func (p *parser) dropRequest() {
	from := p.is(0, p.lang.remindMe)
	if from == 0 || p.out.DueAt == nil && p.out.DueOn == nil {
		return
	}
	to := from
	for to < len(p.words) && p.words[to].kind != "" {
		to++
	}
	next := p.asked(to)
	timed := to > from && (p.clock != nil || p.part != nil || p.instant != nil)
	if about := p.is(to, p.lang.remindAbout); next == 0 && timed && about > 0 {
		next = about
	}
	if next == 0 && timed && p.free(to) && (p.instant != nil || p.words[to-1].stop || p.lang.verbEnd != "") {
		next = to // "rappelle-moi dans 2h le four", "erinnere mich um 9, Blumen zu kaufen"
	}
	if next == 0 {
		return
	}
	if timed && p.out.Reminders == nil {
		p.out.Reminders = []task.Reminder{{MinutesBefore: new(0)}} // "remind me at 5pm to call"
	}
	p.mark(KindReminder, 0, from)
	p.mark(KindReminder, to, next)
}
