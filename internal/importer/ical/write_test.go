package ical_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	goical "github.com/emersion/go-ical"
	"github.com/google/uuid"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/ical"
	"taskmaster/internal/task"
	"taskmaster/internal/task/tasktest"
)

func write(t *testing.T, tasks ...task.Task) string {
	t.Helper()
	var out bytes.Buffer
	w := ical.NewWriter(&out, now)
	for _, x := range tasks {
		if err := w.Write(x); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestRoundTrip shows that any written task is read back unchanged in an account with another time
// zone.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var tasks []task.Task
	for range 2000 {
		tasks = append(tasks, tasktest.Random(r))
	}
	file, err := ical.Read([]byte(write(t, tasks...)), importer.Options{Zone: "Pacific/Auckland", Now: now, Limit: len(tasks)})
	if len(file.Notes) > 0 {
		t.Errorf("a part of a written task is left out: %v", file.Notes)
	}
	todos := file.Tasks
	if err != nil || len(todos) != len(tasks) {
		t.Fatalf("got %d tasks, %v, want %d", len(todos), err, len(tasks))
	}
	for i, want := range tasks {
		got := todos[i].Task
		got.ID, got.Revision, got.UpdatedAt = uuid.MustParse(todos[i].Key), want.Revision, want.UpdatedAt
		got.Normalize()
		if want.DueOn != nil {
			want.TimeZone = "Pacific/Auckland" // a whole day has the zone of its account
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v\n%s", got, want, write(t, want))
		}
	}
}

// TestAnotherReader reads written tasks with another iCalendar library.
func TestAnotherReader(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		want := tasktest.Random(r)
		data := write(t, want)
		calendar, err := goical.NewDecoder(strings.NewReader(data)).Decode()
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		// If the library encodes the calendar again without an error, the calendar is valid by its
		// rules too.
		if err := goical.NewEncoder(&bytes.Buffer{}).Encode(calendar); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		todo := calendar.Children[len(calendar.Children)-1]
		if title, err := todo.Props.Text("SUMMARY"); err != nil || title != want.Title {
			t.Errorf("got title %q, %v, want %q", title, err, want.Title)
		}
		if want.DueOn != nil {
			if due, err := todo.Props.DateTime("DUE", time.UTC); err != nil || !due.Equal(want.DueOn.Midnight()) {
				t.Errorf("got %s, %v, want %s", due, err, *want.DueOn)
			}
		}
		if want.DueAt != nil {
			if due, err := todo.Props.DateTime("DUE", nil); err != nil || !sameClock(due, *want.DueAt, want.TimeZone) {
				t.Errorf("got %s, %v, want %s", due, err, want.DueAt)
			}
		}
		if want.Recurrence != nil && !want.Completed {
			if rule, err := todo.Props.RecurrenceRule(); err != nil || rule == nil {
				t.Errorf("RRULE of %q: %v", want.Recurrence.RRule, err)
			}
		}
		var tags []string
		if p := todo.Props.Get("CATEGORIES"); p != nil {
			if tags, err = p.TextList(); err != nil {
				t.Error(err)
			}
		}
		if !slices.Equal(tags, want.Tags) && len(want.Tags) > 0 {
			t.Errorf("got tags %q, want %q", tags, want.Tags)
		}
	}
}

// sameClock reports whether two instants have the same local time in a zone. Of two such instants,
// the library chooses the second.
func sameClock(a, b time.Time, zone string) bool {
	location, err := task.LoadZone(zone)
	const form = "2006-01-02T15:04:05"
	return err == nil && a.In(location).Format(form) == b.In(location).Format(form)
}

