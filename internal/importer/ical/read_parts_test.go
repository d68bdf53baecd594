package ical_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/uuid"

	"taskmaster/internal/importer/ical"
)

// TestBadParts reads entries of which one part does not fit. The task comes without the part, which is
// in its description and in the notes.
func TestBadParts(t *testing.T) {
	t.Parallel()
	const due = "DUE:20260302T080000Z"
	tests := []struct{ name, data, want string }{
		{"a line without a value", todo("DUE", due), "1 | x | says DUE | due 2026-03-02T08:00:00Z | NOTE line 6 is not an iCalendar line such as SUMMARY:Buy milk: it is in the description"},
		{"a parameter without a value", todo("DUE;TZID:20260301T080000"), "1 | x | says DUE;TZID:20260301T080000 | NOTE line 6 has a parameter without a value: it is in the description"},
		{"an open quote", todo(`DUE;TZID="Europe/Berlin:20260301T080000`), `1 | x | says DUE;TZID="Europe/Berlin:20260301T080000 | NOTE line 6 ends within its parameters: it is in the description`},
		{"the line of a folded one", todo("X-A:1\n 2\n 3", "DUE"), "1 | x | says DUE | NOTE line 9 is not an iCalendar line such as SUMMARY:Buy milk: it is in the description"},
		{"a description of two lines without folding", todo("DESCRIPTION:one", "two"), "1 | x | says one//two | NOTE line 7 is not an iCalendar line such as SUMMARY:Buy milk: it is in the description"},
		{"a day that no month has", todo("DUE:20260231T090000Z"), `1 | x | says DUE: 20260231T090000Z | NOTE DUE is "20260231T090000Z", not a time such as 20260210T150000Z: "20260231T090000Z" is in the description`},
		{"an hourly rule", todo(due, "RRULE:FREQ=HOURLY;INTERVAL=12"), `1 | x | says Repeats: FREQ=HOURLY;INTERVAL=12 | due 2026-03-02T08:00:00Z | NOTE the recurrence has FREQ=HOURLY: use DAILY, WEEKLY, MONTHLY or YEARLY: "FREQ=HOURLY;INTERVAL=12" is in the description`},
		{"a rule that ends with a semicolon", todo(due, "RRULE:FREQ=WEEKLY;BYDAY=MO;"), "1 | x | due 2026-03-02T08:00:00Z | repeats FREQ=WEEKLY;BYDAY=MO | NOTE RRULE ends with a semicolon: it is read without it"},
		{"a year that does not fit", todo("DUE:19690302T080000Z", "RRULE:FREQ=DAILY"), `1 | x | says Due: 1969-03-02T08:00:00Z//Repeats: FREQ=DAILY | NOTE the due date is not between the years 1970 and 9999: "1969-03-02T08:00:00Z" is in the description | NOTE the recurrence is required by a recurrence: "FREQ=DAILY" is in the description`},
		{"Windows-1252", todo("DESCRIPTION:\xdcber \x80 5 \x96 Zo\xeb"), "1 | x | says Über € 5 – Zoë"},
		{"Windows-1252 in one line of UTF-8", todo("DESCRIPTION:\xdcber", "LOCATION:Zoë"), "1 | x | says Über/Zoë"},
		{"CR alone", strings.ReplaceAll(todo(due), "\n", "\r"), "1 | x | due 2026-03-02T08:00:00Z"},
		{"UTF-16", utf16LE(todo("DESCRIPTION:Zoë 🎂")), "1 | x | says Zoë 🎂"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// The neighbour comes whole.
			data := strings.Replace(tt.data, "END:VTODO", "END:VTODO\nBEGIN:VTODO\nSUMMARY:neighbour\nDUE;VALUE=DATE:20260305\nEND:VTODO", 1)
			file := read(t, tt.data)
			if !strings.Contains(tt.data, "\n") || strings.HasPrefix(tt.data, "\xff") {
				data = calendar("BEGIN:VTODO", "UID:1", "SUMMARY:x", "END:VTODO", "BEGIN:VTODO", "DUE;VALUE=DATE:20260305", "END:VTODO")
			}
			if got := brief(t, file, file.Tasks[0]); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if both := read(t, data); len(both.Tasks) != 2 || both.Tasks[1].Task.DueOn == nil {
				t.Errorf("the entry after it did not come whole: %+v", both.Tasks)
			}
		})
	}
}

