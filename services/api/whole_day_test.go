package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
)

// dueOf returns the due date of a task in its JSON form, as day or instant.
func dueOf(x task.Task) string {
	switch {
	case x.DueOn != nil && x.DueAt == nil:
		return string(*x.DueOn)
	case x.DueAt != nil && x.DueOn == nil:
		return x.DueAt.Format(time.RFC3339)
	case x.DueAt != nil:
		return "both"
	}
	return ""
}

// A task is due on a day or at an instant. Setting one clears the other. A null clears its own field
// only, because a program that does not know due_on sends back the null that it read.
func TestDayAndInstantReplaceEachOther(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.send(t, "PATCH", "/api/v1/me", object{"time_zone": "Asia/Tokyo"}).want(t, 200)
	made := p.newTask(t, object{"title": "pay rent", "due_on": "2026-12-31", "time_zone": "Europe/Berlin"})
	if got := dueOf(made); got != "2026-12-31" || made.TimeZone != "Asia/Tokyo" {
		t.Errorf("got due %s in %s, want 2026-12-31 in the zone of the account", got, made.TimeZone)
	}
	const day, instant = "2026-12-31", "2026-12-24T18:00:00Z"
	for _, step := range []struct {
		name string
		body object
		want string
	}{
		{"an old program changes the title", object{"title": "pay the rent", "due_at": nil}, day},
		{"an instant", object{"due_at": instant}, instant},
		{"an instant, and no day", object{"due_at": instant, "due_on": nil}, instant},
		{"no day", object{"due_on": nil}, instant},
		{"a day", object{"due_on": day}, day},
		{"a day, and no instant", object{"due_on": day, "due_at": nil}, day},
		{"neither", object{"due_on": nil, "due_at": nil}, ""},
		{"a day again", object{"due_on": day}, day},
		{"no day again", object{"due_on": nil}, ""},
	} {
		got := decoded[task.Task](t, p.send(t, "PATCH", taskPath(made.ID), step.body).want(t, 200))
		if dueOf(got) != step.want {
			t.Errorf("%s: got %q, want %q", step.name, dueOf(got), step.want)
		}
		read := decoded[task.Task](t, p.send(t, "GET", taskPath(made.ID), nil).want(t, 200))
		if diff := cmp.Diff(got, read); diff != "" {
			t.Errorf("%s: read back, it differs (-answer +read):\n%s", step.name, diff)
		}
	}
	for name, body := range map[string]object{
		"both":          {"title": "x", "due_on": day, "due_at": instant},
		"an instant":    {"title": "x", "due_on": instant},
		"no such day":   {"title": "x", "due_on": "2026-02-30"},
		"a number":      {"title": "x", "due_on": 20261231},
		"no such zone":  {"title": "x", "due_on": day, "time_zone": "Mars"},
		"rule of hours": {"title": "x", "due_on": day, "recurrence": object{"rrule": "FREQ=DAILY;BYHOUR=9"}},
	} {
		r := p.send(t, "POST", "/api/v1/tasks", body).wantProblem(t, 422, "invalid")
		want := map[string]string{"no such zone": "time_zone", "rule of hours": "recurrence.rrule"}[name]
		if want == "" {
			want = "due_on"
		}
		if got := decoded[server.Problem](t, r).Errors; len(got) != 1 || got[0].Field != want {
			t.Errorf("%s: got the errors %v, want one of %s", name, got, want)
		}
	}
	p.send(t, "PATCH", taskPath(made.ID), object{"due_on": day, "due_at": instant}).wantProblem(t, 422, "invalid")
}

