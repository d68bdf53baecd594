package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/task"
)

// wholeDayAPI starts web before an API with one task that is due on a whole day.
func wholeDayAPI(t *testing.T, on task.Date) *env {
	t.Helper()
	fields := fmt.Sprintf(`{"id": "01a21610-16d5-7df2-8928-37947e559311", "title": "put the bins out", "revision": 7, "time_zone": "Asia/Tokyo", "due_on": %q,
		"priority": "none", "recurrence": {"rrule": "FREQ=DAILY", "anchor": "due", "missed": "skip"}, "reminders": [{"days_before": 0, "time": "09:00"}]}`, on)
	return start(t, config{APIURLs: []string{upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/api/v1/me":
			fmt.Fprint(w, `{"id": "`+fakeID("ada")+`", "email": "ada@example.com", "time_zone": "Asia/Tokyo", "revision": 1}`)
		case r.URL.Path == "/api/v1/tasks":
			fmt.Fprint(w, `{"items": [`+fields+`]}`)
		case strings.HasSuffix(r.URL.Path, "/history"):
			fmt.Fprint(w, `{"items": [
				{"number": 2, "at": "2026-01-01T10:00:00Z", "type": "skipped"},
				{"number": 1, "at": "2026-01-01T10:00:00Z", "type": "changed", "changes": [
					{"field": "due_at", "old": "2020-01-31T06:00:00Z", "new": null}, {"field": "due_on", "old": null, "new": "2020-02-01"}]}]}`)
		default:
			fmt.Fprint(w, fields)
		}
	})}})
}

// Every view shows a whole day without a time, on its day in the user's zone.
func TestViewsOfAWholeDay(t *testing.T) {
	t.Parallel()
	zone, err := task.LoadZone("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	today := task.DateOf(time.Now().In(zone))
	for name, tt := range map[string]struct {
		on   task.Date
		path string
		want []string
	}{
		"today":    {today, "/today", []string{`<time datetime="` + string(today) + `">today</time>`, "Repeats every day</span>"}},
		"upcoming": {today.AddDays(1), "/upcoming", []string{`<h2>Tomorrow`, `">tomorrow</time>`}},
		"overdue":  {today.AddDays(-1), "/all", []string{"Overdue", `">yesterday</time>`}},
		"calendar": {today, "/calendar", []string{"<b>put the bins out</b> </a>"}},
		"the task": {today, "/task/7", []string{
			`name="due" type="date" max="9999-12-31" value="` + string(today) + `"`, `name="due_time" type="time" value=""`, "Skip this occurrence",
			`name="remind_days" type="number" min="0" max="366" value="0"`, "An occurrence was skipped", "Due: Fri 31 Jan 2020, 15:00 → Sat 1 Feb 2020",
		}},
	} {
		got := wholeDayAPI(t, tt.on).do("GET", tt.path, nil, "Cookie", "taskmaster_session=x")
		for _, want := range tt.want {
			if got.status != 200 || !strings.Contains(got.body, want) {
				t.Errorf("%s: got %d without %q:\n%s", name, got.status, want, got.body)
			}
		}
	}
}

// The form of a task sends a day, an instant, or neither.
func TestFormOfAWholeDay(t *testing.T) {
	t.Parallel()
	x := task.Task{Title: "x", TimeZone: "Asia/Tokyo", DueOn: new(task.Date("2026-03-01"))}
	x.Normalize()
	was := formOf(x, time.Now())
	for due, want := range map[string]string{
		"2026-03-01 ":      `map[]`,
		"2026-03-02 ":      `map[due_on:2026-03-02]`,
		"2026-03-01 15:00": `map[due_at:2026-03-01T06:00:00Z time_zone:Asia/Tokyo]`,
		" 15:00":           `map[due_at:<nil> due_on:<nil>]`,
	} {
		day, clock, _ := strings.Cut(due, " ")
		form := was
		form.Due = dueField(url.Values{"due": {day}, "due_time": {clock}})
		patch, err := form.patch(was)
		if err != nil {
			t.Errorf("%s: %v", due, err)
		}
		for name, value := range patch {
			switch value := value.(type) {
			case *task.Date:
				patch[name] = *value
			case *time.Time:
				patch[name] = value.Format(time.RFC3339)
			}
		}
		if got := fmt.Sprint(patch); got != want {
			t.Errorf("%s: got %s, want %s", due, got, want)
		}
	}
}
