package phrase

import (
	"strings"
	"time"
)

// rule is a recurrence in the words of the line.
type rule struct {
	freq      string
	interval  int
	month     time.Month   // of the days
	months    []time.Month // in which the rule applies, or nil for all
	days      []int        // of the month; -1 is the last
	weekdays  []time.Weekday
	ordinals  []int // of the weekdays in the month; -1 is the last
	workdays  []int // positions among the days from Monday to Friday of a month
	hours     []int // of the day, if there are several
	leap      bool  // only years with a 29 February count
	weekStart time.Weekday
}

func (r *rule) named() bool { return len(r.days)+len(r.weekdays)+len(r.months) > 0 }

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
		r.weekStart = p.first
		p.rule = r
		p.mark(KindRecurrence, i, next)
		p.readExceptions(next)
		p.readLimits()
		return
	}
}

// readEvery reads "every 3 days", "every other tuesday" and "every mon, wed and fri". It also reads
// "every 1st and 15th" and "every last friday".
func (p *parser) readEvery(i int) (*rule, int) {
	start := i
	i = p.is(i, p.lang.every)
	if i == 0 {
		return nil, 0
	}
	if p.words[i-1].stop {
		if !strings.HasSuffix(p.raw(start), "!") {
			return nil, 0
		}
		p.afterDone = true // "every! 3 days" of Todoist
	}
	r := &rule{interval: 1}
	if next := p.is(i, p.lang.other); next > 0 {
		r.interval, i = 2, next
	} else if n, next := p.readOrdinal(i); next > 0 && n > 1 && p.unitOr(next, n == 2) {
		// "every second tuesday" means every other one. "every third tuesday" means the third of
		// the month.
		r.interval, i = n, next
	} else if n, next := p.readNumber(i); next > 0 && n > 1 && n < 5 && p.weekdayAt(next) {
		r.interval, i = n, next // "cada dos martes"
	} else if a, next := p.readAmount(i); next > 0 {
		return p.readOn(r, a, next)
	}
	_, days := p.readAnyWeekdays(i) // "jours ouvrés" is longer than "jours"
	if unit, next := find(p, p.lang.units, i); next > days {
		return p.readOn(r, unit, next)
	}
	if found, next := find(p, p.lang.parts, i); next > 0 && r.interval == 1 {
		r.freq = "DAILY"
		if other, end := find(p, p.lang.parts, p.is(next, p.lang.and)); end > 0 && p.is(next, p.lang.and) > 0 {
			// "every morning and evening" has two times.
			p.clock, p.others = &clock{hour: found.hours[0]}, []clock{{hour: other.hours[0]}}
			return r, end
		}
		p.part = found
		return r, next
	}
	if next := p.readNamed(r, i); next > 0 {
		return r, next
	}
	if next := p.readDayList(r, i); next > 0 && r.interval == 1 {
		return r, next
	}
	return nil, 0
}

func (p *parser) weekdayAt(i int) bool {
	_, next := find(p, p.lang.weekdays, i)
	_, plural := find(p, p.lang.weekdaysPlural, i)
	return next+plural > 0
}

// readUsualDays reads "los lunes y jueves" and "un mardi sur deux".
func (p *parser) readUsualDays(i int) (*rule, int) {
	r := &rule{freq: "WEEKLY", interval: 1}
	if one := p.is(i, p.lang.oneOf); one > 0 {
		if weekday, next := find(p, p.lang.weekdays, one); next > 0 && p.is(next, p.lang.inTwo) > 0 {
			r.interval, r.weekdays = 2, []time.Weekday{weekday}
			return r, p.is(next, p.lang.inTwo)
		}
	}
	if j := p.is(i, p.lang.everyWeekday); j > 0 {
		days, next := p.readAnyWeekdays(j)
		if next > 0 && p.endsLine(next) {
			r.weekdays = days
			return r, next
		}
	}
	return nil, 0
}

// readAnyWeekdays reads a list of weekdays in the singular or in the plural.
func (p *parser) readAnyWeekdays(i int) ([]time.Weekday, int) {
	days, next := p.readWeekdays(i, p.lang.weekdays, p.lang.groups)
	if more, end := p.readWeekdays(i, p.lang.weekdaysPlural, p.lang.groupsPlural); end > next {
		return more, end
	}
	return days, next
}

