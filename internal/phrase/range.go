package phrase

import "time"

// readDays reads a range of days: "24 dec - 2 jan", "24-26 dec", "dec 24 to 26", "from monday to
// friday". A range that has begun starts before today.
func (p *parser) readDays(i int) (first, last date, next int) {
	i = p.skip(i, p.lang.on)
	i = max(i, p.is(i, p.lang.from))
	if month, day, end := p.readDayAndMonth(i); end > 0 {
		// "dec 24-26"
		if to := p.is(end, p.lang.to); to > 0 && p.is(end, p.lang.toClock) == 0 {
			if n, after := p.readDayNumber(to); after > 0 && n > day && n <= daysIn(month, 2024) {
				if _, _, full := p.readDayAndMonth(to); full == 0 {
					if year, end := p.readYear(after); end > 0 {
						return date{day: dayIn(year, month, day)}, date{day: dayIn(year, month, n)}, end
					}
					first, last, next = p.yearDay(month, day), p.yearDay(month, n), after
				}
			}
		}
	} else if day, end := p.readDayNumber(p.skip(i, p.lang.the)); end > 0 {
		// "24-26 dec"
		to := p.is(end, p.lang.to)
		if to == 0 && p.lang.rangeAnd[p.text(end)] && p.lang.between[p.text(i-1)] {
			to = end + 1
		}
		if to > 0 {
			to = p.skip(to, p.lang.the)
			if d, _, after := p.readNumberedDay(to); after > 0 && d.day.Day() > day {
				return date{day: dayIn(d.day.Year(), d.day.Month(), day)}, d, after
			}
		}
	}
	if next == 0 {
		first, last, next = p.readTwoDays(i)
	}
	if next == 0 {
		return first, last, 0
	}
	return p.orderDays(first, last, next)
}

func dayIn(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// readNumberedDay reads a day that names its number and month.
func (p *parser) readNumberedDay(i int) (date, strength, int) {
	if d, s, next := p.readMonthDate(i); next > 0 {
		return d, s, next
	}
	return p.readNumeric(i)
}

// readTwoDays reads two whole days with a word such as "to" between them.
func (p *parser) readTwoDays(i int) (first, last date, next int) {
	first, _, next = p.readDate(i)
	if next == 0 {
		return first, last, 0
	}
	to := p.is(next, p.lang.to)
	if to == 0 {
		return first, last, 0
	}
	last, _, next = p.readDate(to)
	return first, last, next
}

// orderDays finds the years of a range: its end follows its start, and lies in the future.
func (p *parser) orderDays(first, last date, next int) (date, date, int) {
	if last.day.Before(first.day) && first.again != nil {
		const halfYear = 183 * 24 * time.Hour
		if before := first.day.AddDate(-1, 0, 0); !before.After(last.day) && last.day.Sub(before) < halfYear {
			first.day = before // the range has begun
		}
	}
	last.day = last.notBefore(first.day)
	if _, weekday := find(p, p.lang.weekdays, next-1); weekday > 0 && last.day.Before(first.day) {
		last.day = last.day.AddDate(0, 0, 7)
	}
	p.conflict = p.conflict || last.day.Before(first.day)
	return first, last, next
}
