package phrase

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	clockText  = regexp.MustCompile(`^(\d{1,2})(?:([:.h])(\d{2})(?::\d{2})?)?(h|a\.?m|p\.?m|a|p)?$`)
	clockBlock = regexp.MustCompile(`^(\d{2})(\d{2})h?$`)
)

// readClock reads a time of day at i.
func (p *parser) readClock(i int) (clock, strength, int) {
	if c, next := find(p, p.lang.clocks, i); next > 0 {
		if p.lang.alike[p.text(i)] {
			return p.readMinutes(c, beside, next)
		}
		return p.readMinutes(c, weak, next)
	}
	if offset, next := find(p, p.lang.clockOffsets, i); next > 0 {
		return p.readFromHour(offset, next)
	}
	if next := p.is(i, p.lang.halfPast); next > 0 {
		if c, _, end := p.readFromHour(30, next); end > 0 {
			return c, beside, end // "half seven"
		}
	}
	if hour, next := find(p, p.lang.hours, i); next > 0 {
		c, s := clock{hour: hour, half: hour <= 12}, marked
		if end := p.is(next, p.lang.oClock); end > 0 {
			c.early = p.lang.dayHours
			if _, unit := find(p, p.lang.units, next); unit == 0 {
				s = weak
			}
			next = end
		}
		c, s, next = p.readMinutes(c, s, next)
		if half := p.lang.halfOf(p.text(next)); half > 0 && len(p.text(next)) > 1 && c.half && !p.words[next-1].stop {
			return clock{hour: c.hour%12 + 12*(half-1), minute: c.minute}, weak, next + 1
		}
		return c, s, next
	}
	if m := clockBlock.FindStringSubmatch(p.text(i)); m != nil {
		return p.readBlock(m, i)
	}
	m := clockText.FindStringSubmatch(p.text(i))
	if m == nil || m[2] == "h" && m[4] == "h" {
		return clock{}, 0, 0
	}
	var c clock
	if !number(m[1], 23, &c.hour) || m[3] != "" && !number(m[3], 59, &c.minute) {
		return clock{}, 0, 0
	}
	c.half = c.hour >= 1 && c.hour <= 12 && m[1][0] != '0' && m[2] != "h" && m[4] != "h"
	c.early = p.lang.dayHours && (m[2] == ":" || p.is(i+1, p.lang.oClock) > 0 && !p.words[i].stop)
	c.byPart = p.lang.hourSign && !c.half && c.hour >= 1 && c.hour < 12
	s, half, next := p.clockStrength(m, i), p.lang.halfOf(m[4]), i+1
	if after := p.lang.halfOf(p.text(next)); m[4] == "" && after > 0 && len(p.text(next)) > 1 && !p.words[i].stop {
		half, next, s = after, next+1, weak
	}
	switch end := p.is(next, p.lang.oClock); {
	case half > 0 && c.hour >= 1 && c.hour <= 12:
		return clock{hour: c.hour%12 + 12*(half-1), minute: c.minute}, s, next
	case half == 2 && c.hour > 12: // 15:00 pm
	case half > 0:
		return clock{}, 0, 0
	case end > 0:
		if _, unit := find(p, p.lang.units, next); unit > 0 && c.minute == 0 {
			return p.readMinutes(c, max(s, marked), end) // "8 heures" may be a length
		}
		return p.readMinutes(c, weak, end)
	}
	return p.readMinutes(c, s, next)
}

// readMinutes reads the minutes after an hour: "14 Uhr 30", "huit heures et demie".
func (p *parser) readMinutes(c clock, s strength, i int) (clock, strength, int) {
	if offset, next := find(p, p.lang.afterHours, i); next > 0 && c.minute == 0 && !p.words[i-1].stop && !p.counts(i) {
		all := c.hour*60 + offset
		if c.half && c.hour <= 6 && offset < 0 {
			all += 12 * 60 // "3 menos cuarto" is in the half of its hour
			c.half = false
		}
		if _, inWords := p.lang.hours[p.text(i-1)]; inWords {
			s = max(s, beside) // "tomorrow nine thirty"
		}
		c.hour, c.minute = (all+24*60)/60%24, (all+60)%60
		return c, max(s, marked), next
	}
	var minute int
	if text := p.text(i); p.lang.oClock[p.words[i-1].text] && c.minute == 0 && len(text) == 2 && number(text, 59, &minute) && !p.words[i-1].stop {
		c.minute = minute
		return c, s, i + 1
	}
	return c, s, i
}

// counts reports whether a number in words stands at i after an hour in digits. It counts something then:
// "at 9 ten people".
func (p *parser) counts(i int) bool {
	_, next := find(p, p.lang.numbers, i)
	return next > 0 && digits(p.text(i-1))
}

