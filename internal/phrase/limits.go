package phrase

import "time"

// readLimits reads the limits of a recurrence: its start, its end, and whether it counts from
// completion.
func (p *parser) readLimits() {
	if p.rule == nil {
		return
	}
	for i := range p.words {
		if !p.free(i) {
			continue
		}
		next := 0
		if !p.afterDone {
			if next = p.is(i, p.lang.afterDone); next > 0 {
				p.afterDone = true
			}
		}
		if next == 0 {
			next = p.readWeekRange(i)
		}
		if next == 0 {
			next = p.readSpan(i)
		}
		if next == 0 && p.during == nil {
			next = p.readSeason(i)
		}
		if next == 0 && p.date == nil {
			next = p.readStart(i)
		}
		if next == 0 && p.until == nil && p.count == 0 && p.during == nil {
			next = p.readEnd(i)
		}
		p.mark(KindRecurrence, i, max(i, next))
	}
}

func (p *parser) readStart(i int) int {
	i = p.is(i, p.lang.starting)
	if i == 0 {
		return 0
	}
	d, _, next := p.readDate(i)
	if next > 0 {
		p.date = &d
		return next
	}
	month, next := find(p, p.lang.months, p.skip(i, p.lang.season))
	if next == 0 || !p.endsDay(next) || p.is(next, p.lang.to) > 0 {
		return 0
	}
	d = p.yearDay(month, 1) // "starting in january"
	p.date = &d
	return next
}

// readEnd reads "until june" and, after a recurrence, "for 10 times" and "for 3 weeks".
func (p *parser) readEnd(i int) int {
	if next := p.readUntil(i); next > 0 {
		return next
	}
	if !p.ofTime(i - 1) {
		return 0
	}
	lasting := p.skip(i, p.lang.lasting)
	if n, next := p.readNumber(lasting); next > 0 {
		if end := p.is(next, p.lang.times); end > 0 {
			p.count = n
			return end
		}
	}
	if a, next := p.readAmount(lasting); next > 0 && lasting > i && a.minutes == 0 {
		p.during = &a
		return next
	}
	return 0
}

// readUntil reads the end of a recurrence. "until 3 march" includes the day, "until june" excludes
// the month, and "through june" includes it.
func (p *parser) readUntil(i int) int {
	if through := p.is(i, p.lang.through); through > 0 {
		if month, next := find(p, p.lang.months, through); next > 0 {
			p.until = before(p.yearDay(month%12+1, 1))
			return next
		}
	}
	from := max(p.is(i, p.lang.until), p.is(i, p.lang.throughDate))
	if from == 0 || p.is(i, p.lang.until) == 0 && !p.ofTime(i-1) {
		return 0
	}
	if feast, next := find(p, p.lang.feasts, from); next > 0 {
		d := p.yearDay(feast.month, feast.day)
		p.until = &d
		return next
	}
	if d, _, next := p.readDate(from); next > 0 {
		p.until = &d
		return next
	}
	month, next := find(p, p.lang.months, from)
	if next > 0 {
		p.until = before(p.yearDay(month, 1))
	}
	return next
}

// before returns the day before a date.
func before(d date) *date {
	return &date{
		day:   d.day.AddDate(0, 0, -1),
		again: func(last time.Time) time.Time { return d.again(last.AddDate(0, 0, 1)).AddDate(0, 0, -1) },
	}
}
