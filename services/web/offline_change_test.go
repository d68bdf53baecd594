package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// offlineAPI starts web before an API that knows one user. made returns the body of the next
// change.
func offlineAPI(t *testing.T) (e *env, made func() map[string]any) {
	t.Helper()
	bodies := make(chan string, 10)
	e = start(t, config{APIURLs: []string{upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.Method + " " + r.URL.Path {
		case "GET /api/v1/me":
			fmt.Fprint(w, `{"id": "`+fakeID("ada")+`", "email": "ada@example.com", "time_zone": "UTC", "revision": 1}`)
		case "GET /api/v1/tasks/7":
			fmt.Fprint(w, `{"id": "01a21610-16d5-7df2-8928-37947e559311", "title": "made", "revision": 7, "time_zone": "UTC", "due_at": "2026-01-01T15:00:00Z"}`)
		case "PATCH /api/v1/tasks/01a21610-16d5-7df2-8928-37947e559311":
			body, _ := io.ReadAll(r.Body)
			bodies <- strings.Replace(string(body), "{", fmt.Sprintf(`{"if_match": %q, `, strings.Trim(r.Header.Get("If-Match"), `"`)), 1)
			fmt.Fprint(w, `{"id": "01a21610-16d5-7df2-8928-37947e559311", "title": "made", "revision": 9}`)
		case "POST /api/v1/tasks/7/snooze":
			fmt.Fprint(w, `{"id": "01a21610-16d5-7df2-8928-37947e559311", "title": "made", "revision": 10}`)
		case "POST /api/v1/tasks":
			body, _ := io.ReadAll(r.Body)
			bodies <- string(body)
			fmt.Fprint(w, `{"id": "01a21610-16d5-7df2-8928-37947e559311", "title": "made", "revision": 7}`)
		case "POST /api/v1/tasks/7/complete":
			fmt.Fprint(w, `{"id": "01a21610-16d5-7df2-8928-37947e559311", "title": "made", "revision": 8}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"code": "not_found", "detail": "there is no such task"}`)
		}
	})}})
	return e, func() (body map[string]any) {
		t.Helper()
		if err := json.Unmarshal([]byte(<-bodies), &body); err != nil {
			t.Fatal(err)
		}
		return body
	}
}

// A form whose answer was lost is sent again. It makes the same request, because its key belongs to
// one request.
func TestRepeatedFormIsTheSame(t *testing.T) {
	t.Parallel()
	e, made := offlineAPI(t)
	for _, ago := range []time.Duration{50 * time.Second, -20 * time.Second} { // the second by a clock that is ahead
		at := time.Now().UTC().Add(-ago)
		form := url.Values{"line": {"call mum in 90 minutes"}, "made_at": {at.Format(time.RFC3339Nano)}}
		for _, owner := range []string{"", fakeID("ada")} {
			e.offlineForm("/tasks", owner, form)
			if due, want := made()["due_at"], at.Add(90*time.Minute).Truncate(time.Minute).Format(time.RFC3339); due != want {
				t.Errorf("made %s ago, sent by %q: due %v, want %s", ago, owner, due, want)
			}
		}
	}
}

func (e *env) offlineForm(path, owner string, form url.Values) answer {
	header := []string{"Cookie", "taskmaster_session=x", "Content-Type", "application/x-www-form-urlencoded"}
	if owner != "" {
		header = append(header, offlineChangeHeader, owner)
	}
	return e.do("POST", path, strings.NewReader(form.Encode()), header...)
}

// A change that a browser kept is answered as for programs: with a status and the task's ETag, or
// with a problem.
func TestOfflineChanges(t *testing.T) {
	t.Parallel()
	e, _ := offlineAPI(t)
	if got := e.offlineForm("/tasks/7/complete", fakeID("ada"), nil); got.status != 204 || got.header.Get("ETag") != `"8"` {
		t.Errorf("got %d with ETag %s, want 204 with the task's", got.status, got.header.Get("ETag"))
	}
	if got := e.offlineForm("/tasks/7/snooze", fakeID("ada"), url.Values{"until": {"2030-01-01T09:00:00Z"}}); got.status != 204 || got.header.Get("ETag") != `"10"` {
		t.Errorf("got %d with ETag %s, want 204 with the task's", got.status, got.header.Get("ETag"))
	}
	if got := e.offlineForm("/tasks/8/complete", fakeID("ada"), nil); got.status != 404 || got.code() != "not_found" {
		t.Errorf("got %d %s, want a problem", got.status, got.body)
	}
	if got := e.offlineForm("/tasks/7/complete", fakeID("bob"), nil); got.status != 401 || got.code() != "unauthorized" {
		t.Errorf("another user's change got %d %s, want 401", got.status, got.body)
	}
	if got := e.offlineForm("/tasks/7/complete", "", nil); got.status != 303 {
		t.Errorf("an ordinary form got %d, want 303", got.status)
	}
}

