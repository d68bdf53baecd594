package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
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

func TestReplicaThatIsBackIsUsed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	u, err := newUpstreams("api", []string{"http://one", "http://two", "http://three"}, nil, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	hosts := func() string {
		var out []string
		for _, r := range u.order() {
			out = append(out, r.url.Host)
		}
		return strings.Join(out, " ")
	}
	u.replicas[1].rests.Store(now.Add(restTime).UnixNano())
	for i, want := range []string{"three one two", "three one two", "one three two"} {
		if got := hosts(); i > 0 && got != want {
			t.Errorf("turn %d: got %s, want %s", i, got, want)
		}
	}
	now = now.Add(restTime)
	if got, want := hosts(), "two three one"; got != want {
		t.Errorf("after its rest got %s, want %s", got, want)
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
			t.Errorf("the answer shows our insides: %s", got.body)
		}
	}
}

// What was sent is not sent again: nobody knows whether it was done.
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
		t.Errorf("the answer asks to repeat what may have been done, after %s s", after)
	}
	if asked.Load() != 1 {
		t.Errorf("the request was sent %d times, want once", asked.Load())
	}
}

// A form whose answer is lost says so to the person, who would otherwise send it twice.
func TestFormWithoutAnswer(t *testing.T) {
	t.Parallel()
	e := start(t, config{APIURLs: []string{upstream(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			io.WriteString(rw, `{"email": "person@example.com", "time_zone": "UTC"}`)
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

func TestUpstreamURLs(t *testing.T) {
	t.Parallel()
	for raw, ok := range map[string]bool{"http://api:8080": true, "http://api:8080/": true, "http://api:8080/base": false} {
		if _, err := newUpstreams("api", []string{raw}, nil, time.Now); (err == nil) != ok {
			t.Errorf("%s: got %v, want accepted: %t", raw, err, ok)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"APP_API_TOKEN": "t", "API_URLS": "http://a:1, http://b:2", "LIVE_URLS": "not a URL", "TRUSTED_PROXIES": "10.0.0.0", "RATE_PER_MINUTE_USER": "-1",
	}
	_, err := loadConfig(func(name string) string { return env[name] })
	for _, want := range []string{"LIVE_URLS", "TRUSTED_PROXIES", "RATE_PER_MINUTE_USER"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("got %v, want %s named", err, want)
		}
	}
	env["LIVE_URLS"], env["TRUSTED_PROXIES"], env["RATE_PER_MINUTE_USER"] = "http://l:1", "10.0.0.0/8", "0"
	cfg, err := loadConfig(func(name string) string { return env[name] })
	if err != nil || len(cfg.APIURLs) != 2 || cfg.RatePerMinuteAddress != 1200 {
		t.Errorf("got %+v, %v", cfg, err)
	}
}
