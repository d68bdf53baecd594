package main

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everyKind adds a task of every kind to an account.
func everyKind(t *testing.T, p person) {
	t.Helper()
	const odd = "\ttab, comma; semicolon: colon \\ \\n \"quote\" 'x' #no ~ % <b>&amp; ä e\u0301 漢字 😀 👩‍👩‍👧 עברית "
	zoned := "2027-03-28T09:00:00+02:00"
	reminders := []object{
		{"minutes_before": 0}, {"minutes_before": 90}, {"days_before": 1}, {"days_before": 0, "time": "08:30"}, {"days_before": 366, "time": "23:59"},
		{"at": "2026-12-24T18:00:00Z"},
	}
	tasks := []object{
		{"title": "nothing else", "reminders": []object{}},
		{"title": "whole day", "due_on": "2027-02-28"},
		{"title": "whole day with reminders", "due_on": "2027-03-28", "reminders": []object{{"days_before": 0, "time": "07:00"}, {"days_before": 2}, {"days_before": 1, "time": "20:00"}}},
		{"title": "timed", "due_at": zoned, "time_zone": "Europe/Berlin"},
		{"title": "timed elsewhere", "due_at": "2027-11-07T05:30:00Z", "time_zone": "America/New_York", "reminders": reminders},
		{"title": "at the second of two times", "due_at": "2027-11-07T06:30:00Z", "time_zone": "America/New_York"},
		{"title": "no reminders", "due_at": zoned, "time_zone": "UTC", "reminders": []object{}},
		{"title": "reminders without a due date", "reminders": []object{{"minutes_before": 5}, {"days_before": 1}, {"at": "2027-01-01T00:00:00Z"}}},
		{"title": "shorthand", "due_at": zoned, "time_zone": "Europe/Berlin", "recurrence": object{"rrule": "monthly"}},
		{"title": "until", "due_at": zoned, "time_zone": "Europe/Berlin", "recurrence": object{"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20280101T000000Z", "missed": "catch_up"}},
		{"title": "count", "due_at": zoned, "time_zone": "Asia/Kolkata", "recurrence": object{"rrule": "FREQ=DAILY;COUNT=10;BYHOUR=9,17"}},
		{"title": "end", "due_at": zoned, "time_zone": "Europe/Berlin", "recurrence": object{"rrule": "FREQ=DAILY", "end_at": "2028-01-01T12:34:56Z"}},
		{"title": "exdates", "due_at": "2027-03-27T08:00:00Z", "time_zone": "Europe/Berlin", "recurrence": object{"rrule": "FREQ=DAILY", "exdates": []string{"2027-03-28T07:00:00Z", "2027-04-02T07:00:00Z"}}},
		{"title": "after completion", "due_at": zoned, "time_zone": "Europe/Berlin", "recurrence": object{"rrule": "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1,-1", "anchor": "completion"}},
		{"title": "whole days until", "due_on": "2027-01-31", "recurrence": object{"rrule": "FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20281231", "anchor": "completion"}},
		{"title": "whole days with exdates", "due_on": "2027-01-01", "recurrence": object{"rrule": "FREQ=WEEKLY;BYDAY=FR", "exdates": []string{"2027-01-08T00:00:00Z"}, "end_at": "2027-12-31T00:00:00Z"}},
		{"title": "low", "priority": "low", "tags": []string{"a", "two words", "comma, semicolon; \\ \"quote\"", "😀"}},
		{"title": "medium", "priority": "medium"},
		{"title": "high", "priority": "high", "description": "# Notes\n\n- [ ] one\n- [x] two\n\n    code\n"},
		{"title": "odd" + odd + "!", "description": odd + "\n\n" + odd + "\r\nCRLF\rCR\vVT\fFF\u0085NEL\u2028LS\u2029PS\x01\x1f\x7f\ufeff"},
		{"title": "blank lines around", "description": "\n\n text \n\n"},
		{"title": "long", "description": strings.Repeat("äö漢😀 ", 3000)},
		{"title": "like a line of a calendar", "description": "END:VTODO\nBEGIN:VTODO\nSUMMARY:x\\, y\\;"},
	}
	for _, x := range tasks {
		p.newTask(t, x)
	}
	snoozed := p.newTask(t, object{"title": "snoozed", "due_at": zoned, "time_zone": "Europe/Berlin"})
	p.send(t, "POST", taskPath(snoozed.ID)+"/snooze", object{"until": "2027-01-02T03:04:05Z"}).want(t, 200)
	for _, x := range []object{{"title": "completed"}, {"title": "completed in a series", "due_on": "2026-12-31", "recurrence": object{"rrule": "yearly"}}} {
		done := p.newTask(t, x)
		p.send(t, "POST", taskPath(done.ID)+"/complete", nil).want(t, 200)
	}
}

// TestSecondExportIsTheFirst exports tasks of every kind, imports them into a new account, and exports
// that. Both files are equal, except for the ids and the times of the import.
func TestSecondExportIsTheFirst(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	first := a.newPerson(t)
	first.send(t, "PATCH", "/api/v1/me", object{"time_zone": "Pacific/Auckland"}).want(t, 200)
	everyKind(t, first)
	for format, of := range map[string]func(*testing.T, []byte) []string{"json": jsonTasks, "ics": calendarTasks} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			second := a.newPerson(t)
			second.send(t, "PATCH", "/api/v1/me", object{"time_zone": "Pacific/Auckland"}).want(t, 200)
			file := first.send(t, "GET", "/api/v1/export?format="+format, nil).want(t, 200)
			second.send(t, "POST", "/api/v1/import", string(file.Body), func(r *http.Request) { r.Header.Set("Content-Type", file.Header.Get("Content-Type")) }).want(t, 200)
			again := second.send(t, "GET", "/api/v1/export?format="+format, nil).want(t, 200)
			if diff := cmp.Diff(of(t, file.Body), of(t, again.Body)); diff != "" {
				t.Errorf("the second export differs (-first +second):\n%s", diff)
			}
			tasks := func(p person) []string {
				return jsonTasks(t, p.send(t, "GET", "/api/v1/export", nil).want(t, 200).Body)
			}
			if diff := cmp.Diff(tasks(first), tasks(second)); diff != "" {
				t.Errorf("the tasks of the second account differ (-first +second):\n%s", diff)
			}
		})
	}
}

// jsonTasks returns the tasks of an export in order, without ids and the times of an import.
func jsonTasks(t *testing.T, file []byte) []string {
	t.Helper()
	var export struct{ Tasks []map[string]any }
	if err := json.Unmarshal(file, &export); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, x := range export.Tasks {
		for _, name := range []string{"id", "uid", "series_id", "revision", "updated_at"} {
			delete(x, name)
		}
		raw, err := json.MarshalIndent(x, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(raw))
	}
	slices.Sort(all)
	return all
}

// importedLine matches the lines of a calendar that an import changes.
var importedLine = regexp.MustCompile(`(?m)^(DTSTAMP|LAST-MODIFIED|X-TASKMASTER-ID|X-TASKMASTER-SERIES):.*\n`)

// calendarTasks returns the VTODO components of a calendar in order, without the lines that an import
// changes.
func calendarTasks(t *testing.T, file []byte) []string {
	t.Helper()
	text := strings.ReplaceAll(strings.ReplaceAll(string(file), "\r\n ", ""), "\r\n", "\n")
	parts := strings.Split(importedLine.ReplaceAllString(text, ""), "BEGIN:VTODO\n")[1:]
	for i, part := range parts {
		parts[i], _, _ = strings.Cut(part, "END:VTODO\n")
	}
	slices.Sort(parts)
	return parts
}
