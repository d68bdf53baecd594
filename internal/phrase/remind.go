package phrase

import "taskmaster/internal/task"

// readReminders reads "remind me 1 day and 1 hour before", "remind me at 8am" and "no reminder".
func (p *parser) readReminders() {
	for i := range p.words {
		if next := p.is(i, english.noReminder); next > 0 && p.out.Reminders == nil {
			p.out.Reminders = []task.Reminder{}
			p.mark(KindReminder, i, next)
			return
		}
		from := p.is(i, english.remindMe)
		if from == 0 {
			continue
		}
		if before, next := p.readBefore(from); next > 0 {
			p.before = before
			p.mark(KindReminder, i, next)
			return
		}
		if at := p.is(from, english.at); at > 0 {
			// "Remind me at 9 to call" names the due time instead.
			if c, _, next := p.readClock(at); next > 0 && i > 0 && p.ends(next) {
				p.remindAt = &c
				p.mark(KindReminder, i, next)
				return
			}
		}
	}
}

// readBefore reads lengths of time before the due date, in minutes.
func (p *parser) readBefore(i int) ([]int, int) {
	var before []int
	for {
		a, next := p.readAmount(i)
		n := a.minutes + 24*60*a.days
		if next == 0 || a.months+a.years > 0 || n > task.MaxMinutesBefore || len(before) == task.MaxReminders {
			return nil, 0
		}
		before = append(before, n)
		if done := p.is(next, english.before); done > 0 {
			return before, done
		}
		if i = p.skip(next, english.and); i == next && !p.words[next-1].stop {
			return nil, 0
		}
	}
}

// dropRequest drops "remind me to" from "remind me to call mum tomorrow", because the due date has
// a reminder anyway.
func (p *parser) dropRequest() {
	from := p.is(0, english.remindMe)
	if from == 0 || p.out.DueAt == nil {
		return
	}
	to := from
	for to < len(p.words) && p.words[to].kind != "" {
		to++
	}
	if next := p.is(to, english.remindMeTo); next > 0 {
		p.mark(KindReminder, 0, from)
		p.mark(KindReminder, to, next)
	}
}
