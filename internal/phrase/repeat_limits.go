package phrase

import (
	"slices"
	"time"
)

// readExceptions takes days from a rule: "every day except tuesday", "every weekday but not on
// friday", "every monday except in july and august".
func (p *parser) readExceptions(i int) {
	except := p.is(i, p.lang.except)
	if but := p.is(i, p.lang.but); except == 0 && but > 0 {
		if days, next := p.readAnyWeekdays(but); len(days) > 0 && p.endsDay(next) {
			except = but // "every day but sunday"
		}
	}
	if except == 0 {
		return
	}
	r := p.rule
	if months, _, next := p.readMonths(except); next > 0 && p.endsDay(next) && (r.named() || r.freq == "DAILY") && r.month == 0 {
		for month := time.January; month <= time.December; month++ {
			if !slices.Contains(months, month) {
				r.months = append(r.months, month)
			}
		}
		p.mark(KindRecurrence, i, next)
		return
	}
	except = p.skip(p.skip(except, p.lang.on), p.lang.the)
	days, next := p.readAnyWeekdays(p.skip(except, p.lang.everyWeekday))
	if p.lang.weekend[p.text(except)] { // the group of "every weekend" is Saturday
		days, next = []time.Weekday{time.Saturday, time.Sunday}, except+1
	}
	daily := r.freq == "DAILY" && r.interval == 1
	if next == 0 || !daily && (r.freq != "WEEKLY" || len(r.weekdays) == 0) {
		return
	}
	all := r.weekdays
	if daily {
		all = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}
	}
	var left []time.Weekday
	for _, day := range all {
		if !slices.Contains(days, day) {
			left = append(left, day)
		}
	}
	if len(left) == 0 || len(left) == len(all) {
		p.conflict = true // the exception contradicts the rule
		return
	}
	r.freq, r.weekdays = "WEEKLY", left
	p.mark(KindRecurrence, i, next)
}

// readSeason reads the months of a rule: "from april to october", "in december", "during june and
// july". Only rules that name their days have a season.
func (p *parser) readSeason(i int) int {
	r := p.rule
	in := p.is(i, p.lang.season)
	bare := in == 0 && p.ofTime(i-1) // "every saturday april to october"
	if bare {
		in = i
	}
	if in == 0 || r.months != nil || r.month != 0 || !r.named() && r.freq != "DAILY" {
		return 0
	}
	months, isRange, next := p.readMonths(in)
	if next == 0 || !p.endsDay(next) && !p.leads(i, next) || !isRange && (!p.endsDay(next) || bare || p.lang.starting[p.text(i)]) {
		return 0
	}
	r.months = months
	return next
}

// readMonths reads a list or a range of months, in the order of the year.
func (p *parser) readMonths(i int) (months []time.Month, isRange bool, end int) {
	for {
		month, next := find(p, p.lang.months, i)
		if next == 0 {
			break
		}
		months = append(months, month)
		to := p.is(next, p.lang.to)
		if to == 0 && p.lang.rangeAnd[p.text(next)] && p.lang.between[p.text(i-1)] {
			to = next + 1
		}
		if last, after := find(p, p.lang.months, to); to > 0 && after > 0 {
			for month != last {
				month = month%12 + 1
				months = append(months, month)
			}
			next, isRange = after, true
		}
		end, i = next, p.skip(next, p.lang.and)
		if i == next && !p.words[next-1].stop {
			break
		}
	}
	slices.Sort(months)
	return slices.Compact(months), isRange, end
}

// readWeekRange reads the weekdays of a daily rule: "every day from monday to friday". Such a rule has no
// end.
func (p *parser) readWeekRange(i int) int {
	r := p.rule
	from := p.is(i, p.lang.from)
	if from == 0 || !p.ofTime(i-1) || r.freq != "DAILY" || r.interval != 1 {
		return 0
	}
	_, first := find(p, p.lang.weekdays, from)
	days, next := p.readWeekdays(from, p.lang.weekdays, nil)
	if first == 0 || p.is(first, p.lang.to) == 0 || next <= first || !p.endsDay(next) {
		return 0
	}
	r.freq, r.weekdays = "WEEKLY", days
	return next
}

// readSpan reads the first and the last day of a recurrence: "1 dec - 24 dec".
func (p *parser) readSpan(i int) int {
	if !p.ofTime(i-1) && p.is(i, p.lang.from) == 0 || p.date != nil || p.until != nil {
		return 0
	}
	first, last, next := p.readDays(i)
	if next == 0 || !p.endsDay(next) {
		return 0
	}
	if first.day.Before(p.today) {
		first.day, p.began = p.today, true
	}
	p.date, p.until = &first, &last
	return next
}
