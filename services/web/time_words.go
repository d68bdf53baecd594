package main

import (
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// moment is an instant as a page shows it.
type moment struct {
	// ISO is for the datetime attribute, Words is for people: "today, 9:00".
	ISO, Words string
}

func newMoment(t, now time.Time, zone *time.Location) moment {
	return moment{t.UTC().Format(time.RFC3339), when(t, now, zone)}
}

// when describes an instant in zone: "today, 9:00" or "Fri 4 Dec, 18:30". It adds the year if that
// is not the current one.
func when(t, now time.Time, zone *time.Location) string {
	t, now = t.In(zone), now.In(zone)
	return dayWords(t, now) + ", " + clockWords(t)
}

// clockWords returns a time of day: "9:00".
func clockWords(t time.Time) string { return strings.TrimPrefix(t.Format("15:04"), "0") }

// dayWords describes a day relative to today. Both are in the same zone.
func dayWords(day, today time.Time) string {
	switch daysBetween(today, day) {
	case -1:
		return "yesterday"
	case 0:
		return "today"
	case 1:
		return "tomorrow"
	}
	if day.Year() != today.Year() {
		return day.Format("Mon 2 Jan 2006")
	}
	return day.Format("Mon 2 Jan")
}

// dayHeading describes a day relative to today as a heading: "Tomorrow, Fri 27 Nov". Both are in
// the same zone.
func dayHeading(day, today time.Time) string {
	words := dayWords(day, today)
	if first := words[0]; 'a' <= first && first <= 'z' {
		return strings.ToUpper(words[:1]) + words[1:] + ", " + day.Format("Mon 2 Jan")
	}
	return words
}

// daysBetween returns the number of midnights from one time to another on their calendars.
func daysBetween(from, to time.Time) int {
	return int(civil(to).Sub(civil(from)) / (24 * time.Hour))
}

// civil returns a time's date as midnight in UTC.
func civil(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// startOfDay returns the start of the day that is days after t, in the zone of t.
func startOfDay(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, t.Location())
}

// dueDay returns a time on the day on which a task is due in the user's time zone. It returns false
// without a due date.
func (rc *requestContext) dueDay(t task.Task) (time.Time, bool) {
	if t.DueOn != nil {
		return t.DueOn.Midnight(), true
	}
	if t.DueAt != nil {
		return t.DueAt.In(rc.zone), true
	}
	return time.Time{}, false
}

// due returns the due date of a task, or nil: "today, 9:00", and "today" for a whole day.
func (rc *requestContext) due(at *time.Time, on *task.Date) *moment {
	if on != nil {
		return &moment{string(*on), dayWords(on.Midnight(), rc.now.In(rc.zone))}
	}
	return rc.moment(at)
}

// changesBy returns the time at which the open tasks change next: a task becomes overdue or the day
// ends.
func (rc *requestContext) changesBy() time.Time {
	next := startOfDay(rc.now.In(rc.zone), 1)
	if at := rc.user.OpenTasks.NextDueAt; at != nil && at.Before(next) {
		next = *at
	}
	return next
}

// countWords returns a number of things: "1 task", "2 tasks".
func countWords(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
