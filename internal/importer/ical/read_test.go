package ical_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/ical"
	"taskmaster/internal/importer/importertest"
	"taskmaster/internal/task"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var options = importer.Options{Zone: "Europe/Berlin", Now: now, Limit: 100}

func read(t *testing.T, data string) importer.File {
	t.Helper()
	file, err := ical.Read([]byte(data), options)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// brief describes the fields of a task that differ from the defaults.
func brief(t *testing.T, file importer.File, of importer.Task) string {
	t.Helper()
	x := of.Task
	parts := []string{of.Key, x.Title}
	add := func(say bool, s string) {
		if say {
			parts = append(parts, s)
		}
	}
	add(x.Description != "", "says "+strings.ReplaceAll(x.Description, "\n", "/"))
	if x.DueOn != nil {
		add(true, "due "+string(*x.DueOn))
	}
	if x.DueAt != nil {
		add(true, "due "+x.DueAt.UTC().Format(time.RFC3339))
	}
	add(x.TimeZone != "Europe/Berlin", "in "+x.TimeZone)
	if x.Recurrence != nil {
		add(true, "repeats "+x.Recurrence.RRule)
		if len(x.Recurrence.ExDates) > 0 {
			raw, err := json.Marshal(x.Recurrence.ExDates)
			if err != nil {
				t.Fatal(err)
			}
			add(true, "without "+string(raw))
		}
	}
	for _, r := range x.Reminders {
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		add(true, string(raw))
	}
	if x.Completed {
		add(true, "done "+x.CompletedAt.UTC().Format(time.RFC3339))
	}
	add(x.Priority != task.PriorityNone, string(x.Priority))
	add(len(x.Tags) > 0, "#"+strings.Join(x.Tags, " #"))
	for _, note := range file.Notes {
		add(note.Line == of.Line, "NOTE "+note.Message)
	}
	return strings.Join(parts, " | ")
}

// TestFilesOfOtherPrograms reads files in the form that these programs write, for an account in
// Berlin. The expected results were derived by hand.
func TestFilesOfOtherPrograms(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		// Dates, floating times, LF alone, a zone that is described after its use.
		"nextcloud": {
			"6f1c2b0e-2d5f-4f0a-9d83-0c6f3c1b7a55 | Water the plants | says The *big* ones, twice;/the others once | due 2026-03-02 | repeats FREQ=WEEKLY;INTERVAL=1 | high | #Home #Garden | NOTE a task has only a due date: 2026-03-01 is left out",
			"20260210T092000Z-sub | Buy a watering can | done 2026-02-11T06:00:00Z | NOTE there are no sub-tasks: it stands by itself",
			`call | Call the landlord | says https://example.com/flat | due 2026-03-03T13:30:00Z | {"minutes_before":60} | NOTE a task has no progress: 40 % is left out`,
		},
		// Alarms on a date count from midnight: at nine on that day, and at nine on the day before.
		"apple": {
			`2C9F7A1E-53B4-4D5E-8B0C-7F4C9D2E6A10 | Take the pills with a full glass of water – and not before breakfast, please | due 2026-03-09T12:30:00Z | in America/New_York | repeats FREQ=WEEKLY;BYDAY=MO,WE,FR | {"minutes_before":0} | medium`,
			`9B6D1C54-0E5B-4C39-8D52-3A8C0F7B1E44 | Hand in the form | due 2026-03-10 | {"days_before":0,"time":"09:00"} | {"days_before":1,"time":"09:00"}`,
			"1D7E2F66-6A0B-4A15-9C3E-2B5D8E9F0C77 | Collect the parcel | NOTE a reminder at a place is left out",
		},
		// A TZID with a prefix, an exception to a series, an alarm relative to the start, DURATION,
		// CANCELLED.
		"thunderbird": {
			`a7b8c9d0-1111-4222-8333-444455556666 | Back up the laptop | due 2026-02-04T09:00:00Z | in Europe/Paris | repeats FREQ=DAILY;INTERVAL=2;UNTIL=20260401T070000Z | {"minutes_before":75} | #Computer #Chores, dull | NOTE a task has only a due date: 2026-02-02 09:00 is left out`,
			"a7b8c9d0-1111-4222-8333-444455556666 20260202T090000 | Back up the laptop | due 2026-02-02T09:00:00Z | in Europe/Paris | done 2026-02-02T08:00:00Z | NOTE a task has only a due date: 2026-02-02 09:00 is left out",
			"floating | Stretch | due 2026-03-05T06:30:00Z | low",
			"cancelled | Go to the gym | done 2026-02-03T08:00:00Z | #cancelled",
		},
		// A TZID of Windows that is the account's zone.
		"outlook": {
			`040000008200E00074C5B7101A82E00800000000 | Send the report | due 2026-03-06T16:00:00Z | {"at":"2026-03-06T15:00:00Z"} | high`,
		},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile("testdata/" + name + ".ics")
			if err != nil {
				t.Fatal(err)
			}
			file := read(t, string(raw))
			var got []string
			for _, todo := range file.Tasks {
				got = append(got, brief(t, file, todo))
				todo.Task.Normalize()
				if err := todo.Task.Validate(); err != nil {
					t.Errorf("%s: %v", todo.Key, err)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func calendar(lines ...string) string {
	return "BEGIN:VCALENDAR\nVERSION:2.0\n" + strings.Join(lines, "\n") + "\nEND:VCALENDAR\n"
}

func todo(lines ...string) string {
	return calendar("BEGIN:VTODO\nUID:1\nSUMMARY:x\n" + strings.Join(lines, "\n") + "\nEND:VTODO")
}

func TestOddities(t *testing.T) {
	t.Parallel()
	const fancy = "BEGIN:VTIMEZONE\nTZID:Fancy\nBEGIN:STANDARD\nTZOFFSETTO:%s\nEND:STANDARD\nEND:VTIMEZONE\n"
	inZone := func(offset, due string) string {
		return strings.Replace(todo(due), "BEGIN:VTODO", strings.Replace(fancy, "%s", offset, 1)+"BEGIN:VTODO", 1)
	}
	tests := []struct{ name, data, want string }{
		{"UTC", todo("DUE:20260301T080000Z"), "1 | x | due 2026-03-01T08:00:00Z"},
		{"lower case names and values", todo("due:20260301t080000z", "status:completed", "completed:20260301t090000z"), "1 | x | due 2026-03-01T08:00:00Z | done 2026-03-01T09:00:00Z"},
		{"DTSTART alone", todo("DTSTART:20260301T080000Z"), "1 | x | due 2026-03-01T08:00:00Z"},
		{"a date in summer", todo("DUE;VALUE=DATE:20260701"), "1 | x | due 2026-07-01"},
		{"a time that the clock skips", todo("DUE:20260329T023000"), "1 | x | due 2026-03-29T01:30:00Z"},
		{"a time that the clock shows twice", todo("DUE:20261025T023000"), "1 | x | due 2026-10-25T00:30:00Z"},
		{"an unknown TZID", todo("DUE;TZID=Mars/Olympus:20260301T080000"), `1 | x | says DUE;TZID=Mars/Olympus: 20260301T080000 | NOTE DUE has the TZID "Mars/Olympus", which is not an IANA time zone such as Europe/Berlin: "20260301T080000" is in the description`},
		{"a described TZID with the account's offset", inZone("+0100", "DUE;TZID=Fancy:20260301T080000"), "1 | x | due 2026-03-01T07:00:00Z"},
		{"a described TZID with another", inZone("+0300", "DUE;TZID=Fancy:20260301T080000"), `1 | x | due 2026-03-01T05:00:00Z`},
		{"no time", todo("DUE:tomorrow"), `1 | x | says DUE: tomorrow | NOTE DUE is "TOMORROW", not a time such as 20260210T150000Z: "tomorrow" is in the description`},
		{"an empty time", todo("DUE:", "COMPLETED:"), "1 | x"},
		{"a bad duration", todo("DTSTART:20260301T080000Z", "DURATION:PT"), `1 | x | says DURATION: PT | due 2026-03-01T08:00:00Z | NOTE DURATION is not one such as PT1H: "PT" is in the description`},
		{"weeks and days", todo("DTSTART:20260301T080000Z", "DURATION:P1W2DT3H4M5S"), "1 | x | due 2026-03-10T11:04:05Z"},
		{"done at an unknown time", todo("STATUS:COMPLETED"), "1 | x | done 2026-03-01T12:00:00Z"},
		{"done by percentage", todo("PERCENT-COMPLETE:100", "DTSTAMP:20260201T000000Z"), "1 | x | done 2026-02-01T00:00:00Z"},
		{"open in spite of an old COMPLETED", todo("STATUS:NEEDS-ACTION", "COMPLETED:20260101T000000Z"), "1 | x"},
		{"commas that should be escaped", todo("DESCRIPTION:a, b; c\\q"), "1 | x | says a, b; cq"},
		{"the series of a finished task", todo("STATUS:COMPLETED", "DTSTAMP:20260201T000000Z", "DUE:20260201T000000Z", "RRULE:FREQ=DAILY"), "1 | x | due 2026-02-01T00:00:00Z | done 2026-02-01T00:00:00Z"},
		{"the last of a series", todo("DUE:20260301T080000Z", "RRULE:FREQ=DAILY;UNTIL=20260228T235959Z"), "1 | x | due 2026-03-01T08:00:00Z"},
		{"UNTIL at midnight of the last date", todo("DUE;VALUE=DATE:20260301", "RRULE:FREQ=DAILY;UNTIL=20260301T000000Z;INTERVAL=1"), "1 | x | due 2026-03-01 | repeats FREQ=DAILY;UNTIL=20260301;INTERVAL=1"},
		{"days of DTSTART, DUE later", todo("DTSTART:20260302T080000Z", "DUE:20260304T080000Z", "RRULE:FREQ=WEEKLY;BYDAY=MO"), "1 | x | due 2026-03-02T08:00:00Z | repeats FREQ=WEEKLY;BYDAY=MO | NOTE a task has only a due date: 2026-03-04 09:00 is left out"},
		{"dates left out of a series, and added", todo("DUE:20260302T080000Z", "RRULE:FREQ=DAILY", "EXDATE:20260303T080000Z", "RDATE:20260501T080000Z"), `1 | x | due 2026-03-02T08:00:00Z | repeats FREQ=DAILY | without ["2026-03-03T08:00:00Z"] | NOTE additional dates of the series are left out`},
		{"dates of a series with times", todo("DUE;TZID=Europe/Berlin:20260302T090000", "RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20260401", "EXDATE;TZID=Europe/Berlin:20260303T090000,20260304T090000"),
			`1 | x | due 2026-03-02T08:00:00Z | repeats FREQ=DAILY | without ["2026-03-03T08:00:00Z","2026-03-04T08:00:00Z","2026-04-01T07:00:00Z"]`},
		{"dates of a series of dates", todo("DUE;VALUE=DATE:20260302", "RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20260303", "EXDATE:20260303T230000Z"),
			`1 | x | due 2026-03-02 | repeats FREQ=DAILY | without ["2026-03-03T00:00:00Z","2026-03-04T00:00:00Z"]`},
		{"the first of a series", todo("DTSTART;TZID=Europe/Berlin:20261201T090000", "DUE;TZID=Europe/Berlin:20261201T090000", "RRULE:FREQ=WEEKLY;BYDAY=TU", "EXDATE;TZID=Europe/Berlin:20261201T090000"),
			`1 | x | due 2026-12-08T08:00:00Z | repeats FREQ=WEEKLY;BYDAY=TU | without ["2026-12-01T08:00:00Z"]`},
		{"the first dates of a series of dates", todo("DUE;VALUE=DATE:20260302", "RRULE:FREQ=DAILY;COUNT=4", "EXDATE;VALUE=DATE:20260302,20260303"),
			`1 | x | due 2026-03-04 | repeats FREQ=DAILY;COUNT=4 | without ["2026-03-02T00:00:00Z","2026-03-03T00:00:00Z"]`},
		{"all of a series", todo("DUE;VALUE=DATE:20260302", "RRULE:FREQ=DAILY;COUNT=2", "EXDATE;VALUE=DATE:20260302,20260303"),
			"1 | x | due 2026-03-02 | NOTE all dates of the series are left out: it does not repeat here"},
		{"a broken EXDATE", todo("DUE;VALUE=DATE:20260302", "RRULE:FREQ=DAILY", "EXDATE:soon"),
			`1 | x | due 2026-03-02 | repeats FREQ=DAILY | NOTE EXDATE is "SOON", not a time such as 20260210T150000Z: it is left out`},
		{"comments and attachments", todo("COMMENT:one", "COMMENT:two", "ATTACH:https://example.com/plan.pdf", "ATTACH;ENCODING=BASE64;VALUE=BINARY:aGk="), "1 | x | says one/two/https://example.com/plan.pdf | NOTE an attached file is left out"},
		{"RRULE without a date", todo("RRULE:FREQ=DAILY"), "1 | x | NOTE repeats but has no date: it does not repeat here"},
		{"an alarm after it is due", todo("DUE:20260301T080000Z", "BEGIN:VALARM", "TRIGGER:PT10M", "END:VALARM"), `1 | x | due 2026-03-01T08:00:00Z | {"at":"2026-03-01T08:10:00Z"}`},
		{"an alarm of seconds", todo("DUE:20260301T080000Z", "BEGIN:VALARM", "TRIGGER:-PT90S", "END:VALARM"), `1 | x | due 2026-03-01T08:00:00Z | {"minutes_before":2}`},
		{"an alarm months before", todo("DUE:20260301T080000Z", "BEGIN:VALARM", "TRIGGER:-P60D", "END:VALARM"), `1 | x | due 2026-03-01T08:00:00Z | {"days_before":60}`},
		{"an alarm years before", todo("DUE:20260301T080000Z", "BEGIN:VALARM", "TRIGGER:-P400D", "END:VALARM"), `1 | x | due 2026-03-01T08:00:00Z | {"at":"2025-01-25T08:00:00Z"}`},
		{"an alarm a week before", todo("DUE:20260301T080000Z", "BEGIN:VALARM", "TRIGGER;RELATED=END:-P1W", "END:VALARM"), `1 | x | due 2026-03-01T08:00:00Z | {"days_before":7}`},
		{"an alarm 24 hours before", todo("DUE:20260301T080000Z", "BEGIN:VALARM", "TRIGGER;RELATED=END:-PT24H", "END:VALARM"), `1 | x | due 2026-03-01T08:00:00Z | {"minutes_before":1440}`},
		{"alarms of a date", todo("DUE;VALUE=DATE:20261025", "BEGIN:VALARM", "TRIGGER;RELATED=END:PT9H", "END:VALARM", "BEGIN:VALARM", "TRIGGER:-PT15H", "END:VALARM",
			"BEGIN:VALARM", "TRIGGER:-P1D", "END:VALARM", "BEGIN:VALARM", "TRIGGER:P1DT9H", "END:VALARM"),
			`1 | x | due 2026-10-25 | {"days_before":0,"time":"09:00"} | {"days_before":1,"time":"09:00"} | {"days_before":1,"time":"00:00"} | {"at":"2026-10-26T08:00:00Z"}`},
		{"an alarm that another program moved", todo("DUE;VALUE=DATE:20261025", "BEGIN:VALARM", "TRIGGER;RELATED=END:PT9H", `X-TASKMASTER-REMINDER:{"days_before":0}`, "END:VALARM",
			"BEGIN:VALARM", "TRIGGER;RELATED=END:PT10H", `X-TASKMASTER-REMINDER:{"days_before":0}`, "END:VALARM"),
			`1 | x | due 2026-10-25 | {"days_before":0} | {"days_before":0,"time":"10:00"}`},
		{"an alarm before nothing", todo("BEGIN:VALARM", "TRIGGER:-PT10M", "END:VALARM"), "1 | x | NOTE a reminder relative to a missing date is left out"},
		{"alarms without a trigger", todo("BEGIN:VALARM", "ACTION:DISPLAY", "END:VALARM"), "1 | x"},
		{"a broken trigger", todo("BEGIN:VALARM", "TRIGGER:soon", "END:VALARM"), `1 | x | says TRIGGER: soon | NOTE TRIGGER is "SOON", not a time such as 20260210T150000Z: "soon" is in the description`},
		{"priorities", todo("PRIORITY:4"), "1 | x | high"},
		{"a priority that is none", todo("PRIORITY:0"), "1 | x"},
		{"no summary", calendar("BEGIN:VTODO", "UID:1", "END:VTODO"), "1 | Untitled"},
		{"a byte order mark and empty lines", "\ufeff" + strings.ReplaceAll(todo("DUE:20260301T080000Z"), "\n", "\r\n\r\n"), "1 | x | due 2026-03-01T08:00:00Z"},
		{"a character that folding splits", strings.Replace(todo(), "SUMMARY:x", "SUMMARY:caf\xc3\r\n \xa9", 1), "1 | café"},
		{"quoted parameters", todo(`DUE;X-A="a:b;c";TZID="Europe/Berlin":20260301T080000`), "1 | x | due 2026-03-01T07:00:00Z"},
		{"nested in other components", calendar("BEGIN:X-BOX", "BEGIN:VTODO", "END:VTODO", "END:X-BOX", "BEGIN:VTODO", "UID:1", "SUMMARY:x", "END:VTODO"), "1 | x"},
		{"a changed recurrence", todo("DUE:20260301T080000Z", "RRULE:FREQ=DAILY", `X-TASKMASTER-RECURRENCE:{"rrule":"weekly"\,"anchor":"completion"\,"missed":"skip"}`), "1 | x | due 2026-03-01T08:00:00Z | repeats FREQ=DAILY"},
		{"a removed recurrence", todo("DUE:20260301T080000Z", `X-TASKMASTER-RECURRENCE:{"rrule":"weekly"\,"anchor":"completion"\,"missed":"skip"}`), "1 | x | due 2026-03-01T08:00:00Z"},
		{"damaged properties of ours", todo("X-TASKMASTER-RECURRENCE:{", "X-TASKMASTER-REMINDERS:null", "X-TASKMASTER-SERIES:1", "X-TASKMASTER-OCCURRENCE:?"), "1 | x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := read(t, tt.data)
			if len(file.Tasks) != 1 {
				t.Fatalf("got %d tasks, want 1", len(file.Tasks))
			}
			if got := brief(t, file, file.Tasks[0]); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestWhatIsNotICalendar(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, data, want string }{
		{"JSON", `{"version": 1}`, `line 1`},
		{"a web page", "<html>\n</html>", "line 1 is not an iCalendar line"},
		{"no VCALENDAR", "BEGIN:VTODO\nEND:VTODO", "line 1 begins VTODO outside a VCALENDAR"},
		{"a property before it", "VERSION:2.0", "line 1 stands outside a VCALENDAR"},
		{"cut off", "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x", "line 3 is the last, and VTODO has not ended"},
		{"crossed ends", "BEGIN:VCALENDAR\nBEGIN:VTODO\nEND:VCALENDAR", "line 3 ends VCALENDAR, which did not begin"},
		{"an end too many", "BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR", "line 3 ends VCALENDAR, which did not begin"},
		{"depth", "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:X\n", 10), "nested too deeply"},
		{"alarms", todo(strings.Repeat("BEGIN:VALARM\nEND:VALARM\n", 201)), "more than 200 components"},
		{"properties", todo(strings.Repeat("CATEGORIES:a\n", 1000)), "more than 1000 properties"},
		{"tasks", calendar(strings.Repeat("BEGIN:VTODO\nEND:VTODO\n", 101)), "more than 100 tasks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := ical.Read([]byte(tt.data), options)
			if task.ErrorCode(err) != task.CodeInvalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want code invalid with %q", err, tt.want)
			}
		})
	}
	for name, data := range map[string]string{"nothing": "", "no tasks": calendar("BEGIN:VEVENT\nEND:VEVENT"), "two calendars": calendar() + calendar()} {
		if file := read(t, data); len(file.Tasks) != 0 {
			t.Errorf("%s: got %d tasks, want none", name, len(file.Tasks))
		}
	}
}

// TestUIDs shows that entries without a UID get stable and distinct ones.
func TestUIDs(t *testing.T) {
	t.Parallel()
	without := func(summary string) string {
		return read(t, calendar("BEGIN:VTODO", "SUMMARY:"+summary, "END:VTODO")).Tasks[0].Key
	}
	first, other, again := without("a"), without("b"), without("a")
	if first == other || first != again {
		t.Errorf("without UID: got %s, %s and again %s", first, other, again)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"nextcloud", "apple", "thunderbird", "outlook"} {
		raw, err := os.ReadFile("testdata/" + name + ".ics")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := ical.Read(data, options)
		importertest.Check(t, file, err, len(data), options.Limit)
	})
}
