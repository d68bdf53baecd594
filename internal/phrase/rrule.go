package phrase

import (
	"strconv"
	"strings"
	"time"
)

var shortDays = [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// text returns the RRULE of a series that starts on a day. It prefers a shorthand that means the
// same. A day that a month does not have becomes its last day, as with the shorthands. For a series
// that counts from completion, internal/task handles such days.
func (r rule) text(start time.Time, count int, afterDone bool) string {
	if !r.named() && r.interval == 1 && count == 0 && r.hours == nil && r.months == nil {
		return strings.ToLower(r.freq)
	}
	parts := []string{"FREQ=" + r.freq}
	add := func(name, value string) { parts = append(parts, name+"="+value) }
	if r.interval > 1 {
		add("INTERVAL", strconv.Itoa(r.interval))
	}
	month, days := r.month, r.days
	if r.months != nil {
		add("BYMONTH", numbers(r.months))
	}
	if !r.named() && !afterDone {
		leapDay := start.Month() == time.February && start.Day() == 29
		switch {
		case r.freq == "MONTHLY" && start.Day() > 28:
			days = []int{start.Day()}
		case r.freq == "YEARLY" && leapDay:
			month, days = start.Month(), []int{start.Day()}
		}
	}
	if month > 0 {
		add("BYMONTH", strconv.Itoa(int(month)))
	}
	if len(days) > 0 {
		list, positions := monthDays(days, month)
		if r.leapDay() && (r.interval%4 == 0 || r.leap) {
			list, positions = "29", ""
		}
		add("BYMONTHDAY", list)
		if positions != "" {
			add("BYSETPOS", positions)
		}
	}
	if len(r.weekdays) > 0 {
		add("BYDAY", r.byDay())
		if r.workdays != nil {
			add("BYSETPOS", numbers(r.workdays))
		}
	}
	if r.hours != nil {
		add("BYHOUR", numbers(r.hours))
	}
	if r.weekStart != time.Monday && r.freq == "WEEKLY" && r.interval > 1 && len(r.weekdays) > 1 {
		add("WKST", shortDays[r.weekStart])
	}
	if count > 0 {
		add("COUNT", strconv.Itoa(count))
	}
	return strings.Join(parts, ";")
}

// monthDays lists days of a month, and the positions of those that count. "the 30th" becomes 28, 29
// and 30, of which each month's last counts. "the 15th and 30th" becomes 15, 28, 29 and 30, of which
// the first and the last count.
func monthDays(days []int, month time.Month) (list, positions string) {
	longest := 31
	if month > 0 {
		longest = daysIn(month, 2024)
	}
	always := 28
	if month > 0 && month != time.February {
		always = longest
	}
	last := len(days) - 1
	day := days[last]
	switch {
	case day > always && day == 31 && days[0] > 0:
		days = append(days[:last:last], -1)
	case day > always && days[0] > 0 && (last == 0 || days[last-1] < always):
		days = days[:last:last]
		var counted []int
		for n := range days {
			counted = append(counted, n+1)
		}
		for d := always; d <= day; d++ {
			days = append(days, d)
		}
		positions = numbers(append(counted, -1))
	}
	return numbers(days), positions
}

// leapDay reports whether the rule names 29 February alone.
func (r rule) leapDay() bool {
	return r.month == time.February && len(r.days) == 1 && r.days[0] == 29
}

// numbers joins numbers with commas.
func numbers[T ~int](list []T) string {
	var text []string
	for _, n := range list {
		text = append(text, strconv.Itoa(int(n)))
	}
	return strings.Join(text, ",")
}

func (r rule) byDay() string {
	var days []string
	for _, ordinal := range r.ordinals {
		for _, weekday := range r.weekdays {
			days = append(days, strconv.Itoa(ordinal)+shortDays[weekday])
		}
	}
	for _, weekday := range r.weekdays {
		if len(r.ordinals) == 0 {
			days = append(days, shortDays[weekday])
		}
	}
	return strings.Join(days, ",")
}
