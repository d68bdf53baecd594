package phrase

import (
	"strconv"
	"strings"
	"time"
)

// readMonthDate reads "3 march", "the 3rd of march" and "march 3", all with or without a year.
func (p *parser) readMonthDate(i int) (date, strength, int) {
	month, day, next := p.readDayAndMonth(i)
	if next == 0 {
		return date{}, 0, 0
	}
	if year, end := p.readYear(next); end > 0 {
		found := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		if found.Day() != day {
			return date{}, 0, 0
		}
		return date{day: found}, weak, end
	}
	return p.yearDay(month, day), weak, next
}

// readYear reads a year of four digits. A year of two digits must end a clause, and is not more
// than 20 years ahead.
func (p *parser) readYear(i int) (int, int) {
	i = p.skip(i, p.lang.of)
	text := strings.TrimLeft(p.text(i), "'’")
	year, err := strconv.Atoi(text)
	switch {
	case err != nil || !p.free(i):
		return 0, 0
	case len(text) == 4 && year >= 1970:
		return year, i + 1
	case len(text) == 2 && text[0] >= '0':
		ahead := year - p.today.Year()%100
		if ahead >= 0 && ahead <= 20 && p.endsDay(i+1) {
			return p.today.Year() + ahead, i + 1
		}
	}
	return 0, 0
}

// readDayAndMonth reads a date without its year.
func (p *parser) readDayAndMonth(i int) (month time.Month, day, next int) {
	i = p.skip(i, p.lang.the)
	if month, next = find(p, p.lang.months, i); next > 0 {
		if _, before := p.readDayNumber(i - 1); p.words[next-1].stop || before > 0 && !p.words[i-1].stop && !p.words[i].glued {
			return 0, 0, 0 // in "24 dec 18", the month may belong to either number
		}
		day, next = p.readDayNumber(p.skip(next, p.lang.the))
	} else if day, next = p.readDayNumber(i); next > 0 {
		if p.words[next-1].stop && !strings.HasSuffix(p.raw(next-1), ".") {
			return 0, 0, 0
		}
		month, next = find(p, p.lang.months, p.skip(next, p.lang.of))
	} else {
		month, day, next = p.readShortDate(i)
	}
	if next == 0 || day > daysIn(month, 2024) {
		return 0, 0, 0
	}
	return month, day, next
}

// readShortDate reads 24dec and 24-dec.
func (p *parser) readShortDate(i int) (time.Month, int, int) {
	text := p.text(i)
	name := strings.TrimLeft(text, "0123456789")
	day, err := strconv.Atoi(strings.TrimSuffix(text, name))
	month, ok := p.lang.months[strings.TrimPrefix(name, "-")]
	if err != nil || !ok || day < 1 || day > 31 {
		return 0, 0, 0
	}
	return month, day, i + 1
}

func (p *parser) readDayNumber(i int) (int, int) {
	if n, next := p.readOrdinal(i); next > 0 && n > 0 {
		return n, next
	}
	if n, err := strconv.Atoi(p.text(i)); err == nil && n >= 1 && n <= 31 && len(p.text(i)) <= 2 {
		return n, i + 1
	}
	return 0, 0
}

// readOrdinal reads "1st" to "31st" and "first" to "fifth". It returns -1 for "last" and -3 for
// "3rd to last".
func (p *parser) readOrdinal(i int) (int, int) {
	n, next := find(p, p.lang.ordinals, i)
	if next == 0 {
		n, next = p.lang.ordinalOf(p.text(i)), i+1
	}
	if n == 0 && p.lang.dayArticle[p.text(i-1)] && len(p.text(i)) <= 2 && !number(p.text(i), 31, &n) {
		n = 0
	}
	if raw := p.raw(i); n == 0 && p.lang.dotOrdinals && strings.HasSuffix(strings.TrimRight(raw, ",;:"), ".") {
		if !number(p.text(i), 31, &n) {
			n = 0
		}
	}
	if n == 0 {
		return 0, 0
	}
	if n > 1 {
		if end := p.is(next, p.lang.toLast); end > 0 {
			return -n, end
		}
	}
	return n, next
}

// ordinalOf returns the number of "1st" to "31st", or 0.
func (l *language) ordinalOf(text string) int {
	for _, suffix := range l.ordinalSuffixes {
		if digits, ok := strings.CutSuffix(text, suffix); ok {
			if n, err := strconv.Atoi(digits); err == nil && n >= 1 && n <= 31 && digits[0] != '+' {
				return n
			}
		}
	}
	return 0
}

// ordinalWord reports whether an ordinal is written as a word. Such words are often no dates.
func (p *parser) ordinalWord(i int) bool { return p.lang.ordinals[p.text(i)] != 0 }

// readOfWeek reads "friday next week" and "next week on friday".
func (p *parser) readOfWeek(i int) (date, strength, int) {
	weekday, next := find(p, p.lang.weekdays, i)
	var n int
	if next > 0 {
		n, next = find(p, p.lang.weeks, p.skip(next, p.lang.of))
	} else if n, next = find(p, p.lang.weeks, i); next > 0 {
		weekday, next = find(p, p.lang.weekdays, p.skip(next, p.lang.on))
	}
	if next == 0 {
		return date{}, 0, 0
	}
	day := onWeekday(p.week(n), weekday)
	if day.Before(p.today) {
		p.conflict = true // "monday this week" has passed
		return date{}, 0, 0
	}
	return date{day: day}, weak, next
}