// A whole day is listed before the timed tasks of the day in the user's zone, also after a move.
func TestWholeDaysAreListedFirst(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	for _, f := range []object{
		{"title": "next", "due_on": "2026-03-05"},
		{"title": "evening", "due_at": "2026-03-04T20:00:00Z"},
		{"title": "early", "due_at": "2026-03-04T00:30:00Z"},
		{"title": "day", "due_on": "2026-03-04"},
		{"title": "undated"},
		{"title": "late", "due_at": "2026-03-03T23:30:00Z"},
	} {
		p.newTask(t, f)
	}
	for _, move := range []struct{ zone, all, fourth string }{
		{"UTC", "late day early evening next undated", "day early evening"},
		{"Asia/Tokyo", "day late early next evening undated", "day late early"},
		{"Pacific/Honolulu", "late early day evening next undated", "day evening"},
	} {
		p.send(t, "PATCH", "/api/v1/me", object{"time_zone": move.zone}).want(t, 200)
		zone, err := task.LoadZone(move.zone)
		if err != nil {
			t.Fatal(err)
		}
		start := task.Date("2026-03-04").Start(zone)
		query := "due_after=" + start.Format(time.RFC3339) + "&due_before=" + start.Add(24*time.Hour).Format(time.RFC3339)
		for _, limit := range []int{1, 2, 200} {
			if got := strings.Join(p.titles(t, "", limit), " "); got != move.all {
				t.Errorf("%s by %d: got %q, want %q", move.zone, limit, got, move.all)
			}
			if got := strings.Join(p.titles(t, query, limit), " "); got != move.fourth {
				t.Errorf("the 4th in %s by %d: got %q, want %q", move.zone, limit, got, move.fourth)
			}
		}
	}
}

// Reminders of a whole day follow the user's zone. A fired reminder does not fire again. A
// reminder whose time has just passed fires at once.
func TestRemindersOfWholeDaysMove(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t) // on 2 March at 10:00 UTC
	p := a.newPerson(t)
	fired := p.newTask(t, object{"title": "today", "due_on": "2026-03-02", "reminders": []object{{"days_before": 0, "time": "10:30"}, {"days_before": 0, "time": "23:00"}}})
	p.newTask(t, object{"title": "tomorrow", "due_on": "2026-03-03"})
	p.newTask(t, object{"title": "timed", "due_at": "2026-03-03T09:00:00Z"})
	steps := []struct{ zone, fired, waiting string }{
		{"UTC", "0@30 1@780", "0@1380"},
		{"Asia/Tokyo", "0@30 1@240", "0@840"},
		{"Pacific/Honolulu", "0@30 1@1380", "0@1980"},
	}
	for i, step := range steps {
		p.send(t, "PATCH", "/api/v1/me", object{"time_zone": step.zone}).want(t, 200)
		a.reconciled(t)
		if i == 0 {
			a.advance(30 * time.Minute)
			a.callback(t, sidecar.JobName(fired.ID, 0)).want(t, 200)
		}
		got := p.reminderRows(t)
		for title, want := range map[string]string{"today": step.fired, "tomorrow": step.waiting, "timed": "0@1365"} {
			if got[title] != want {
				t.Errorf("%s: the reminders of %s are at %q, want %q", step.zone, title, got[title], want)
			}
		}
	}
	if got := p.due(t); got != "0@30" {
		t.Errorf("got the reminders %q, want the first one once", got)
	}
	// 9:00 of the 3rd in Honolulu is in Kiritimati on the 4th.
	a.advance(24 * time.Hour)
	p.send(t, "PATCH", "/api/v1/me", object{"time_zone": "Pacific/Kiritimati"}).want(t, 200)
	if got, want := p.reminderRows(t)["tomorrow"], "0@1470"; got != want {
		t.Errorf("a reminder that passed in the move is at %s, want %s: now", got, want)
	}
}

// reminderRows returns the person's reminders by title, in minutes after the start of the test.
func (p person) reminderRows(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `
			SELECT title, string_agg(number || '@' || round(extract(epoch FROM fire_at - $2::timestamptz) / 60), ' ' ORDER BY number)
			FROM reminders JOIN tasks ON id = task_id WHERE reminders.user_id = $1 GROUP BY title`, p.ID, testStart)
		if err != nil {
			return err
		}
		var title, at string
		_, err = pgx.ForEachRow(rows, []any{&title, &at}, func() error { found[title] = at; return nil })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The reminders of a task follow its kind unless the user has chosen them.
