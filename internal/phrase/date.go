package phrase

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
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

// notBefore returns the first such day that is not before from. It returns an earlier day if none is
// known: a fifth Tuesday in February comes only every 28 years.
func (d date) notBefore(from time.Time) time.Time {
	day := d.day
	for day.Before(from) && d.again != nil {
		next := d.again(day)
		if !next.After(day) {
			break
		}
		day = next
	}
	return day
}

// readDate reads a day at i. The longest one counts.
func (p *parser) readDate(i int) (date, strength, int) {
	var best date
	var s strength
	next := 0
	for _, read := range []func(*parser, int) (date, strength, int){
		(*parser).readDayName, (*parser).readInDays, (*parser).readWeekday, (*parser).readOfWeek, (*parser).readOfMonth,
		(*parser).readMonthDate, (*parser).readNumeric, (*parser).readMonthDay,
	} {
		if d, found, end := read(p, i); end > next {
			best, s, next = d, found, end
		}
	}
	return best, s, next
}

// readDayName reads "tomorrow", "next week" and "christmas eve".
func (p *parser) readDayName(i int) (date, strength, int) {
	if day, next := find(p, p.lang.days, i); next > 0 && !p.titled(i, next) && !p.isPart(i, next) {
		return date{day: day(p.today)}, strong, next
	}
	start := weak
	if i == 0 {
		start = strong
	}
	if day, next := find(p, p.lang.spans, i); next > 0 && !p.titled(i, next) {
		return date{day: day(p.today)}, start, next
	}
	if n, next := find(p, p.lang.weeks, i); next > 0 && n > 0 && !p.titled(i, next) {
		return date{day: p.week(n)}, start, next
	}
	if day, next := find(p, p.lang.abbreviations, i); next > 0 && p.raw(i) == strings.TrimRight(p.raw(i), punctuation) &&
		p.raw(i) == p.text(i) && !p.lang.people[p.text(i-1)] {
		if i == 0 {
			return date{day: day(p.today)}, beside, next
		}
		return date{day: day(p.today)}, weak, next
	}
	if feast, next := find(p, p.lang.feasts, i); next > 0 {
		return p.yearDay(feast.month, feast.day), beside, next
	}
	return date{}, 0, 0
}

// isPart reports whether the words from i name a part of another day: "am Morgen", "Freitag Morgen".
func (p *parser) isPart(i, next int) bool {
	if _, end := find(p, p.lang.parts, i); i == 0 || end < next || next == i {
		return false
	}
	if p.is(i-1, p.lang.on) == i {
		return true
	}
	if i > 0 && p.words[i-1].stop {
		return false
	}
	_, end := find(p, p.lang.weekdays, i-1)
	return end == i || p.ofTime(i-1) && (p.date != nil || p.rule != nil)
}

// readInDays reads "in 3 days" and "a week from now".
func (p *parser) readInDays(i int) (date, strength, int) {
	a, from, next := p.readIn(i)
	if next == 0 || a.minutes > 0 || p.titled(i, next) {
		return date{}, 0, 0
	}
	if p.opens(i) {
		return date{day: a.after(from)}, strong, next
	}
	return date{day: a.after(from)}, weak, next
}

// titled reports whether the words from i are part of a name, because of their capitals: "USA
// Today", "Tomorrow Never Dies", "Around the World in 80 Days".
func (p *parser) titled(i, next int) bool {
	capitals := 0
	for j := i; j < next; j++ {
		if capitalised(p.raw(j)) {
			capitals++
		}
	}
	switch {
	case capitals == 0 || p.opens(i) || p.lang.nouns, p.titleCase && p.endsDay(next):
		return false
	case capitals > 1:
		return true // "The Day After Tomorrow"
	}
	before := p.free(i-1) && startsUpper(p.raw(i-1))
	after := p.free(next) && startsUpper(p.raw(next)) && !p.words[next-1].stop
	return before || after
}

