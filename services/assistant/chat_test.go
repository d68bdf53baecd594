package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/account"
	"taskmaster/internal/conversation"
	"taskmaster/internal/sidecar"
)

// toolServer answers as /mcp of api.
type toolServer struct {
	*httptest.Server
	mu     sync.Mutex
	header http.Header
	calls  []string
	// refuse answers a call instead, if it is set and returns true.
	refuse func(w http.ResponseWriter, tool string) bool
	// language is that of the account, and scopes are those of the caller.
	language, scopes string
}

func newToolServer(t *testing.T) *toolServer {
	t.Helper()
	s := &toolServer{language: "en", scopes: "tasks:read tasks:write"}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *toolServer) serve(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Params struct {
			Name      string
			Arguments struct {
				RequestID string `json:"request_id"`
			}
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil || r.URL.Path != "/mcp" {
		http.Error(w, "not a call", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.header = r.Header.Clone()
	s.calls = append(s.calls, call.Params.Name+" "+call.Params.Arguments.RequestID)
	s.mu.Unlock()
	if s.refuse != nil && s.refuse(w, call.Params.Name) {
		return
	}
	results := map[string]string{
		"plan_today": `{"now": "2026-03-02T11:00:00+01:00", "time_zone": "Europe/Berlin", "language": "` + s.language + `", "week_start": 1, "overdue": [], "today": []}`,
		"add_tasks":  `{"done": true, "tasks": [{"id": "a", "title": "milk"}]}`,
	}
	w.Header().Set(account.Header, "somebody")
	w.Header().Set(account.ScopesHeader, s.scopes)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc": "2.0", "id": 1, "result": {"content": [], "structuredContent": %s}}`, results[call.Params.Name])
}

// newTestAssistant returns the handler of an assistant with these addresses of api and a state store of its own.
func newTestAssistant(t *testing.T, turns int, urls ...string) http.Handler {
	t.Helper()
	return newReplica(t, new(sidecar.Fake), turns, urls...)
}

// newReplica is newTestAssistant with a state store.
func newReplica(t *testing.T, state conversation.State, turns int, urls ...string) http.Handler {
	t.Helper()
	cfg := config{APIURLs: urls, TurnsPerDay: turns, TrustedProxies: []string{"192.0.2.0/24"}}
	a, err := newAssistant(cfg, state, slog.New(slog.DiscardHandler), nil, func() time.Time { return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.http.CloseIdleConnections)
	return a.routes()
}

// send sends a turn, and returns the status, the header and the events or the problem.
func send(t *testing.T, h http.Handler, body string, options ...func(*http.Request)) (int, http.Header, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/chat", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for _, o := range options {
		o(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}

const milk = `{"id": "1", "sentence": "add milk"}`

// TestStream checks the events of an answer, and what api learns of the caller.
func TestStream(t *testing.T) {
	t.Parallel()
	api := newToolServer(t)
	status, header, body := send(t, newTestAssistant(t, 10, api.URL), milk, func(r *http.Request) {
		r.Header.Set("Cookie", "taskmaster_session=s")
		r.Header.Set("X-Forwarded-For", "203.0.113.7")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Taskmaster-Account", "somebody")
	})
	want := `event: step
data: {"number":2,"tool":"add_tasks","text":"Add 1 task"}

event: step
data: {"number":2,"tool":"add_tasks","text":"Add 1 task","outcome":"1 task"}

event: text
data: {"text":"Added “milk”."}

event: answer
data: {"text":"Added “milk”.","tasks":[{"id":"a","title":"milk","completed":false,"undo":{"tool":"delete_tasks","arguments":{"ids":["a"]},"undo":true}}],"changed":true,"conversation":"` + conversation.IDOf("somebody", "1") + `"}

event: end
data: {}

`
	if diff := cmp.Diff(want, body); status != http.StatusOK || diff != "" {
		t.Errorf("status %d, the events (-want +got):\n%s", status, diff)
	}
	if got := header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q, want that of events", got)
	}
	if diff := cmp.Diff([]string{"plan_today ", "add_tasks 1"}, api.calls); diff != "" {
		t.Errorf("the calls (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"Cookie": "taskmaster_session=s", "X-Forwarded-For": "203.0.113.7", "Taskmaster-Account": "somebody", "Sec-Fetch-Site": ""} {
		if got := api.header.Get(name); got != want {
			t.Errorf("api got %s %q, want %q", name, got, want)
		}
	}
}

// TestRefusals checks the statuses of requests that get no answer.
func TestRefusals(t *testing.T) {
	t.Parallel()
	api := newToolServer(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	status := func(code int, detail string) func(http.ResponseWriter, string) bool {
		return func(w http.ResponseWriter, _ string) bool {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(code)
			fmt.Fprintf(w, `{"detail": %q}`, detail)
			return true
		}
	}
	tests := []struct {
		name, body string
		refuse     func(http.ResponseWriter, string) bool
		other      func(*http.Request)
		urls       []string
		want       int
		says       string
	}{
		{name: "no sentence", body: `{"id": "1"}`, want: 422, says: "sentence"},
		{name: "no id", body: `{"sentence": "add milk"}`, want: 422, says: "id"},
		{name: "a long sentence", body: `{"id": "1", "sentence": "` + strings.Repeat("a ", 300) + `"}`, want: 422, says: "500 bytes"},
		{name: "an unknown field", body: `{"id": "1", "sentence": "a", "role": "admin"}`, want: 422, says: "role"},
		{name: "a conversation of no answer", body: `{"id": "1", "sentence": "a", "conversation": "x/../index"}`, want: 422, says: "conversation"},
		{name: "a deleted conversation", body: `{"id": "1", "sentence": "a", "conversation": "7a3f0c1e-9a4b-4c53-8a52-3a4c7fbf1a01"}`, want: 404, says: "deleted"},
		{name: "another tool", body: `{"id": "1", "call": {"tool": "set_reminders", "arguments": {"ids": ["a"]}}}`, want: 422, says: "offers"},
		{name: "another site", body: milk, other: func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, want: 403, says: "another site"},
		{name: "not logged in", body: milk, refuse: status(401, "log in"), want: 401, says: "log in"},
		{name: "too often", body: milk, refuse: status(429, "slowly"), want: 429, says: "slowly"},
		{name: "api is away", body: milk, urls: []string{gone.URL}, want: 503, says: "cannot be reached"},
		{name: "one replica of api is away", body: milk, urls: []string{gone.URL, api.URL}, want: 200, says: "Added"},
		{name: "api fails", body: milk, refuse: status(500, "secret detail"), want: 504, says: "broke off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			own := newToolServer(t)
			own.refuse = tt.refuse
			if tt.urls == nil {
				tt.urls = []string{own.URL}
			}
			if tt.other == nil {
				tt.other = func(*http.Request) {}
			}
			got, header, body := send(t, newTestAssistant(t, 10, tt.urls...), tt.body, tt.other)
			if got != tt.want || !strings.Contains(body, tt.says) || strings.Contains(body, "secret") {
				t.Errorf("status %d: %s\nwant %d and %q", got, body, tt.want, tt.says)
			}
			if got == http.StatusTooManyRequests && header.Get("Retry-After") != "7" {
				t.Errorf("Retry-After %q, want that of api", header.Get("Retry-After"))
			}
		})
	}
}

// TestBrokenOff reads an answer that breaks off in the middle. It ends with an error event.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	api := newToolServer(t)
	api.refuse = func(w http.ResponseWriter, tool string) bool {
		if tool == "add_tasks" {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	status, _, body := send(t, newTestAssistant(t, 10, api.URL), milk)
	if want := `"code":"outcome_unknown"`; status != http.StatusOK || !strings.Contains(body, "event: error") || !strings.Contains(body, want) || !strings.HasSuffix(body, "event: end\ndata: {}\n\n") {
		t.Errorf("status %d: %s\nwant an error event with %s, and the end", status, body, want)
	}
}

// TestTurnsAreLimited shows that a user has so many turns a day.
func TestTurnsAreLimited(t *testing.T) {
	t.Parallel()
	api := newToolServer(t)
	h := newTestAssistant(t, 2, api.URL)
	for _, want := range []int{200, 200, 429} {
		status, header, body := send(t, h, milk)
		if status != want {
			t.Fatalf("status %d: %s, want %d", status, body, want)
		}
		if got := header.Get("Retry-After"); want == http.StatusTooManyRequests && got != "50400" {
			t.Errorf("Retry-After %q, want the seconds until midnight in UTC", got)
		}
	}
}

// TestRun runs the service. It is ready without api, and stops.
func TestRun(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig(func(name string) string {
		return map[string]string{"APP_API_TOKEN": "token", "API_URLS": "http://127.0.0.1:1"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	ctx := t.Context()
	go func() { stopped <- run(ctx, cfg, ln, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/": 404} {
		res, err := http.Get("http://" + ln.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		_, _ = io.Copy(&body, res.Body)
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, res.StatusCode, want)
		}
	}
}