// unitOr reports whether a unit stands at i, but not one "of the month". With weekday set, a
// weekday counts as a unit.
func (p *parser) unitOr(i int, weekday bool) bool {
	_, next := find(p, p.lang.units, i)
	if next == 0 && weekday {
		_, next = find(p, p.lang.weekdays, i)
	}
	if next == 0 || p.is(next, p.lang.ofMonth) > 0 {
		return false
	}
	_, month := find(p, p.lang.months, max(p.is(next, p.lang.of), p.is(next, p.lang.in), next))
	return month == 0
}

// readOften reads "monthly", "on mondays" and "the 1st of every month".
func (p *parser) readOften(i int) (*rule, int) {
	r := &rule{interval: 1}
	if a, next := find(p, p.lang.adverbs, i); next > 0 {
		if r, end := p.readOn(r, a, next); end > next || p.ends(next) || p.is(next, p.lang.except) > 0 {
			return r, end
		}
		return nil, 0
	}
	if r, next := p.readUsualDays(i); next > 0 {
		return r, next
	}
	j := p.is(i, p.lang.on)
	if j == 0 {
		j = i
	}
	if _, number := p.readNumber(i - 1); i > 0 && number == i {
		return nil, 0 // "in 3 weekends"
	}
	// "on mondays" is a recurrence anywhere, "mondays" alone at the end of a clause or before a time.
	if days, next := p.readWeekdays(j, p.lang.weekdaysPlural, p.lang.groupsPlural); next > 0 && (j > i || p.endsLine(next) || p.monthsAt(next)) {
		r.freq, r.weekdays = "WEEKLY", days
		return r, next
	}
	if _, month := find(p, p.lang.months, j-1); month == j && j > 0 {
		return nil, 0 // "oct 1st monthly" is a date and a unit
	}
	j = p.skip(j, p.lang.the)
	if days, next := p.readDayNumbers(j); len(days) > 1 && p.lang.dayArticle[p.text(j-1)] && p.is(next, p.lang.ofEveryMonth) > 0 {
		r.freq, r.days = "MONTHLY", days
		return r, p.is(next, p.lang.ofEveryMonth)
	}
	if next := p.readOrdinals(r, j); next > 0 && p.is(next, p.lang.ofEveryMonth) > 0 {
		return r, p.is(next, p.lang.ofEveryMonth)
	}
	return nil, 0
}

// monthsAt reports whether a range of months is at i: "mondays april to october".
func (p *parser) monthsAt(i int) bool {
	_, isRange, next := p.readMonths(i)
	return isRange && p.endsDay(next)
}

// endsLine reports whether the line, punctuation, a time or a limit follows. "I hate mondays because
// of it" is no recurrence.
func (p *parser) endsLine(next int) bool {
	return next == len(p.words) || p.words[next-1].stop || p.timeEnds(next) || p.is(next, p.lang.until) > 0 ||
		p.is(next, p.lang.except) > 0 || p.lang.at[p.text(next)]
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
	if on := p.is(i, p.lang.on); on > 0 {
		if next := p.readNamed(r, p.skip(on, p.lang.the)); next > 0 {
			return r, next
		}
	}
	// "every 2 weeks tuesdays"
	if r.freq == "WEEKLY" {
		days, next := p.readWeekdays(i, p.lang.weekdaysPlural, p.lang.groupsPlural)
		if j := p.is(i, p.lang.everyWeekday); j > 0 {
			days, next = p.readAnyWeekdays(j)
		}
		if next > 0 && p.endsDay(next) {
			r.weekdays = days
			return r, next
		}
	}
	// "every month last day", "every week mon and thu"
	if r.freq == "MONTHLY" || r.freq == "WEEKLY" {
		named := *r
		if next := p.readNamed(&named, p.skip(i, p.lang.the)); next > i+1 && p.endsDay(next) {
			return &named, next
		}
	}
	return r, i
}

// maxInterval is the largest interval of a line. A larger number is more likely something else.
const maxInterval = 1000
