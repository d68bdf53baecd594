package phrase

import (
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
	return first.AddDate(0, 0, min(day.Day(), daysIn(first.Month(), first.Year()))-1)
}

// readAmount reads "3 days", "an hour", "2h" and "half an hour".
func (p *parser) readAmount(i int) (amount, int) {
	if a, next := find(p, english.amounts, i); next > 0 {
		return a, next
	}
	if n, next := p.readNumber(i); next > 0 {
		if unit, after := find(p, english.units, next); after > 0 && !p.words[next-1].stop {
			return unit.times(n), after
		}
		return amount{}, 0
	}
	unit := strings.TrimLeft(p.text(i), "0123456789")
	if n, err := strconv.Atoi(strings.TrimSuffix(p.text(i), unit)); err == nil && n <= maxNumber && n > 0 {
		if a, ok := english.units[unit]; ok {
			return a.times(n), i + 1
		}
	}
	return amount{}, 0
}

// maxNumber is the largest number that is read. Larger ones stay in the title.
const maxNumber = 9999

// readNumber reads a number from 1 to maxNumber in digits, or a small number in words.
func (p *parser) readNumber(i int) (int, int) {
	if n, next := find(p, english.numbers, i); next > 0 {
		return n, next
	}
	text := p.text(i)
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= maxNumber && text[0] != '+' {
		return n, i + 1
	}
	return 0, 0
}

// readIn reads "in 2 hours" and "2 hours from now".
func (p *parser) readIn(i int) (amount, int) {
	j := p.skip(i, english.in)
	a, next := p.readAmount(j)
	if next == 0 || j > i {
		return a, next
	}
	if next = p.is(next, english.fromNow); next == 0 {
		return amount{}, 0
	}
	return a, next
}
