package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// understanding starts a service with a fixed clock. It returns a function that sends requests.
func understanding(t *testing.T, now string, cfg config) func(path string, query url.Values, header ...string) answer {
	t.Helper()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	cfg.APIURLs, cfg.LiveURLs = []string{closedURL}, []string{closedURL}
	s, err := newService(t.Context(), cfg, slog.New(slog.NewTextHandler(t.Output(), nil)), func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	handler, err := s.handler()
	if err != nil {
		t.Fatal(err)
	}
	return func(path string, query url.Values, header ...string) answer {
		r := httptest.NewRequestWithContext(t.Context(), "GET", path+"?"+query.Encode(), nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		body, err := io.ReadAll(rec.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer{rec.Code, rec.Header(), strings.TrimSpace(string(body))}
	}
}

func TestUnderstand(t *testing.T) {
	t.Parallel()
	ask := understanding(t, "2026-02-11T09:00:00Z", config{})
	tests := map[string]struct {
		query url.Values
		want  string
	}{
		"a recurrence": {url.Values{"line": {"pay rent every 1st at 9am !high #home"}, "zone": {"Europe/Berlin"}}, `{
			"task": {"title": "pay rent", "due_at": "2026-03-01T08:00:00Z", "time_zone": "Europe/Berlin", "priority": "high", "tags": ["home"],
				"recurrence": {"rrule": "FREQ=MONTHLY;BYMONTHDAY=1", "anchor": "due", "missed": "skip"}},
			"spans": [{"kind": "recurrence", "text": "every 1st", "start": 9, "end": 18}, {"kind": "due", "text": "at 9am", "start": 19, "end": 25},
				{"kind": "priority", "text": "!high", "start": 26, "end": 31}, {"kind": "tag", "text": "#home", "start": 32, "end": 37}],
			"repeats": "every month on the 1st at 09:00",
			"occurrences": ["2026-03-01T08:00:00Z", "2026-04-01T07:00:00Z", "2026-05-01T07:00:00Z", "2026-06-01T07:00:00Z", "2026-07-01T07:00:00Z"]}`},
		"one that ends": {url.Values{"line": {"stretch every day 2 times"}, "zone": {"UTC"}}, `{
			"task": {"title": "stretch", "due_on": "2026-02-11", "time_zone": "UTC", "recurrence": {"rrule": "FREQ=DAILY;COUNT=2", "anchor": "due", "missed": "skip"}},
			"spans": [{"kind": "recurrence", "text": "every day 2 times", "start": 8, "end": 25}],
			"repeats": "every day, 2 times",
			"occurrences": ["2026-02-11T00:00:00Z", "2026-02-12T00:00:00Z"]}`},
		"positions as JavaScript counts them": {url.Values{"line": {"🎂 für mum 3/4 9am no reminder"}, "zone": {"UTC"}, "dates": {"mdy"}}, `{
			"task": {"title": "🎂 für mum", "due_at": "2026-03-04T09:00:00Z", "time_zone": "UTC", "reminders": []},
			"spans": [{"kind": "due", "text": "3/4 9am", "start": 11, "end": 18}, {"kind": "reminder", "text": "no reminder", "start": 19, "end": 30}]}`},
		"weeks from Sunday": {url.Values{"line": {"call mum 9am next week"}, "zone": {"UTC"}, "week_start": {"sunday"}}, `{
			"task": {"title": "call mum", "due_at": "2026-02-15T09:00:00Z", "time_zone": "UTC"},
			"spans": [{"kind": "due", "text": "9am next week", "start": 9, "end": 22}]}`},
		"in German": {url.Values{"line": {"Mama morgen anrufen"}, "zone": {"UTC"}, "language": {"de"}}, `{
			"task": {"title": "Mama anrufen", "due_on": "2026-02-12", "time_zone": "UTC"},
			"spans": [{"kind": "due", "text": "morgen", "start": 5, "end": 11}]}`},
		"signs of Todoist": {url.Values{"line": {"pay taxes p1 @finance"}, "zone": {"UTC"}, "line_signs": {"todoist"}}, `{
			"task": {"title": "pay taxes", "time_zone": "UTC", "priority": "high", "tags": ["finance"]},
			"spans": [{"kind": "priority", "text": "p1", "start": 10, "end": 12}, {"kind": "tag", "text": "@finance", "start": 13, "end": 21}]}`},
		"nothing": {url.Values{"line": {"<b>read</b> 1984"}, "zone": {"UTC"}}, `{"task": {"title": "<b>read</b> 1984", "time_zone": "UTC"}, "spans": []}`},
		"no line": {url.Values{"zone": {"UTC"}}, `{"task": {"title": "", "time_zone": "UTC"}, "spans": []}`},
	}
	for name, tt := range tests {
		got := ask("/understand", tt.query)
		if got.status != http.StatusOK || compact(t, got.body) != compact(t, tt.want) {
			t.Errorf("%s: got %d %s, want %s", name, got.status, got.body, tt.want)
		}
		if got.header.Get("Content-Type") != "application/json" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %v, want JSON that is not stored", name, got.header)
		}
	}
}

// compact formats JSON without blanks and with sorted names.
func compact(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestUnderstandRefuses(t *testing.T) {
	t.Parallel()
	ask := understanding(t, "2026-02-11T09:00:00Z", config{})
	tests := map[string]struct {
		query  url.Values
		status int
		fields string
	}{
		"a line too long": {url.Values{"line": {strings.Repeat("ü", 501)}, "zone": {"UTC"}}, 422, "line"},
		"not UTF-8":       {url.Values{"line": {"\xff"}, "zone": {"UTC"}}, 422, "line"},
		"all at once":     {url.Values{"line": {strings.Repeat("x", 501)}, "zone": {"Mars/Olympus"}, "dates": {"ymd"}}, 422, "line zone dates"},
		"no zone":         {url.Values{"line": {"call mum"}}, 422, "zone"},
		"our own zone":    {url.Values{"line": {"call mum"}, "zone": {"Local"}}, 422, "zone"},
	}
	for name, tt := range tests {
		got := ask("/understand", tt.query)
		var problem struct {
			Errors []struct{ Field string }
		}
		if err := json.Unmarshal([]byte(got.body), &problem); err != nil {
			t.Fatalf("%s: %s: %v", name, got.body, err)
		}
		var fields []string
		for _, e := range problem.Errors {
			fields = append(fields, e.Field)
		}
		if got.status != tt.status || strings.Join(fields, " ") != tt.fields {
			t.Errorf("%s: got %d %v, want %d %s", name, got.status, fields, tt.status, tt.fields)
		}
	}
	if got := ask("/understand", url.Values{"line": {strings.Repeat("ü", 500)}, "zone": {"UTC"}}); got.status != 200 {
		t.Errorf("500 characters: got %d, want 200", got.status)
	}
}

func TestUnderstandRefusesOtherSites(t *testing.T) {
	t.Parallel()
	ask := understanding(t, "2026-02-11T09:00:00Z", config{})
	query := url.Values{"line": {"call mum"}, "zone": {"UTC"}}
	for site, want := range map[string]int{"same-origin": 200, "none": 200, "": 403, "same-site": 403, "cross-site": 403} {
		got := ask("/understand", query, "Sec-Fetch-Site", site, "Origin", "https://elsewhere.example")
		if got.status != want || got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("from %q: got %d, %v, want %d without a CORS header", site, got.status, got.header, want)
		}
	}
	if got := ask("/understand", query); got.status != 200 {
		t.Errorf("from a program: got %d, want 200", got.status)
	}
}

func TestUnderstandIsLimited(t *testing.T) {
	t.Parallel()
	ask := understanding(t, "2026-02-11T09:00:00Z", config{RatePerMinuteAddress: 4}) // 2 at once
	for i, want := range []int{200, 200, 429} {
		if got := ask("/understand", url.Values{"line": {"call mum"}, "zone": {"UTC"}}).status; got != want {
			t.Errorf("request %d: got %d, want %d", i, got, want)
		}
	}
}

// TestUnderstandTooOften checks that the page explains why a task cannot repeat every 2 hours.
func TestUnderstandTooOften(t *testing.T) {
	t.Parallel()
	ask := understanding(t, "2026-02-11T09:00:00Z", config{})
	got := ask("/understand", url.Values{"line": {"drink water every 2 hours"}, "zone": {"UTC"}}, "HX-Request", "true")
	if !strings.Contains(got.body, "Repeating more often than daily is not supported") {
		t.Errorf("got %s, want the reason", got.body)
	}
}
