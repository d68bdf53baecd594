package phrase

import "time"

// readDue finds the day and the time. What stands anywhere comes first, so that what depends on its neighbours knows them;
// that is then read from the end of the line, where a date most often is.
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

// readDueAt takes a day or a time at i when it is at least so strong, or said to be one, and its surroundings allow it.
func (p *parser) readDueAt(i int, least strength) bool {
	if !p.free(i) {
		return false
	}
	if p.date == nil && (p.rule == nil || !p.rule.named()) { // else only "starting" says a day
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
		if c, s, next := p.readClock(j); next > 0 && p.fits(i, j > i, next, s, least) && (s > marked || p.ends(next)) {
			p.clock = &c
			p.mark(KindDue, i, next)
			return true
		}
	}
	return p.part == nil && p.instant == nil && p.readPart(i, least)
}

func minutes(a amount) time.Duration { return time.Duration(a.minutes) * time.Minute }

// readToday reads tonight and this evening.
func (p *parser) readToday(i int) (*part, int) {
	if p.part != nil {
		return nil, 0
	}
	return find(p, english.partsToday, i)
}

// readPart takes in the morning, and the morning of a day that was named before it.
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

// fits says whether something of a strength, from i to before next, is to be understood where it stands.
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

// endsDay says whether what is before next can be a day there: it ends something, or a time follows.
func (p *parser) endsDay(next int) bool { return p.ends(next) || p.timeEnds(next) }

// timeEnds says whether a time of day stands at i, which may follow a day: a clear one, or a part of the day that ends
// something.
func (p *parser) timeEnds(i int) bool {
	if _, next := find(p, english.parts, i); next > 0 {
		return p.ends(next)
	}
	_, s, _ := p.readClock(i)
	return s >= beside
}

// named says whether what stands at i is part of a name: the 9am, Good Friday.
func (p *parser) named(i int) bool {
	return i > 0 && english.names[p.text(i-1)] && !p.words[i-1].stop
}

// relates says whether a day at i is what something is about: closed until friday, cake for saturday.
func (p *parser) relates(i int) bool {
	return i > 0 && p.free(i-1) && english.relating[p.text(i-1)] && !p.words[i-1].stop
}

// ofTime says whether a word has been understood as one of time.
func (p *parser) ofTime(i int) bool {
	return i >= 0 && i < len(p.words) && (p.words[i].kind == KindDue || p.words[i].kind == KindRecurrence)
}

// ends says whether what is before next ends something there: the line, a clause, or what is not understood.
func (p *parser) ends(next int) bool {
	return next == len(p.words) || p.words[next].kind != "" || p.words[next-1].stop || english.glue[p.text(next)]
}
