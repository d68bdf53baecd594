package main

import (
	"net/http"
	"strconv"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

// reminderChoice is an option of a default reminder.
type reminderChoice struct {
	Value, Name string
	Chosen      bool
}

// keepReminder is the value of a default that the page cannot show, such as several reminders. It
// stays as it is.
const keepReminder = "keep"

// timedChoices returns the options for tasks that are due at an instant.
func timedChoices(d task.ReminderDefaults) []reminderChoice {
	chosen := keepReminder
	switch {
	case len(d.Timed) == 0:
		chosen = "none"
	case len(d.Timed) == 1 && d.Timed[0].MinutesBefore != nil:
		chosen = strconv.Itoa(*d.Timed[0].MinutesBefore)
	}
	choices := []reminderChoice{{Value: "none", Name: "No reminder"}, {Value: "0", Name: "At the time"}}
	for _, minutes := range []int{5, 10, 15, 30, 60, 120, 24 * 60} {
		choices = append(choices, reminderChoice{Value: strconv.Itoa(minutes), Name: minutesWords(minutes) + " before"})
	}
	return choose(choices, chosen, func(minutes int) string { return minutesWords(minutes) + " before" })
}

// dayChoices returns the options for whole days, and the time of day.
func dayChoices(d task.ReminderDefaults) (choices []reminderChoice, timeOfDay string) {
	chosen, timeOfDay := keepReminder, task.DefaultTime
	switch {
	case len(d.WholeDay) == 0:
		chosen = "none"
	case len(d.WholeDay) == 1 && d.WholeDay[0].DaysBefore != nil:
		chosen = strconv.Itoa(*d.WholeDay[0].DaysBefore)
		if d.WholeDay[0].TimeOfDay != "" {
			timeOfDay = d.WholeDay[0].TimeOfDay
		}
	}
	choices = []reminderChoice{{Value: "none", Name: "No reminder"}, {Value: "0", Name: "On the day"}, {Value: "1", Name: "The day before"}}
	return choose(choices, chosen, func(days int) string { return countWords(days, "day") + " before" }), timeOfDay
}

// choose marks the chosen option. It adds one for a value that is not in the list.
func choose(choices []reminderChoice, chosen string, name func(int) string) []reminderChoice {
	for i := range choices {
		if choices[i].Value == chosen {
			choices[i].Chosen = true
			return choices
		}
	}
	if n, err := strconv.Atoi(chosen); err == nil {
		return append(choices, reminderChoice{chosen, name(n), true})
	}
	return append(choices, reminderChoice{chosen, "As it is", true})
}

// saveReminders changes the reminders of tasks that name none.
func (s *service) saveReminders(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	d := rc.user.DefaultReminders
	if n, err := strconv.Atoi(r.PostFormValue("timed")); err == nil {
		d.Timed = []task.Reminder{{MinutesBefore: &n}}
	} else if r.PostFormValue("timed") != keepReminder {
		d.Timed = []task.Reminder{}
	}
	if n, err := strconv.Atoi(r.PostFormValue("day")); err == nil {
		d.WholeDay = []task.Reminder{{DaysBefore: &n, TimeOfDay: r.PostFormValue("time")}}
	} else if r.PostFormValue("day") != keepReminder {
		d.WholeDay = []task.Reminder{}
	}
	if err := rc.Call(r.Context(), "PATCH", "/me", apiv1.AccountPatch{DefaultReminders: &d}, nil); err != nil {
		return s.refuseAccount(w, r, rc, err, "reminders", "timed", "day", "time")
	}
	return s.redirectWithFlash(w, r, accountPath, flashMessage{Text: "Saved: new tasks remind like this"})
}
