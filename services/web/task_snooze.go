package main

import (
	"net/http"
	"time"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
	"taskmaster/services/web/client"
)

// snoozeChoice is a time to which a reminder can be postponed.
type snoozeChoice struct {
	Name, Until, Words string
}

// snoozes returns the usual choices in the user's time zone.
func (rc *requestContext) snoozes() []snoozeChoice {
	now := rc.now.In(rc.zone)
	at := func(days, hour int) time.Time {
		return task.Instant(civil(now).AddDate(0, 0, days).Add(time.Duration(hour)*time.Hour), rc.zone)
	}
	monday := (8 - int(now.Weekday())) % 7
	if monday == 0 {
		monday = 7
	}
	moments := []struct {
		name string
		at   time.Time
	}{
		{"In an hour", now.Add(time.Hour)}, {"This evening", at(0, 18)}, {"Tomorrow", at(1, 9)}, {"Next week", at(monday, 9)},
	}
	var choices []snoozeChoice
	for _, m := range moments {
		if m.at.After(now) { // this evening may have passed
			choices = append(choices, snoozeChoice{m.name, m.at.UTC().Format(time.RFC3339), when(m.at, rc.now, rc.zone)})
		}
	}
	return choices
}

// snoozeTask repeats the reminder later, at a listed choice or at the user's own time.
func (s *service) snoozeTask(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	until, err := time.Parse(time.RFC3339, r.PostFormValue("until"))
	if own := r.PostFormValue("own"); own != "" && r.PostFormValue("until") == "" {
		until, err = localTime(own, rc.zone)
	}
	if err != nil {
		return task.Invalid("own", "time is missing: choose when to be reminded again")
	}
	t, err := rc.Post(r.Context(), client.ItemPath("/tasks", r.PathValue("id"))+"/snooze", r.PostFormValue("key"), apiv1.Snooze{Until: new(until.UTC())})
	if err != nil {
		return err
	}
	w.Header().Set("ETag", rc.etag(t))
	return s.redirectWithFlash(w, r, back(r), flashMessage{Text: "You will be reminded of " + quoted(t.Title) + " " + when(until, rc.now, rc.zone)})
}
