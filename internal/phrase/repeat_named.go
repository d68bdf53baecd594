package phrase

import (
	"slices"
	"strconv"
	"time"
)

// readNamed adds the days that are named at i to a rule. It returns the index after them, or 0 if
// the rule cannot have such days.
func (p *parser) readNamed(r *rule, i int) int {
	if next := p.readYearDays(r, i); next > 0 {
		return next
	}
	if days, next := p.readAnyWeekdays(i); next > 0 {
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
	if end := p.is(next, p.lang.ofMonth); end > 0 {
		return end
	}
	if of := max(p.is(next, p.lang.of), p.is(next, p.lang.in)); of > 0 && r.interval == 1 {
		if month, end := find(p, p.lang.months, of); end > 0 {
			if _, _, more := p.readMonths(of); more > end {
				return next // a season, which readLimits reads
			}
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

// readYearDays adds days of the year to a rule: "3 march", "14 jan, 14 apr and 14 jul", "1 and 15
// january". Either all have one month, or all have one day.
func (p *parser) readYearDays(r *rule, i int) int {
	if r.freq != "" && r.freq != "YEARLY" {
		return 0
	}
	var months []time.Month
	var days []int
	end := 0
	for {
		month, day, next := p.readDayAndMonth(i)
		if next == 0 {
			break
		}
		months, days = append(months, month), append(days, day)
		for { // "10 jan apr jul"
			more, after := find(p, p.lang.months, p.skip(next, p.lang.and))
			if after == 0 {
				break
			}
			months, next = append(months, more), after
		}
		end, i = next, p.skip(next, p.lang.and)
		if i == next && !p.words[next-1].stop {
			break
		}
	}
	if end == 0 {
		return 0
	}
	slices.Sort(months)
	slices.Sort(days)
	months, days = slices.Compact(months), slices.Compact(days)
	if len(months) > 1 && len(days) > 1 {
		p.conflict = true // one rule cannot have them
		return 0
	}
	r.freq, r.days = "YEARLY", days
	if r.month = months[0]; len(months) > 1 {
		r.month, r.months = 0, months
	}
	return end
}

// readWeekdays reads a list of weekdays, a range of them, or a group such as "weekday".
func (p *parser) readWeekdays(i int, names map[string]time.Weekday, groups map[string][]time.Weekday) ([]time.Weekday, int) {
	var days []time.Weekday
	end := 0
	for {
		found, next := find(p, groups, i)
		if next == 0 {
			var day time.Weekday
			if day, next = find(p, names, i); next > 0 {
				found = []time.Weekday{day}
				if last, after := find(p, names, p.is(next, p.lang.to)); p.is(next, p.lang.to) > 0 && after > 0 {
					for next = after; day != last; {
						day = (day + 1) % 7
						found = append(found, day)
					}
				}
			}
		}
		if next == 0 {
			return days, end
		}
		for _, day := range found {
			if !slices.Contains(days, day) {
				days = append(days, day)
			}
		}
		// "mon wed fri" needs no commas.
		end, i = next, p.skip(next, p.lang.and)
	}
}

// readOrdinals adds days of the month to a rule: "1st and 15th", "last day", "second tuesday", "1st
// and 3rd monday", "last weekday".
func (p *parser) readOrdinals(r *rule, i int) int {
	if r.freq != "" && r.freq != "MONTHLY" {
		return 0
	}
	var numbers []int
	end, next := 0, i
	for {
		n, after := p.readOrdinal(p.skip(next, p.lang.the))
		if after == 0 {
			break
		}
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
		end = max(after, p.is(after, p.lang.day))
		if next = p.skip(end, p.lang.and); next == end && !p.words[end-1].stop {
			break
		}
	}
	if end == 0 {
		return 0
	}
	if next := p.readOrdinalDays(r, numbers, end); next > 0 {
		return next
	}
	slices.SortFunc(numbers, func(a, b int) int { return (a+32)%32 - (b+32)%32 })
	if numbers[0] < 0 && p.is(end-1, p.lang.day) == 0 {
		return 0 // "every last" names no day
	}
	r.freq, r.days = "MONTHLY", numbers
	return end
}

// readOrdinalDays reads the weekdays after ordinals: "monday", "tuesday and friday", "workday".
func (p *parser) readOrdinalDays(r *rule, ordinals []int, i int) int {
	if slices.Min(ordinals) < -5 || slices.Max(ordinals) > 5 {
		return 0
	}
	slices.SortFunc(ordinals, func(a, b int) int { return (a+32)%32 - (b+32)%32 })
	if group, end := find(p, p.lang.groups, i); end > 0 && len(group) == len(workdays) {
		r.freq, r.weekdays, r.workdays = "MONTHLY", group, ordinals
		return end
	}
	weekday, end := find(p, p.lang.weekdays, i)
	if end == 0 && ordinals != nil {
		weekday, end = find(p, p.lang.weekdaysPlural, i)
	}
	if end > 0 {
		r.freq, r.ordinals, r.weekdays = "MONTHLY", ordinals, []time.Weekday{weekday}
		return end
	}
	return 0
}

// readDayList adds days of the month that are written without "th" to a rule: "27", "2, 15, 27".
func (p *parser) readDayList(r *rule, i int) int {
	days, end := p.readDayNumbers(i)
	if end == 0 || !p.endsDay(end) {
		return 0
	}
	r.freq, r.days = "MONTHLY", days
	return end
}

// readDayNumbers reads a list of numbers from 1 to 31, and returns them in order.
func (p *parser) readDayNumbers(i int) (days []int, end int) {
	for {
		text := p.text(i)
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 31 || len(text) > 2 || text[0] == '+' {
			break
		}
		days = append(days, n)
		end, i = i+1, p.skip(i+1, p.lang.and)
		if i == end && !p.words[end-1].stop {
			break
		}
	}
	slices.Sort(days)
	return slices.Compact(days), end
}
