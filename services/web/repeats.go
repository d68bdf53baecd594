package main

import (
	"net/http"
	"net/url"
	"time"

	"taskmaster/services/phrase"
	"taskmaster/services/server"
	"taskmaster/services/task"
)

// repeats says a recurrence in words, for the page's list: `rrule`, `anchor` and `end_at` as a task has them, `due_at`
// where its series starts, and `zone` (IANA).
func (w *web) repeats(rw http.ResponseWriter, r *http.Request) error {
	if err := fromPage(r); err != nil {
		return err
	}
	query := r.URL.Query()
	due, dueErr := instant(query, "due_at")
	end, endErr := instant(query, "end_at")
	if err := task.InvalidFields(append(dueErr, endErr...)); err != nil {
		return err
	}
	recurrence := task.Recurrence{RRule: query.Get("rrule"), Anchor: query.Get("anchor"), EndAt: end}
	t := task.Task{Title: "repeats", DueAt: due, TimeZone: query.Get("zone"), Recurrence: &recurrence}
	t.Normalize()
	if err := t.Validate(); err != nil {
		return err
	}
	zone, err := task.LoadZone(t.TimeZone)
	if err != nil {
		return err
	}
	rw.Header().Set("Cache-Control", "no-store")
	return server.Encode(rw, http.StatusOK, map[string]string{"repeats": phrase.Say(recurrence, *t.DueAt, zone)})
}

// instant returns a parameter that is an instant, or nil when it is left out.
func instant(query url.Values, name string) (*time.Time, []task.FieldError) {
	text := query.Get(name)
	if text == "" {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, []task.FieldError{{Field: name, Message: "is not an RFC 3339 instant such as 2026-02-10T15:00:00Z"}}
	}
	return &at, nil
}

// fromPage refuses what another site's page asks for.
func fromPage(r *http.Request) error {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return task.Errorf(task.CodeForbidden, "this is for the page itself, not for other sites")
	}
	return nil
}
