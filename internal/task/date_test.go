package task

import (
	_ "embed"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A whole day is the same day in every zone. It begins and ends with the clocks of the zone.
func TestWholeDayIsOverdueWhenItHasEnded(t *testing.T) {
	t.Parallel()
	tests := []struct{ zone, on, start, end string }{
		{"UTC", "2026-12-31", "2026-12-31T00:00Z", "2027-01-01T00:00Z"},
		{"Asia/Tokyo", "2026-12-31", "2026-12-31T00:00+09:00", "2027-01-01T00:00+09:00"},
		{"Pacific/Honolulu", "2026-12-31", "2026-12-31T00:00-10:00", "2027-01-01T00:00-10:00"},
		{"Europe/Berlin", "2026-03-29", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"},      // 23 hours
		{"Europe/Berlin", "2026-10-25", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00"},      // 25 hours
		{"America/Santiago", "2026-09-06", "2026-09-06T01:00-03:00", "2026-09-07T00:00-03:00"},   // has no midnight
		{"Pacific/Kiritimati", "2026-02-28", "2026-02-28T00:00+14:00", "2026-03-01T00:00+14:00"}, // the earliest zone
		{"America/Argentina/Buenos_Aires", "1970-01-01", "1970-01-01T00:00-03:00", "1970-01-02T00:00-03:00"},
	}
	for _, tt := range tests {
		x := Task{Title: "x", DueOn: new(Date(tt.on)), TimeZone: tt.zone}
		if got, ok := x.Due(); !ok || text(t, tt.zone, got) != tt.start {
			t.Errorf("%s in %s is due at %s, want %s", tt.on, tt.zone, text(t, tt.zone, got), tt.start)
		}
		end := at(t, tt.end)
		if x.Overdue(end.Add(-time.Nanosecond)) {
			t.Errorf("%s in %s is overdue before %s", tt.on, tt.zone, tt.end)
		}
		if !x.Overdue(end) {
			t.Errorf("%s in %s is not overdue at %s", tt.on, tt.zone, tt.end)
		}
		x.Completed = true
		if x.Overdue(end) {
			t.Errorf("%s in %s is overdue, though completed", tt.on, tt.zone)
		}
	}
}

// dateutilDays contains series of dates calculated by another calendar library.
//
//go:embed testdata/days.tsv
var dateutilDays string

// TestWholeDaysAgreeWithDateutil expands each rule in zones on both sides of UTC, and in one that
// changes its clocks at midnight. The days are the same everywhere.
func TestWholeDaysAgreeWithDateutil(t *testing.T) {
	t.Parallel()
	compared := 0
	for line := range strings.Lines(dateutilDays) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(strings.TrimSpace(line), "\t")
		rrule, on, want := columns[0], columns[1], columns[2]
		for _, zone := range []string{"UTC", "Pacific/Honolulu", "Pacific/Kiritimati", "America/Santiago"} {
			x := Task{Title: "x", DueOn: new(Date(on)), TimeZone: zone, Recurrence: &Recurrence{RRule: rrule}}
			got, err := x.Occurrences(len(strings.Fields(want)))
			var days []string
			for _, day := range got {
				if !day.Equal(midnight(day)) {
					t.Errorf("%s from %s in %s has %s, which is no day", rrule, on, zone, day)
				}
				days = append(days, string(DateOf(day)))
			}
			if said := strings.Join(days, " "); err != nil || said != want {
				t.Errorf("%s from %s in %s:\n got %s, %v\nwant %s", rrule, on, zone, said, err, want)
			}
		}
		compared++
	}
	if compared != 150 {
		t.Errorf("compared %d rules, want 150", compared)
	}
}

// dateutilExDates contains series without some of their dates, calculated by another calendar library.
//
//go:embed testdata/exdates.tsv
var dateutilExDates string

// TestExDatesAgreeWithDateutil leaves out occurrences of whole days and of times. Some of the excluded
// instants are no occurrences.
func TestExDatesAgreeWithDateutil(t *testing.T) {
	t.Parallel()
	compared := 0
	for line := range strings.Lines(dateutilExDates) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(strings.TrimSpace(line), "\t")
		rrule, on, excluded, want := columns[0], columns[1], strings.Fields(columns[2]), columns[3]
		zone, err := LoadZone("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		whole := Task{Title: "x", DueOn: new(Date(on)), TimeZone: "Pacific/Honolulu", Recurrence: &Recurrence{RRule: rrule}}
		timed := Task{Title: "x", DueAt: new(Instant(Date(on).Midnight().Add(9*time.Hour), zone)), TimeZone: "Europe/Berlin", Recurrence: &Recurrence{RRule: rrule}}
		for _, day := range excluded {
			whole.Recurrence.ExDates = append(whole.Recurrence.ExDates, Date(day).Midnight())
			timed.Recurrence.ExDates = append(timed.Recurrence.ExDates, Instant(Date(day).Midnight().Add(9*time.Hour), zone))
		}
		for _, x := range []Task{whole, timed} {
			x.Normalize()
			if err := x.Validate(); err != nil {
				t.Errorf("%s from %s: %v", rrule, on, err)
			}
			got, err := x.Occurrences(len(strings.Fields(want)))
			var days []string
			for _, at := range got {
				if x.DueOn == nil {
					at = at.In(zone)
				}
				days = append(days, string(DateOf(at)))
			}
			if said := strings.Join(days, " "); err != nil || said != want {
				t.Errorf("%s from %s in %s without %s:\n got %s, %v\nwant %s", rrule, on, x.TimeZone, excluded, said, err, want)
			}
		}
		compared++
	}
	if compared != 80 {
		t.Errorf("compared %d rules, want 80", compared)
	}
}

func TestSkip(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-12-02T10:00+01:00")
	tests := []struct {
		name string
		x    Task
		want string
	}{
		{"a day", Task{DueOn: new(Date("2026-12-02")), Recurrence: &Recurrence{RRule: "daily"}}, "2026-12-03"},
		{"a day that is over", Task{DueOn: new(Date("2026-11-20")), Recurrence: &Recurrence{RRule: "daily"}}, "2026-12-02"},
		{"an instant", Task{DueAt: new(at(t, "2026-12-02T18:00+01:00")), Recurrence: &Recurrence{RRule: "weekly"}}, "2026-12-09T18:00+01:00"},
		{"after done", Task{DueOn: new(Date("2026-12-05")), Recurrence: &Recurrence{RRule: "FREQ=DAILY;INTERVAL=3", Anchor: AnchorCompletion}}, "2026-12-08"},
		{"without one", Task{DueOn: new(Date("2026-12-02")), Recurrence: &Recurrence{RRule: "daily", ExDates: []time.Time{Date("2026-12-03").Midnight()}}}, "2026-12-04"},
		{"the last", Task{DueOn: new(Date("2026-12-02")), Recurrence: &Recurrence{RRule: "FREQ=DAILY;COUNT=1"}}, ""},
	}
	for _, tt := range tests {
		x := tt.x
		x.Title, x.TimeZone, x.SnoozedUntil = "x", "Europe/Berlin", &now
		x.Normalize()
		moved, err := x.Skip(now)
		if err != nil || moved != (tt.want != "") {
			t.Errorf("%s: got %v, %v", tt.name, moved, err)
		}
		if !moved {
			continue
		}
		var got string
		if x.DueOn != nil {
			got = string(*x.DueOn)
		} else {
			got = text(t, "Europe/Berlin", *x.DueAt)
		}
		if got != tt.want || x.SnoozedUntil != nil || x.Completed {
			t.Errorf("%s: got %s, snoozed until %v, completed %v, want %s", tt.name, got, x.SnoozedUntil, x.Completed, tt.want)
		}
	}
}

// The day of the completion is the one in the user's zone, and it has not been missed yet.
func TestNextWholeDay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, zone, on, rrule, anchor, missed, endAt, completed, want string
	}{
		{"on its day", "Europe/Berlin", "2026-12-01", "daily", "", "", "", "2026-12-01T23:30+01:00", "2026-12-02"},
		{"early", "Europe/Berlin", "2026-12-05", "weekly", "", "", "", "2026-12-01T10:00+01:00", "2026-12-12"},
		{"a day late", "Europe/Berlin", "2026-12-01", "daily", "", "", "", "2026-12-02T10:00+01:00", "2026-12-02"},
		{"three days late", "Europe/Berlin", "2026-12-01", "daily", "", "", "", "2026-12-04T00:30+01:00", "2026-12-04"},
		{"three days late, catching up", "Europe/Berlin", "2026-12-01", "daily", "", MissedCatchUp, "", "2026-12-04T00:30+01:00", "2026-12-02"},
		{"in Tokyo it is the next day", "Asia/Tokyo", "2026-12-01", "daily", "", "", "", "2026-12-03T16:00Z", "2026-12-04"},
		{"in Honolulu it is the day before", "Pacific/Honolulu", "2026-12-01", "daily", "", "", "", "2026-12-04T09:00Z", "2026-12-03"},
		{"after done, in Tokyo", "Asia/Tokyo", "2026-12-01", "FREQ=DAILY;INTERVAL=3", AnchorCompletion, "", "", "2026-12-03T16:00Z", "2026-12-07"},
		{"after done, in Honolulu", "Pacific/Honolulu", "2026-12-01", "FREQ=DAILY;INTERVAL=3", AnchorCompletion, "", "", "2026-12-03T09:00Z", "2026-12-05"},
		{"across the end of summer time", "Europe/Berlin", "2026-10-24", "daily", "", "", "", "2026-10-24T20:00+02:00", "2026-10-25"},
		{"the last day of the month", "Europe/Berlin", "2026-01-31", "monthly", "", "", "", "2026-01-31T20:00+01:00", "2026-02-28"},
		{"the last day", "Pacific/Honolulu", "2026-12-30", "daily", "", "", "2026-12-31T23:59-10:00", "2026-12-30T20:00-10:00", "2026-12-31"},
		{"after the last day", "Pacific/Honolulu", "2026-12-31", "daily", "", "", "2026-12-31T23:59-10:00", "2026-12-31T20:00-10:00", ""},
		{"UNTIL in UTC", "Pacific/Honolulu", "2026-12-31", "FREQ=DAILY;UNTIL=20270101T095959Z", "", "", "", "2026-12-31T20:00-10:00", ""},
		{"UNTIL at midnight", "Europe/Berlin", "2026-12-30", "FREQ=DAILY;UNTIL=20261231T000000", "", "", "", "2026-12-30T20:00+01:00", "2026-12-31"},
	}
	for _, tt := range tests {
		x := Task{Title: "x", DueOn: new(Date(tt.on)), TimeZone: tt.zone, Recurrence: &Recurrence{RRule: tt.rrule, Anchor: tt.anchor, Missed: tt.missed}}
		if tt.endAt != "" {
			x.Recurrence.EndAt = new(at(t, tt.endAt))
		}
		x.Normalize()
		if err := x.Validate(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		next, ok, err := NextTask(x, at(t, tt.completed))
		if err != nil || ok != (tt.want != "") {
			t.Errorf("%s: got %v, %v, want one: %v", tt.name, ok, err, tt.want != "")
			continue
		}
		if !ok {
			continue
		}
		if next.DueOn == nil || string(*next.DueOn) != tt.want || next.DueAt != nil {
			t.Errorf("%s: got due_on %v and due_at %v, want %s", tt.name, next.DueOn, next.DueAt, tt.want)
		}
		if want := Date(tt.want).Midnight(); next.Occurrence == nil || !next.Occurrence.Equal(want) {
			t.Errorf("%s: got occurrence %v, want %s", tt.name, next.Occurrence, want)
		}
	}
}

// A series keeps its days when the account moves: nothing in it depends on the zone.
func TestSeriesOfDaysMoves(t *testing.T) {
	t.Parallel()
	x := Task{Title: "x", DueOn: new(Date("2026-12-30")), TimeZone: "Europe/Berlin", Recurrence: &Recurrence{RRule: "daily", EndAt: new(at(t, "2026-12-31T23:59+01:00"))}}
	x.Normalize()
	for _, zone := range []string{"Asia/Tokyo", "Pacific/Honolulu", "Europe/Berlin"} {
		x.TimeZone = zone
		x.Normalize()
		days, err := x.Occurrences(3)
		if want := []time.Time{Date("2026-12-31").Midnight()}; err != nil || cmp.Diff(want, days) != "" {
			t.Errorf("in %s: got %v, %v, want %v", zone, days, err, want)
		}
	}
}

func TestChangeKind(t *testing.T) {
	t.Parallel()
	due := at(t, "2026-12-01T00:30+01:00").UTC() // 30 November in UTC
	timed := Task{
		Title: "x", DueAt: &due, TimeZone: "Europe/Berlin", Occurrence: &due,
		Recurrence: &Recurrence{RRule: "FREQ=DAILY;UNTIL=20261231T225959Z", DTStart: &due},
	}
	timed.Normalize()
	whole := timed
	whole.DueAt, whole.DueOn = nil, new(Date("2026-12-05"))
	if !whole.ChangeKind(timed, UsualReminders()) {
		t.Error("the series of the whole day is another one")
	}
	whole.Normalize()
	first := Date("2026-12-01").Midnight()
	want := Task{
		Title: "x", DueOn: new(Date("2026-12-05")), TimeZone: "Europe/Berlin", Occurrence: &first, Priority: PriorityNone, Tags: []string{},
		Reminders:  []Reminder{{DaysBefore: new(0), TimeOfDay: "09:00"}},
		Recurrence: &Recurrence{RRule: "FREQ=DAILY;UNTIL=20261231", DTStart: &first, Anchor: AnchorDue, Missed: MissedSkip},
	}
	if diff := cmp.Diff(want, whole); diff != "" {
		t.Errorf("as a whole day it differs (-want +got):\n%s", diff)
	}
	if *timed.Recurrence.DTStart != due {
		t.Error("the change reached the recurrence of the task before")
	}

	again := whole
	again.DueOn, again.DueAt = nil, new(at(t, "2026-12-05T18:00+01:00"))
	again.Recurrence.EndAt = new(Date("2026-12-31").Midnight())
	if !again.ChangeKind(whole, UsualReminders()) {
		t.Error("the series of the instant is another one")
	}
	got := text(t, "Europe/Berlin", *again.Occurrence, *again.Recurrence.DTStart, *again.Recurrence.EndAt)
	if want := "2026-12-01T18:00+01:00 2026-12-01T18:00+01:00 2026-12-31T23:59+01:00"; got != want {
		t.Errorf("as an instant: occurrence, start and end are %s, want %s", got, want)
	}
	if diff := cmp.Diff(UsualReminders().Timed, again.Reminders); diff != "" {
		t.Errorf("as an instant its reminders differ (-want +got):\n%s", diff)
	}
}

// Minutes before a whole day would be in the night before it.
func TestChangeKindOfReminders(t *testing.T) {
	t.Parallel()
	instant := Reminder{At: new(time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC))}
	for _, tt := range []struct{ timed, whole []Reminder }{
		{[]Reminder{}, []Reminder{}},
		{[]Reminder{{MinutesBefore: new(60)}, {MinutesBefore: new(5)}, instant}, []Reminder{{DaysBefore: new(0), TimeOfDay: "09:00"}, instant}},
		{[]Reminder{{DaysBefore: new(1), TimeOfDay: "20:00"}}, []Reminder{{DaysBefore: new(1), TimeOfDay: "20:00"}}},
	} {
		if diff := cmp.Diff(tt.whole, remindersOfKind(tt.timed, true, UsualReminders())); diff != "" {
			t.Errorf("the reminders of a whole day differ (-want +got):\n%s", diff)
		}
	}
}

// TestExpectedOfAnOverdueTask expects the occurrences after now, and the missed ones only of a task that
// catches up.
func TestExpectedOfAnOverdueTask(t *testing.T) {
	t.Parallel()
	for missed, want := range map[string][]time.Time{
		"skip":     {at(t, "2026-11-27T09:00Z"), at(t, "2026-11-28T09:00Z")},
		"catch_up": {at(t, "2026-06-02T09:00Z"), at(t, "2026-06-03T09:00Z")},
	} {
		x := Task{Title: "x", DueAt: new(at(t, "2026-06-01T09:00Z")), TimeZone: "UTC", Recurrence: &Recurrence{RRule: "FREQ=DAILY", Missed: missed}}
		x.Normalize()
		got, err := x.Expected(at(t, "2026-11-26T10:00Z"), 2)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: the occurrences differ (-want +got): %s%v", missed, diff, err)
		}
	}
}
