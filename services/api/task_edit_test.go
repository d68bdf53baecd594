package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

type object = map[string]any

// newTask creates a task of the person.
func (p person) newTask(t *testing.T, fields object) task.Task {
	t.Helper()
	return decoded[task.Task](t, p.send(t, "POST", "/api/v1/tasks", fields).want(t, 201))
}

func taskPath(id uuid.UUID, suffix ...string) string {
	return "/api/v1/tasks/" + id.String() + strings.Join(suffix, "")
}

// events returns the person's unpublished events in order, and marks them as published.
func (p person) events(t *testing.T) []event.Event {
	t.Helper()
	var events []event.Event
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		for queue := (postgres.Queue{Shard: postgres.Shard(p.ID)}); ; {
			claimed, _, err := postgres.ClaimQueue(t.Context(), tx, postgres.ClaimRequest{Queue: queue, Topics: event.Topics(), Limit: 1000})
			if err != nil || len(claimed.Events) == 0 && queue.Overflow {
				return err
			}
			queue.Overflow = queue.Overflow || len(claimed.Events) == 0
			var seqs []int64
			for _, o := range claimed.Events {
				e, err := event.Decode(o.Raw)
				if err != nil {
					return err
				}
				if seqs = append(seqs, o.Seq); e.Data.UserID == p.ID {
					events = append(events, e)
				}
			}
			if err := postgres.MarkPublished(t.Context(), tx, seqs, time.Now()); err != nil {
				return err
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func types(events []event.Event) string {
	var names []string
	for _, e := range events {
		names = append(names, fmt.Sprintf("%s@%d", e.Type, e.Data.Revision))
	}
	return strings.Join(names, " ")
}

func TestCreateTask(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	r := p.send(t, "POST", "/api/v1/tasks", object{
		"title": "  pay rent ", "description": "the flat", "priority": "high", "tags": []string{"#home", "home"},
		"due_at": "2026-03-31T09:00:00+02:00", "time_zone": "Europe/Berlin", "recurrence": object{"rrule": "monthly"},
	}).want(t, 201)
	got := decoded[task.Task](t, r)
	if !strings.HasSuffix(r.Header.Get("ETag"), `-1"`) || r.Header.Get("Location") != taskPath(got.ID) {
		t.Errorf("got ETag %s and Location %s", r.Header.Get("ETag"), r.Header.Get("Location"))
	}
	due := time.Date(2026, 3, 31, 7, 0, 0, 0, time.UTC)
	minutes := task.DefaultMinutesBefore
	want := task.Task{
		ID: got.ID, Title: "pay rent", Description: "the flat", Priority: task.PriorityHigh, Tags: []string{"home"}, DueAt: &due,
		TimeZone: "Europe/Berlin", Recurrence: &task.Recurrence{RRule: "monthly", DTStart: &due, Anchor: "due", Missed: "skip"},
		Reminders: []task.Reminder{{MinutesBefore: &minutes}}, SeriesID: &got.ID, Occurrence: &due,
		Revision: 1, CreatedAt: testStart, UpdatedAt: testStart,
	}
	gotJSON, wantJSON := asJSON(t, got), asJSON(t, want)
	if gotJSON != wantJSON {
		t.Errorf("got  %s\nwant %s", gotJSON, wantJSON)
	}
	if again := p.send(t, "GET", taskPath(got.ID), nil).want(t, 200); asJSON(t, decoded[task.Task](t, again)) != wantJSON {
		t.Errorf("read back: got %s", again.Body)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestBadTaskNamesEveryField(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	tests := []struct {
		name   string
		body   any
		status int
		fields []string
	}{
		{"no title", object{}, 422, []string{"title"}},
		{"unknown field", object{"title": "x", "titel": "x"}, 422, []string{"titel"}},
		{"read-only field", object{"title": "x", "revision": 7}, 422, []string{"revision"}},
		{"two wrong types", object{"title": 1, "tags": "home"}, 422, []string{"tags", "title"}},
		{"bad instant", object{"title": "x", "due_at": "tomorrow"}, 422, []string{"due_at"}},
		{"bad zone and priority", object{"title": "x", "time_zone": "Mars/Olympus", "priority": "urgent"}, 422, []string{"priority", "time_zone"}},
		{"recurrence without due", object{"title": "x", "recurrence": object{"rrule": "daily"}}, 422, []string{"due_at"}},
		{"bad rrule", object{"title": "x", "due_at": "2026-03-03T09:00:00Z", "recurrence": object{"rrule": "FREQ=SOMETIMES"}}, 422, []string{"recurrence.rrule"}},
		{"unknown field inside", object{"title": "x", "due_at": "2026-03-03T09:00:00Z", "recurrence": object{"rrule": "daily", "every": 2}}, 422, []string{"recurrence.every"}},
		{"reminder of neither kind", object{"title": "x", "reminders": []object{{}}}, 422, []string{"reminders"}},
		{"not JSON", `{"title": `, 400, nil},
		{"two values", `{"title": "x"} {}`, 400, nil},
		{"too large", object{"title": "x", "description": strings.Repeat("x", 70_000)}, 413, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := p.send(t, "POST", "/api/v1/tasks", tt.body).want(t, tt.status)
			problem := decoded[struct{ Errors []task.FieldError }](t, r)
			var fields []string
			for _, f := range problem.Errors {
				fields = append(fields, f.Field)
			}
			if slices.Sort(fields); !slices.Equal(fields, tt.fields) {
				t.Errorf("got fields %q, want %q: %s", fields, tt.fields, r.Body)
			}
		})
	}
}

func TestChangesBecomeEvents(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "write", "due_at": "2026-03-03T09:00:00Z"})
	steps := []struct {
		name, method, path string
		body               any
		status             int
		want               string
	}{
		{"create", "", "", nil, 0, "task.created@1 task.changed@1"},
		{"update", "PATCH", taskPath(made.ID), object{"title": "rewrite"}, 200, "task.updated@2 task.changed@2"},
		{"same again", "PATCH", taskPath(made.ID), object{"title": "rewrite"}, 200, ""},
		{"snooze", "POST", taskPath(made.ID, "/snooze"), object{"minutes": 10}, 200, "task.updated@3 task.changed@3"},
		{"complete", "POST", taskPath(made.ID, "/complete"), nil, 200, "task.completed@4 task.changed@4"},
		{"complete twice", "POST", taskPath(made.ID, "/complete"), nil, 200, ""},
		{"reopen", "POST", taskPath(made.ID, "/reopen"), nil, 200, "task.updated@5 task.changed@5"},
		{"complete by PATCH", "PATCH", taskPath(made.ID), object{"completed": true}, 200, "task.completed@6 task.changed@6"},
		{"reopen and rename", "PATCH", taskPath(made.ID), object{"completed": false, "title": "again"}, 200, "task.updated@7 task.changed@7"},
		{"rename and complete", "PATCH", taskPath(made.ID), object{"completed": true, "title": "done"}, 200, "task.updated@8 task.completed@8 task.changed@8"},
		{"delete", "DELETE", taskPath(made.ID), nil, 204, "task.deleted@9 task.changed@9"},
		{"delete twice", "DELETE", taskPath(made.ID), nil, 404, ""},
	}
	for _, s := range steps {
		if s.method != "" {
			p.send(t, s.method, s.path, s.body).want(t, s.status)
		}
		events := p.events(t)
		if got := types(events); got != s.want {
			t.Fatalf("%s: got %q, want %q", s.name, got, s.want)
		}
		for _, e := range events {
			want := e
			want.Subject, want.Data.TaskID, want.Data.UserID, want.Data.EventType = made.ID.String(), made.ID, p.ID, e.Type
			if diff := cmp.Diff(want, e); diff != "" {
				t.Errorf("%s: the event differs (-want +got):\n%s", s.name, diff)
			}
		}
		switch s.name {
		case "update":
			if got := string(events[0].Data.Previous["title"]); got != `"write"` || len(events[0].Data.Previous) != 1 || events[0].Data.TaskData.Title != "rewrite" {
				t.Errorf("got previous %s and title %q", asJSON(t, events[0].Data.Previous), events[0].Data.TaskData.Title)
			}
		case "delete":
			if !events[1].Data.Deleted {
				t.Error("task.changed does not report the task as deleted")
			}
		}
	}
}

func TestLostUpdateIsRefused(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "one"})
	first := p.send(t, "GET", taskPath(made.ID), nil).want(t, 200).Header.Get("ETag")
	second := p.send(t, "PATCH", taskPath(made.ID), object{"title": "two"}, header("If-Match", first)).want(t, 200).Header.Get("ETag")
	p.send(t, "PATCH", taskPath(made.ID), object{"title": "three"}, header("If-Match", first)).wantProblem(t, 412, "precondition_failed")
	p.send(t, "DELETE", taskPath(made.ID), nil, header("If-Match", first)).wantProblem(t, 412, "precondition_failed")
	r := p.send(t, "GET", taskPath(made.ID), nil).want(t, 200)
	if got := decoded[task.Task](t, r).Title; got != "two" || r.Header.Get("ETag") != second || first == second {
		t.Errorf("got %q with ETag %s, want two with %s, not %s", got, r.Header.Get("ETag"), second, first)
	}
	p.send(t, "GET", taskPath(made.ID), nil, header("If-None-Match", second)).want(t, 304)
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	key := header("Idempotency-Key", "key 1")
	first := p.send(t, "POST", "/api/v1/tasks", object{"title": "once"}, key).want(t, 201)
	again := p.send(t, "POST", "/api/v1/tasks", object{"title": "once"}, key).want(t, 201)
	if string(first.Body) != string(again.Body) || first.Header.Get("ETag") != again.Header.Get("ETag") {
		t.Errorf("got another answer:\n%s\n%s", first.Body, again.Body)
	}
	p.send(t, "POST", "/api/v1/tasks", object{"title": "other"}, key).wantProblem(t, 409, "conflict")
	if got := types(p.events(t)); got != "task.created@1 task.changed@1" {
		t.Errorf("got %q", got)
	}
	// The same key of another user is another key.
	p.newPerson(t).send(t, "POST", "/api/v1/tasks", object{"title": "other"}, key).want(t, 201)
}

