package phrase

import (
	"strings"
	"time"
)

// readDue finds the day and the time. It first takes the strong ones, so that their neighbours can
// refer to them. It then reads from the end of the line, where most dates are.
func (p *parser) readDue() {
	for i := range p.words {
		p.readDueAt(i, strong)
	}
	for changed := true; changed; {
		changed = false
		for i := len(p.words) - 1; i >= 0; i-- {
			changed = p.readDueAt(i, marked) || changed
		}
	}
}

// readDueAt reads a day or a time at i. It takes one if its strength is at least least, or if a
// preposition marks it. Its surroundings must allow it.
func (p *parser) readDueAt(i int, least strength) bool {
	if !p.free(i) {
		return false
	}
	if p.date == nil && (p.rule == nil || !p.rule.named()) { // otherwise only "starting" names a day
		if found, next := p.readToday(i); next > 0 && !p.named(i) && !p.titled(i, next) {
			p.date, p.part = &date{day: p.today}, found
			p.mark(KindDue, i, next)
			return true
		}
		if p.readDayAt(i, least) {
			return true
		}
	}
	if p.clock == nil && p.instant == nil {
		if p.date == nil && p.part == nil && p.rule == nil {
			if a, _, next := p.readIn(i); next > 0 && a.minutes > 0 && !p.titled(i, next) && (p.opens(i) || p.endsDay(next)) {
				instant := p.at(a.nominal(p.wallNow())).Add(minutes(a)).Truncate(time.Minute)
				p.instant, p.date = &instant, &date{}
				p.mark(KindDue, i, next)
				return true
			}
		}
		if p.readTimeAt(i, least) {
			return true
		}
	}
	return p.part == nil && p.instant == nil && p.readPart(i, least)
}

// readDayAt reads a day or the first day of a range at i.
func (p *parser) readDayAt(i int, least strength) bool {
	if d, c, zone, ok := p.readStamp(p.skip(i, p.lang.on)); ok && p.clock == nil {
		next := p.skip(i, p.lang.on) + 1
		p.date, p.clock, p.clockZone, p.clockAt = &d, &c, zone, i
		p.mark(KindDue, i, next)
		return true
	}
	said := p.is(i, p.lang.on) > 0 || p.is(i, p.lang.from) > 0
	if d, _, next := p.readDays(i); next > 0 && (said || least < strong) && !p.named(i) && (p.endsDay(next) || i == 0 && !p.weekdayAt(i)) && !p.within(i, next) {
		p.date = &d
		p.conflict = p.conflict || d.day.Before(p.today) // a range that has begun
		p.mark(KindDue, i, next)
		return true
	}
	j := p.skip(i, p.lang.on)
	d, s, next := p.readDate(j)
	if next == 0 && j > i {
		j = i // "am Wochenende" is a day with its preposition
		d, s, next = p.readDate(i)
	}
	if next == 0 || !p.fits(i, j > i, next, s, least) || p.relates(i) || p.within(i, next) {
		return false
	}
	p.date = &d
	p.mark(KindDue, i, next)
	return true
}

// within reports whether the day from i to next is a part of a longer one: "27th" in "jan 27th".
func (p *parser) within(i, next int) bool {
	const longest = 6
	for j := i - 1; j >= i-longest && p.free(j); j-- {
		if _, _, end := p.readDate(j); end >= next {
			return true
		}
		if _, _, end := p.readDays(j); end >= next {
			return true
		}
	}
	return false
}

// withinTimes reports whether the time from i to next is the end of a range: "4pm" in "3-4pm".
func (p *parser) withinTimes(i, next int) bool {
	for j := i - 1; j >= i-3 && p.free(j); j-- {
		if _, s, end := p.readClocks(j); end >= next && s >= beside {
			return true
		}
	}
	return false
}

// readTimeAt reads a time or a range of times at i, and its time zone.
func (p *parser) readTimeAt(i int, least strength) bool {
	j := p.skip(i, p.lang.at)
	if j == i && p.is(i, p.lang.atClock) > 0 && !p.ofAmount(i) {
		j = p.is(i, p.lang.atClock)
		if _, s, next := p.readClocks(j); s < beside && !p.ofTime(i-1) && (next <= j+1 || !p.ofTime(next)) {
			j = i
		}
	}
	c, s, next := p.readClocks(j)
	zone, after := p.readZone(max(next, j))
	opens, end := i == 0 && s == weak, max(next, after)
	switch {
	case next == 0, j > i && p.lang.to[p.text(i)] && digits(p.text(i-1)) && !p.words[i-1].stop, j == i && (p.lang.relatingClock[p.text(i-1)] || p.lang.atClock[p.text(i-1)] && p.ofAmount(i-1)), p.withinTimes(i, next),
		!opens && !p.fits(i, j > i, end, s, least) && !p.fitsDefaultDay(i, next, s, least),
		s == marked && !p.ends(next) && (j == i || !p.leads(i, next)):
		return false
	}
	p.clock, p.clockAt = &c, i
	if after > 0 {
		p.clockZone, next = zone, after
		p.zoneName = p.text(after - 1)
		p.conflict = p.conflict || zone == nil
	}
	p.mark(KindDue, i, next)
	p.readOtherTimes(next)
	return true
}

