package task

import "time"

// Reminder is a time to remind the owner of a task: minutes or days before the due date, or an
// instant. Exactly one of MinutesBefore, DaysBefore and At is set.
type Reminder struct {
	// MinutesBefore counts from the due instant, or from the start of a whole day.
	MinutesBefore *int `json:"minutes_before,omitempty"`
	// DaysBefore counts days of the calendar, also across a change of the clocks.
	DaysBefore *int `json:"days_before,omitempty"`
	// TimeOfDay is the time on the day that DaysBefore names: "09:00". Without it, a timed task has
	// its own time of day, and a whole day has DefaultTime.
	TimeOfDay string     `json:"time,omitempty"`
	At        *time.Time `json:"at,omitempty"`
}

const clockForm = "15:04"

// ReminderDefaults are the reminders of tasks whose reminders were omitted: of tasks that are due at
// an instant, and on a whole day.
type ReminderDefaults struct {
	Timed    []Reminder `json:"timed"`
	WholeDay []Reminder `json:"whole_day"`
}

// UsualReminders returns the defaults of an account that has chosen none.
func UsualReminders() ReminderDefaults {
	return ReminderDefaults{
		Timed:    []Reminder{{MinutesBefore: new(DefaultMinutesBefore)}},
		WholeDay: []Reminder{{DaysBefore: new(0), TimeOfDay: DefaultTime}},
	}
}

// Of returns a copy of the reminders for a kind of due date.
func (d ReminderDefaults) Of(wholeDay bool) []Reminder {
	reminders := d.Timed
	if wholeDay {
		reminders = d.WholeDay
	}
	return append([]Reminder{}, reminders...)
}

// Validate returns one error of CodeInvalid with every bad field, or nil. Defaults are relative to the
// due date.
func (d ReminderDefaults) Validate() error {
	var bad []FieldError
	for _, wholeDay := range []bool{false, true} {
		field, reminders := "default_reminders.timed", d.Timed
		if wholeDay {
			field, reminders = "default_reminders.whole_day", d.WholeDay
		}
		check := func(ok bool, _, message string) {
			if !ok {
				bad = append(bad, FieldError{field, message})
			}
		}
		check(reminders != nil, "", "is required: [] means none")
		check(len(reminders) <= MaxReminders, "", "has more than 10 entries")
		for _, r := range reminders[:min(len(reminders), MaxReminders)] {
			r.validate(check)
			check(r.At == nil, "", "has an instant: a default counts from the due date")
			check(!wholeDay || r.MinutesBefore == nil, "", "has minutes_before: a whole day has days_before and time")
		}
	}
	return InvalidFields(bad)
}

// RemindAt returns the instant of a reminder of the task. It returns false if the reminder depends
// on a missing due date. Days and times of day are those of the task's time zone.
func (t Task) RemindAt(r Reminder) (time.Time, bool) {
	if r.At != nil {
		return *r.At, true
	}
	due, ok := t.Due()
	switch {
	case !ok:
		return time.Time{}, false
	case r.MinutesBefore != nil:
		return due.Add(-time.Duration(*r.MinutesBefore) * time.Minute), true
	case r.DaysBefore == nil:
		return time.Time{}, false
	}
	zone := t.zone()
	wall := wallOf(due, zone)
	timeOfDay := r.TimeOfDay
	if t.DueOn != nil {
		wall = t.DueOn.Midnight()
		if timeOfDay == "" {
			timeOfDay = DefaultTime
		}
	}
	if clock, err := time.Parse(clockForm, timeOfDay); err == nil {
		wall = onDate(wall, clock)
	}
	return instantOf(wall.AddDate(0, 0, -*r.DaysBefore), zone).UTC(), true
}

// validate checks a reminder of a normalized task.
func (r Reminder) validate(check func(ok bool, field, message string)) {
	kinds := 0
	for _, set := range []bool{r.MinutesBefore != nil, r.DaysBefore != nil, r.At != nil} {
		if set {
			kinds++
		}
	}
	check(kinds == 1, "reminders", `has an entry that is none of {"minutes_before": 15}, {"days_before": 1, "time": "09:00"} and {"at": "2026-02-10T14:45:00Z"}`)
	check(r.MinutesBefore == nil || (*r.MinutesBefore >= 0 && *r.MinutesBefore <= MaxMinutesBefore), "reminders", "has minutes_before outside 0 to 40320 (four weeks)")
	check(r.DaysBefore == nil || (*r.DaysBefore >= 0 && *r.DaysBefore <= MaxDaysBefore), "reminders", "has days_before outside 0 to 366 (a year)")
	check(r.TimeOfDay == "" || r.DaysBefore != nil && isClock(r.TimeOfDay), "reminders", "has a time that is not one such as 09:00, or stands without days_before")
	check(inRange(r.At), "reminders", "has an instant that is not between the years 1970 and 9999")
}

func isClock(text string) bool {
	_, err := time.Parse(clockForm, text)
	return err == nil && len(text) == len(clockForm)
}
