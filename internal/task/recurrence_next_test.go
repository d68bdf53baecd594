package task

import (
	"os"
	"os/exec"
	"testing"

	"github.com/google/uuid"
)

// TestShorthand checks the behaviour of the shorthands that their RRULE would not have. A month
// without the day uses its last day, and the day returns in the next month. The dates come from a
// calendar.
func TestShorthand(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, due, rrule, want string }{
		{"daily", "2026-02-27T09:00Z", "daily", "2026-02-28T09:00Z 2026-03-01T09:00Z 2026-03-02T09:00Z 2026-03-03T09:00Z"},
		{"weekly on Monday", "2026-02-09T09:00Z", "weekly", "2026-02-16T09:00Z 2026-02-23T09:00Z 2026-03-02T09:00Z 2026-03-09T09:00Z"},
		{"any case", "2026-02-09T09:00Z", " Weekly ", "2026-02-16T09:00Z 2026-02-23T09:00Z 2026-03-02T09:00Z 2026-03-09T09:00Z"},
		{"monthly on the 15th", "2026-01-15T09:00Z", "monthly", "2026-02-15T09:00Z 2026-03-15T09:00Z 2026-04-15T09:00Z 2026-05-15T09:00Z"},
		{"monthly on the 29th", "2026-01-29T09:00Z", "monthly", "2026-02-28T09:00Z 2026-03-29T09:00Z 2026-04-29T09:00Z 2026-05-29T09:00Z"},
		{"monthly on the 30th, leap year", "2028-01-30T09:00Z", "monthly", "2028-02-29T09:00Z 2028-03-30T09:00Z 2028-04-30T09:00Z 2028-05-30T09:00Z"},
		{"monthly on the 31st", "2026-01-31T09:00Z", "monthly", "2026-02-28T09:00Z 2026-03-31T09:00Z 2026-04-30T09:00Z 2026-05-31T09:00Z"},
		{"yearly", "2026-12-31T09:00Z", "yearly", "2027-12-31T09:00Z 2028-12-31T09:00Z 2029-12-31T09:00Z 2030-12-31T09:00Z"},
		{"yearly on 29 February", "2024-02-29T09:00Z", "yearly", "2025-02-28T09:00Z 2026-02-28T09:00Z 2027-02-28T09:00Z 2028-02-29T09:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Recurrence{RRule: tt.rrule}.Occurrences(at(t, tt.due), "UTC", 4)
			if err != nil {
				t.Fatal(err)
			}
			if got := text(t, "UTC", got...); got != tt.want {
				t.Errorf("%s after %s:\n got %s\nwant %s", tt.rrule, tt.due, got, tt.want)
			}
		})
	}
}

