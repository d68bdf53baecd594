package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/task"
)

// TestHostileBodies sends bodies that make more of themselves. The answers stay small.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	empty := func(n int) string { return "[{}" + strings.Repeat(",{}", n-1) + "]" }
	file := func(task string) string { return `{"version": 1, "tasks": [` + task + `]}` }
	tests := []struct{ name, path, body, want string }{
		{"reminders of a task", "tasks", `{"title": "x", "reminders": ` + empty(20_000) + `}`, `"field":"reminders","message":"has more than 1000 entries"`},
		{"bad reminders of a task", "tasks", `{"title": "x", "reminders": ` + empty(900) + `}`, `"field":"reminders","message":"has more than 10 entries"`},
		{"reminders in a file", "import", file(`{"title": "x", "reminders": ` + empty(1_000_000) + `}`), `"field":"tasks[0].reminders","message":"has more than 1000 entries"`},
		{"unknown fields in a file", "import", file(`{` + strings.Repeat(`"k":1,`, 800_000) + `"title":"x"}`), `"field":"tasks[0]","message":"has more than 100 fields"`},
		{"channels in a file", "import", `{"version": 1, "channels": ` + empty(1_000_000) + `}`, `"field":"channels","message":"has more than 1000 entries"`},
		{"a long rule", "import", file(`{"title": "x", "due_at": "2026-03-02T10:00:00Z", "recurrence": {"rrule": "` + strings.Repeat("x", 1<<20) + `"}}`), `"field":"tasks[0].recurrence.rrule"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := p.send(t, "POST", "/api/v1/"+tt.path, tt.body).wantProblem(t, 422, "invalid")
			if !strings.Contains(string(r.Body), tt.want) {
				t.Errorf("got %.500s, want %s in it", r.Body, tt.want)
			}
			if len(r.Body) > 32<<10 {
				t.Errorf("the answer has %d bytes", len(r.Body))
			}
		})
	}
}

// TestManyCategories imports a calendar whose task has very many tags. The time for them does not
// grow with the square of their number.
func TestManyCategories(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	var tags strings.Builder
	for i := range 900_000 {
		tags.WriteByte(',')
		for n := i; n > 0; n /= 26 {
			tags.WriteByte(byte('a' + n%26))
		}
	}
	body := "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x\nCATEGORIES:y" + tags.String() + "\nEND:VTODO\nEND:VCALENDAR\n"
	started := time.Now()
	p.send(t, "POST", "/api/v1/import?dry_run=true", body, asCalendar()).want(t, 200)
	if took := time.Since(started); took > importTimeout/2 {
		t.Errorf("the import took %v", took)
	}
}

// TestImportEndsWithItsRequest reads files of a sender whose connection has ended. Each reader stops.
func TestImportEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	in := &importReader{now: testStart, zone: "UTC", defaults: task.UsualReminders()}
	for name, err := range map[string]error{
		"an export": in.readJSON(gone, []byte(`{"version": 1, "tasks": [{"title": "x"}]}`)),
		"iCalendar": in.readCalendar(gone, []byte("BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x\nCATEGORIES:y\nDUE:bad\nEND:VTODO\nEND:VCALENDAR\n")),
		"Todoist":   in.readCSV(gone, "", "", []byte("TYPE,CONTENT\ntask,x\n")),
		"Vikunja":   in.readProgram(gone, "data.json", []byte(`[{"title": "p", "tasks": [{"title": "x"}]}]`)),
	} {
		if err == nil || !strings.Contains(err.Error(), "takes too long") {
			t.Errorf("%s: got %v, want it to end", name, err)
		}
	}
}