// "Tomorrow" is relative to the day on which the form was typed, even if it is sent much later.
func TestOfflineChangeCountsFromItsDay(t *testing.T) {
	t.Parallel()
	e, made := offlineAPI(t)
	now := time.Now().UTC()
	for name, tt := range map[string]struct {
		owner string
		at    time.Time
		want  time.Time
	}{
		"kept for two days": {fakeID("ada"), now.AddDate(0, 0, -2), now.AddDate(0, 0, -1)},
		"kept for too long": {fakeID("ada"), now.AddDate(0, 0, -40), now.AddDate(0, 0, 1)},
		"from the future":   {fakeID("ada"), now.AddDate(0, 0, 9), now.AddDate(0, 0, 1)},
		"not kept":          {"", now.AddDate(0, 0, -2), now.AddDate(0, 0, 1)},
	} {
		e.offlineForm("/tasks", tt.owner, url.Values{"line": {"call mum tomorrow 15:00"}, "made_at": {tt.at.Format(time.RFC3339Nano)}})
		want := tt.want.Format("2006-01-02") + "T15:00:00Z"
		if due := made()["due_at"]; due != want {
			t.Errorf("%s: due %v, want %s", name, due, want)
		}
		got := e.offlineForm("/tasks/7/postpone", tt.owner, url.Values{"to": {"tomorrow"}, "revision": {"7"}, "made_at": {tt.at.Format(time.RFC3339Nano)}})
		moved, unless := made(), map[string]string{fakeID("ada"): "7"}[tt.owner]
		if moved["due_at"] != want || moved["if_match"] != unless || got.header.Get("ETag") != `"9"` {
			t.Errorf("%s: %v with ETag %s, want it moved to %s unless it is not %q any more", name, moved, got.header.Get("ETag"), want, unless)
		}
	}
}

// A form is dated by its age. The browser's clock may be wrong by hours or years. The error is in
// both the time and the age.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	e, made := offlineAPI(t)
	for name, tt := range map[string]struct {
		owner      string
		ahead, ago time.Duration
		want       time.Duration // the expected age of the form
	}{
		"right, at once":           {"", 0, 0, 0},
		"ahead by five hours":      {"", 5 * time.Hour, 0, 0},
		"behind by five hours":     {"", -5 * time.Hour, 0, 0},
		"right, kept":              {fakeID("ada"), 0, 49 * time.Hour, 49 * time.Hour},
		"ahead, kept":              {fakeID("ada"), 5 * time.Hour, 49 * time.Hour, 49 * time.Hour},
		"behind, kept":             {fakeID("ada"), -30 * time.Hour, 49 * time.Hour, 49 * time.Hour},
		"of 1970, kept":            {fakeID("ada"), -56 * 365 * 24 * time.Hour, 3 * time.Hour, 3 * time.Hour},
		"ahead by more than kept":  {fakeID("ada"), 90 * 24 * time.Hour, 3 * time.Hour, 3 * time.Hour},
		"kept for too long":        {fakeID("ada"), 5 * time.Hour, 40 * 24 * time.Hour, 0},
		"an age that nobody kept":  {"", 5 * time.Hour, 49 * time.Hour, 0},
		"an age before its making": {fakeID("ada"), 5 * time.Hour, -time.Hour, 0},
	} {
		now := time.Now().UTC()
		form := url.Values{"line": {"call mum in 90 minutes"}, "made_at": {now.Add(tt.ahead - tt.ago).Format(time.RFC3339Nano)},
			"made_ago": {fmt.Sprint(tt.ago.Milliseconds())}}
		e.offlineForm("/tasks", tt.owner, form)
		due, err := time.Parse(time.RFC3339, fmt.Sprint(made()["due_at"]))
		if err != nil {
			t.Fatal(err)
		}
		// The due time is truncated to the minute, and a slow test may take another minute.
		if got, want := due, now.Add(90*time.Minute-tt.want); got.Sub(want).Abs() > 2*time.Minute {
			t.Errorf("%s: due %s, want about %s", name, got, want)
		}
	}
}

// With a wrong clock as well, a repeated form makes the same request.
func TestRepeatedFormWithWrongClock(t *testing.T) {
	t.Parallel()
	e, made := offlineAPI(t)
	// Far from the point where the clock's error rounds to another minute.
	now := time.Now().UTC().Truncate(time.Minute)
	at := now.Add(5 * time.Hour)
	send := func() any {
		t.Helper()
		e.offlineForm("/tasks", fakeID("ada"), url.Values{"line": {"call mum in 90 minutes"}, "made_at": {at.Format(time.RFC3339Nano)},
			"made_ago": {fmt.Sprint(time.Since(now).Milliseconds())}})
		return made()["due_at"]
	}
	first, again := send(), send()
	if first != again {
		t.Errorf("due %v, and then %v", first, again)
	}
}
