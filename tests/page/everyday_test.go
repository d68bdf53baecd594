package page

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// All main functions work without scripts: signing up, adding a sentence, completing and undoing,
// editing, deleting.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	v := newBrowser(t)
	email := fmt.Sprintf("without%d@example.com", time.Now().UnixNano())
	enter := v.get("/all").want(200, "Welcome to TaskMaster").form("/login").fill("email", email, "password", "correct horse")
	enter.action = "/signup" // the action of its second button
	v.get("/").want(200, "Welcome to TaskMaster")
	all := enter.send().want(200, "All").says("Nothing to do")

	added := all.form("/tasks").fill("line", "pay rent every 1st at 9am !high #home").send()
	added.want(200, "All").says("Added “pay rent”", "Repeats every month on the 1st at 09:00", "high priority", "#home")
	if added.path != "/all" {
		t.Errorf("adding led to %s, want back to /all", added.path)
	}
	id := strings.TrimPrefix(attribute(added.find("a", "name"), "href"), "/task/")
	v.get("/all").lacks("Added “pay rent”") // a flash message is shown once

	completed := v.get("/all").form("/tasks/" + id + "/complete").send()
	completed.want(200, "All").says("Completed “pay rent”", "Undo")
	v.get("/done").want(200, "Done").says("pay rent")
	completed.form("/tasks/"+id+"/reopen").send().want(200, "All").says("“pay rent” is open again")

	editor := v.get("/task/"+id).want(200, "pay rent").says("What happened", "Added", "Completed", "Reopened")
	editor.form("/tasks/"+id).fill("title", "pay the rent", "description", "to *Ada*", "priority", "low", "tags", "home, #money").send().
		want(200, "pay the rent").says("Saved “pay the rent”", "to Ada", "Priority: high → low", "Title: “pay rent” → “pay the rent”")

	asked := v.get("/all").form("/tasks/"+id+"/delete").send().want(200, "Delete “pay the rent”?")
	asked.form("/tasks/"+id+"/delete").send().want(200, "All").says("Deleted “pay the rent”")
	v.get("/task/"+id).want(404, "There is nothing here")
	v.get("/all").form("/logout").send().want(200, "Welcome to TaskMaster")
	v.get("/all").want(200, "Welcome to TaskMaster")
}

func TestViewsAndCounts(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "Pacific/Auckland")
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(zone)
	at := func(days int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+days, 23, 59, 0, 0, zone)
	}
	v.make(map[string]any{"title": "late", "due_at": at(-1), "tags": []string{"a b", "ü/?"}})
	v.make(map[string]any{"title": "now", "due_at": at(0), "priority": "high"})
	v.make(map[string]any{"title": "soon", "due_at": at(1), "priority": "high"})
	v.make(map[string]any{"title": "much later", "due_at": at(40)})
	v.make(map[string]any{"title": "some day", "description": "with Whales"})
	v.make(map[string]any{"title": "done", "completed": true, "due_at": at(0)})
	for path, want := range map[string]string{
		"/today": "late now", "/upcoming": "soon much later", "/all": "late now soon much later some day", "/done": "done",
		"/priority/high": "now soon", "/tag/a%20b": "late", "/tag/%C3%BC%2F%3F": "late", "/tag/none": "", "/search?q=WHALE": "some day",
		"/search?q=o": "now soon some day done",
	} {
		got := v.get(path)
		if titles := strings.Join(got.titles(), " "); got.status != 200 || titles != want {
			t.Errorf("%s: got %d and %q, want %q", path, got.status, titles, want)
		}
		got.says("Today 2 open, some overdue", "Upcoming 2 open", "All 5 open", "High priority 2 open", "ü/? 1 open")
	}
	v.get("/today").says("Overdue", "Overdue: yesterday, 23:59", "today, 23:59")
	v.get("/upcoming").says("Tomorrow, "+at(1).Format("Mon 2 Jan"), at(40).Format("Mon 2 Jan"))
	v.get("/tag/none").says("Nothing open has this tag")
	v.get("/priority/urgent").want(404, "There is nothing here")
	v.get("/search?q=").says("What are you looking for?")

	// A task that is added under a tag or priority gets it.
	v.get("/tag/a%20b").form("/tasks").fill("line", "also there").send().says("also there")
	v.get("/priority/high").form("/tasks").fill("line", "as high").send().says("as high")
}

