package phrase

import (
	"testing"
	"time"

	"taskmaster/internal/task"
)

func TestSay(t *testing.T) {
	t.Parallel()
	zone, err := task.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	// A Saturday, and the last day of a month.
	due := time.Date(2026, 1, 31, 9, 0, 0, 0, zone)
	end := time.Date(2026, 5, 31, 23, 59, 59, 0, zone)
	of := func(rrule string) task.Recurrence { return task.Recurrence{RRule: rrule, Anchor: task.AnchorDue} }
	tests := []struct {
		recurrence task.Recurrence
		want       string
	}{
		{of("daily"), "every day at 09:00"},
		{of("FREQ=DAILY;INTERVAL=2"), "every other day at 09:00"},
		{of("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR"), "every weekday at 09:00"},
		{task.Recurrence{RRule: "FREQ=DAILY;INTERVAL=3", Anchor: task.AnchorCompletion}, "every 3 days at 09:00, counted from when it is done"},
		{of("weekly"), "every week on Saturday at 09:00"},
		{of("FREQ=WEEKLY;BYDAY=MO"), "every Monday at 09:00"},
		{of("FREQ=WEEKLY;BYDAY=MO,WE,FR"), "every Monday, Wednesday and Friday at 09:00"},
		{task.Recurrence{RRule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", EndAt: &end}, "every weekday at 09:00, until 31 May 2026"},
		{of("RRULE:freq=weekly;interval=2;byday=tu"), "every other week on Tuesday at 09:00"},
		{of("FREQ=WEEKLY;INTERVAL=3;BYDAY=TU,TH"), "every 3 weeks on Tuesday and Thursday at 09:00"},
		{of("monthly"), "every month on the 31st or last day at 09:00"},
		{of("FREQ=MONTHLY"), "every month on the 31st at 09:00"},
		{of("FREQ=MONTHLY;BYMONTHDAY=1"), "every month on the 1st at 09:00"},
		{of("FREQ=MONTHLY;BYMONTHDAY=1,15"), "every month on the 1st and 15th at 09:00"},
		{of("FREQ=MONTHLY;BYMONTHDAY=-1"), "every month on the last day at 09:00"},
		{of("FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1"), "every month on the 30th or last day at 09:00"},
		{of("FREQ=MONTHLY;INTERVAL=3;BYDAY=-1FR"), "every 3 months on the last Friday at 09:00"},
		{of("FREQ=MONTHLY;BYDAY=2TU"), "every month on the 2nd Tuesday at 09:00"},
		{of("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"), "every month on the last weekday at 09:00"},
		{of("yearly"), "every year on 31 January at 09:00"},
		{of("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=3"), "every year on 3 March at 09:00"},
		{of("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"), "every year on the last Sunday of March at 09:00"},
		{of("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1"), "every year on the 29th or last day of February at 09:00"},
		{of("FREQ=DAILY;COUNT=10"), "every day at 09:00, 10 times"},
		{of("FREQ=DAILY;COUNT=1"), "every day at 09:00, once"},
		{of("FREQ=DAILY;UNTIL=20260301T220000Z"), "every day at 09:00, until 1 March 2026"},
		{of("FREQ=DAILY;BYHOUR=9,15"), "every day at 09:00 and 15:00"},
		{of("FREQ=WEEKLY;BYMONTH=4,5,6,7,8,9,10;BYDAY=SA"), "every Saturday from April to October at 09:00"},
		{of("FREQ=WEEKLY;BYMONTH=1,2,3,11,12;BYDAY=SA"), "every Saturday from November to March at 09:00"},
		{of("FREQ=DAILY;BYMONTH=5,6"), "every day in May and June at 09:00"},
		{of("FREQ=MONTHLY;BYMONTHDAY=15,28,29,30;BYSETPOS=1,-1"), "every month on the 15th and 30th or last day at 09:00"},
		{of("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1"), "every month on the 1st and last weekday at 09:00"},
		// Too long for a sentence.
		{of("FREQ=DAILY;BYHOUR=9,15;BYMINUTE=30"), "by the rule FREQ=DAILY;BYHOUR=9,15;BYMINUTE=30"},
		{of("FREQ=WEEKLY;BYMONTH=5"), "by the rule FREQ=WEEKLY;BYMONTH=5"},
		{of("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"), "by the rule FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"},
		{of("FREQ=MONTHLY;BYDAY=FR"), "by the rule FREQ=MONTHLY;BYDAY=FR"},
		{of("FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=1"), "by the rule FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=1"},
		{of("FREQ=MONTHLY;BYMONTH=3;BYMONTHDAY=1"), "by the rule FREQ=MONTHLY;BYMONTH=3;BYMONTHDAY=1"},
		{of("FREQ=MONTHLY;BYMONTHDAY=13,14,15;BYSETPOS=-1"), "by the rule FREQ=MONTHLY;BYMONTHDAY=13,14,15;BYSETPOS=-1"},
	}
	for _, tt := range tests {
		if got := Say(tt.recurrence, due, zone); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.recurrence.RRule, got, tt.want)
		}
	}
}

// A whole day has no time, and its last day is the day of the UNTIL everywhere.
func TestSayDays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		recurrence task.Recurrence
		want       string
	}{
		{task.Recurrence{RRule: "FREQ=WEEKLY;BYDAY=MO"}, "every Monday"},
		{task.Recurrence{RRule: "monthly"}, "every month on the 31st or last day"},
		{task.Recurrence{RRule: "daily", EndAt: new(task.Date("2026-05-31").Midnight())}, "every day, until 31 May 2026"},
		{task.Recurrence{RRule: "FREQ=DAILY;UNTIL=20260531", Anchor: task.AnchorCompletion}, "every day, counted from when it is done, until 31 May 2026"},
	} {
		if got := SayDays(tt.recurrence, "2026-01-31"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.recurrence.RRule, got, tt.want)
		}
	}
}

// TestSayStart shows that Say uses the days of the series, even if an occurrence was moved.
func TestSayStart(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 2, 10, 9, 0, 0, 0, time.UTC)
	r := task.Recurrence{RRule: "weekly", DTStart: &start}
	if got, want := Say(r, start.Add(30*time.Hour), time.UTC), "every week on Tuesday at 09:00"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
