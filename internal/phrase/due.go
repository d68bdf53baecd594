package phrase

import "time"

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
		if found, next := p.readToday(i); next > 0 && !p.named(i) {
			p.date, p.part = &date{day: p.today}, found
			p.mark(KindDue, i, next)
			return true
		}
		j := p.skip(i, english.on)
		if d, s, next := p.readDate(j); next > 0 && p.fits(i, j > i, next, s, least) && (j > i || !p.relates(i)) {
			p.date = &d
			p.mark(KindDue, i, next)
			return true
		}
	}
	if p.clock == nil && p.instant == nil {
		if p.date == nil && p.part == nil && p.rule == nil {
			if a, next := p.readIn(i); next > 0 && a.minutes > 0 {
				instant := p.now.Add(minutes(a)).Truncate(time.Minute)
				p.instant, p.date = &instant, &date{}
				p.mark(KindDue, i, next)
				return true
			}
		}
		j := p.skip(i, english.at)
		if c, s, next := p.readClock(j); next > 0 && (p.fits(i, j > i, next, s, least) || p.fitsDefaultDay(i, next, s, least)) &&
			(s > marked || p.ends(next)) {
			p.clock = &c
			p.mark(KindDue, i, next)
			return true
		}
	}
	return p.part == nil && p.instant == nil && p.readPart(i, least)
}

func minutes(a amount) time.Duration { return time.Duration(a.minutes) * time.Minute }

// readToday reads "tonight" and "this evening".
func (p *parser) readToday(i int) (*part, int) {
	if p.part != nil {
		return nil, 0
	}
	return find(p, english.partsToday, i)
}

// readPart reads "in the morning", and "morning" after a day.
func (p *parser) readPart(i int, least strength) bool {
	found, next := find(p, english.partsSaid, i)
	if next == 0 || least == strong || !p.ends(next) {
		if found, next = find(p, english.parts, i); next == 0 || !p.ofTime(i-1) {
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
	if _, next := find(p, english.parts, i); next > 0 {
		return p.ends(next)
	}
	_, s, _ := p.readClock(i)
	return s >= beside
}

// named reports whether the word at i is part of a name: "the 9am", "Good Friday".
func (p *parser) named(i int) bool {
	return i > 0 && english.names[p.text(i-1)] && !p.words[i-1].stop
}

// relates reports whether a day at i belongs to the content of the task: "closed until friday",
// "cake for saturday".
func (p *parser) relates(i int) bool {
	return i > 0 && p.free(i-1) && english.relating[p.text(i-1)] && !p.words[i-1].stop
}

// ofTime reports whether the word at i was read as a date or time.
func (p *parser) ofTime(i int) bool {
	return i >= 0 && i < len(p.words) && (p.words[i].kind == KindDue || p.words[i].kind == KindRecurrence)
}

// ends reports whether a clause ends before next: at the end of the line, at punctuation, or at a
// word that starts another clause.
func (p *parser) ends(next int) bool {
	return next == len(p.words) || p.words[next].kind != "" || p.words[next-1].stop || english.glue[p.text(next)]
}