// clockStrength returns the evidence that a time needs, from its parts as in clockText.
func (p *parser) clockStrength(m []string, i int) strength {
	hour, sign, half := m[1], m[2], m[4]
	minute, _ := strconv.Atoi(m[3])
	switch {
	case half == "am" || half == "pm" || half == "a.m" || half == "p.m":
		return weak
	case half == "a" || half == "p":
		return beside
	case sign == ":" && len(hour) == 2:
		return weak
	case sign == ":" && minute%5 == 0:
		return beside
	case sign == "h" && p.lang.hourSign:
		return weak
	case sign == "h" && len(hour) == 2, half == "h" && p.lang.hourSign && p.ends(i+1):
		return beside
	// After a day, "9.30" and "8h" are times. "14.30 tomorrow" is one as well, but 3.11 may be a version.
	case sign == "." && minute%5 == 0 && (p.afterDay(i) || p.ofTime(i+1) && len(hour) == 2 && minute%15 == 0),
		sign == "h" && p.afterDay(i), half == "h" && p.afterDay(i) && p.ends(i+1):
		return beside
	}
	return marked
}

// afterDay reports whether a day, or another part of the due date, stands before i.
func (p *parser) afterDay(i int) bool {
	_, next := find(p, p.lang.weekdays, i-1)
	return p.ofTime(i-1) || next == i && !p.lang.alike[p.text(i-1)]
}

// readBlock reads 0800 and 1530 after a day. A number from 1900 to 2100 may be a year.
func (p *parser) readBlock(m []string, i int) (clock, strength, int) {
	var c clock
	if !number(m[1], 23, &c.hour) || !number(m[2], 59, &c.minute) {
		return clock{}, 0, 0
	}
	next := max(i+1, p.is(i+1, p.lang.blockUnits))
	switch year := p.text(i) >= "1900" && p.text(i) < "2100"; {
	case year && !p.lang.exactly[p.text(i-1)] && next == i+1:
		return clock{}, 0, 0
	case c.minute%5 != 0, year, !p.afterDay(i):
		return c, marked, next
	}
	return c, beside, next
}

// readFromHour reads the hour of "half past 9" and "quarter to 5".
func (p *parser) readFromHour(offset, i int) (clock, strength, int) {
	c, s, next := p.readClock(i)
	if s == 0 || c.minute != 0 {
		return clock{}, 0, 0
	}
	if minutes := c.hour*60 + offset; minutes > 0 {
		// The half of the day is that of the hour itself: quarter to 7 is 6:45.
		if c.half && c.hour <= 6 {
			minutes += 12 * 60
		}
		return clock{hour: minutes / 60 % 24, minute: minutes % 60, half: c.half && c.hour > 6}, weak, next
	}
	return clock{}, 0, 0
}

// halfOf returns 1 for am, 2 for pm and 0 otherwise.
func (l *language) halfOf(text string) int {
	switch {
	case l.am[text]:
		return 1
	case l.pm[text]:
		return 2
	}
	return 0
}

// readClocks reads a time, or the first time of a range such as "from 3 to 4pm". The time zone may
// follow.
func (p *parser) readClocks(i int) (c clock, s strength, next int) {
	c, s, next = p.readClock(i)
	if next == 0 {
		return c, 0, 0
	}
	if end, es, after := p.readRangeEnd(next); after > 0 && es >= marked {
		switch {
		case s == marked && es == marked && !p.lang.from[p.text(i-1)] && !p.lang.from[p.text(i-2)]:
			return c, s, next
		case c.half && !end.half && end.hour > 0:
			// "11-1pm" begins before noon, "3-4pm" after it.
			if c.hour%12 <= end.hour%12 == (end.hour >= 12) {
				c.hour = c.hour%12 + 12
			} else {
				c.hour %= 12
			}
			c.half = false
		}
		return c, max(s, es), after
	}
	return c, s, next
}

// readRangeEnd reads the end of a range of times. It must be a whole clause or stand before a day.
func (p *parser) readRangeEnd(i int) (clock, strength, int) {
	to := max(p.is(i, p.lang.to), p.is(i, p.lang.toClock))
	if to == 0 && p.lang.rangeAnd[p.text(i)] {
		to = i + 1
	}
	if to == 0 || p.lang.rangeAnd[p.text(i)] && !p.lang.between[p.text(i-2)] && !p.lang.between[p.text(i-3)] {
		return clock{}, 0, 0
	}
	c, s, next := p.readClock(to)
	if next == 0 {
		c, s, next = p.readClock(p.skip(to, p.lang.clockArticle)) // "entre las 4 y las 6"
	}
	if s == 0 || s == marked && !p.ends(next) {
		return clock{}, 0, 0
	}
	return c, s, next
}

func trimBrackets(text string) string { return strings.Trim(text, "()[]{}") }
