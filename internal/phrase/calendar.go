package phrase

import "time"

// A day is a wall time at midnight in UTC, as in internal/task, so that no offset disturbs its
// arithmetic.

func daysLater(n int) func(time.Time) time.Time {
	return func(today time.Time) time.Time { return today.AddDate(0, 0, n) }
}

// week returns the first day of the week n weeks after this one.
func (p *parser) week(n int) time.Time {
	return onWeekday(p.today.AddDate(0, 0, -6), p.first).AddDate(0, 0, 7*n)
}

func nextMonth(today time.Time) time.Time {
	return time.Date(today.Year(), today.Month()+1, 1, 0, 0, 0, 0, time.UTC)
}

func nextYear(today time.Time) time.Time {
	return time.Date(today.Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC)
}

func endOfMonth(today time.Time) time.Time { return nextMonth(today).AddDate(0, 0, -1) }

func endOfYear(today time.Time) time.Time { return nextYear(today).AddDate(0, 0, -1) }

// weekend returns the next Saturday, or today at a weekend.
func weekend(today time.Time) time.Time {
	if today.Weekday() == time.Sunday {
		return today
	}
	return onWeekday(today, time.Saturday)
}

// weekendAfter returns the Saturday of the week after this one. A week ends on Sunday here, so that
// a weekend is in one week.
func weekendAfter(today time.Time) time.Time {
	return onWeekday(onWeekday(today.AddDate(0, 0, 1), time.Monday), time.Saturday)
}

// onWeekday returns the first such weekday on or after from.
func onWeekday(from time.Time, weekday time.Weekday) time.Time {
	return from.AddDate(0, 0, (int(weekday-from.Weekday())+7)%7)
}

// monthDay is a day of every year.
type monthDay struct {
	month time.Month
	day   int
}

func daysIn(month time.Month, year int) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// yearDay returns the date in this year. If it has passed or does not exist, the date is in the
// next year that has it.
func (p *parser) yearDay(month time.Month, day int) date {
	in := func(year int) time.Time {
		for daysIn(month, year) < day {
			year++
		}
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	d := date{day: in(p.today.Year()), again: func(last time.Time) time.Time { return in(last.Year() + 1) }}
	if d.day.Before(p.today) {
		d.day = d.again(d.day)
	}
	return d
}

// monthDay returns the day of this month. If it has passed or does not exist, the date is in the
// next month that has it.
func (p *parser) monthDay(day int) date {
	in := func(first time.Time) time.Time {
		for daysIn(first.Month(), first.Year()) < day {
			first = nextMonth(first)
		}
		return first.AddDate(0, 0, day-1)
	}
	again := func(last time.Time) time.Time { return in(nextMonth(last)) }
	d := date{day: in(p.today.AddDate(0, 0, 1-p.today.Day())), again: again}
	if d.day.Before(p.today) {
		d.day = again(d.day)
	}
	return d
}

// workdayAfter returns the first day from Monday to Friday after today.
func workdayAfter(today time.Time) time.Time {
	day := today.AddDate(0, 0, 1)
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
	}
	return day
}
