package main

import (
	"net/http"
	"net/url"
	"time"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
	"taskmaster/services/web/client"
)

// calendarPage shows a month as a grid of whole weeks, and the tasks of one day.
type calendarPage struct {
	list
	// Month is "November 2026". Before and After are the paths of the previous and the next month.
	// Now is the path of the current month.
	Month, Before, After, Now string
	// Weekdays are the headings of the columns.
	Weekdays []weekdayName
	Weeks    [][]calendarDay
	// Cut reports whether the month has more than maxInMonth tasks. The grid then lacks the last ones.
	Cut bool
	// Day is the heading of the selected day, whose tasks are listed.
	Day string
	// DueOn is the due date of tasks that are added on this page, in the format of a date field.
	DueOn string
}

type weekdayName struct{ Short, Long string }

// calendarDay is one cell. It also shows the expected occurrences of recurring tasks, which do not
// exist yet.
type calendarDay struct {
	Number                  int
	Date, Path              string
	Outside, Today, Current bool
	Tasks                   []calendarTask
	// Open counts the open tasks. Words is the count in words: "2 tasks".
	Open  int
	Words string
	// Further is the number of tasks that the cell leaves out.
	Further int
}

// maxInCell is the number of tasks that a cell shows. The list of the day has all of them.
const maxInCell = 5

// maxInMonth is the number of tasks that the grid of a month reads.
const maxInMonth = 2000

type calendarTask struct {
	// Time is "" for a whole day.
	ID, Title, Time       string
	Completed, Late, Will bool
	Priority              task.Priority
}

// calendar shows the month of ?month=2026-11, and in it the day of ?day=2026-11-26. The default is
// today.
func (s *service) calendar(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	today := rc.now.In(rc.zone)
	chosen, err := chosenDay(r.URL.Query(), today)
	if err != nil {
		return err
	}
	first := startOfDay(chosen, 1-chosen.Day())
	from := startOfDay(first, -weekdayFrom(rc.weekStart(), first.Weekday()))
	weeks := (daysBetween(from, startOfDay(first, daysIn(first))) + 6) / 7
	to := startOfDay(from, 7*weeks)
	tasks, cut, err := rc.Tasks(r.Context(), maxInMonth, url.Values{"due_after": instantParam(from), "due_before": instantParam(to)})
	if err != nil {
		return err
	}
	onDay, more, err := rc.readPart(r, url.Values{"due_after": instantParam(chosen), "due_before": instantParam(startOfDay(chosen, 1))})
	if err != nil {
		return err
	}
	byDay := map[string][]calendarTask{}
	for _, t := range tasks {
		due, _ := rc.dueDay(t)
		byDay[dateOf(due)] = append(byDay[dateOf(due)], calendarTask{
			ID: t.ID.String(), Title: t.Title, Time: calendarTime(t, due), Completed: t.Completed, Late: t.Overdue(rc.now), Priority: t.Priority,
		})
	}
	if err := rc.addExpected(r, byDay, later(from, startOfDay(today, 0)), to); err != nil {
		return err
	}

	c := calendarPage{
		Month: first.Format("January 2006"), Now: "/calendar",
		Before: "/calendar?month=" + startOfDay(first, -1).Format("2006-01"), After: "/calendar?month=" + startOfDay(first, 31).Format("2006-01"),
		Cut: cut != "", Day: dayHeading(chosen, today), DueOn: dateOf(chosen),
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
	c.add("", false, rc.rows(onDay))
	return s.showTo(w, r, rc, http.StatusOK, page{Name: "calendar", Title: "Calendar", Path: "/calendar", Body: c})
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
	if len(tasks) > maxInCell {
		d.Tasks, d.Further = tasks[:maxInCell-1], len(tasks)-maxInCell+1
	}
	return d
}

// addExpected adds the days on which open recurring tasks will be due again. It assumes that an overdue
// task is completed now, and each later occurrence on its due date.
func (rc *requestContext) addExpected(r *http.Request, byDay map[string][]calendarTask, from, to time.Time) error {
	const most = 62 // per task: daily occurrences in the longest grid, one month ahead
	recurring, _, err := rc.Tasks(r.Context(), maxInMonth, url.Values{"status": {"open"}, "recurring": {"true"}, "due_before": instantParam(to)})
	if client.Refuses(err, "recurring") {
		return nil // An api of the version before does not know the parameter.
	}
	if err != nil {
		return err
	}
	for _, t := range recurring {
		following, err := t.Expected(rc.now, most)
		if err != nil {
			continue // a rule that this version cannot expand: only its due date is shown
		}
		for _, at := range following {
			if t.DueOn == nil {
				at = at.In(rc.zone)
			}
			if date := dateOf(at); date >= dateOf(from) && date < dateOf(to) {
				byDay[date] = append(byDay[date], calendarTask{
					ID: t.ID.String(), Title: t.Title, Time: calendarTime(t, at), Will: true, Priority: t.Priority,
				})
			}
		}
	}
	return nil
}

// later returns the later one of two instants.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// calendarTime returns the time of day of a task that is due at an instant, or "" for a whole day.
func calendarTime(t task.Task, due time.Time) string {
	if t.DueOn != nil {
		return ""
	}
	return clockWords(due)
}

// chosenDay reads the selected day from the query. It returns code invalid when the query names no
// valid day.
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

// weekStart returns the first day of the user's week.
func (rc *requestContext) weekStart() time.Weekday { return apiv1.FirstWeekday(rc.user.WeekStart) }

// weekdayFrom returns the number of days from the start of a week to day.
func weekdayFrom(start, day time.Weekday) int { return (int(day) - int(start) + 7) % 7 }

func daysIn(month time.Time) int {
	return time.Date(month.Year(), month.Month()+1, 0, 12, 0, 0, 0, time.UTC).Day()
}

func dateOf(t time.Time) string { return t.Format(time.DateOnly) }
