package phrase

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var shortDays = [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// text returns the RRULE of a series that starts on a day. It prefers a shorthand that means the
// same. A day that a month does not have becomes its last day, as with the shorthands. For a series
// that counts from completion, internal/task handles such days.
func (r rule) text(start time.Time, count int, afterDone bool) string {
	if !r.named() && r.interval == 1 && count == 0 {
		return strings.ToLower(r.freq)
	}
	parts := []string{"FREQ=" + r.freq}
	add := func(name, value string) { parts = append(parts, name+"="+value) }
	if r.interval > 1 {
		add("INTERVAL", strconv.Itoa(r.interval))
	}
	month, days := r.month, r.days
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
		list, last := monthDays(days, month)
		add("BYMONTHDAY", list)
		if last {
			add("BYSETPOS", "-1")
		}
	}
	if len(r.weekdays) > 0 {
		add("BYDAY", r.byDay())
		if r.workdays {
			add("BYSETPOS", strconv.Itoa(r.ordinal))
		}
	}
	if count > 0 {
		add("COUNT", strconv.Itoa(count))
	}
	return strings.Join(parts, ";")
}

// monthDays lists days of a month. It also reports whether only the last of them counts. "the 30th"
// becomes 28, 29 and 30, of which each month's last counts.
func monthDays(days []int, month time.Month) (list string, last bool) {
	longest := 31
	if month > 0 {
		longest = daysIn(month, 2024)
	}
	always := 28
	if month > 0 && month != time.February {
		always = longest
	}
	day := days[len(days)-1]
	switch {
	case day > always && day == 31:
		days = append(days[:len(days)-1:len(days)-1], -1)
	case day > always && len(days) == 1:
		days, last = nil, true
		for d := always; d <= day; d++ {
			days = append(days, d)
		}
	}
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(days)), ","), "[]"), last
}

func (r rule) byDay() string {
	var days []string
	for _, weekday := range r.weekdays {
		day := shortDays[weekday]
		if r.ordinal != 0 && !r.workdays {
			day = strconv.Itoa(r.ordinal) + day
		}
		days = append(days, day)
	}
	return strings.Join(days, ",")
}
