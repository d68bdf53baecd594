package main

import (
	"net/http"
	"time"

	"taskmaster/internal/task"
)

// snoozeChoice is a moment until which a task can be put off.
type snoozeChoice struct {
	Name, Until, Words string
}

// snoozes are the usual choices, on the visitor's clocks.
func (v *visit) snoozes() []snoozeChoice {
	now := v.now.In(v.zone)
	at := func(days, hour int) time.Time {
		return task.Instant(civil(now).AddDate(0, 0, days).Add(time.Duration(hour)*time.Hour), v.zone)
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
		if m.at.After(now) { // this evening may be over
			choices = append(choices, snoozeChoice{m.name, m.at.UTC().Format(time.RFC3339), when(m.at, v.now, v.zone)})
		}
	}
	return choices
}

// snoozeTask reminds again later: at the instant of a choice, or at the visitor's own time.
func (w *web) snoozeTask(rw http.ResponseWriter, r *http.Request, v *visit) error {
	until, err := time.Parse(time.RFC3339, r.PostFormValue("until"))
	if own := r.PostFormValue("own"); own != "" && r.PostFormValue("until") == "" {
		until, err = localTime(own, v.zone)
	}
	if err != nil {
		return task.Invalid("own", "time is missing: choose when to be reminded again")
	}
	t, err := v.post(r.Context(), taskPath(r.PathValue("id"))+"/snooze", r.PostFormValue("key"), map[string]any{"until": until.UTC()})
	if err != nil {
		return err
	}
	rw.Header().Set("ETag", v.etag(t))
	return w.done(rw, r, back(r), notice{Text: "You will be reminded of " + quoted(t.Title) + " " + when(until, v.now, v.zone)})
}