// inTitleCase reports whether all long words of the line are capitalised: "Call Mum Tomorrow". The
// capitals then say nothing about a name, except in the titles of films and books.
func (p *parser) inTitleCase() bool {
	const short = 3
	words := 0
	for i, w := range p.words {
		raw := p.raw(i)
		switch first, _ := utf8.DecodeRuneInString(raw); {
		case p.lang.works[w.text]:
			return false
		case capitalised(raw):
			words++
		case unicode.IsLetter(first) && (i == 0 || utf8.RuneCountInString(raw) > short):
			return false
		}
	}
	return words > 1
}

// capitalised reports whether a word begins with its only capital letter.
func capitalised(text string) bool {
	return startsUpper(text) && (len(text) == 1 || strings.ToUpper(text) != text)
}

func startsUpper(text string) bool {
	c, _ := utf8.DecodeRuneInString(text)
	return unicode.IsUpper(c)
}

// opens reports whether a clause begins at i: at the start of the line, after punctuation, or after
// words that were taken.
func (p *parser) opens(i int) bool {
	return i == 0 || p.words[i-1].kind != "" || p.words[i-1].stop
}

// readWeekday reads a weekday. "friday" is the first one after today, "this friday" may be today,
// and "next friday" is in next week. A date may follow, which must be that weekday.
func (p *parser) readWeekday(i int) (date, strength, int) {
	j := p.skip(i, p.lang.this)
	isThis := j > i
	k := p.skip(j, p.lang.next)
	isNext := k > j && !isThis
	weekday, next := find(p, p.lang.weekdays, k)
	if next == 0 || k > j && isThis {
		return date{}, 0, 0
	}
	if end := p.is(next, p.lang.nextAfter); end > 0 && !isThis {
		isNext, next = true, end
	}
	isComing := false
	if end := p.is(next, p.lang.comingAfter); end > 0 && !isThis && !isNext {
		isComing, next = true, end
	}
	first := p.today
	if isNext {
		first = p.week(1)
	}
	day := onWeekday(first, weekday)
	switch {
	case isThis, isNext:
		return date{day: day}, strong, next
	case day.Equal(p.today):
		day = day.AddDate(0, 0, 7)
	}
	if later, end := find(p, p.lang.weeksLater, next); end > 0 && (p.endsDay(end) || i == 0 && end > next+1) {
		return date{day: day.AddDate(0, 0, 7*later)}, strong, end
	}
	if isComing {
		return date{day: day}, strong, next
	}
	if d, end := p.readDateOf(weekday, next); end > 0 {
		return d, weak, end
	}
	p.conflict = p.conflict || p.lang.usually[p.text(i-1)]
	if p.lang.alike[p.text(k)] {
		return date{day: day}, beside, next
	}
	return date{day: day}, weak, next
}

// readDateOf reads the date after a weekday: "7 december" of "monday, 7 december". If the date is
// another weekday, nothing of the line is taken.
func (p *parser) readDateOf(weekday time.Weekday, i int) (date, int) {
	for _, read := range []func(*parser, int) (date, strength, int){
		(*parser).readMonthDate, (*parser).readNumeric, (*parser).readMonthDay,
	} {
		d, _, next := read(p, i)
		if next == 0 {
			continue
		}
		if d.day.Weekday() != weekday {
			if c, s, _ := p.readClock(i); s > 0 && c.minute%5 == 0 {
				continue // "friday 10.15" has a time
			}
			p.conflict = p.conflict || p.endsDay(next)
			return date{}, 0
		}
		return date{day: d.day}, next
	}
	return date{}, 0
}

// readMonthDay reads "the 15th" of this month or the next month that has it. "the 2nd chapter" is
// not a day.
func (p *parser) readMonthDay(i int) (date, strength, int) {
	j := p.skip(i, p.lang.the)
	n, next := p.readOrdinal(j)
	if next == 0 || n < 1 || j == i && p.ordinalWord(j) || !p.endsDay(next) {
		return date{}, 0, 0
	}
	return p.monthDay(n), beside, next
}
