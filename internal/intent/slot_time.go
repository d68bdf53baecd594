package intent

import (
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

const minuteLayout = "2006-01-02T15:04"

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

// readable reports whether the words of a slot of time can be read.
func (m *match) readable(slot string, words []word) (ok bool) {
	switch slot {
	case "span":
		_, ok = m.span(words)
	case "period":
		_, _, ok = m.period(words)
	default:
		due, clock := m.when(words)
		ok = due+clock != ""
	}
	return ok
}

// farDay is the day of a sentence that names none. A date in the sentence is another one.
var farDay = time.Date(2091, time.March, 7, 0, 0, 0, 0, time.UTC)

// when returns the day or the time that words name. If they name a time of day alone, it returns that
// as clock.
func (r *reader) when(words []word) (due, clock string) {
	text := r.raw(words)
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.Format(time.DateOnly), ""
	}
	for len(words) > 1 && r.lang.strip[words[0].text] {
		words = words[1:]
	}
	text = r.raw(words)
	for _, on := range r.lang.onDay {
		d, ok := r.dateOf(on+text, r.Now)
		switch {
		case !ok:
		case d.DueOn != nil && string(*d.DueOn) != farDay.Format(time.DateOnly):
			return string(*d.DueOn), ""
		case d.DueAt != nil:
			at := d.DueAt.In(r.Zone)
			if at.Format(time.DateOnly) == farDay.Format(time.DateOnly) {
				return "", at.Format("15:04")
			}
			return at.Format(minuteLayout), ""
		}
	}
	return "", ""
}

// dateOf returns the draft of a date. It returns false if some words are no part of it.
func (r *reader) dateOf(text string, now time.Time) (phrase.Draft, bool) {
	o := r.phraseOptions()
	o.Day = farDay
	d, _ := phrase.Parse("task "+text, now, r.Zone, o)
	plain := d.Title == "task" && d.Recurrence == nil && d.Priority == "" && d.Tags == nil && d.Reminders == nil && !d.TooOften
	return d, plain && (d.DueAt != nil || d.DueOn != nil)
}

// next returns the next instant with a time of day.
func (r *reader) next(clock string) string {
	now := r.Now.In(r.Zone)
	if today := now.Format(time.DateOnly) + "T" + clock; today > now.Format(minuteLayout) {
		return today
	}
	return r.day(1) + "T" + clock
}

// span returns a length of time. Months and years have no fixed length, and are not read.
func (r *reader) span(words []word) (Shift, bool) {
	var found [2]Shift
	for i, now := range []time.Time{r.Now, r.Now.AddDate(0, 0, 75)} {
		d, ok := r.dateOf(r.lang.inSpan+r.raw(words), now)
		switch {
		case !ok:
			return Shift{}, false
		case d.DueAt != nil:
			found[i].Minutes = int(d.DueAt.Sub(now).Round(time.Minute) / time.Minute)
		default:
			today := task.DateOf(now.In(r.Zone)).Midnight()
			found[i].Days = int(d.DueOn.Midnight().Sub(today) / (24 * time.Hour))
		}
	}
	return found[0], found[0] == found[1] && found[0].Days >= 0 && found[0].Minutes >= 0 && found[0] != Shift{}
}

// period is a range of days around today.
type period string

// The periods.
const (
	today     period = "today"
	tomorrow  period = "tomorrow"
	yesterday period = "yesterday"
	afterNext period = "day after tomorrow"
	thisWeek  period = "this week"
	nextWeek  period = "next week"
	lastWeek  period = "last week"
	thisMonth period = "this month"
	nextMonth period = "next month"
	lastMonth period = "last month"
	weekend   period = "weekend"
)

// day returns the day that is n days after today.
func (r *reader) day(n int) string {
	return r.Now.In(r.Zone).AddDate(0, 0, n).Format(time.DateOnly)
}

// period returns the first and the last day that words name.
func (r *reader) period(words []word) (from, to string, ok bool) {
	text := joined(words)
	now := r.Now.In(r.Zone)
	if p, ok := r.lang.periods[text]; ok {
		from, to := r.days(p, now)
		return from, to, true
	}
	if n := r.lang.lastDays.FindStringSubmatch(text); n != nil {
		days, err := strconv.Atoi(n[1])
		if err != nil || days < 1 || days > 366 {
			return "", "", false
		}
		return r.day(-days), r.day(0), true
	}
	if past, ok := r.lastDay(words); ok {
		return past, past, true
	}
	due, _ := r.when(words)
	if due == "" || strings.Contains(due, "T") {
		return "", "", false // the tasks of a moment are not asked for
	}
	return due, due, true
}

// lastDay returns the day of "last friday".
func (r *reader) lastDay(words []word) (string, bool) {
	for _, cut := range [][2]int{{0, 1}, {len(words) - 1, len(words)}} {
		if len(words) < 2 || !r.lang.lastWeekday[words[cut[0]].text] {
			continue
		}
		rest := words[1:]
		if cut[0] > 0 {
			rest = words[:cut[0]]
		}
		if due, _ := r.when(rest); due > r.day(0) && due <= r.day(7) {
			day, err := time.Parse(time.DateOnly, due)
			return day.AddDate(0, 0, -7).Format(time.DateOnly), err == nil
		}
	}
	return "", false
}

// days returns the first and the last day of a period.
func (r *reader) days(p period, now time.Time) (from, to string) {
	monday := -(int(now.Weekday()-r.WeekStart) + 7) % 7
	month := func(n int) (string, string) {
		first := time.Date(now.Year(), now.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		return first.Format(time.DateOnly), first.AddDate(0, 1, -1).Format(time.DateOnly)
	}
	switch p {
	case today:
		return r.day(0), r.day(0)
	case tomorrow:
		return r.day(1), r.day(1)
	case yesterday:
		return r.day(-1), r.day(-1)
	case afterNext:
		return r.day(2), r.day(2)
	case thisWeek:
		return r.day(monday), r.day(monday + 6)
	case nextWeek:
		return r.day(monday + 7), r.day(monday + 13)
	case lastWeek:
		return r.day(monday - 7), r.day(monday - 1)
	case thisMonth:
		return month(0)
	case nextMonth:
		return month(1)
	case lastMonth:
		return month(-1)
	default: // the weekend, below
	}
	saturday := (int(time.Saturday-now.Weekday()) + 7) % 7
	if now.Weekday() == time.Sunday {
		saturday = -1 // the weekend is today
	}
	return r.day(saturday), r.day(saturday + 1)
}
