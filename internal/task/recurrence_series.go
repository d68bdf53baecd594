package task

import (
	"fmt"
	"slices"
	"time"

	"github.com/teambition/rrule-go"
)

// calendarCycles are the years added during the expansion of a rule. The library searches for a
// match until the year 9999. The Gregorian calendar repeats every 400 years, including weekdays. In
// a calendar 7600 years later, the search of a rule without a match ends in the year 2399.
const calendarCycles = 19 * 400

// series is a rule with a start: the recurrence set of RFC 5545.
type series struct {
	rule  rule
	start time.Time // DTSTART as a wall time, in whole seconds
	zone  *time.Location
	endAt *time.Time
	// exDates are instants that the series leaves out.
	exDates []time.Time
}

// after returns the first n instants of the series later than t, or fewer if it ends. As in RFC
// 5545, start is always the first occurrence, even if it does not fit the rule.
func (s series) after(t time.Time, n int) ([]time.Time, error) {
	from := s.start
	if s.rule.count == 0 {
		from = wallOf(t, s.zone)
	}
	next, err := s.rule.expand(s.start, from)
	if err != nil {
		return nil, err
	}

	var found []time.Time
	wall, ok := s.start, true
	for counted := 1; ok && len(found) < n && (s.rule.count == 0 || counted <= s.rule.count); counted++ {
		at := instantOf(wall, s.zone)
		if s.rule.until.passed(wall, at) || s.endAt != nil && at.After(*s.endAt) {
			break
		}
		// A DST gap can map two wall times to one instant.
		if at.After(t) && !s.excludes(at) {
			found, t = append(found, at), at
		}
		for wall, ok = next(); ok && !wall.After(s.start); {
			wall, ok = next()
		}
	}
	return found, nil
}

// excludes reports whether the series leaves out an occurrence. A series has whole seconds.
func (s series) excludes(at time.Time) bool {
	return slices.ContainsFunc(s.exDates, func(excluded time.Time) bool { return excluded.Unix() == at.Unix() })
}

// expand returns an iterator over the wall times of the rule in order. It begins at the start or
// earlier. If from is later, it begins shortly before from, in phase with the start.
func (r *rule) expand(start, from time.Time) (rrule.Next, error) {
	o := r.option
	o.Interval = max(1, o.Interval)
	// The start supplies the parts that the rule leaves out (RFC 5545 section 3.3.10).
	if len(o.Byhour) == 0 {
		o.Byhour = []int{start.Hour()}
	}
	if len(o.Byminute) == 0 {
		o.Byminute = []int{start.Minute()}
	}
	o.Bysecond = []int{start.Second()}
	if len(o.Bymonthday)+len(o.Byyearday)+len(o.Byweekday) == 0 {
		switch o.Freq {
		case rrule.YEARLY:
			if len(o.Bymonth) == 0 {
				o.Bymonth = []int{int(start.Month())}
			}
			o.Bymonthday = []int{start.Day()}
		case rrule.MONTHLY:
			o.Bymonthday = []int{start.Day()}
		case rrule.WEEKLY:
			o.Byweekday = []rrule.Weekday{weekdays()[sinceMonday(start)]}
		default: // every day fits FREQ=DAILY
		}
		if r.clamp && len(o.Bymonthday) > 0 {
			// SKIP=BACKWARD of RFC 7529: the last day of the month up to this one.
			for day := 28; day < start.Day(); day++ {
				o.Bymonthday = append(o.Bymonthday, day)
			}
			o.Bysetpos = []int{-1}
		}
	}
	o.Dtstart = period(o, start, from).AddDate(calendarCycles, 0, 0)

	expanded, err := rrule.NewRRule(o)
	if err != nil {
		return nil, fmt.Errorf("expand %s: %w", r.text, err)
	}
	next := expanded.Iterator()
	return func() (time.Time, bool) {
		wall, ok := next()
		return wall.AddDate(-calendarCycles, 0, 0), ok
	}, nil
}

// period returns the beginning of a day, week, month or year of the rule, in phase with the
// start's. It lies at least one whole interval before from. A DST gap can move a wall time of the
// previous day to a later instant. The beginning of the period is the reference point of BYSETPOS.
func period(o rrule.ROption, start, from time.Time) time.Time {
	// skip returns the number of units to leave out between start and from.
	skip := func(units int) int { return max(0, units/o.Interval-1) * o.Interval }
	day := midnight(start)
	switch o.Freq {
	case rrule.YEARLY:
		return time.Date(start.Year()+skip(from.Year()-start.Year()), time.January, 1, 0, 0, 0, 0, time.UTC)
	case rrule.MONTHLY:
		months := 12*(from.Year()-start.Year()) + int(from.Month()-start.Month())
		return time.Date(start.Year(), start.Month()+time.Month(skip(months)), 1, 0, 0, 0, 0, time.UTC)
	case rrule.WEEKLY:
		day = day.AddDate(0, 0, -((sinceMonday(start) + 7 - o.Wkst.Day()) % 7))
		return day.AddDate(0, 0, 7*skip(days(day, from)/7))
	default:
		return day.AddDate(0, 0, skip(days(day, from)))
	}
}

// sinceMonday returns the weekday in the library's numbering: 0 is Monday.
func sinceMonday(wall time.Time) int { return (int(wall.Weekday()) + 6) % 7 }

func days(from, to time.Time) int { return int(to.Sub(from) / (24 * time.Hour)) }