func TestWrittenForm(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	start, end, minutes := due.AddDate(0, -1, 0), due.AddDate(1, 0, 0), 15
	x := task.Task{
		ID: uuid.MustParse("0199d2a4-7c1e-7b52-9f0a-3d2c1b0a9e8f"), Title: "Pay, rent; 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字", Description: "a\r\nb\\\x00\x07c", Priority: task.PriorityHigh,
		Tags: []string{"home", "a,b"}, DueAt: &due, TimeZone: "Asia/Kolkata", CreatedAt: start, UpdatedAt: due,
		Recurrence: &task.Recurrence{RRule: "monthly", DTStart: &start, EndAt: &end, Anchor: "due", Missed: "skip"},
		Reminders:  []task.Reminder{{MinutesBefore: &minutes}, {At: &start}}, SeriesID: &uuid.UUID{15: 1}, Occurrence: &due, SnoozedUntil: &end,
	}
	want := `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//TaskMaster//TaskMaster//EN
BEGIN:VTIMEZONE
TZID:Asia/Kolkata
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0530
TZOFFSETTO:+0530
TZNAME:IST
END:STANDARD
END:VTIMEZONE
BEGIN:VTODO
UID:0199d2a4-7c1e-7b52-9f0a-3d2c1b0a9e8f
DTSTAMP:20260301T080000Z
CREATED:20260201T080000Z
LAST-MODIFIED:20260301T080000Z
SUMMARY:Pay\, rent\; 漢字漢字漢字漢字漢字漢字漢字漢字漢字
 漢字
DESCRIPTION:a\nb\\c
X-TASKMASTER-DESCRIPTION:"a\\r\\nb\\\\\\u0000\\u0007c"
STATUS:NEEDS-ACTION
PRIORITY:1
CATEGORIES:home,a\,b
DUE;TZID=Asia/Kolkata:20260301T133000
DTSTART;TZID=Asia/Kolkata:20260301T133000
RRULE:FREQ=MONTHLY;UNTIL=20270301T080000Z
X-TASKMASTER-RECURRENCE:{"rrule":"monthly"\,"dtstart":"2026-02-01T08:00:00Z
 "\,"end_at":"2027-03-01T08:00:00Z"\,"anchor":"due"\,"missed":"skip"}
X-TASKMASTER-SERIES:00000000-0000-0000-0000-000000000001
X-TASKMASTER-OCCURRENCE:2026-03-01T08:00:00Z
X-TASKMASTER-SNOOZED-UNTIL:2027-03-01T08:00:00Z
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Pay\, rent\; 漢字漢字漢字漢字漢字漢字漢字漢字
 漢字漢字
TRIGGER;RELATED=END:-PT15M
END:VALARM
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Pay\, rent\; 漢字漢字漢字漢字漢字漢字漢字漢字
 漢字漢字
TRIGGER;VALUE=DATE-TIME:20260201T080000Z
END:VALARM
END:VTODO
END:VCALENDAR
`
	data := write(t, x)
	if got := strings.ReplaceAll(data, "\r\n", "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for line := range strings.SplitSeq(data, "\r\n") {
		if len(line) > 75 || !utf8.ValidString(line) || strings.Contains(line, "\n") {
			t.Errorf("line %q is longer than 75 octets, cut within a character or badly ended", line)
		}
	}
	if n := strings.Count(write(t, x, x), "BEGIN:VTIMEZONE"); n != 1 {
		t.Errorf("the time zone is described %d times, want once", n)
	}
}

// TestTimezones checks each written change of the clock against the zone itself, for several kinds
// of zones. One second before the change the offset is the old one, and then it is the new one.
func TestTimezones(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca", "Africa/Monrovia", "Pacific/Apia", "Europe/Dublin"} {
		zone, err := task.LoadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		data := write(t, task.Task{TimeZone: name, DueAt: &now, Title: "x"})
		calendar, err := goical.NewDecoder(strings.NewReader(data)).Decode()
		if err != nil {
			t.Fatal(err)
		}
		changes := 0
		for _, o := range calendar.Children[0].Children {
			from, to := seconds(t, o.Props.Get("TZOFFSETFROM").Value), seconds(t, o.Props.Get("TZOFFSETTO").Value)
			onsets := []string{o.Props.Get("DTSTART").Value}
			if p := o.Props.Get("RDATE"); p != nil {
				onsets = append(onsets, strings.Split(p.Value, ",")...)
			}
			for _, onset := range onsets {
				local, err := time.ParseInLocation("20060102T150405", onset, time.FixedZone("", from))
				if err != nil {
					t.Fatal(err)
				}
				_, before := local.Add(-time.Second).In(zone).Zone()
				_, after := local.In(zone).Zone()
				if after != to || (from != to && before != from) {
					t.Errorf("%s, %s: got %d to %d, want %d to %d", name, onset, from, to, before, after)
				}
				changes++
			}
		}
		// The changes of all years until 2050, counted hour by hour.
		want := 1
		_, last := time.Unix(0, 0).Add(-24 * time.Hour).In(zone).Zone()
		for at := time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC); at.Before(now.AddDate(25, 0, 0)); at = at.Add(time.Hour) {
			if _, offset := at.In(zone).Zone(); offset != last {
				last, want = offset, want+1
			}
		}
		if changes < want {
			t.Errorf("%s: got %d changes, want %d or more", name, changes, want)
		}
	}
}

func seconds(t *testing.T, offset string) int {
	t.Helper()
	var h, m, s int
	if n, err := fmt.Sscanf(offset[1:]+"00", "%02d%02d%02d", &h, &m, &s); n != 3 {
		t.Fatalf("%q: %v", offset, err)
	}
	if offset[0] == '-' {
		return -(h*3600 + m*60 + s)
	}
	return h*3600 + m*60 + s
}
