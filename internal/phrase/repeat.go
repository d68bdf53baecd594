package phrase

import "time"

// rule is a recurrence in the words of the line.
type rule struct {
	freq     string
	interval int
	month    time.Month
	days     []int // of the month; -1 is the last
	weekdays []time.Weekday
	ordinal  int  // of the single weekday in the month; -1 is the last
	workdays bool // ordinal counts the days from Monday to Friday
}

func (r *rule) named() bool { return len(r.days)+len(r.weekdays) > 0 }

// readRepeat reads the first recurrence of the line and its limits.
func (p *parser) readRepeat() {
	for i := range p.words {
		r, next := p.readEvery(i)
		if next == 0 && !p.named(i) {
			r, next = p.readOften(i)
		}
		if next == 0 {
			continue
		}
		p.rule = r
		p.mark(KindRecurrence, i, next)
		p.readLimits()
		return
	}
}

// readEvery reads "every 3 days", "every other tuesday" and "every mon, wed and fri". It also reads
// "every 1st and 15th" and "every last friday".
func (p *parser) readEvery(i int) (*rule, int) {
	i = p.is(i, english.every)
	if i == 0 {
		return nil, 0
	}
	r := &rule{interval: 1}
	if next := p.is(i, english.other); next > 0 {
		r.interval, i = 2, next
	} else if n, next := p.readOrdinal(i); next > 0 && n > 1 && p.unitOr(next, n == 2) {
		// "every second tuesday" means every other one. "every third tuesday" means the third of
		// the month.
		r.interval, i = n, next
	} else if a, next := p.readAmount(i); next > 0 {
		return p.readOn(r, a, next)
	}
	if unit, next := find(p, english.units, i); next > 0 {
		return p.readOn(r, unit, next)
	}
	if found, next := find(p, english.parts, i); next > 0 && r.interval == 1 {
		p.part = found
		r.freq = "DAILY"
		return r, next
	}
	if next := p.readNamed(r, i); next > 0 {
		return r, next
	}
	return nil, 0
}

// unitOr reports whether a unit stands at i, but not one "of the month". With weekday set, a
// weekday counts as a unit.
func (p *parser) unitOr(i int, weekday bool) bool {
	if _, next := find(p, english.units, i); next > 0 {
		return p.is(next, english.ofMonth) == 0
	}
	_, next := find(p, english.weekdays, i)
	return weekday && next > 0 && p.is(next, english.ofMonth) == 0
}

// readOften reads "monthly", "on mondays" and "the 1st of every month".
func (p *parser) readOften(i int) (*rule, int) {
	r := &rule{interval: 1}
	if a, next := find(p, english.adverbs, i); next > 0 {
		if r, end := p.readOn(r, a, next); end > next || p.ends(next) {
			return r, end
		}
		return nil, 0
	}
	j := p.is(i, english.on)
	if j == 0 {
		j = i
	} else if days, next := p.readWeekdays(j, english.weekdaysPlural, english.groupsPlural); next > 0 {
		r.freq, r.weekdays = "WEEKLY", days
		return r, next
	}
	j = p.skip(j, english.the)
	if next := p.readOrdinals(r, j); next > 0 && p.is(next, english.ofEveryMonth) > 0 {
		return r, p.is(next, english.ofEveryMonth)
	}
	return nil, 0
}

// readOn sets the frequency of a rule from a unit, and reads the days after it: "every 2 weeks on
// monday", "monthly on the 15th".
func (p *parser) readOn(r *rule, unit amount, i int) (*rule, int) {
	n := r.interval
	switch {
	case unit.minutes > 0:
		return nil, 0
	case unit.years > 0:
		r.freq, r.interval = "YEARLY", n*unit.years
	case unit.months > 0:
		r.freq, r.interval = "MONTHLY", n*unit.months
	case unit.days%7 == 0:
		r.freq, r.interval = "WEEKLY", n*unit.days/7
	default:
		r.freq, r.interval = "DAILY", n*unit.days
	}
	if r.interval > maxInterval {
		return nil, 0
	}
	if on := p.is(i, english.on); on > 0 {
		if next := p.readNamed(r, p.skip(on, english.the)); next > 0 {
			return r, next
		}
	}
	return r, i
}

// maxInterval is the largest interval that internal/task accepts.
const maxInterval = 1000