// TestEnd checks the ends of series. The dates are counted by hand.
func TestEnd(t *testing.T) {
	t.Parallel()
	const due = "2026-02-10T09:00+01:00"
	tests := []struct{ name, rrule, endAt, want string }{
		{"COUNT has the first", "FREQ=DAILY;COUNT=2", "", "2026-02-11T09:00+01:00"},
		{"COUNT of one", "FREQ=DAILY;COUNT=1", "", ""},
		{"COUNT has the first even when it does not fit", "FREQ=WEEKLY;BYDAY=MO;COUNT=2", "", "2026-02-16T09:00+01:00"},
		{"UNTIL as an instant", "FREQ=DAILY;UNTIL=20260211T080000Z", "", "2026-02-11T09:00+01:00"},
		{"UNTIL a second too early", "FREQ=DAILY;UNTIL=20260211T075959Z", "", ""},
		{"UNTIL as a wall time", "FREQ=DAILY;UNTIL=20260211T090000", "", "2026-02-11T09:00+01:00"},
		{"UNTIL as an earlier wall time", "FREQ=DAILY;UNTIL=20260211T085959", "", ""},
		{"UNTIL as a date has that day", "FREQ=DAILY;UNTIL=20260212", "", "2026-02-11T09:00+01:00 2026-02-12T09:00+01:00"},
		{"end_at has its instant", "daily", "2026-02-11T09:00+01:00", "2026-02-11T09:00+01:00"},
		{"end_at a minute too early", "daily", "2026-02-11T08:59+01:00", ""},
		{"end_at before COUNT", "FREQ=DAILY;COUNT=9", "2026-02-12T00:00+01:00", "2026-02-11T09:00+01:00"},
	}
	for _, tt := range tests {
		for _, anchor := range []string{AnchorDue, AnchorCompletion} {
			t.Run(tt.name+"/"+anchor, func(t *testing.T) {
				t.Parallel()
				r := Recurrence{RRule: tt.rrule, Anchor: anchor}
				if tt.endAt != "" {
					r.EndAt = new(at(t, tt.endAt))
				}
				got, err := r.Occurrences(at(t, due), "Europe/Berlin", 5)
				if err != nil {
					t.Fatal(err)
				}
				if got := text(t, "Europe/Berlin", got...); got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		}
	}
}

// TestNext checks the occurrence after a completion. The dates come from a calendar. 9 February
// 2026 is a Monday.
func TestNext(t *testing.T) {
	t.Parallel()
	const berlin, due, catchUp, completion = "Europe/Berlin", AnchorDue, MissedCatchUp, AnchorCompletion
	tests := []struct {
		name, zone, rrule, anchor, missed string
		start, occurrence, completed      string // occurrence "" is a task that no series created
		want                              string // "" is the end of the series
	}{
		{"on time", berlin, "FREQ=WEEKLY;BYDAY=MO", due, "", "2026-02-09T09:00+01:00", "", "2026-02-09T09:30+01:00", "2026-02-16T09:00+01:00"},
		{"at the very instant", berlin, "weekly", due, "", "2026-02-09T09:00+01:00", "", "2026-02-09T09:00+01:00", "2026-02-16T09:00+01:00"},
		{"early is not the same again", berlin, "weekly", due, "", "2026-02-09T09:00+01:00", "2026-02-16T09:00+01:00", "2026-02-12T09:00+01:00", "2026-02-23T09:00+01:00"},
		{"missed are skipped", berlin, "daily", due, "", "2026-02-09T09:00+01:00", "2026-02-10T09:00+01:00", "2026-02-14T08:00+01:00", "2026-02-14T09:00+01:00"},
		{"one due as it is completed is skipped", berlin, "daily", due, "", "2026-02-09T09:00+01:00", "2026-02-10T09:00+01:00", "2026-02-14T09:00+01:00", "2026-02-15T09:00+01:00"},
		{"missed are caught up", berlin, "daily", due, catchUp, "2026-02-09T09:00+01:00", "2026-02-10T09:00+01:00", "2026-02-14T09:00+01:00", "2026-02-11T09:00+01:00"},
		{"phase is kept when skipping", berlin, "FREQ=WEEKLY;INTERVAL=2", due, "", "2026-02-09T09:00+01:00", "2026-02-09T09:00+01:00", "2026-03-03T09:00+01:00", "2026-03-09T09:00+01:00"},
		{"phase is kept for years", "UTC", "FREQ=DAILY;INTERVAL=7", due, "", "2016-02-08T09:00Z", "2016-02-08T09:00Z", "2026-02-10T09:00Z", "2026-02-16T09:00Z"},
		{"missed ones count", berlin, "FREQ=DAILY;COUNT=3", due, "", "2026-02-09T09:00+01:00", "2026-02-09T09:00+01:00", "2026-02-12T09:00+01:00", ""},
		{"no drift after February", berlin, "monthly", due, "", "2026-01-31T09:00+01:00", "2026-02-28T09:00+01:00", "2026-03-01T09:00+01:00", "2026-03-31T09:00+02:00"},
		{"no drift after a gap", berlin, "daily", due, "", "2026-03-28T02:30+01:00", "2026-03-29T03:30+02:00", "2026-03-29T08:00+02:00", "2026-03-30T02:30+02:00"},
		{"BYSETPOS counts from the week's beginning", "UTC", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2", due, "", "2026-02-11T09:00Z", "", "2026-02-11T09:00Z", "2026-02-18T09:00Z"},
		{"a gap that ends at midnight", "America/Nuuk", "daily", due, "", "2026-03-01T23:30-02:00", "2026-03-27T23:30-02:00", "2026-03-29T00:10-01:00", "2026-03-29T00:30-01:00"},
		{"a later pattern starts at its own start", berlin, "weekly", due, "", "2026-02-12T09:00+01:00", "2026-02-09T09:00+01:00", "2026-02-10T09:00+01:00", "2026-02-19T09:00+01:00"},

		{"three days after done, late", berlin, "FREQ=DAILY;INTERVAL=3", completion, "", "2026-02-09T09:00+01:00", "2026-02-12T09:00+01:00", "2026-02-20T22:00+01:00", "2026-02-23T09:00+01:00"},
		{"three days after done, early", berlin, "FREQ=DAILY;INTERVAL=3", completion, "", "2026-02-09T09:00+01:00", "2026-02-12T09:00+01:00", "2026-02-09T22:00+01:00", "2026-02-12T09:00+01:00"},
		{"done before the time of day", berlin, "daily", completion, "", "2026-02-09T09:00+01:00", "2026-02-12T09:00+01:00", "2026-02-20T07:00+01:00", "2026-02-21T09:00+01:00"},
		{"done on the zone's date, not on UTC's", "Pacific/Auckland", "daily", completion, "", "2026-02-09T09:00+13:00", "", "2026-02-11T00:30+13:00", "2026-02-12T09:00+13:00"},
		{"a week after done", berlin, "weekly", completion, "", "2026-02-09T09:00+01:00", "", "2026-02-11T10:00+01:00", "2026-02-18T09:00+01:00"},
		{"the Monday after done", berlin, "FREQ=WEEKLY;BYDAY=MO", completion, "", "2026-02-09T09:00+01:00", "", "2026-02-11T10:00+01:00", "2026-02-16T09:00+01:00"},
		{"a Monday done early is not repeated", berlin, "FREQ=WEEKLY;BYDAY=MO", completion, "", "2026-02-09T09:00+01:00", "2026-02-16T09:00+01:00", "2026-02-13T10:00+01:00", "2026-02-23T09:00+01:00"},
		{"a month after the 31st", berlin, "monthly", completion, "", "2026-01-15T09:00+01:00", "", "2026-01-31T10:00+01:00", "2026-02-28T09:00+01:00"},
		{"three months after the 30th", berlin, "FREQ=MONTHLY;INTERVAL=3", completion, "", "2026-01-15T09:00+01:00", "", "2026-11-30T10:00+01:00", "2027-02-28T09:00+01:00"},
		{"a year after 29 February", berlin, "FREQ=YEARLY", completion, "", "2028-02-29T09:00+01:00", "", "2028-02-29T10:00+01:00", "2029-02-28T09:00+01:00"},
		{"into a gap", berlin, "daily", completion, "", "2026-03-01T02:30+01:00", "", "2026-03-28T10:00+01:00", "2026-03-29T03:30+02:00"},
		{"out of a gap", berlin, "daily", completion, "", "2026-03-01T02:30+01:00", "2026-03-29T03:30+02:00", "2026-03-29T10:00+02:00", "2026-03-30T02:30+02:00"},
		{"later the same day", berlin, "FREQ=DAILY;BYHOUR=9,18", completion, "", "2026-02-09T09:00+01:00", "", "2026-02-10T10:00+01:00", "2026-02-10T18:00+01:00"},
		{"past the last time of the day", berlin, "FREQ=DAILY;BYHOUR=9,18", completion, "", "2026-02-09T09:00+01:00", "", "2026-02-10T20:00+01:00", "2026-02-11T09:00+01:00"},
		{"the second of two times after the first", berlin, "FREQ=DAILY;BYHOUR=9,17", completion, "", "2026-02-09T17:00+01:00", "2026-02-10T09:00+01:00", "2026-02-10T09:10+01:00", "2026-02-10T17:00+01:00"},
		{"three days after done, on a workday", berlin, "FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR", completion, "", "2026-02-09T09:00+01:00", "", "2026-02-10T10:00+01:00", "2026-02-13T09:00+01:00"},
		{"six days after done, as the third is a Saturday", berlin, "FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR", completion, "", "2026-02-09T09:00+01:00", "", "2026-02-11T10:00+01:00", "2026-02-17T09:00+01:00"},
		{"two weeks on Monday, late", berlin, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", completion, "", "2026-02-02T09:00+01:00", "2026-02-16T09:00+01:00", "2026-02-25T10:00+01:00", "2026-03-09T09:00+01:00"},
		{"two weeks on Monday, early", berlin, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", completion, "", "2026-02-02T09:00+01:00", "2026-02-16T09:00+01:00", "2026-02-13T10:00+01:00", "2026-03-02T09:00+01:00"},
		{"three months on the 1st, early", berlin, "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1", completion, "", "2025-12-01T09:00+01:00", "2026-03-01T09:00+01:00", "2026-02-27T10:00+01:00", "2026-06-01T09:00+02:00"},
		{"one occurrence of COUNT is left", berlin, "FREQ=DAILY;BYHOUR=9,18;COUNT=2", completion, "", "2026-02-09T09:00+01:00", "", "2026-02-10T20:00+01:00", "2026-02-11T09:00+01:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			task := Task{TimeZone: tt.zone, DueAt: new(at(t, tt.start)), Recurrence: &Recurrence{
				RRule: tt.rrule, DTStart: new(at(t, tt.start)), Anchor: tt.anchor, Missed: tt.missed,
			}}
			if tt.occurrence != "" {
				task.Occurrence = new(at(t, tt.occurrence))
			}
			next, ok, err := Next(task, at(t, tt.completed))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if ok {
				got = text(t, tt.zone, next.At)
			}
			if got != tt.want {
				t.Errorf("completed %s: got %q, want %q", tt.completed, got, tt.want)
			}
		})
	}
}

// TestServerZone runs the tables again in processes with another local time zone.
func TestServerZone(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"America/Los_Angeles", "Pacific/Kiritimati"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^(TestOccurrences|TestShorthand|TestEnd|TestNext|TestNextTask|TestAgreesWithDateutil|TestLocalZone)$")
			cmd.Env = append(os.Environ(), "TZ="+zone, "WANT_LOCAL_ZONE="+zone)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("with TZ=%s: %v\n%s", zone, err, out)
			}
		})
	}
}