// readOtherTimes reads the further times of a recurrence: "at 9am and 5pm".
func (p *parser) readOtherTimes(i int) {
	for p.rule != nil && p.free(i) {
		j := p.skip(p.skip(i, p.lang.and), p.lang.at)
		c, s, next := p.readClock(j)
		if s == 0 || s == marked && !p.ends(next) && !p.leads(i, next) || j == i && !p.words[i-1].stop {
			return
		}
		p.others = append(p.others, c)
		p.mark(KindDue, i, next)
		i = next
	}
}

// leads reports whether the line begins with dates and times up to next, and goes on with the title:
// "tomorrow at 9 call mum". "Friday at 10 Downing Street" names an address.
func (p *parser) leads(i, next int) bool {
	for j := p.is(0, p.lang.remindMe); j < i; j++ {
		if p.words[j].kind == "" {
			return false
		}
	}
	return i > 0 && p.free(next) && (p.lang.nouns || p.titleCase || !startsUpper(p.raw(next)) || !digits(p.text(next-1)))
}

// ofAmount reports whether an amount ends before i: "30 minutes before 5pm".
func (p *parser) ofAmount(i int) bool {
	_, unit := find(p, p.lang.units, i-1)
	return unit == i
}

func minutes(a amount) time.Duration { return time.Duration(a.minutes) * time.Minute }

// readToday reads "tonight" and "this evening".
func (p *parser) readToday(i int) (*part, int) {
	if p.part != nil {
		return nil, 0
	}
	return find(p, p.lang.partsToday, i)
}

// readPart reads "in the morning", and "morning" after a day.
func (p *parser) readPart(i int, least strength) bool {
	found, next := find(p, p.lang.partsSaid, i)
	if next == 0 || least == strong || !p.ends(next) {
		if found, next = find(p, p.lang.parts, i); next == 0 || !p.ofTime(i-1) {
			return false
		}
	}
	p.part = found
	p.mark(KindDue, i, next)
	return true
}

// fits reports whether a date or time from i to next may be taken where it stands. said reports
// whether a preposition marks it.
func (p *parser) fits(i int, said bool, next int, s, least strength) bool {
	switch {
	case said:
		return true
	case s < least || s == marked || p.named(i):
		return false
	case s == strong || p.ofTime(i-1) || p.ofTime(next):
		return true
	case s == beside && i == 0:
		_, clock, _ := p.readClock(next)
		return clock == weak // "sat 9am call mum"
	}
	return s == weak && p.endsDay(next)
}

// fitsDefaultDay reports whether a time at the end of the line refers to the default day.
func (p *parser) fitsDefaultDay(i, next int, s, least strength) bool {
	return p.day != nil && p.date == nil && next == len(p.words) && s >= max(least, beside) && !p.named(i)
}

// useDefaultDay sets the day of a task whose line names none. A rule with days, and an instant such as
// "in 2 hours", name the day themselves.
func (p *parser) useDefaultDay() {
	if p.day != nil && p.date == nil && (p.rule == nil || !p.rule.named()) {
		p.date = &date{day: *p.day}
	}
}

// endsDay reports whether a day may end before next: at the end of a clause or before a time.
func (p *parser) endsDay(next int) bool { return p.ends(next) || p.timeEnds(next) }

// timeEnds reports whether a time of day that can follow a day stands at i. It is an unambiguous
// time, or a part of the day that ends a clause.
func (p *parser) timeEnds(i int) bool {
	if _, next := find(p, p.lang.parts, i); next > 0 {
		return p.ends(next)
	}
	_, s, _ := p.readClock(i)
	return s >= beside
}

// named reports whether the word at i is part of a name: "the 9am", "Good Friday".
func (p *parser) named(i int) bool {
	return i > 0 && p.lang.names[p.text(i-1)] && !p.words[i-1].stop
}

// relates reports whether a day at i belongs to the content of the task: "closed until friday",
// "cake for saturday".
func (p *parser) relates(i int) bool {
	if p.lang.on[p.text(i-1)] && i > 1 {
		i-- // "hasta el viernes"
	}
	return i > 0 && p.free(i-1) && p.lang.relating[p.text(i-1)] && !p.words[i-1].stop
}

// ofTime reports whether the word at i was read as a date or time.
func (p *parser) ofTime(i int) bool {
	return i >= 0 && i < len(p.words) && (p.words[i].kind == KindDue || p.words[i].kind == KindRecurrence)
}

// ends reports whether a clause ends before next: at the end of the line, at punctuation, or at a
// word that starts another clause.
func (p *parser) ends(next int) bool {
	return next == len(p.words) || p.words[next].kind != "" || p.words[next-1].stop || p.lang.glue[p.text(next)] ||
		p.lastVerb(next) || p.is(next, p.lang.remindMe) > 0 || p.asking && p.asked(next) > 0
}

// lastVerb reports whether the word at i is a verb at the end of a clause: "Mama in 3 Tagen anrufen".
func (p *parser) lastVerb(i int) bool {
	text := p.text(i)
	return p.lang.nouns && len(text) > 2 && strings.HasSuffix(text, "n") && !startsUpper(p.raw(i)) && p.lang.numbers[text] == 0 &&
		(i+1 == len(p.words) || p.words[i].stop || p.words[i+1].kind != "" || p.is(i+1, p.lang.remindMe) > 0)
}
