package phrase

import (
	"strconv"
	"strings"
	"time"
)

// strength is the evidence that a date or time needs from its surroundings.
type strength int

const (
	// marked needs a preposition that makes it a date or time: "on the 15th", "at 9".
	marked strength = iota + 1
	// beside needs a preposition, or another date or time next to it: "sat 9am".
	beside
	// weak needs one of those, or the end of its clause: "call mum friday", but not "prepare friday
	// meeting".
	weak
	// strong is always a date or time.
	strong
)

// date is a day at midnight as a wall time.
type date struct {
	day time.Time
	// again returns the next such day after one that has passed. It is nil when the line names a
	// single day.
	again func(time.Time) time.Time
}

// readDate reads a day at i.
func (p *parser) readDate(i int) (date, strength, int) {
	if day, next := find(p, english.days, i); next > 0 {
		return date{day: day(p.today)}, strong, next
	}
	if day, next := find(p, english.spans, i); next > 0 {
		if i == 0 {
			return date{day: day(p.today)}, strong, next
		}
		return date{day: day(p.today)}, weak, next
	}
	if d, next := p.readIn(i); next > 0 && d.minutes == 0 {
		return date{day: d.after(p.today)}, strong, next
	}
	if d, s, next := p.readWeekday(i); next > 0 {
		return d, s, next
	}
	if d, next := p.readMonthDate(i); next > 0 {
		return d, weak, next
	}
	if d, s, next := p.readNumeric(i); next > 0 {
		return d, s, next
	}
	// "the 15th" means this month or the next month that has it. "the 2nd chapter" is not a day.
	j := p.skip(i, english.the)
	if n, next := p.readOrdinal(j); next > 0 && n > 0 && (j > i || !p.ordinalWord(j)) && p.endsDay(next) {
		return p.monthDay(n), beside, next
	}
	return date{}, 0, 0
}

// readWeekday reads a weekday. "friday" is the first one after today, "this friday" may be today,
// and "next friday" is in next week.
func (p *parser) readWeekday(i int) (date, strength, int) {
	j := p.skip(i, english.this)
	isThis := j > i
	k := p.skip(j, english.next)
	isNext := k > j && !isThis
	weekday, next := find(p, english.weekdays, k)
	if next == 0 || k > j && isThis {
		return date{}, 0, 0
	}
	first := p.today
	if isNext {
		first = nextWeek(p.today)
	}
	day := onWeekday(first, weekday)
	switch {
	case isThis, isNext:
		return date{day: day}, strong, next
	case day.Equal(p.today):
		day = day.AddDate(0, 0, 7)
	}
	if english.alike[p.text(k)] {
		return date{day: day}, beside, next
	}
	return date{day: day}, weak, next
}

// readMonthDate reads "3 march", "the 3rd of march" and "march 3", all with or without a year.
func (p *parser) readMonthDate(i int) (date, int) {
	month, day, next := p.readDayAndMonth(i)
	if next == 0 {
		return date{}, 0
	}
	if year, err := strconv.Atoi(p.text(next)); err == nil && len(p.text(next)) == 4 && year >= 1970 {
		found := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		if found.Day() != day {
			return date{}, 0
		}
		return date{day: found}, next + 1
	}
	return p.yearDay(month, day), next
}

// readDayAndMonth reads a date without its year.
func (p *parser) readDayAndMonth(i int) (month time.Month, day, next int) {
	i = p.skip(i, english.the)
	if month, next = find(p, english.months, i); next > 0 {
		if p.words[next-1].stop {
			return 0, 0, 0
		}
		day, next = p.readDayNumber(p.skip(next, english.the))
	} else if day, next = p.readDayNumber(i); next > 0 {
		month, next = find(p, english.months, p.skip(next, english.of))
	}
	if next == 0 || day > daysIn(month, 2024) {
		return 0, 0, 0
	}
	return month, day, next
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

// readOrdinal reads "1st" to "31st" and "first" to "fifth". It returns -1 for "last".
func (p *parser) readOrdinal(i int) (int, int) {
	if n, next := find(p, english.ordinals, i); next > 0 {
		return n, next
	}
	for _, suffix := range english.ordinalSuffixes {
		if digits, ok := strings.CutSuffix(p.text(i), suffix); ok {
			if n, err := strconv.Atoi(digits); err == nil && n >= 1 && n <= 31 && digits[0] != '+' {
				return n, i + 1
			}
		}
	}
	return 0, 0
}

// ordinalWord reports whether an ordinal is written as a word. Such words are often no dates.
func (p *parser) ordinalWord(i int) bool { return english.ordinals[p.text(i)] != 0 }

// readNumeric reads 2026-03-03, and 3/4 or 3/4/2026 in the date order of the options.
func (p *parser) readNumeric(i int) (date, strength, int) {
	if day, err := time.Parse(time.DateOnly, p.text(i)); err == nil && day.Year() >= 1970 {
		return date{day: day}, weak, i + 1
	}
	layouts := map[DateOrder][]string{DayMonth: {"2/1/2006", "2/1"}, MonthDay: {"1/2/2006", "1/2"}}[p.order]
	for _, layout := range layouts {
		day, err := time.Parse(layout, p.text(i))
		switch {
		case err != nil:
		case day.Year() == 0:
			return p.yearDay(day.Month(), day.Day()), beside, i + 1
		case day.Year() >= 1970:
			return date{day: day}, weak, i + 1
		}
	}
	return date{}, 0, 0
}
