package main

import (
	"errors"
	"testing"

	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// FuzzReadExport reads files that look like an export. A file is refused with words for its sender, or
// all its tasks are valid. The size of the result is bounded by the size of the file.
func FuzzReadExport(f *testing.F) {
	for _, seed := range []string{
		`{"version": 1, "exported_at": "2026-12-01T10:00:00Z", "tasks": [{"id": "0198c0de-0000-7000-8000-000000000001", "title": "Pay rent",
			"due_at": "2026-12-24T18:00:00Z", "time_zone": "Europe/Berlin", "tags": ["home"], "reminders": [{"minutes_before": 15}],
			"recurrence": {"rrule": "FREQ=MONTHLY;BYMONTHDAY=24", "exdates": ["2027-01-24T17:00:00Z"], "anchor": "due", "missed": "skip"}}]}`,
		`{"tasks": [{"title": "Bread", "due_on": "2026-12-24", "priority": "high", "completed_at": "2026-12-02T10:00:00Z"}], "version": 1}`,
		`{"version": 1, "settings": {"time_zone": "Asia/Tokyo", "week_start": "sunday", "language": "de"}, "channels": [{"kind": "webhook"}], "tasks": []}`,
		`{"version": 1, "tasks": [{"title": ""}, {"title": "x", "unknown": [[[]]]}], "history": {"a": [1, 2]}}`,
		`{"version": 2, "tasks": null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in := &importReader{now: testStart, zone: "UTC", defaults: task.UsualReminders()}
		if err := in.readJSON(t.Context(), body); err != nil {
			if _, ok := errors.AsType[*server.StatusError](err); !ok && task.ErrorCode(err) != task.CodeInvalid {
				t.Fatalf("got the error %v, want one for the sender", err)
			}
			return
		}
		if len(in.bad) > task.MaxFieldErrors {
			t.Errorf("got %d errors of fields, want at most %d", len(in.bad), task.MaxFieldErrors)
		}
		text := 0
		for _, e := range in.entries {
			if err := e.task.Validate(); err != nil || e.key == "" {
				t.Fatalf("the task %+v with the key %q is accepted: %v", e.task, e.key, err)
			}
			text += len(e.task.Title) + len(e.task.Description)
		}
		for _, n := range in.notes {
			text += len(n.Message) + len(n.Title)
		}
		if most := 1<<10 + 100*len(body); text > most {
			t.Errorf("got %d bytes of text from a file of %d, want at most %d", text, len(body), most)
		}
	})
}