func TestIdempotencyKeyOfASecret(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	key, body := header("Idempotency-Key", "token"), object{"name": "n", "scopes": []string{"tasks:read"}}
	first := p.send(t, "POST", "/api/v1/tokens", body, key).want(t, 201)
	secret := decoded[apiv1.TokenWithSecret](t, first).Secret
	if again := p.send(t, "POST", "/api/v1/tokens", body, key).want(t, 201); strings.Contains(string(again.Body), secret) {
		t.Errorf("the token is shown again: %s", again.Body)
	}
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		var found bool
		err := tx.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM idempotency_keys WHERE position($1::bytea in body) > 0)`, []byte(secret)).Scan(&found)
		if found {
			t.Error("the token is in the database in the clear")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestListTasks(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	for _, f := range []object{
		{"title": "c", "due_at": "2026-03-05T09:00:00Z", "tags": []string{"home"}, "priority": "high"},
		{"title": "a", "due_at": "2026-03-03T09:00:00Z"},
		{"title": "no date", "description": "100% Sure"},
		{"title": "b", "due_at": "2026-03-04T09:00:00Z", "completed": true},
	} {
		p.newTask(t, f)
	}
	p.newPerson(t).newTask(t, object{"title": "not mine"})
	p.advance(time.Hour)
	p.newTask(t, object{"title": "z", "due_at": "2026-03-06T09:00:00Z", "completed": true})
	tests := []struct{ query, want string }{
		{"", "a b c z no date"},
		{"status=open", "a c no date"},
		{"order=completed", "z b"},
		{"order=completed&status=open", ""},
		{"status=done", "b z"},
		{"tag=home", "c"},
		{"priority=high", "c"},
		{"due_after=2026-03-04T09:00:00Z&due_before=2026-03-05T09:00:00Z", "b"},
		{"q=100%25%20sure", "no date"},
		{"q=_", ""},
		{"q=SURE+100%25", "no date"},
		{"q=sure+home", ""},
		{"q=%23ho", "c"},
		{"q=c+%23HOME", "c"},
		{"q=%23ome", ""},
		{"q=%23work+c", ""},
	}
	for _, tt := range tests {
		for _, limit := range []int{1, 3, 200} {
			if got := strings.Join(p.titles(t, tt.query, limit), " "); got != tt.want {
				t.Errorf("%s by %d: got %q, want %q", tt.query, limit, got, tt.want)
			}
		}
	}
	for _, bad := range []string{"status=maybe", "limit=0", "limit=201", "cursor=x", "due_after=today", "stauts=open", "order=title", "q=a+b+c+d+e+f+g+h+i+j+k",
		"order=completed&cursor=" + decoded[apiv1.Page[task.Task]](t, p.send(t, "GET", "/api/v1/tasks?limit=1", nil)).NextCursor} {
		p.send(t, "GET", "/api/v1/tasks?"+bad, nil).wantProblem(t, 422, "invalid")
	}
}

// TestSearchIgnoresAccents finds words that are typed with other accents, case or character forms.
func TestSearchIgnoresAccents(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.newTask(t, object{"title": "Café mit Zoë", "description": "Ärger am Bahnübergang", "tags": []string{"Küche"}})
	p.newTask(t, object{"title": "tea"})
	for query, want := range map[string]string{
		"cafe": "Café mit Zoë", "CAFÉ zoe": "Café mit Zoë", "zoë cafe\u0301": "Café mit Zoë", "bahnuber arger": "Café mit Zoë",
		"#kuche": "Café mit Zoë", "#KÜ mit": "Café mit Zoë", "cafe tea": "", "%": "", "\\": "", "#": "Café mit Zoë", "ｔｅａ": "tea",
	} {
		if got := strings.Join(p.titles(t, "q="+url.QueryEscape(query), 200), " "); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

// titles lists the titles of the person's tasks in pages of limit tasks.
func (p person) titles(t *testing.T, query string, limit int) []string {
	t.Helper()
	var titles []string
	for cursor := ""; ; {
		list := decoded[apiv1.Page[task.Task]](t, p.send(t, "GET", fmt.Sprintf("/api/v1/tasks?%s&limit=%d&cursor=%s", query, limit, cursor), nil).want(t, 200))
		for _, item := range list.Items {
			titles = append(titles, item.Title)
		}
		if cursor = list.NextCursor; cursor == "" {
			return titles
		}
	}
}
