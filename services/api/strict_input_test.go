package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"taskmaster/internal/task"
)

// TestStrictInput sends values that a library accepts and the document does not.
func TestStrictInput(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	x := p.newTask(t, object{"title": "x", "due_at": "2026-03-02T11:00:00Z"})
	a.handler = a.service.handler() // Without the check: the requests are not in the document.
	const late = "9999-12-31T23:59:59-12:00"
	tests := []struct {
		name, method, path string
		body               any
		status             int
		want               string
	}{
		{"due after 9999 in UTC", "POST", "/tasks", object{"title": "x", "due_at": late}, 422, `"field":"due_at","message":"is not between`},
		{"a series after 9999", "PATCH", "/tasks/" + x.ID.String(), object{"recurrence": object{"rrule": "daily", "end_at": late}}, 422, `"field":"recurrence.end_at"`},
		{"a snooze after 9999", "POST", "/tasks/" + x.ID.String() + "/snooze", object{"until": late}, 422, `"field":"until"`},
		{"a token after 9999", "POST", "/tokens", object{"name": "x", "scopes": []string{"account"}, "expires_at": late}, 422, `"field":"expires_at"`},
		{"an imported instant after 9999", "POST", "/import", `{"version": 1, "tasks": [{"title": "x", "completed_at": "` + late + `"}]}`, 422, `"field":"tasks[0].completed_at"`},
		{"a query after 9999", "GET", "/tasks?due_after=" + url.QueryEscape(late), nil, 422, `"field":"due_after"`},
		{"null as body", "POST", "/tasks", "null", 422, `"field":"body","message":"is null"`},
		{"null as patch", "PATCH", "/tasks/" + x.ID.String(), "null", 422, `"field":"body","message":"is null"`},
		{"a field in other case", "POST", "/login", `{"Email": "ada@example.com", "password": "x"}`, 422, `"field":"Email","message":"is not a known field"`},
		{"an inner field in other case", "POST", "/tasks", object{"title": "x", "reminders": []object{{"AT": minute(9)}}}, 422, `"field":"reminders[0].AT"`},
		{"an empty limit", "GET", "/tasks?limit=", nil, 422, `"field":"limit"`},
		{"an empty status", "GET", "/tasks?status=", nil, 422, `"field":"status"`},
		{"an empty instant", "GET", "/tasks?due_before=", nil, 422, `"field":"due_before"`},
		{"an empty id", "GET", "/deliveries?task_id=", nil, 422, `"field":"task_id"`},
		{"an id in a query as URN", "GET", "/deliveries?channel_id=urn:uuid:" + x.ID.String(), nil, 422, `"field":"channel_id"`},
		{"an empty cursor", "GET", "/tasks?cursor=", nil, 200, `"items"`},
		{"an id in braces", "GET", "/tasks/" + url.PathEscape("{"+x.ID.String()+"}"), nil, 404, "not_found"},
		{"an id as URN", "GET", "/tasks/urn:uuid:" + x.ID.String(), nil, 404, "not_found"},
		{"an id without hyphens", "GET", "/tasks/" + strings.ReplaceAll(x.ID.String(), "-", ""), nil, 404, "not_found"},
		{"an imported id as URN", "POST", "/import", `{"version": 1, "tasks": [{"title": "x", "id": "urn:uuid:` + x.ID.String() + `"}]}`, 422, `"field":"tasks[0].id"`},
		{"a title in another direction", "POST", "/tasks", object{"title": "invoice \u202excod.exe"}, 422, `"field":"title"`},
		{"a port above 65535", "POST", "/channels", object{"kind": "webhook", "url": "https://example.com:65536/"}, 422, `"field":"url","message":"has a port`},
		{"the highest port", "POST", "/channels", object{"kind": "webhook", "url": "https://example.com:65535/"}, 201, `"id"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := p.send(t, tt.method, "/api/v1"+tt.path, tt.body).want(t, tt.status)
			if !strings.Contains(string(r.Body), tt.want) {
				t.Errorf("got %s, want %s in it", r.Body, tt.want)
			}
		})
	}
}

// TestImportDropsHiddenCharacters imports a title that a person could not add. The report names it.
func TestImportDropsHiddenCharacters(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	r := p.send(t, "POST", "/api/v1/import", exportOf(t, task.Task{ID: p.ID, Title: "invoice \u202excod.exe\x07", TimeZone: "UTC", Priority: task.PriorityNone, Tags: []string{}, Reminders: []task.Reminder{}, CreatedAt: testStart})).want(t, 200)
	for _, want := range []string{`"title":"invoice xcod.exe"`, "hidden characters"} {
		if !strings.Contains(string(r.Body), want) {
			t.Errorf("got %s, want %s in it", r.Body, want)
		}
	}
}

// TestWriteTokenReadsNothing changes a task with a token that may not read tasks.
func TestWriteTokenReadsNothing(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	x := p.newTask(t, object{"title": "secret", "due_at": "2026-03-02T11:00:00Z", "recurrence": object{"rrule": "daily"}})
	write := bearer(p.newToken(t, scopeWrite))
	for _, request := range []struct {
		method, suffix string
		body           any
	}{
		{"PATCH", "", object{}}, {"PATCH", "", object{"priority": "high"}}, {"POST", "/snooze", object{"minutes": 5}}, {"POST", "/skip", nil},
		{"POST", "/complete", nil}, {"POST", "/reopen", nil},
	} {
		r := p.testAPI.send(t, request.method, taskPath(x.ID, request.suffix), request.body, write).want(t, http.StatusNoContent)
		if len(r.Body) > 0 || r.Header.Get("ETag") == "" {
			t.Errorf("%s %s: got %q and ETag %q, want no task and an ETag", request.method, request.suffix, r.Body, r.Header.Get("ETag"))
		}
	}
	both := bearer(p.newToken(t, scopeWrite, scopeRead))
	p.testAPI.send(t, "PATCH", taskPath(x.ID), object{"priority": "low"}, both).want(t, 200)
}

// TestAccountAnswersAreNotStored shows that caches do not keep answers about the account.
func TestAccountAnswersAreNotStored(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	for path, want := range map[string]string{"me": "no-store", "sessions": "no-store", "tokens": "no-store", "channels": "no-store", "tasks": "private, no-cache"} {
		if got := p.send(t, "GET", "/api/v1/"+path, nil).want(t, 200).Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: got Cache-Control %q, want %q", path, got, want)
		}
	}
}
