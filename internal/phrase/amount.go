package phrase

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// amount is a length of time in one unit.
type amount struct{ minutes, days, months, years int }

func (a amount) times(n int) amount {
	return amount{a.minutes * n, a.days * n, a.months * n, a.years * n}
}

// after returns the day that is the amount after day. If its month is too short, it is the last day
// of the month.
func (a amount) after(day time.Time) time.Time {
	if a.months == 0 && a.years == 0 {
		return day.AddDate(0, 0, a.days)
	}
	first := time.Date(day.Year()+a.years, day.Month()+time.Month(a.months), 1, 0, 0, 0, 0, time.UTC)
	return first.AddDate(0, 0, min(day.Day(), daysIn(first.Month(), first.Year()))-1+a.days)
}

// nominal returns the wall time that is the months and days of the amount after wall. Hours are
// added to the instant instead.
func (a amount) nominal(wall time.Time) time.Time {
	day := midnight(wall)
	return amount{days: a.days, months: a.months, years: a.years}.after(day).Add(wall.Sub(day))
}

// plus returns the sum of two amounts.
func (a amount) plus(b amount) amount {
	return amount{a.minutes + b.minutes, a.days + b.days, a.months + b.months, a.years + b.years}
}

// smaller reports whether the unit of a is smaller than that of b. The parts of "2 hours and 30
// minutes" become smaller.
func (a amount) smaller(b amount) bool {
	rank := func(a amount) int {
		switch {
		case a.years > 0:
			return 5
		case a.months > 0:
			return 4
		case a.days > 0 && a.days%7 == 0:
			return 3
		case a.days > 0:
			return 2
		case a.minutes%60 == 0:
			return 1
		}
		return 0
	}
	return rank(a) < rank(b)
}

// readAmount reads "3 days", "an hour", "2h", "half an hour", "2 hours and 30 minutes" and "1h30m".
func (p *parser) readAmount(i int) (amount, int) {
	total, next := p.readPartOfAmount(i)
	for last := total; next > 0; {
		j := next
		if !p.words[next-1].stop {
			j = p.skip(next, p.lang.and)
		}
		a, end := p.readPartOfAmount(j)
		if end == 0 || !a.smaller(last) {
			break
		}
		total, last, next = total.plus(a), a, end
	}
	return total, next
}

// readPartOfAmount reads an amount of one number.
func (p *parser) readPartOfAmount(i int) (amount, int) {
	if a, next := find(p, p.lang.amounts, i); next > 0 {
		return a, next
	}
	if n, next := p.readNumber(i); next > 0 {
		if unit, after := find(p, p.lang.units, next); after > 0 && !p.words[next-1].stop && !p.words[next].glued {
			return unit.times(n), after
		}
		return amount{}, 0
	}
	if whole, tenths, ok := decimal(p.text(i)); ok {
		if unit, after := find(p, p.lang.units, i+1); after > 0 && unit.minutes > 1 && !p.words[i].stop {
			return amount{minutes: (whole*10 + tenths) * unit.minutes / 10}, after
		}
	}
	if a, ok := p.lang.shortAmount(p.text(i)); ok {
		return a, i + 1
	}
	return amount{}, 0
}

// decimal parses 1.5, 1,5 and 2½.
func decimal(text string) (whole, tenths int, ok bool) {
	before, after, ok := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	if digits, half := strings.CutSuffix(text, "½"); half {
		before, after, ok = digits, "5", true
	}
	ok = ok && len(after) == 1 && number(before, 99, &whole) && number(after, 9, &tenths)
	return whole, tenths, ok
}

var shortAmounts = regexp.MustCompile(`^(\d{1,4})([a-z]+)(?:(\d{1,2})(m|min|mins)?)?$`)

// shortAmount parses 2h, 90min, 1h30 and 1h30m.
func (l *language) shortAmount(text string) (amount, bool) {
	m := shortAmounts.FindStringSubmatch(text)
	if m == nil {
		return amount{}, false
	}
	unit, ok := l.units[m[2]]
	n, _ := strconv.Atoi(m[1])
	if !ok || n == 0 || m[3] != "" && unit.minutes != 60 {
		return amount{}, false
	}
	more, _ := strconv.Atoi(m[3])
	return unit.times(n).plus(amount{minutes: more}), true
}

// maxNumber is the largest number that is read. Larger ones stay in the title.
const maxNumber = 9999

// readNumber reads a number from 1 to maxNumber in digits, or a small number in words.
func (p *parser) readNumber(i int) (int, int) {
	if n, next := find(p, p.lang.numbers, i); next > 0 && !p.words[next-1].stop {
		return n, next
	}
	text := p.text(i)
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= maxNumber && text[0] != '+' {
		return n, i + 1
	}
	return 0, 0
}

// readIn reads "in 2 hours", "2 hours from now" and "a week from friday". from is the day from which
// the amount counts.
func (p *parser) readIn(i int) (a amount, from time.Time, next int) {
	j := p.skip(i, p.lang.in)
	a, next = p.readAmount(j)
	switch {
	case next == 0:
		return amount{}, p.today, 0
	case j > i:
		return a, p.today, next
	}
	if end := p.is(next, p.lang.fromNow); end > 0 {
		return a, p.today, end
	}
	if day, end := find(p, p.lang.days, next); end > 0 && a.days > 0 && a.days%7 == 0 && !p.words[next-1].stop {
		return a, day(p.today), end // "a week today"
	}
	on := p.lang.weekOn[p.text(next)]
	if !on && !p.lang.amountFrom[p.text(next)] || a.minutes > 0 {
		return amount{}, p.today, 0
	}
	if day, end := find(p, p.lang.days, next+1); end > 0 && !on {
		return a, day(p.today), end
	}
	// "a week on friday" is a week after the first Friday.
	if d, _, end := p.readWeekday(next + 1); end > 0 && a.days%7 == 0 && a.days > 0 && !p.lang.in[p.text(i-1)] {
		return a, d.day, end
	}
	return amount{}, p.today, 0
}
