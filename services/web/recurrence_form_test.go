package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"taskmaster/internal/task"
)

// A rule keeps its meaning when it passes through the form. A rule that does not fit the fields
// stays unchanged.
func TestRuleThroughTheForm(t *testing.T) {
	t.Parallel()
	due := time.Date(2031, 1, 31, 9, 0, 0, 0, time.UTC) // a Friday
	for rule, want := range map[string]string{
		"daily": "FREQ=DAILY", "weekly": "FREQ=WEEKLY;BYDAY=FR", "FREQ=DAILY;INTERVAL=3": "FREQ=DAILY;INTERVAL=3",
		"monthly": "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "yearly": "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=31",
		"RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE",
		"FREQ=MONTHLY;BYMONTHDAY=1":                "FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=MONTHLY;BYMONTHDAY=-1": "FREQ=MONTHLY;BYMONTHDAY=-1",
		"FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1": "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1",
		"FREQ=MONTHLY;BYDAY=-1FR":                      "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2": "FREQ=MONTHLY;BYDAY=2TU",
		"FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=31": "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=31", "FREQ=DAILY;COUNT=4": "FREQ=DAILY;COUNT=4",
		// These do not fit the fields.
		"FREQ=MONTHLY;BYMONTHDAY=1,15": "FREQ=MONTHLY;BYMONTHDAY=1,15", "FREQ=MONTHLY;BYMONTHDAY=31": "FREQ=MONTHLY;BYMONTHDAY=31",
		"FREQ=DAILY;BYDAY=MO": "FREQ=DAILY;BYDAY=MO", "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=3": "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=3",
		"FREQ=WEEKLY;WKST=SU;INTERVAL=2": "FREQ=WEEKLY;WKST=SU;INTERVAL=2", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
		"FREQ=MONTHLY;BYDAY=1MO,3MO;COUNT=2": "FREQ=MONTHLY;BYDAY=1MO,3MO;COUNT=2",
	} {
		form := newRepeatForm(&task.Recurrence{RRule: rule, Anchor: task.AnchorDue, Missed: task.MissedSkip}, due)
		got, err := form.recurrence(&due, time.UTC)
		if err != nil || got.RRule != want {
			t.Errorf("%s: got %+v, %v by %+v, want %s", rule, got, err, form, want)
			continue
		}
		if again := newRepeatForm(got, due); again.text() != form.text() && form.Freq != "rule" {
			t.Errorf("%s: got %q the second time, want %q", rule, again.text(), form.text())
		}
		made := task.Task{Title: "x", DueAt: &due, TimeZone: "UTC", Recurrence: got}
		made.Normalize()
		if err := made.Validate(); err != nil {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

func TestRuleFromCompletion(t *testing.T) {
	t.Parallel()
	due := time.Date(2031, 1, 31, 9, 0, 0, 0, time.UTC)
	want := &task.Recurrence{RRule: "FREQ=MONTHLY;INTERVAL=2", Anchor: task.AnchorCompletion, Missed: task.MissedCatchUp}
	form := newRepeatForm(want, due)
	got, err := form.recurrence(&due, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(task.Recurrence{}, "DTStart")); diff != "" {
		t.Errorf("the recurrence differs (-want +got):\n%s", diff)
	}
	end := time.Date(2031, 6, 30, 21, 59, 59, 0, time.UTC)
	zone, err := task.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	form = newRepeatForm(&task.Recurrence{RRule: "daily", EndAt: &end}, due.In(zone))
	if form.End != "date" || form.EndDate != "2031-06-30" {
		t.Errorf("got %+v, want the last day as clocks in Berlin show it", form)
	}
	if got, err := form.recurrence(&due, zone); err != nil || !got.EndAt.Equal(end) {
		t.Errorf("got %+v, %v, want the same end", got, err)
	}
}
