package page

import (
	"net/url"
	"testing"
)

func TestNextFiveOccurrences(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "Europe/Berlin")
	made := v.make(map[string]any{"title": "rent", "due_at": "2031-01-31T08:00:00Z", "recurrence": map[string]string{"rrule": "monthly"}})
	editor := v.get("/task/"+made.ID).says("Repeats every month on the 31st or last day at 09:00.",
		"Fri 31 Jan 2031, 9:00", "Fri 28 Feb 2031, 9:00", "Mon 31 Mar 2031, 9:00", "Wed 30 Apr 2031, 9:00", "Sat 31 May 2031, 9:00")
	tests := map[string]struct {
		set  []string
		want []string
	}{
		"weekdays":       {[]string{"freq", "weekly", "interval", "2", "weekday", "MO"}, []string{"Repeats every other week on Monday at 09:00.", "Mon 10 Feb 2031, 9:00"}},
		"nth weekday":    {[]string{"freq", "monthly", "month_by", "weekday", "nth", "-1", "nth_day", "FR"}, []string{"every month on the last Friday", "Fri 28 Feb 2031, 9:00"}},
		"from done":      {[]string{"freq", "daily", "interval", "3", "anchor", "completion"}, []string{"every 3 days at 09:00, counted from when it is done", "Mon 3 Feb 2031, 9:00"}},
		"an end":         {[]string{"freq", "daily", "end", "count", "count", "2"}, []string{"every day at 09:00, 2 times", "then it ends"}},
		"a last day":     {[]string{"freq", "daily", "end", "date", "end_date", "2031-02-01"}, []string{"until 1 February 2031", "then it ends"}},
		"another time":   {[]string{"freq", "yearly", "due", "2032-02-29T18:30", "time_zone", "America/New_York"}, []string{"18:30", "Mon 28 Feb 2033, 18:30"}},
		"a rule":         {[]string{"freq", "rule", "rule", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=2"}, []string{"by the rule FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=2"}},
		"no rule":        {[]string{"freq", "rule", "rule", "FREQ=HOURLY"}, []string{"This has FREQ=HOURLY: use DAILY, WEEKLY, MONTHLY or YEARLY."}},
		"no day":         {[]string{"freq", "daily", "due", ""}, []string{"This needs a day to start from"}},
		"no such zone":   {[]string{"time_zone", "Mars"}, []string{"The time zone is not one such as Europe/Berlin."}},
		"end before":     {[]string{"freq", "daily", "end", "date", "end_date", "2030-01-01"}, []string{"This is before due_at, where the series starts: choose a later end."}},
		"a count of all": {[]string{"freq", "daily", "end", "count", "count", "many"}, []string{"This is to end after \"many\" times, which is not a number."}},
		"never":          {[]string{"freq", ""}, []string{"Does not repeat."}},
	}
	for name, tt := range tests {
		f := editor.form("/tasks/" + made.ID).fill(tt.set...)
		query := url.Values{}
		for field, values := range f.values {
			query[field] = values
		}
		got := v.get("/recurrence?"+query.Encode(), "HX-Request", "true")
		if got.status != 200 {
			t.Errorf("%s: got %d", name, got.status)
		}
		got.says(tt.want...)
	}

	// The saved rule equals the previewed one.
	editor.form("/tasks/"+made.ID).fill("freq", "monthly", "month_by", "date", "month_day", "30").send().want(200, "rent")
	if got := v.now(made.ID).Recurrence; got == nil || got.RRule != "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1" {
		t.Errorf("got %+v", got)
	}
	// A rule that was not touched keeps its spelling.
	v.api("PATCH", "/tasks/"+made.ID, map[string]any{"recurrence": map[string]string{"rrule": "RRULE:FREQ=WEEKLY;WKST=MO"}}, nil)
	v.get("/task/"+made.ID).form("/tasks/"+made.ID).fill("title", "the rent").send().want(200, "the rent")
	if got := v.now(made.ID).Recurrence; got == nil || got.RRule != "RRULE:FREQ=WEEKLY;WKST=MO" {
		t.Errorf("got %+v, want the rule as it was", got)
	}
	refused := v.get("/task/"+made.ID).form("/tasks/"+made.ID).fill("freq", "rule", "rule", "FREQ=HOURLY", "title", "typed").send()
	refused.want(422, "the rent").says("has FREQ=HOURLY: use DAILY, WEEKLY, MONTHLY or YEARLY")
	if got := refused.form("/tasks/" + made.ID).values; got.Get("title") != "typed" || got.Get("rule") != "FREQ=HOURLY" {
		t.Errorf("the typed values are lost: %v", got)
	}
}
