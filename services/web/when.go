package main

import (
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// moment is an instant as a page shows it.
type moment struct {
	// ISO is for the datetime attribute, Words are for people: "today, 9:00".
	ISO, Words string
}

func newMoment(t, now time.Time, zone *time.Location) moment {
	return moment{t.UTC().Format(time.RFC3339), when(t, now, zone)}
}

// when says an instant as clocks in zone show it: "today, 9:00", "Fri 4 Dec, 18:30", and the year if it is another.
func when(t, now time.Time, zone *time.Location) string {
	t, now = t.In(zone), now.In(zone)
	return dayWords(t, now) + ", " + clockWords(t)
}

// clockWords says a time of day: "9:00".
func clockWords(t time.Time) string { return strings.TrimPrefix(t.Format("15:04"), "0") }

// dayWords says a day beside today, both in the same zone.
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

// dayHeading says a day beside today, both in the same zone, so that it stands by itself: "Tomorrow, Fri 27 Nov".
func dayHeading(day, today time.Time) string {
	words := dayWords(day, today)
	if first := words[0]; 'a' <= first && first <= 'z' {
		return strings.ToUpper(words[:1]) + words[1:] + ", " + day.Format("Mon 2 Jan")
	}
	return words
}

// daysBetween counts the midnights from one time to another on their calendars.
func daysBetween(from, to time.Time) int {
	return int(civil(to).Sub(civil(from)) / (24 * time.Hour))
}

// civil is a time's date, as a UTC midnight.
func civil(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// startOfDay is when a day begins in the zone of t, days after that of t.
func startOfDay(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, t.Location())
}

// overdue says whether a task should have been done by now.
func overdue(t task.Task, now time.Time) bool {
	return !t.Completed && t.DueAt != nil && t.DueAt.Before(now)
}

// changesBy is when what is shown of the open tasks changes next by itself: one becomes overdue, or the day ends.
func (v *visit) changesBy() time.Time {
	next := startOfDay(v.now.In(v.zone), 1)
	for _, t := range v.open {
		if t.DueAt != nil && t.DueAt.After(v.now) && t.DueAt.Before(next) {
			next = *t.DueAt
		}
	}
	return next
}

// countWords says a number of things: "1 task", "2 tasks".
func countWords(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