// utf16LE encodes a text with a byte order mark.
func utf16LE(s string) string {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(s)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

// TestZones reads times of December and July in zones of other programs.
func TestZones(t *testing.T) {
	t.Parallel()
	const newYork = "BEGIN:STANDARD\nDTSTART:16010101T020000\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\nEND:STANDARD\n" +
		"BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0400\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\nEND:DAYLIGHT\n"
	const odd = "BEGIN:STANDARD\nDTSTART:20251101T030000\nTZOFFSETFROM:+0400\nTZOFFSETTO:+0330\nRRULE:FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=1,2,3,4,5,6,7;BYDAY=SU\nEND:STANDARD\n" +
		"BEGIN:DAYLIGHT\nDTSTART:20260501T020000\nTZOFFSETFROM:+0330\nTZOFFSETTO:+0400\nRDATE:20260501T020000,20270501T020000\nEND:DAYLIGHT\n"
	tests := []struct{ name, tzid, described, zone, winter, summer string }{
		{"Windows", "Eastern Standard Time", "", "America/New_York", "14:00", "13:00"},
		{"Windows in another case", "w. europe standard time", "", "Europe/Berlin", "08:00", "07:00"},
		{"IANA in another case", "america/port-AU-prince", "", "America/Port-au-Prince", "14:00", "13:00"},
		{"IANA after a prefix", "/example.org/20260101_1/asia/tokyo", "", "Asia/Tokyo", "00:00", "00:00"},
		{"an offset", "GMT+0200", "", "Etc/GMT-2", "07:00", "07:00"},
		{"an offset of half an hour", "UTC+05:30", "", "Asia/Kolkata", "03:30", "03:30"},
		{"an offset to the west", "GMT-0300", "", "Etc/GMT+3", "12:00", "12:00"},
		{"VTIMEZONE with the clock of New York", "Customized Time Zone", newYork, "America/New_York", "14:00", "13:00"},
		{"VTIMEZONE with a clock of its own", "Here", odd, "Europe/Berlin", "05:30", "05:00"},
		{"VTIMEZONE with one offset", "Fixed", "BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\n", "Etc/GMT-3", "06:00", "06:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			described := ""
			if tt.described != "" {
				described = "BEGIN:VTIMEZONE\nTZID:" + tt.tzid + "\n" + tt.described + "END:VTIMEZONE\n"
			}
			for date, want := range map[string]string{"20261215": "2026-12-15T" + tt.winter + ":00Z", "20260715": "2026-07-15T" + tt.summer + ":00Z"} {
				data := strings.Replace(todo(`DUE;TZID="`+tt.tzid+`":`+date+"T090000"), "BEGIN:VTODO", described+"BEGIN:VTODO", 1)
				x := read(t, data).Tasks[0].Task
				if x.DueAt == nil || x.DueAt.UTC().Format(time.RFC3339) != want || x.TimeZone != tt.zone {
					t.Errorf("got %v in %s, want %s in %s", x.DueAt, x.TimeZone, want, tt.zone)
				}
			}
		})
	}
}

