package main

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// taskForm is a task as its form holds it: texts in the task's time zone. Two forms are compared to
// find the changed fields.
type taskForm struct {
	// Due is "2026-02-10T15:00", or "2026-02-10" for a whole day.
	Title, Notes, Due, TimeZone, Priority, Tags string
	Repeat                                      repeatForm
	Reminders                                   []reminderForm
}

// reminderForm is a reminder: N Units before the due date, N days before at a Time of that day, or
// an instant At.
type reminderForm struct {
	N, Unit, Time, At string
}

const fieldTime = "2006-01-02T15:04"

// formOf returns the form of a task. now provides defaults for the recurrence of a task without a
// due date.
func formOf(t task.Task, now time.Time) taskForm {
	zone, err := task.LoadZone(t.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	f := taskForm{
		Title: t.Title, Notes: lines(t.Description), TimeZone: t.TimeZone, Priority: string(t.Priority),
		Tags: tagsText(strings.Join(t.Tags, ",")), // normalised like the field that the browser sends back
	}
	due := now.In(zone)
	if t.DueAt != nil {
		due = t.DueAt.In(zone)
		f.Due = due.Format(fieldTime)
	}
	if t.DueOn != nil {
		due, f.Due = t.DueOn.Midnight(), string(*t.DueOn)
	}
	f.Repeat = newRepeatForm(t.Recurrence, due)
	for _, r := range t.Reminders {
		if r.MinutesBefore != nil {
			f.Reminders = append(f.Reminders, minutesForm(*r.MinutesBefore))
		}
	}
	for _, r := range t.Reminders {
		if r.DaysBefore != nil {
			f.Reminders = append(f.Reminders, reminderForm{N: strconv.Itoa(*r.DaysBefore), Time: cmp.Or(r.TimeOfDay, timeOfDay(f.Due))})
		}
	}
	for _, r := range t.Reminders {
		if r.At != nil {
			f.Reminders = append(f.Reminders, reminderForm{At: r.At.In(zone).Format(fieldTime)})
		}
	}
	return f
}

// timeOfDay returns the time of a reminder some days before, if it names none.
func timeOfDay(due string) string {
	if _, clock, ok := strings.Cut(due, "T"); ok {
		return clock
	}
	return task.DefaultTime
}

// DueDay and DueTime are the two fields of the due date. DueTime is empty for a whole day.
func (f taskForm) DueDay() string {
	day, _, _ := strings.Cut(f.Due, "T")
	return day
}

func (f taskForm) DueTime() string {
	_, clock, _ := strings.Cut(f.Due, "T")
	return clock
}

func (f taskForm) wholeDay() bool { return len(f.Due) == len(time.DateOnly) }

// reminderUnit is a unit of time for reminders.
type reminderUnit struct {
	Name    string
	Minutes int
}

// reminderUnits lists all units from the largest.
var reminderUnits = []reminderUnit{{"weeks", 7 * 24 * 60}, {"days", 24 * 60}, {"hours", 60}, {"minutes", 1}}

func minutesForm(minutes int) reminderForm {
	for _, u := range reminderUnits {
		if minutes > 0 && minutes%u.Minutes == 0 {
			return reminderForm{N: strconv.Itoa(minutes / u.Minutes), Unit: u.Name}
		}
	}
	return reminderForm{N: strconv.Itoa(minutes), Unit: "minutes"}
}

// readTaskForm reads the fields that a browser sent.
func readTaskForm(values url.Values) taskForm {
	f := taskForm{
		Title: strings.TrimSpace(values.Get("title")), Notes: lines(values.Get("description")),
		Due: dueField(values), TimeZone: strings.TrimSpace(values.Get("time_zone")), Priority: values.Get("priority"),
		Tags: tagsText(values.Get("tags")), Repeat: readRepeatForm(values),
	}
	unit := values["remind_unit"]
	for i, n := range values["remind_n"] {
		if n = strings.TrimSpace(n); n != "" && i < len(unit) {
			f.Reminders = append(f.Reminders, reminderForm{N: n, Unit: unit[i]})
		}
	}
	clocks := values["remind_time"]
	for i, n := range values["remind_days"] {
		if n = strings.TrimSpace(n); n != "" && i < len(clocks) {
			f.Reminders = append(f.Reminders, reminderForm{N: n, Time: clocks[i]})
		}
	}
	for _, at := range values["remind_at"] {
		if at != "" {
			f.Reminders = append(f.Reminders, reminderForm{At: at})
		}
	}
	return f
}

// lines converts line ends to those of Unix. Browsers send those of DOS.
func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// tagsText returns tags in the format of the form.
func tagsText(text string) string { return strings.Join(splitTags(text), ", ") }

func splitTags(text string) []string {
	tags := []string{}
	for tag := range strings.SplitSeq(text, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "#")
		if tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// patch returns the body of a PATCH that changes a task from the form was to f. It contains only
// changed fields. Code invalid names the fields that cannot be parsed.
func (f taskForm) patch(was taskForm) (map[string]any, error) {
	body := map[string]any{}
	var bad []task.FieldError
	set := func(name string, value any, err error) {
		if body[name] = value; err != nil {
			bad = append(bad, task.FieldError{Field: name, Message: err.Error()})
		}
	}
	before, after := was.fields(), f.fields()
	changed := func(name string) bool { return before[name] != after[name] }
	if changed("title") {
		set("title", f.Title, nil)
	}
	if changed("description") {
		set("description", f.Notes, nil)
	}
	if changed("priority") {
		set("priority", f.Priority, nil)
	}
	if changed("tags") {
		set("tags", splitTags(f.Tags), nil)
	}
	zone, err := task.LoadZone(f.TimeZone)
	if err != nil {
		return nil, task.Invalid("time_zone", "is not an IANA time zone such as Europe/Berlin")
	}
	if changed("due_at") {
		switch due, err := f.dueTask(zone); {
		case due.DueOn != nil:
			set("due_on", due.DueOn, nil)
		case f.Due != "":
			set("time_zone", f.TimeZone, nil)
			set("due_at", due.DueAt, err)
		default:
			set("due_on", nil, nil)
			set("due_at", nil, nil)
		}
	}
	if _, err := f.dueTask(zone); err == nil && changed("recurrence") {
		recurrence, err := f.recurrence(zone)
		if recurrence != nil {
			recurrence.ExDates = was.Repeat.exDates
		}
		set("recurrence", recurrence, err)
	}
	if changed("reminders") {
		reminders, err := f.reminders(zone)
		set("reminders", reminders, err)
	}
	return body, task.InvalidFields(bad)
}

// dueTask returns a task that is due like the form.
func (f taskForm) dueTask(zone *time.Location) (t task.Task, err error) {
	t = task.Task{Title: f.Title, TimeZone: f.TimeZone}
	if f.Due != "" {
		t.DueAt, t.DueOn, err = readDue(f.Due, zone)
	}
	return t, err
}

// recurrence returns the recurrence, or nil if the task does not repeat.
func (f taskForm) recurrence(zone *time.Location) (*task.Recurrence, error) {
	t, err := f.dueTask(zone)
	switch {
	case err != nil:
		return nil, err
	case t.DueOn != nil:
		r, err := f.Repeat.recurrence(new(t.DueOn.Midnight()), time.UTC)
		if err == nil && r != nil && r.EndAt != nil {
			r.EndAt = new(civil(*r.EndAt)) // the last day itself
		}
		return r, err
	}
	return f.Repeat.recurrence(t.DueAt, zone)
}

func (f taskForm) reminders(zone *time.Location) ([]task.Reminder, error) {
	all := []task.Reminder{}
	for _, r := range f.Reminders {
		if r.At != "" {
			at, err := localTime(r.At, zone)
			if err != nil {
				return nil, err
			}
			all = append(all, task.Reminder{At: &at})
			continue
		}
		n, err := strconv.Atoi(r.N)
		if r.Unit == "" {
			if err != nil || n < 0 {
				return nil, fmt.Errorf("has %q, which is not a number of days", r.N)
			}
			all = append(all, task.Reminder{DaysBefore: &n, TimeOfDay: r.Time})
			continue
		}
		i := slices.IndexFunc(reminderUnits, func(u reminderUnit) bool { return u.Name == r.Unit })
		if err != nil || i < 0 || n < 0 || n > task.MaxMinutesBefore {
			return nil, fmt.Errorf("has %q, which is not a number of minutes, hours, days or weeks", r.N)
		}
		minutes := n * reminderUnits[i].Minutes
		all = append(all, task.Reminder{MinutesBefore: &minutes})
	}
	return all, nil
}

// fieldNames lists the parts of a task that are merged as a unit, by their names in the API.
var fieldNames = []string{"title", "description", "due_at", "priority", "tags", "recurrence", "reminders"}

// fields returns each part as one text.
func (f taskForm) fields() map[string]string {
	return map[string]string{
		"title": f.Title, "description": f.Notes, "due_at": f.Due + " " + f.TimeZone, "priority": f.Priority, "tags": f.Tags,
		"recurrence": f.Repeat.text(), "reminders": fmt.Sprint(f.Reminders),
	}
}

// take copies one part from another form.
func (f *taskForm) take(name string, other taskForm) {
	switch name {
	case "title":
		f.Title = other.Title
	case "description":
		f.Notes = other.Notes
	case "due_at":
		f.Due, f.TimeZone = other.Due, other.TimeZone
	case "priority":
		f.Priority = other.Priority
	case "tags":
		f.Tags = other.Tags
	case "recurrence":
		f.Repeat = other.Repeat
	case "reminders":
		f.Reminders = other.Reminders
	}
}