// TestLocalZone shows that the processes of TestServerZone have the intended local time zone.
func TestLocalZone(t *testing.T) {
	t.Parallel()
	want := os.Getenv("WANT_LOCAL_ZONE")
	if want == "" {
		return
	}
	now := at(t, "2026-02-09T12:00Z")
	if got := now.Local().Format(minute); got != text(t, want, now) {
		t.Errorf("local time is %s, want %s", got, text(t, want, now))
	}
}

// TestCountFromCompletion follows a series whose tasks carry on the rest of COUNT.
func TestCountFromCompletion(t *testing.T) {
	t.Parallel()
	task := Task{ID: uuid.New(), TimeZone: "UTC", DueAt: new(at(t, "2026-02-09T09:00Z")), Recurrence: &Recurrence{
		RRule: "rrule:freq=daily;count=3;interval=2", Anchor: AnchorCompletion,
	}}
	want := []struct{ completed, due, rrule string }{
		{"2026-02-10T20:00Z", "2026-02-12T09:00Z", "FREQ=DAILY;COUNT=2;INTERVAL=2"},
		{"2026-02-20T08:00Z", "2026-02-22T09:00Z", "FREQ=DAILY;COUNT=1;INTERVAL=2"},
	}
	for _, w := range want {
		next, ok, err := NextTask(task, at(t, w.completed))
		if err != nil || !ok {
			t.Fatalf("after %s: ok = %v, err = %v", w.completed, ok, err)
		}
		if got := text(t, "UTC", *next.DueAt); got != w.due || next.Recurrence.RRule != w.rrule {
			t.Errorf("after %s: got %s %s, want %s %s", w.completed, got, next.Recurrence.RRule, w.due, w.rrule)
		}
		task = next
	}
	if next, ok, err := NextTask(task, at(t, "2026-02-22T09:00Z")); ok || err != nil {
		t.Errorf("after the last: got %+v, err = %v, want the end", next, err)
	}
}
