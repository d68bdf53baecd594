package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

func TestMe(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	p.send(t, "POST", "/api/v1/tasks", map[string]any{"title": "one"}).want(t, 201)

	var epoch string
	err := a.db.InTx(t.Context(), func(tx pgx.Tx) (err error) {
		epoch, err = postgres.Epoch(t.Context(), tx)
		return err
	})
	if err != nil || epoch == "" {
		t.Fatalf("got the epoch %q, %v", epoch, err)
	}
	want := apiv1.User{ID: p.ID, Email: p.Email, TimeZone: "UTC", WeekStart: "monday", Language: "en", LineSigns: "own", CreatedAt: testStart, Revision: 1, Epoch: epoch, DefaultReminders: task.UsualReminders()}
	if diff := cmp.Diff(want, decoded[apiv1.User](t, p.send(t, "GET", "/api/v1/me", nil).want(t, 200))); diff != "" {
		t.Errorf("the user differs (-want +got):\n%s", diff)
	}
	want.TimeZone = "America/New_York"
	r := p.send(t, "PATCH", "/api/v1/me", map[string]any{"time_zone": "America/New_York"}).want(t, 200)
	if diff := cmp.Diff(want, decoded[apiv1.User](t, r)); diff != "" {
		t.Errorf("the user differs (-want +got):\n%s", diff)
	}
	want.WeekStart, want.Language, want.LineSigns = "sunday", "de", "todoist"
	r = p.send(t, "PATCH", "/api/v1/me", map[string]any{"week_start": "sunday", "language": "de", "line_signs": "todoist"}).want(t, 200)
	if diff := cmp.Diff(want, decoded[apiv1.User](t, r)); diff != "" {
		t.Errorf("the user differs (-want +got):\n%s", diff)
	}
	want.DefaultReminders = task.ReminderDefaults{Timed: []task.Reminder{}, WholeDay: []task.Reminder{{DaysBefore: new(1), TimeOfDay: "20:00"}}}
	r = p.send(t, "PATCH", "/api/v1/me", object{"default_reminders": want.DefaultReminders}).want(t, 200)
	if diff := cmp.Diff(want, decoded[apiv1.User](t, r)); diff != "" {
		t.Errorf("the user differs (-want +got):\n%s", diff)
	}
	for name, body := range map[string]string{
		"half of the reminders": `{"default_reminders": {"timed": []}}`,
		"minutes before a day":  `{"default_reminders": {"timed": [], "whole_day": [{"minutes_before": 15}]}}`,
		"a reminder at a date":  `{"default_reminders": {"timed": [{"at": "2026-03-02T10:00:00Z"}], "whole_day": []}}`,
		"unknown day":           `{"week_start": "friday"}`,
		"unknown signs":         `{"line_signs": "things"}`,
		"unknown language":      `{"language": "tlh"}`,
		"unknown zone":          `{"time_zone": "Europe/Atlantis"}`,
		"empty zone":            `{"time_zone": ""}`,
		"unknown field":         `{"email": "eve@example.com"}`,
		"short password":        `{"password": "short", "current_password": "` + testPassword + `"}`,
		"no current password":   `{"password": "another password"}`,
		"bad current password":  `{"password": "another password", "current_password": "not the password", "time_zone": "UTC"}`,
	} {
		p.send(t, "PATCH", "/api/v1/me", body).wantProblem(t, 422, "invalid")
		if diff := cmp.Diff(want, decoded[apiv1.User](t, p.send(t, "GET", "/api/v1/me", nil))); diff != "" {
			t.Errorf("%s: the user differs (-want +got):\n%s", name, diff)
		}
	}
	a.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": testPassword}).want(t, 200)
}

func TestNewPasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p, stranger := a.newPerson(t), a.newPerson(t)
	token := p.newToken(t, scopeAccount)
	login := func(password string) reply {
		return a.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": password})
	}
	other := sessionOf(t, login(testPassword).want(t, 200))

	p.send(t, "PATCH", "/api/v1/me", map[string]any{"password": "another password", "current_password": testPassword}).want(t, 200)
	p.send(t, "GET", "/api/v1/me", nil).want(t, 200)
	stranger.send(t, "GET", "/api/v1/me", nil).want(t, 200)
	a.send(t, "GET", "/api/v1/me", nil, bearer(token)).want(t, 200)
	a.send(t, "GET", "/api/v1/me", nil, session(other)).wantProblem(t, 401, "unauthorized")
	login(testPassword).wantProblem(t, 401, "unauthorized")
	login("another password").want(t, 200)

	// A change with an API token ends all sessions.
	a.send(t, "PATCH", "/api/v1/me", map[string]any{"password": testPassword, "current_password": "another password"}, bearer(token)).want(t, 200)
	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
}

func TestDeleteMeLeavesNothing(t *testing.T) {
	t.Parallel()
	a := newOAuthAPI(t)
	p, other := a.newPerson(t), a.newPerson(t)
	ownedThings(t, p)
	ownedThings(t, other)
	key := header("Idempotency-Key", "once")
	p.send(t, "POST", "/api/v1/tasks", map[string]any{"title": "kept with its answer"}, key).want(t, 201)
	token := p.newToken(t, scopeAccount)
	before, others := everythingOf(t, p), everythingOf(t, other)
	const jobs = `SELECT count(*) FROM river_job`
	othersJobs := a.count(t, jobs+` WHERE args ->> 'user_id' = $1::text OR args ->> 'delivery_id' IN (SELECT id::text FROM deliveries WHERE user_id::text = $1)`, other.ID.String())
	if n := a.count(t, jobs); othersJobs == 0 || n <= othersJobs {
		t.Fatalf("got %d jobs, %d of them the other person's; want some of each", n, othersJobs)
	}

	for _, body := range []any{nil, `{}`, `{"password": "not the password"}`} {
		if r := p.send(t, "DELETE", "/api/v1/me", body); r.Status != 422 && r.Status != 400 {
			t.Fatalf("got status %d for %v, want 400 or 422", r.Status, body)
		}
	}
	if got := everythingOf(t, p); len(got) != len(before) {
		t.Fatalf("a refused deletion left %d rows of %d", len(got), len(before))
	}
	r := p.send(t, "DELETE", "/api/v1/me", map[string]any{"password": testPassword}).want(t, 204)
	if got := r.Header.Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") {
		t.Errorf("got Set-Cookie %q, want the cookie deleted", got)
	}
	if got := everythingOf(t, p); len(got) != 0 {
		t.Errorf("deletion left %s", strings.Join(got, "\n"))
	}
	if n := a.count(t, jobs); n != othersJobs {
		t.Errorf("got %d jobs, want the %d of the other person", n, othersJobs)
	}
	if got := everythingOf(t, other); strings.Join(got, "\n") != strings.Join(others, "\n") {
		t.Error("deletion of one account changed another")
	}
	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
	a.send(t, "GET", "/api/v1/me", nil, bearer(token)).wantProblem(t, 401, "unauthorized")
	a.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": testPassword}).wantProblem(t, 401, "unauthorized")
	a.send(t, "POST", "/api/v1/signup", map[string]any{"email": p.Email, "password": testPassword}).want(t, 201)
}

