package main

import (
	"net/http"
	"net/url"
	"time"

	"taskmaster/internal/task"
)

// calendarPage is a month as a grid of whole weeks, and the tasks of one day of it.
type calendarPage struct {
	list
	// Month is "November 2026", Before and After are the addresses of the months beside it, Now that of the present one.
	Month, Before, After, Now string
	// Weekdays head the columns.
	Weekdays []weekdayName
	Weeks    [][]calendarDay
	// Day is the day of which the tasks are listed.
	Day string
	// DueOn is what a task gets that is added here, as a field of type date holds it.
	DueOn string
}

type weekdayName struct{ Short, Long string }

// calendarDay is one cell. What repeats is also shown where it will be due, although there is no such task yet.
type calendarDay struct {
	Number                  int
	Date, Path              string
	Outside, Today, Current bool
	Tasks                   []calendarTask
	// Open and Words say how much is to be done: "2 tasks".
	Open  int
	Words string
}

type calendarTask struct {
	ID, Title, Time       string
	Completed, Late, Will bool
	Priority              task.Priority
}

// calendar shows the month of ?month=2026-11, and of it the day of ?day=2026-11-26; by default today's.
func (w *web) calendar(rw http.ResponseWriter, r *http.Request, v *visit) error {
	today := v.now.In(v.zone)
	chosen, err := chosenDay(r.URL.Query(), today)
	if err != nil {
		return err
	}
	first := startOfDay(chosen, 1-chosen.Day())
	from := startOfDay(first, -weekdayFrom(v.weekStart(), first.Weekday()))
	weeks := (daysBetween(from, startOfDay(first, daysIn(first))) + 6) / 7
	to := startOfDay(from, 7*weeks)
	tasks, more, err := v.tasks(r.Context(), url.Values{
		"status": {"all"}, "due_after": {from.UTC().Format(time.RFC3339)}, "due_before": {to.UTC().Format(time.RFC3339)},
	})
	if err != nil {
		return err
	}
	byDay := map[string][]calendarTask{}
	var onDay []task.Task
	for _, t := range tasks {
		due := t.DueAt.In(v.zone)
		byDay[dateOf(due)] = append(byDay[dateOf(due)], calendarTask{
			ID: t.ID.String(), Title: t.Title, Time: clockWords(due), Completed: t.Completed, Late: overdue(t, v.now), Priority: t.Priority,
		})
		if daysBetween(chosen, due) == 0 {
			onDay = append(onDay, t)
		}
	}
	v.addExpected(byDay, from, to)

	c := calendarPage{
		Month: first.Format("January 2006"), Now: "/calendar",
		Before: "/calendar?month=" + startOfDay(first, -1).Format("2006-01"), After: "/calendar?month=" + startOfDay(first, 31).Format("2006-01"),
		Day: dayHeading(chosen, today), DueOn: dateOf(chosen),
	}
	for i := range 7 {
		name := startOfDay(from, i).Format("Monday")
		c.Weekdays = append(c.Weekdays, weekdayName{name[:3], name})
	}
	for week := range weeks {
		days := make([]calendarDay, 7)
		for i := range days {
			day := startOfDay(from, 7*week+i)
			days[i] = newCalendarDay(day, today, chosen, byDay[dateOf(day)])
		}
		c.Weeks = append(c.Weeks, days)
	}
	c.list = list{Empty: empty{"Nothing is due on this day", "Add something with its time: “dentist 15:00”.", "", ""}, More: more}
	c.add("", false, v.rows(onDay))
	return w.showTo(rw, r, v, http.StatusOK, page{Name: "calendar", Title: "Calendar", Path: "/calendar", Body: c})
}

func newCalendarDay(day, today, chosen time.Time, tasks []calendarTask) calendarDay {
	d := calendarDay{
		Number: day.Day(), Date: day.Format("Monday 2 January"), Path: "/calendar?month=" + chosen.Format("2006-01") + "&day=" + dateOf(day),
		Outside: day.Month() != chosen.Month(), Today: daysBetween(today, day) == 0, Current: daysBetween(chosen, day) == 0, Tasks: tasks,
	}
	for _, t := range tasks {
		if !t.Completed {
			d.Open++
		}
	}
	d.Words = countWords(d.Open, "task")
	return d
}

// addExpected adds the days on which open tasks that repeat will be due again, each if it is completed when it is due.
func (v *visit) addExpected(byDay map[string][]calendarTask, from, to time.Time) {
	const most = 62 // of one task: what is daily, in the longest grid after a month ahead
	for _, t := range v.open {
		if t.Recurrence == nil || t.DueAt == nil || !t.DueAt.Before(to) {
			continue
		}
		following, err := t.Recurrence.Occurrences(*t.DueAt, t.TimeZone, most)
		if err != nil {
			continue // a rule that this version does not know is shown where it is due
		}
		for _, at := range following {
			if at = at.In(v.zone); !at.Before(from) && at.Before(to) {
				byDay[dateOf(at)] = append(byDay[dateOf(at)], calendarTask{
					ID: t.ID.String(), Title: t.Title, Time: clockWords(at), Will: true, Priority: t.Priority,
				})
			}
		}
	}
}

// chosenDay reads the query. Code invalid when it names no day.
func chosenDay(query url.Values, today time.Time) (time.Time, error) {
	if text := query.Get("day"); text != "" {
		day, err := time.ParseInLocation(time.DateOnly, text, today.Location())
		if err != nil || day.Year() < 1970 {
			return time.Time{}, task.Invalid("day", "is not a day such as 2026-11-26")
		}
		return day, nil
	}
	text := query.Get("month")
	if text == "" || text == today.Format("2006-01") {
		return startOfDay(today, 0), nil
	}
	month, err := time.ParseInLocation("2006-01", text, today.Location())
	if err != nil || month.Year() < 1970 {
		return time.Time{}, task.Invalid("month", "is not a month such as 2026-11")
	}
	return month, nil
}

// weekStart is the day with which the visitor's weeks begin.
func (v *visit) weekStart() time.Weekday {
	switch v.user.WeekStart {
	case "sunday":
		return time.Sunday
	case "saturday":
		return time.Saturday
	}
	return time.Monday
}

// weekdayFrom counts the days from the start of a week to a day of it.
func weekdayFrom(start, day time.Weekday) int { return (int(day) - int(start) + 7) % 7 }

func daysIn(month time.Time) int {
	return time.Date(month.Year(), month.Month()+1, 0, 12, 0, 0, 0, time.UTC).Day()
}

func dateOf(t time.Time) string { return t.Format(time.DateOnly) }