// TestOverrides reads a series of which some dates have entries of their own. The series is open from
// the first date without one.
func TestOverrides(t *testing.T) {
	t.Parallel()
	entry := func(lines ...string) string {
		return "BEGIN:VTODO\nUID:s\nSUMMARY:x\n" + strings.Join(lines, "\n") + "\nEND:VTODO"
	}
	at := func(day, clock string) string { return ";TZID=Europe/Berlin:" + day + "T" + clock + "00" }
	series := entry("DTSTART"+at("20261102", "1800"), "DUE"+at("20261102", "1830"), "RRULE:FREQ=WEEKLY;BYDAY=MO", "EXDATE"+at("20261214", "1800"))
	done := func(day string) string {
		return entry("RECURRENCE-ID"+at(day, "1800"), "DTSTART"+at(day, "1800"), "DUE"+at(day, "1830"), "STATUS:COMPLETED", "COMPLETED:"+day+"T191500Z")
	}
	moved := entry("RECURRENCE-ID"+at("20261207", "1800"), "DTSTART"+at("20261208", "1800"), "DUE"+at("20261208", "1830"))
	const open = `s | x | due 2026-11-16T17:30:00Z | repeats FREQ=WEEKLY;BYDAY=MO | without ["2026-12-07T17:30:00Z","2026-12-14T17:30:00Z"]`
	const one, two = "s 20261102T180000 | x | due 2026-11-02T17:30:00Z | done 2026-11-02T19:15:00Z", "s 20261109T180000 | x | due 2026-11-09T17:30:00Z | done 2026-11-09T19:15:00Z"
	const eighth = "s 20261207T180000 | x | due 2026-12-08T17:30:00Z"
	for name, tt := range map[string]struct {
		data string
		want []string
	}{
		"the series first":      {calendar(series, done("20261102"), done("20261109"), moved), []string{open, one, two, eighth}},
		"the series last":       {calendar(moved, done("20261109"), done("20261102"), series), []string{eighth, two, one, open}},
		"all dates of a series": {calendar(entry("DUE;VALUE=DATE:20261102", "RRULE:FREQ=DAILY;COUNT=2"), entry("RECURRENCE-ID;VALUE=DATE:20261102", "DUE;VALUE=DATE:20261102"), entry("RECURRENCE-ID;VALUE=DATE:20261103", "DUE;VALUE=DATE:20261105")), []string{"s 20261102 | x | due 2026-11-02", "s 20261103 | x | due 2026-11-05"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := read(t, tt.data)
			file.Notes = nil
			var got []string
			for _, x := range file.Tasks {
				got = append(got, brief(t, file, x))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestUIDIsKept reads a UID and writes it again.
func TestUIDIsKept(t *testing.T) {
	t.Parallel()
	x := read(t, todo("DUE;VALUE=DATE:20261231")).Tasks[0].Task
	x.UID, x.ID = "2810509131140779353@example.org", uuid.New()
	x.Normalize()
	written := write(t, x)
	if !strings.Contains(written, "\r\nUID:2810509131140779353@example.org\r\n") {
		t.Errorf("the UID is not in\n%s", written)
	}
	got := read(t, written).Tasks[0]
	if got.ID != x.ID || got.Task.UID != x.UID {
		t.Errorf("got id %s and UID %q, want %s and %q", got.ID, got.Task.UID, x.ID, x.UID)
	}
	x.UID = ""
	if got := read(t, write(t, x)).Tasks[0]; got.ID != x.ID || got.Task.UID != "" {
		t.Errorf("got id %s and UID %q, want %s and no UID", got.ID, got.Task.UID, x.ID)
	}
}

// A date is the same day in every account, with a reminder at a time of that day. It is written as a
// date again.
func TestWholeDayInEveryZone(t *testing.T) {
	t.Parallel()
	data := todo("DUE;VALUE=DATE:20261231", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1", "BEGIN:VALARM", "TRIGGER;RELATED=END:PT9H", "ACTION:DISPLAY", "END:VALARM")
	for zone, remind := range map[string]string{
		"Europe/Berlin": "2026-12-31T08:00:00Z", "Asia/Tokyo": "2026-12-31T00:00:00Z", "Pacific/Honolulu": "2026-12-31T19:00:00Z", "Pacific/Kiritimati": "2026-12-30T19:00:00Z",
	} {
		in := options
		in.Zone = zone
		file, err := ical.Read([]byte(data), in)
		if err != nil || len(file.Tasks) != 1 || len(file.Notes) > 0 {
			t.Fatalf("%s: got %+v, %v", zone, file, err)
		}
		x := file.Tasks[0].Task
		if x.DueOn == nil || *x.DueOn != "2026-12-31" || x.DueAt != nil || x.TimeZone != zone {
			t.Errorf("%s: got due_on %v and due_at %v in %s, want 2026-12-31", zone, x.DueOn, x.DueAt, x.TimeZone)
		}
		if at, _ := x.RemindAt(x.Reminders[0]); len(x.Reminders) != 1 || at.Format(time.RFC3339) != remind {
			t.Errorf("%s: it reminds at %s, want %s", zone, at, remind)
		}
		x.Normalize()
		written := write(t, x)
		for _, line := range []string{"DUE;VALUE=DATE:20261231", "DTSTART;VALUE=DATE:20261231", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1", "TRIGGER;RELATED=END:PT9H"} {
			if !strings.Contains(written, "\r\n"+line+"\r\n") {
				t.Errorf("%s: no line %s in\n%s", zone, line, written)
			}
		}
	}
}
