package phrase

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	yearFirst = regexp.MustCompile(`^(\d{4})([-/.])(\d{1,2})([-/.])(\d{1,2})$`)
	yearLast  = regexp.MustCompile(`^(\d{1,2})([-/.])(\d{1,2})([-/.])(\d{4}|\d{2})$`)
	noYear    = regexp.MustCompile(`^(\d{1,2})([/.])(\d{1,2})$`)
	withMonth = regexp.MustCompile(`^(\d{1,2})-?([a-z]+)-?(\d{4}|\d{2})$`)
	stamp     = regexp.MustCompile(`^(\d{4}-?\d{2}-?\d{2})t(\d{2}):?(\d{2})(?::?(\d{2})(?:\.\d+)?)?(z|[-+]\d{2}:?\d{2})?$`)
)

// readNumeric reads 2026-03-03, 3.3.2026, 3-mar-2026, and 3/4 or 3/4/2026 in the date order of the
// options.
func (p *parser) readNumeric(i int) (date, strength, int) {
	text := p.text(i)
	if m := yearFirst.FindStringSubmatch(text); m != nil && m[2] == m[4] {
		s := weak
		if i == 0 {
			s = strong
		}
		return p.exactly(m[1], m[3], m[5], s, i)
	}
	if m := withMonth.FindStringSubmatch(text); m != nil && p.lang.months[m[2]] > 0 {
		return p.exactly(longYear(m[3]), strconv.Itoa(int(p.lang.months[m[2]])), m[1], weak, i)
	}
	if m := yearLast.FindStringSubmatch(text); m != nil && m[2] == m[4] {
		day, month, ok := p.ordered(m[1], m[3], m[2], len(m[5]) == 4)
		if !ok || len(m[5]) == 2 && m[2] == "-" {
			return date{}, 0, 0
		}
		s := weak
		if i == 0 {
			s = strong // "1/2/27 dentist"
		}
		// 3.11.26 may be a version.
		if len(m[5]) == 2 && m[2] == "." && (len(m[1]) == 1 || len(m[3]) == 1) {
			s = beside
		}
		return p.exactly(longYear(m[5]), month, day, s, i)
	}
	m := noYear.FindStringSubmatch(text)
	if m == nil {
		return date{}, 0, 0
	}
	day, month, ok := p.ordered(m[1], m[3], m[2], false)
	if !ok {
		return date{}, 0, 0
	}
	n, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	switch full := m[2] == "." && strings.HasPrefix(p.raw(i)[len(text):], "."); {
	case n < 1 || n > 12 || d < 1 || d > daysIn(time.Month(n), 2024):
		return date{}, 0, 0
	case full: // "24.12." ends in a full stop
		return p.yearDay(time.Month(n), d), weak, i + 1
	case m[2] == "." && p.dotIsClock(i, m[1], m[3]):
		return date{}, 0, 0
	}
	return p.yearDay(time.Month(n), d), beside, i + 1
}

// dotIsClock reports whether 9.30 may be a time. A date is only read next to a time.
func (p *parser) dotIsClock(i int, first, second string) bool {
	var hour, minute int
	if p.clock != nil {
		return false
	}
	if _, s, _ := p.readClock(i + 1); s >= beside && !p.words[i].stop {
		return false
	}
	return number(first, 23, &hour) && len(second) == 2 && number(second, 59, &minute) || len(second) == 1
}

// ordered decides which of two numbers is the day and which the month. Dots mean the day first,
// unless the user writes the month first. If only one order is a date, a year makes it certain.
func (p *parser) ordered(first, second, sign string, year bool) (day, month string, ok bool) {
	a, _ := strconv.Atoi(first)
	b, _ := strconv.Atoi(second)
	dayFirst, monthFirst := b >= 1 && b <= 12, a >= 1 && a <= 12
	switch {
	case a == b, sign == "." && p.order != MonthDay && dayFirst, p.order == DayMonth && dayFirst:
		return first, second, true
	case p.order == MonthDay && monthFirst && sign != ".":
		return second, first, true
	case sign == "." && dayFirst && (!monthFirst || !year):
		return first, second, !monthFirst
	case year && dayFirst != monthFirst && dayFirst:
		return first, second, true
	case year && dayFirst != monthFirst:
		return second, first, true
	}
	return "", "", false
}

// longYear returns the four digits of a year.
func longYear(year string) string {
	if len(year) == 2 {
		return "20" + year
	}
	return year
}

// exactly returns the date of a year, month and day, if it exists.
func (p *parser) exactly(year, month, day string, s strength, i int) (date, strength, int) {
	y, _ := strconv.Atoi(year)
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	if y < 1970 || m < 1 || m > 12 || d < 1 || d > daysIn(time.Month(m), y) {
		return date{}, 0, 0
	}
	return date{day: time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)}, s, i + 1
}

// readStamp reads 2026-12-24T18:00, also with seconds and an offset.
func (p *parser) readStamp(i int) (date, clock, *time.Location, bool) {
	m := stamp.FindStringSubmatch(p.text(i))
	if m == nil {
		return date{}, clock{}, nil, false
	}
	day, err := time.Parse("20060102", strings.ReplaceAll(m[1], "-", ""))
	var c clock
	if err != nil || !number(m[2], 23, &c.hour) || !number(m[3], 59, &c.minute) || day.Year() < 1970 {
		return date{}, clock{}, nil, false
	}
	if m[5] == "" {
		return date{day: day}, c, nil, true
	}
	if m[5] == "z" {
		return date{day: day}, c, time.UTC, true
	}
	at, err := time.Parse("-0700", strings.ReplaceAll(m[5], ":", ""))
	if err != nil {
		return date{}, clock{}, nil, false
	}
	return date{day: day}, c, at.Location(), true
}