func TestDefaultRemindersFollowTheKind(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "x", "due_on": "2026-03-04"})
	for _, step := range []struct {
		body object
		want string
	}{
		{object{}, `[{"days_before":0,"time":"09:00"}]`},
		{object{"due_at": "2026-03-04T15:00:00Z"}, `[{"minutes_before":15}]`},
		{object{"due_on": "2026-03-04"}, `[{"days_before":0,"time":"09:00"}]`},
		{object{"due_at": "2026-03-04T15:00:00Z", "reminders": []object{{"minutes_before": 60}}}, `[{"minutes_before":60}]`},
		{object{"due_on": "2026-03-05", "reminders": []object{{"days_before": 1, "time": "20:00"}}}, `[{"days_before":1,"time":"20:00"}]`},
		{object{"due_at": "2026-03-04T15:00:00Z"}, `[{"days_before":1,"time":"20:00"}]`},
		{object{"due_on": "2026-03-05", "reminders": []object{}}, `[]`},
	} {
		got := decoded[task.Task](t, p.send(t, "PATCH", taskPath(made.ID), step.body).want(t, 200))
		if asJSON(t, got.Reminders) != step.want {
			t.Errorf("after %v: got %s, want %s", step.body, asJSON(t, got.Reminders), step.want)
		}
	}
}

// A series of whole days goes on with whole days, and keeps its days when one of them gets a time.
func TestSeriesOfWholeDays(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.send(t, "PATCH", "/api/v1/me", object{"time_zone": "Pacific/Honolulu"}).want(t, 200)
	made := p.newTask(t, object{"title": "bins", "due_on": "2026-03-31", "recurrence": object{"rrule": "FREQ=MONTHLY;BYMONTHDAY=-1"}})
	moved := decoded[task.Task](t, p.send(t, "PATCH", taskPath(made.ID), object{"due_on": "2026-04-02"}).want(t, 200))
	if want := task.Date("2026-03-31").Midnight(); !moved.Occurrence.Equal(want) || !moved.Recurrence.DTStart.Equal(want) {
		t.Errorf("after a move: got occurrence %s and dtstart %s, want %s", moved.Occurrence, moved.Recurrence.DTStart, want)
	}
	timed := decoded[task.Task](t, p.send(t, "PATCH", taskPath(made.ID), object{"due_at": "2026-04-03T02:00:00Z"}).want(t, 200)) // 16:00
	if want := time.Date(2026, 4, 1, 2, 0, 0, 0, time.UTC); !timed.Occurrence.Equal(want) || !timed.Recurrence.DTStart.Equal(want) {
		t.Errorf("with a time: got occurrence %s and dtstart %s, want %s", timed.Occurrence, timed.Recurrence.DTStart, want)
	}
	whole := decoded[task.Task](t, p.send(t, "PATCH", taskPath(made.ID), object{"due_on": "2026-04-02"}).want(t, 200))
	if diff := cmp.Diff(moved.Recurrence, whole.Recurrence); diff != "" || !whole.Occurrence.Equal(*moved.Occurrence) {
		t.Errorf("without a time again: got occurrence %s, and the recurrence differs (-want +got):\n%s", whole.Occurrence, diff)
	}

	p.events(t)
	p.send(t, "POST", taskPath(made.ID, "/complete"), nil).want(t, 200)
	p.consume(t, p.completions(t)...)
	var open []task.Task
	for _, x := range p.allTasks(t) {
		if !x.Completed {
			open = append(open, x)
		}
	}
	if len(open) != 1 || dueOf(open[0]) != "2026-04-30" || !open[0].Occurrence.Equal(task.Date("2026-04-30").Midnight()) {
		t.Errorf("got the open tasks %s, want one that is due on 2026-04-30", asJSON(t, open))
	}
}