// TestSecretsAreNotStored searches a dump of the whole database for credentials.
func TestSecretsAreNotStored(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	token := decoded[apiv1.TokenWithSecret](t, p.send(t, "POST", "/api/v1/tokens",
		map[string]any{"name": "test", "scopes": []string{scopeRead}}, header("Idempotency-Key", "once")).want(t, 201)).Secret
	var dump string
	err := a.db.InTx(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT database_to_xml(true, false, '')::text`).Scan(&dump)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(dump, p.Email) {
		t.Fatal("the dump lacks the account")
	}
	for name, secret := range map[string]string{"password": testPassword, "session": p.Secret, "token": token} {
		if strings.Contains(dump, secret) {
			t.Errorf("the database holds a %s in the clear", name)
		}
	}
}

// TestOpenTasksAreCounted counts tasks in a zone where the day ends early. Each number is that of the
// view of the same name.
func TestOpenTasksAreCounted(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	if got := decoded[apiv1.Me](t, p.send(t, "GET", "/api/v1/me", nil).want(t, 200)); got.OpenTasks != nil {
		t.Errorf("got %+v, which was not asked for", got.OpenTasks)
	}
	p.send(t, "PATCH", "/api/v1/me", object{"time_zone": "Asia/Tokyo"}).want(t, 200)
	zone, err := task.LoadZone("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	now := testStart.In(zone)
	today := task.DateOf(now)
	soon := testStart.Add(time.Minute).UTC()
	for _, fields := range []object{
		{"due_at": testStart.Add(-time.Minute), "priority": "high", "tags": []string{"home", "work"}},
		{"due_on": today.AddDays(-1), "tags": []string{"home"}},
		{"due_on": today, "priority": "high"},
		{"due_at": soon, "priority": "low"},
		{"due_on": today.AddDays(1), "priority": "medium"},
		{"due_at": today.AddDays(1).Start(zone)},
		{"tags": []string{"a"}},
	} {
		fields["title"] = "counted"
		p.send(t, "POST", "/api/v1/tasks", fields).want(t, 201)
	}
	done := decoded[task.Task](t, p.send(t, "POST", "/api/v1/tasks", object{"title": "done", "due_on": today, "tags": []string{"home"}}).want(t, 201))
	p.send(t, "POST", "/api/v1/tasks/"+done.ID.String()+"/complete", nil).want(t, 200)
	a.newPerson(t).send(t, "POST", "/api/v1/tasks", object{"title": "somebody else's"}).want(t, 201)

	want := &apiv1.OpenTasks{
		All: 7, Overdue: 2, Today: 2, Upcoming: 2, Priorities: apiv1.PriorityCounts{High: 2, Medium: 1, Low: 1, None: 3},
		Tags: []apiv1.TagCount{{Tag: "home", Count: 2}, {Tag: "a", Count: 1}, {Tag: "work", Count: 1}}, NextDueAt: &soon,
	}
	got := decoded[apiv1.Me](t, p.send(t, "GET", "/api/v1/me?include=open_tasks", nil).want(t, 200))
	if diff := cmp.Diff(want, got.OpenTasks); diff != "" {
		t.Errorf("the numbers differ (-want +got):\n%s", diff)
	}
	p.send(t, "GET", "/api/v1/me?include=everything", nil).want(t, 422)
}

// TestTagsAreBounded gives an account more tags than its pages can list.
func TestTagsAreBounded(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	for i := range postgres.MaxCountedTags/20 + 1 {
		tags := make([]string, 20)
		for n := range tags {
			tags[n] = fmt.Sprintf("t%d-%d", i, n)
		}
		p.send(t, "POST", "/api/v1/tasks", object{"title": "tagged", "tags": tags}).want(t, 201)
	}
	got := decoded[apiv1.Me](t, p.send(t, "GET", "/api/v1/me?include=open_tasks", nil).want(t, 200)).OpenTasks
	if len(got.Tags) != postgres.MaxCountedTags || !got.MoreTags {
		t.Errorf("got %d tags, more %v; want %d and more", len(got.Tags), got.MoreTags, postgres.MaxCountedTags)
	}
}

// TestRecurringTasks lists the tasks that recur.
func TestRecurringTasks(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	p.send(t, "POST", "/api/v1/tasks", object{"title": "once", "due_at": testStart}).want(t, 201)
	p.send(t, "POST", "/api/v1/tasks", object{"title": "again", "due_at": testStart, "recurrence": object{"rrule": "FREQ=DAILY"}}).want(t, 201)
	got := decoded[apiv1.Page[task.Task]](t, p.send(t, "GET", "/api/v1/tasks?recurring=true", nil).want(t, 200))
	if len(got.Items) != 1 || got.Items[0].Title != "again" {
		t.Errorf("got %+v, want the one that recurs", got.Items)
	}
}
