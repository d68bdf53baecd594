package main

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

func TestReplicasTakeTurns(t *testing.T) {
	t.Parallel()
	e := start(t, config{APIURLs: []string{named(t, "first"), named(t, "second")}})
	got := map[string]int{}
	for range 10 {
		name, _, _ := strings.Cut(e.do("GET", "/api/v1/me", nil).body, " ")
		got[name]++
	}
	if got["first"] != 5 || got["second"] != 5 {
		t.Errorf("got %v, want five each", got)
	}
}

func TestDeadReplicaIsSteppedOver(t *testing.T) {
	t.Parallel()
	e := start(t, config{APIURLs: []string{closedURL, named(t, "alive"), closedURL}})
	for i := range 9 {
		body := strings.Repeat("x", i*10_000)
		got := e.do("POST", "/api/v1/tasks", strings.NewReader(body))
		if want := strings.TrimSpace("alive POST /api/v1/tasks " + body); got.status != 200 || got.body != want {
			t.Fatalf("got %d with %d bytes, want 200 with %d", got.status, len(got.body), len(want))
		}
	}
}

// A fallback takes requests while no replica can be reached, and no longer.
func TestFallback(t *testing.T) {
	t.Parallel()
	for want, urls := range map[string][]string{"alive": {closedURL, named(t, "alive")}, "fallback": {closedURL}} {
		e := start(t, config{APIURLs: urls, APIFallbackURLs: []string{closedURL, named(t, "fallback")}})
		for range 5 {
			if got := e.do("GET", "/api/v1/me", nil); got.status != 200 || !strings.HasPrefix(got.body, want+" ") {
				t.Errorf("got %d %s, want the response of %s", got.status, got.body, want)
			}
		}
	}
}

func TestUpstreamDown(t *testing.T) {
	t.Parallel()
	e := start(t, config{APIURLs: []string{closedURL, closedURL}})
	for range 2 {
		got := e.do("POST", "/api/v1/tasks", strings.NewReader(`{"title":"a"}`))
		if got.status != 503 || got.code() != "unavailable" || got.header.Get("Retry-After") == "" {
			t.Errorf("got %d %s, Retry-After %q, want a problem of 503 with it", got.status, got.body, got.header.Get("Retry-After"))
		}
		if strings.Contains(got.body, "dial") || strings.Contains(got.body, "127.0.0.1") {
			t.Errorf("the response reveals internal details: %s", got.body)
		}
	}
}

// A request that was sent is never sent again, because its outcome is unknown.
func TestBrokenAnswerIsNotRetried(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	breaks := func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}
	e := start(t, config{APIURLs: []string{upstream(t, breaks), upstream(t, breaks)}})
	got := e.do("POST", "/api/v1/tasks", strings.NewReader(`{"title":"a"}`))
	if got.status != 502 || got.code() != "bad_gateway" || !strings.Contains(got.body, "whether anything was done is unknown") {
		t.Errorf("got %d %s, want a problem of 502 that says that the outcome is unknown", got.status, got.body)
	}
	if after := got.header.Get("Retry-After"); after != "" {
		t.Errorf("got Retry-After %s for a request that may have been processed", after)
	}
	if asked.Load() != 1 {
		t.Errorf("the request was sent %d times, want once", asked.Load())
	}
}

// A lost answer to a form is shown to the user, who would otherwise send the form twice.
func TestFormWithoutAnswer(t *testing.T) {
	t.Parallel()
	e := start(t, config{APIURLs: []string{upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			io.WriteString(w, `{"email": "person@example.com", "time_zone": "UTC"}`)
			return
		}
		io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	})}})
	got := e.do("POST", "/settings/tokens", strings.NewReader("name=program&scopes=tasks%3Aread"), "Cookie", "taskmaster_session=x",
		"Content-Type", "application/x-www-form-urlencoded", "HX-Request", "true")
	if got.status != 504 || !strings.Contains(got.body, "whether this was saved is unknown") {
		t.Errorf("got %d %s, want 504 that says that the outcome is unknown", got.status, got.body)
	}
}