// TestTodoistSigns chooses in the settings that p1 and @home are signs, and adds a task with them.
func TestTodoistSigns(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "Europe/Berlin")
	v.get("/all").form("/tasks").fill("line", "pay taxes p1 @finance").send().says("pay taxes p1 @finance")
	v.get("/settings/account").form("/settings/account").fill("line_signs", "todoist").send().says("Saved")
	v.get("/all").form("/tasks").fill("line", "file papers p1 @finance").send()
	v.get("/tag/finance").says("file papers")
	v.get("/priority/high").says("file papers")
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "Europe/Berlin")
	v.make(map[string]any{"title": "rent", "due_at": "2031-03-01T08:00:00Z", "recurrence": map[string]string{"rrule": "FREQ=WEEKLY"}})
	month := v.get("/calendar?month=2031-03").want(200, "Calendar").says("March 2031", "Saturday 1 March, 1 task", "Saturday 29 March")
	if n := strings.Count(month.raw, "Expected: "); n != 5 { // 8, 15, 22, 29 March and 5 April
		t.Errorf("got %d expected occurrences, want 5", n)
	}
	month.says("rent 9:00") // the clocks have changed, but the time of day stays
	if first := text(month.find("th", "")); first != "Mon" {
		t.Errorf("the week begins on %s, want Monday", first)
	}
	v.api("PATCH", "/me", map[string]string{"week_start": "sunday"}, nil)
	if first := text(v.get("/calendar?month=2031-03").find("th", "")); first != "Sun" {
		t.Errorf("the week begins on %s, want Sunday", first)
	}
	day := v.get("/calendar?month=2031-03&day=2031-03-12")
	day.says("Nothing is due on this day").form("/tasks").fill("line", "dentist 15:00 #health").send().says("dentist", "Wed 12 Mar 2031, 15:00")
	for _, bad := range []string{"month=march", "day=2031-02-30", "month=0001-01"} {
		v.get("/calendar?"+bad).want(422, "That cannot be done")
	}
}

func TestSnooze(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "Europe/Berlin")
	made := v.make(map[string]any{"title": "call back"})
	editor := v.get("/task/" + made.ID)
	editor.says("In an hour", "Tomorrow", "Next week")
	editor.form("/tasks/"+made.ID+"/snooze").fill("own", "2031-07-01T09:00").send().says("You will be reminded of “call back” Tue 1 Jul 2031, 9:00", "Snoozed until Tue 1 Jul 2031, 9:00")
	if got := v.now(made.ID).Snoozed; got == nil || !got.Equal(time.Date(2031, 7, 1, 7, 0, 0, 0, time.UTC)) {
		t.Errorf("got snoozed until %v, want 9:00 in Berlin", got)
	}
	v.get("/task/"+made.ID).form("/tasks/"+made.ID+"/snooze").fill("own", "2001-07-01T09:00").send().want(422, "That cannot be done").says("is not in the future")
}

// A postponed task keeps its time of day in its own time zone. Undo restores the old due date.
func TestPutOff(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "Europe/Berlin")
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	made := v.make(map[string]any{"title": "call the bank", "due_at": "2020-07-01T13:30:15Z", "time_zone": "America/New_York"})
	today := time.Now().In(zone)
	moved := v.get("/today").form("/tasks/"+made.ID+"/postpone").fill("to", "tomorrow").send()
	moved.want(200, "Today").says("“call the bank” is due ", "Undo")
	want := time.Date(today.Year(), today.Month(), today.Day()+1, 9, 30, 15, 0, zone)
	if got := v.now(made.ID).DueAt; got == nil || !got.Equal(want) {
		t.Errorf("got due at %v, want %v", got, want)
	}
	for n := range moved.root.Descendants() {
		if strings.Contains(attribute(n, "action"), "/postpone?to=") {
			moved.form(attribute(n, "action")).send().want(200, "Today").says("Overdue: Wed 1 Jul 2020, 15:30")
		}
	}
	if got := v.now(made.ID).DueAt; got == nil || !got.Equal(*made.DueAt) {
		t.Errorf("got due at %v after it was undone, want %v", got, made.DueAt)
	}
	v.get("/all").form("/tasks/"+made.ID+"/postpone").fill("to", "week").send().want(200, "All")
	if got := v.now(made.ID).DueAt.In(zone); got.Weekday() != time.Monday || !got.After(today) || got.Hour() != 9 {
		t.Errorf("got due at %v, want next Monday, 9:30", got)
	}
	none := v.make(map[string]any{"title": "some day"})
	put := v.get("/all").form("/tasks/"+none.ID+"/postpone").fill("to", "tomorrow").send().says("“some day” is due tomorrow Undo")
	put.form("/tasks/" + none.ID + "/postpone?to=never").send().says("“some day” has no date")
	v.do("POST", "/tasks/"+none.ID+"/postpone", url.Values{"to": {"yesterday"}}).want(422, "That cannot be done")
}