// readOfMonth reads a day by its month: "the 3rd of next month", "next month on the 3rd", "first
// monday of the month", "2nd saturday in december", "end of january".
func (p *parser) readOfMonth(i int) (date, strength, int) {
	if n, next := find(p, p.lang.monthsSaid, i); next > 0 {
		j := p.skip(p.skip(next, p.lang.on), p.lang.the)
		if day, end := p.readOrdinal(j); end > 0 && day > 0 {
			if d, ok := p.inMonth(n, func(first time.Time) (time.Time, bool) { return dayOf(first, day) }); ok {
				return d, weak, end
			}
			return date{}, 0, 0
		}
	}
	pick, next := p.readDayOfMonth(p.skip(i, p.lang.the))
	if next == 0 {
		return date{}, 0, 0
	}
	of := p.skip(next, p.lang.monthOf)
	n, end := find(p, p.lang.monthsSaid, next)
	if end == 0 {
		n, end = find(p, p.lang.monthsSaid, of)
	}
	if end > 0 {
		if d, ok := p.inMonth(n, pick); ok {
			return d, weak, end
		}
		return date{}, 0, 0
	}
	month, end := find(p, p.lang.months, of)
	if end == 0 || of == next && next == i+1 && !p.lang.dayFirst {
		return date{}, 0, 0
	}
	if year, after := p.readYear(end); after > 0 {
		day, ok := pick(time.Date(year, month, 1, 0, 0, 0, 0, time.UTC))
		if !ok {
			return date{}, 0, 0
		}
		return date{day: day}, weak, after
	}
	// A leap day comes within 8 years. "31st of november" never comes.
	in := func(year int) time.Time {
		for range 9 {
			if day, ok := pick(time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)); ok {
				return day
			}
			year++
		}
		return time.Time{}
	}
	d := date{day: in(p.today.Year()), again: func(last time.Time) time.Time { return in(last.Year() + 1) }}
	if d.day = d.notBefore(p.today); d.day.Before(p.today) {
		return date{}, 0, 0
	}
	return d, weak, end
}

// readDayOfMonth reads "3rd", "first monday", "last workday" and "end of", and returns how to find
// that day in a month.
func (p *parser) readDayOfMonth(i int) (pick func(first time.Time) (time.Time, bool), next int) {
	if n, next := find(p, p.lang.monthEnds, i); next > 0 {
		return func(first time.Time) (time.Time, bool) { return dayOf(first, n) }, next
	}
	n, next := p.readOrdinal(i)
	if next == 0 {
		return nil, 0
	}
	if end := p.is(next, p.lang.day); end > 0 {
		return func(first time.Time) (time.Time, bool) { return dayOf(first, n) }, end
	}
	days := map[time.Weekday]bool{}
	if weekday, end := find(p, p.lang.weekdays, next); end > 0 {
		days[weekday], next = true, end
	} else if group, end := find(p, p.lang.groups, next); end > 0 && len(group) > 1 {
		for _, weekday := range group {
			days[weekday] = true
		}
		next = end
	} else if n < 1 {
		return nil, 0
	} else {
		return func(first time.Time) (time.Time, bool) { return dayOf(first, n) }, next
	}
	return func(first time.Time) (time.Time, bool) { return nthOf(first, n, days) }, next
}

// dayOf returns the day n of a month, or the day -n from its end.
func dayOf(first time.Time, n int) (time.Time, bool) {
	last := daysIn(first.Month(), first.Year())
	if n < 0 {
		n += last + 1
	}
	return first.AddDate(0, 0, n-1), n >= 1 && n <= last
}

// nthOf returns the n-th of some weekdays in a month, or the one -n from its end.
func nthOf(first time.Time, n int, days map[time.Weekday]bool) (time.Time, bool) {
	day, step := first, 1
	if n < 0 {
		n, step, day = -n, -1, first.AddDate(0, 1, -1)
	}
	for ; day.Month() == first.Month(); day = day.AddDate(0, 0, step) {
		if days[day.Weekday()] {
			if n--; n == 0 {
				return day, true
			}
		}
	}
	return time.Time{}, false
}

// inMonth returns a day of the month n months after this one. With n = -1 it is the next such day of
// any month. It returns false if there is none: no month has a 7th Tuesday.
func (p *parser) inMonth(n int, pick func(time.Time) (time.Time, bool)) (date, bool) {
	first := p.today.AddDate(0, 0, 1-p.today.Day()).AddDate(0, max(n, 0), 0)
	if n >= 0 {
		day, ok := pick(first)
		p.conflict = p.conflict || ok && day.Before(p.today) // "the 1st of this month" has passed
		return date{day: day}, ok
	}
	in := func(first time.Time) time.Time {
		for range 12 { // a 31st, or a fifth Monday, comes within a year
			if day, ok := pick(first); ok {
				return day
			}
			first = nextMonth(first)
		}
		return time.Time{}
	}
	d := date{day: in(first), again: func(last time.Time) time.Time { return in(nextMonth(last)) }}
	d.day = d.notBefore(p.today)
	return d, !d.day.Before(p.today)
}
