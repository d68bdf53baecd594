package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestStatusPage shows an administrator the replicas that answer and the state of api. Others neither see the page nor a
// link to it.
func TestStatusPage(t *testing.T) {
	t.Parallel()
	const state = `{"version": "0123456789abcdef", "outbox": {"pending": 7, "pending_since": "2026-03-02T09:00:00Z", "published_at": null},
		"reminders": {"late": 3, "unscheduled": 4, "next_at": null}, "deliveries": {"waiting": 5},
		"dead_letters": {"waiting": 1, "last": [{"topic": "task-events", "type": "task.completed", "reason": "cannot be read <b>", "times": 2, "last_at": "2026-03-02T09:00:00Z"}]}}`
	api := &fakeAPI{answers: map[string]string{"GET /status": state}}
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			_, _ = io.WriteString(w, `{"status": "degraded", "problem": "disk_full", "sidecar": "away", "version": "0123456789abcdef"}`)
			return
		}
		api.ServeHTTP(w, r)
	}
	e := start(t, config{APIURLs: []string{upstream(t, handler)}})
	get := func(path string) answer {
		return e.do("GET", path, nil, "Cookie", "taskmaster_session=ada's", "Accept", "text/html")
	}
	if got := get("/status"); got.status != http.StatusForbidden || strings.Contains(got.body, "Late reminders") {
		t.Errorf("another account sees %d:\n%s", got.status, got.body)
	}
	if strings.Contains(get("/settings/account").body, `href="/status"`) {
		t.Error("another account has a link to the page")
	}
	api.answers["GET /me"] = `{"email": "ada@example.com", "time_zone": "UTC", "week_start": "sunday", "revision": 1, "admin": true}`
	got := get("/status")
	if got.status != http.StatusOK || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("an administrator gets %d, %v", got.status, got.header)
	}
	for _, want := range []string{
		"degraded", "Sidecar away", "disk_full", "Version 0123456789ab<", "live <span class=\"badge late\">away</span>", "no answer",
		"<dd>7, the oldest since", "<dd>never</dd>", "<dd>3</dd>", "<dd>4</dd>", "<dd>5</dd>", "task.completed", "cannot be read &lt;b&gt;", "2 times",
		`<a href="/status" aria-current="page">Status</a>`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page lacks %s:\n%s", want, got.body)
		}
	}
}