// An older version that runs beside this one knows only due_at. Its change counts.
func TestOlderVersionMovesAWholeDay(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "x", "due_on": "2026-03-04"})
	older := func(change string) task.Task {
		err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE tasks SET `+change+` WHERE id = $1`, made.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return decoded[task.Task](t, p.send(t, "GET", taskPath(made.ID), nil).want(t, 200))
	}
	for _, step := range []struct{ change, want string }{
		{"title = 'y'", "2026-03-04"},
		{"due_at = '2026-03-06T15:00:00Z'", "2026-03-06T15:00:00Z"},
		{"due_at = NULL", ""},
	} {
		if got := dueOf(older(step.change)); got != step.want {
			t.Errorf("after %s: got %q, want %q", step.change, got, step.want)
		}
	}
}

// Skipping moves the task to its next occurrence. It is not completed, and its history tells.
func TestSkipOccurrence(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t) // on 2 March
	made := p.newTask(t, object{"title": "bins", "due_on": "2026-03-02", "recurrence": object{"rrule": "FREQ=WEEKLY;COUNT=3", "exdates": []string{"2026-03-09T00:00:00Z"}}})
	p.events(t)
	skipped := decoded[task.Task](t, p.send(t, "POST", taskPath(made.ID, "/skip"), nil).want(t, 200))
	if dueOf(skipped) != "2026-03-16" || skipped.Completed || skipped.ID != made.ID {
		t.Errorf("got due %s and completed %v, want 2026-03-16 and open", dueOf(skipped), skipped.Completed)
	}
	if got, want := types(p.events(t)), "task.updated@2 task.changed@2"; got != want {
		t.Errorf("got the events %q, want %q", got, want)
	}
	if got := p.historyOf(t, made.ID, 10); len(got) == 0 || !strings.Contains(got[0], " skipped") {
		t.Errorf("got the history %q, want skipped first", got)
	}
	p.send(t, "POST", taskPath(made.ID, "/skip"), nil).wantProblem(t, 409, "conflict") // the last of three
	p.send(t, "POST", taskPath(made.ID, "/skip"), nil, header("If-Match", `"old-1"`)).wantProblem(t, 412, "precondition_failed")
	p.send(t, "POST", taskPath(made.ID, "/complete"), nil).want(t, 200)
	p.send(t, "POST", taskPath(made.ID, "/skip"), nil).wantProblem(t, 409, "conflict")
	once := p.newTask(t, object{"title": "once", "due_on": "2026-03-02"})
	p.send(t, "POST", taskPath(once.ID, "/skip"), nil).wantProblem(t, 409, "conflict")
}

// Leaving out an occurrence changes neither the start of the series nor the occurrence of the task.
func TestExDatesKeepTheSeries(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "x", "due_at": "2026-03-02T09:00:00Z", "recurrence": object{"rrule": "daily"}})
	moved := decoded[task.Task](t, p.send(t, "PATCH", taskPath(made.ID), object{"due_at": "2026-03-02T15:00:00Z"}).want(t, 200))
	r := *moved.Recurrence
	r.ExDates = []time.Time{made.DueAt.AddDate(0, 0, 2), made.DueAt.AddDate(0, 0, 1), made.DueAt.AddDate(0, 0, 2)}
	got := decoded[task.Task](t, p.send(t, "PATCH", taskPath(made.ID), object{"recurrence": r}).want(t, 200))
	if want := []time.Time{made.DueAt.AddDate(0, 0, 1), made.DueAt.AddDate(0, 0, 2)}; cmp.Diff(want, got.Recurrence.ExDates) != "" {
		t.Errorf("got exdates %v, want %v", got.Recurrence.ExDates, want)
	}
	if !got.Occurrence.Equal(*made.DueAt) {
		t.Errorf("got occurrence %s, want %s", got.Occurrence, made.DueAt)
	}
	for range task.MaxExDates {
		r.ExDates = append(r.ExDates, made.DueAt.AddDate(1, 0, len(r.ExDates)))
	}
	p.send(t, "PATCH", taskPath(made.ID), object{"recurrence": r}).wantProblem(t, 422, "invalid")
}

// New tasks get the reminders that the user has chosen. A reminder that has already passed comes when the task is due.
func TestChosenReminders(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	p.newTask(t, object{"title": "in 5 minutes", "due_at": minute(5)})
	p.newTask(t, object{"title": "own", "due_at": minute(5), "reminders": []object{{"minutes_before": 60}}})
	p.send(t, "PATCH", "/api/v1/me", object{"default_reminders": object{"timed": []object{{"minutes_before": 0}}, "whole_day": []object{{"days_before": 1, "time": "20:00"}}}}).want(t, 200)
	p.newTask(t, object{"title": "timed", "due_at": minute(60)})
	whole := p.newTask(t, object{"title": "whole", "due_on": "2026-03-04"})
	if got, want := asJSON(t, whole.Reminders), `[{"days_before":1,"time":"20:00"}]`; got != want {
		t.Errorf("got the reminders %s, want %s", got, want)
	}
	got := p.reminderRows(t)
	for title, want := range map[string]string{"in 5 minutes": "0@5", "own": "0@-55", "timed": "0@60", "whole": "0@2040"} {
		if got[title] != want {
			t.Errorf("%s reminds at %q, want %q", title, got[title], want)
		}
	}
}