func TestReminders(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "Europe/Berlin")
	made := v.make(map[string]any{"title": "train", "due_at": "2031-03-01T08:00:00Z"})
	f := v.get("/task/" + made.ID).form("/tasks/" + made.ID)
	if got := f.values["remind_n"]; !slices.Equal(got, []string{"15", ""}) {
		t.Errorf("got %q, want the reminder of 15 minutes and an empty field", got)
	}
	f.values["remind_n"], f.values["remind_unit"] = []string{"2", "1"}, []string{"hours", "days"}
	f.values["remind_at"] = []string{"2031-02-28T20:00"}
	f.send().want(200, "train").says("Reminders: 15 minutes before → 2 hours before, 1 day before, Fri 28 Feb 2031, 20:00")
	want := []reminder{{MinutesBefore: new(120)}, {MinutesBefore: new(1440)}, {At: new(time.Date(2031, 2, 28, 19, 0, 0, 0, time.UTC))}}
	if diff := cmp.Diff(want, v.now(made.ID).Reminders); diff != "" {
		t.Errorf("the reminders differ (-want +got):\n%s", diff)
	}
	f = v.get("/task/" + made.ID).form("/tasks/" + made.ID)
	f.values["remind_n"], f.values["remind_at"] = nil, nil
	f.send().want(200, "train")
	if got := v.now(made.ID).Reminders; len(got) != 0 {
		t.Errorf("got %+v after all were emptied, want none", got)
	}
}

// A day without a time is a whole day in every view and form. Its recurrence keeps the chosen last
// day east of UTC, and one occurrence can be skipped.
func TestWholeDay(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, "Asia/Tokyo")
	v.get("/upcoming").form("/tasks").fill("line", "put the bins out every day starting 1 march 2031").send().
		says("Added “put the bins out”, due Sat 1 Mar 2031", "Repeats every day", "Sat 1 Mar 2031")
	var list struct{ Items []struct{ ID string } }
	v.api("GET", "/tasks", nil, &list)
	id := list.Items[0].ID
	editor := v.get("/task/" + id)
	form := editor.form("/tasks/" + id)
	if got := []string{form.values.Get("due"), form.values.Get("due_time")}; !slices.Equal(got, []string{"2031-03-01", ""}) {
		t.Errorf("got the date and time %q, want 2031-03-01 and none", got)
	}
	saved := form.fill("freq", "daily", "end", "date", "end_date", "2031-03-03").send().want(200, "put the bins out")
	saved.says("Repeats every day, until 3 March 2031", "Sat 1 Mar 2031", "Sun 2 Mar 2031", "Mon 3 Mar 2031", "then it ends")
	skipped := saved.form("/tasks/" + id + "/skip").send()
	skipped.says("Skipped one of “put the bins out”: it is due Sun 2 Mar 2031", "An occurrence was skipped")
	timed := skipped.form("/tasks/"+id).fill("due_time", "15:00").send().want(200, "put the bins out")
	timed.says("Due: Sun 2 Mar 2031 → Sun 2 Mar 2031, 15:00", "Repeats every day at 15:00, until 3 March 2031")
	v.get("/settings/account").form("/settings/reminders").fill("timed", "none", "day", "1", "time", "20:00").send().says("Saved: new tasks remind like this")
	v.get("/all").form("/tasks").fill("line", "call mum 5 march 2031").send().says("call mum")
	v.api("GET", "/tasks?q=mum", nil, &list)
	if got := v.get("/task/" + list.Items[0].ID).form("/tasks/" + list.Items[0].ID).values["remind_days"]; !slices.Equal(got, []string{"1", ""}) {
		t.Errorf("got reminders %q days before, want 1 and an empty field", got)
	}
}
