package phrase

import (
	"slices"
	"time"
)

// readNamed adds the days that are named at i to a rule. It returns the index after them, or 0 if
// the rule cannot have such days.
func (p *parser) readNamed(r *rule, i int) int {
	if month, day, next := p.readDayAndMonth(i); next > 0 {
		if r.freq != "" && r.freq != "YEARLY" {
			return 0
		}
		r.freq, r.month, r.days = "YEARLY", month, []int{day}
		return next
	}
	if days, next := p.readWeekdays(i, english.weekdays, english.groups); next > 0 {
		if r.freq != "" && r.freq != "WEEKLY" {
			return 0
		}
		r.freq, r.weekdays = "WEEKLY", days
		return next
	}
	was := *r
	next := p.readOrdinals(r, i)
	if next == 0 {
		return 0
	}
	if end := p.is(next, english.ofMonth); end > 0 {
		return end
	}
	if of := p.is(next, english.of); of > 0 && r.interval == 1 {
		if month, end := find(p, english.months, of); end > 0 {
			r.freq, r.month = "YEARLY", month
			return end
		}
	}
	if len(r.days) > 0 && next == i+1 && (p.ordinalWord(i) || !p.endsDay(next)) {
		*r = was
		return 0 // "every second counts", "every 2nd customer"
	}
	return next
}

// readWeekdays reads a list of weekdays, or a group such as "weekday".
func (p *parser) readWeekdays(i int, names map[string]time.Weekday, groups map[string][]time.Weekday) ([]time.Weekday, int) {
	if group, next := find(p, groups, i); next > 0 {
		return group, next
	}
	var days []time.Weekday
	end := 0
	for {
		day, next := find(p, names, i)
		if next == 0 {
			return days, end
		}
		if !slices.Contains(days, day) {
			days = append(days, day)
		}
		end, i = next, p.skip(next, english.and)
		if i == next && !p.words[next-1].stop {
			return days, end
		}
	}
}

// readOrdinals adds days of the month to a rule: "1st and 15th", "last day", "second tuesday",
// "last weekday".
func (p *parser) readOrdinals(r *rule, i int) int {
	if r.freq != "" && r.freq != "MONTHLY" {
		return 0
	}
	n, next := p.readOrdinal(i)
	if next == 0 {
		return 0
	}
	if end := p.is(next, english.day); end > 0 {
		r.freq, r.days = "MONTHLY", []int{n}
		return end
	}
	if -5 <= n && n <= 5 {
		if weekday, end := find(p, english.weekdays, next); end > 0 {
			r.freq, r.ordinal, r.weekdays = "MONTHLY", n, []time.Weekday{weekday}
			return end
		}
		if group, end := find(p, english.groups, next); end > 0 && len(group) == len(workdays) {
			r.freq, r.ordinal, r.weekdays, r.workdays = "MONTHLY", n, group, true
			return end
		}
	}
	if n < 0 {
		return 0
	}
	days, end := []int{n}, next
	for {
		j := p.skip(p.skip(end, english.and), english.the)
		n, next := p.readOrdinal(j)
		if next == 0 || n < 0 || j == end && !p.words[end-1].stop {
			break
		}
		if !slices.Contains(days, n) {
			days = append(days, n)
		}
		end = next
	}
	slices.Sort(days)
	r.freq, r.days = "MONTHLY", days
	return end
}
