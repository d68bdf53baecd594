package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/clock"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/reminder"
	"taskmaster/internal/sidecar"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// testAPI is the whole handler of api on its own database. The test sets its clock.
type testAPI struct {
	*service
	handler http.Handler
	clock   atomic.Pointer[time.Time]
	people  atomic.Int64
	// processTime and databaseTime are the clocks of the process and the database. Both are the clock of
	// the test unless a test changes them.
	processTime  func() time.Time
	databaseTime func(context.Context) (time.Time, error)
	// reminders fires reminders, and scheduler records their jobs.
	reminders *reminder.Scheduler
	scheduler *sidecar.Fake
}

const testPassword = "correct horse battery staple"

var testStart = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// newTestAPI returns an api with high rate limits and cheap password hashes.
func newTestAPI(t *testing.T, configure ...func(*config)) *testAPI {
	t.Helper()
	cfg := config{LoginPerMinute: 10_000, SignupPerMinute: 10_000, CookieSecure: true}
	cfg.AppAPIToken = "of the sidecar"
	for _, f := range configure {
		f(&cfg)
	}
	ta := &testAPI{scheduler: &sidecar.Fake{}}
	ta.setTime(testStart)
	ta.processTime = func() time.Time { return *ta.clock.Load() }
	ta.databaseTime = func(context.Context) (time.Time, error) { return ta.processTime(), nil }
	deps := dependencies{
		db:      postgrestest.Open(t),
		log:     slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		now:     func() time.Time { return ta.processTime() },
		metrics: prometheus.NewRegistry(),
		wake:    func(uuid.UUID) {},

		deliveriesQueued: func() {},
	}
	deps.clock = clock.New(deps.now, func(ctx context.Context) (time.Time, error) { return ta.databaseTime(ctx) })
	ta.reminders = ta.newReminders(deps, ta.scheduler)
	// A test may replace the Scheduler. Callbacks and loops have to share one, as in the program.
	deps.fireReminder = func(ctx context.Context, taskID uuid.UUID, number int) error {
		return ta.reminders.Fire(ctx, taskID, number)
	}
	s, err := newService(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	s.hasher = newHasher(argonCost{memory: 64, time: 1, threads: 1})
	ta.service, ta.handler = s, checked(t, s.handler())
	return ta
}

// newReplica returns a second api on the same database, with the same clock.
func (ta *testAPI) newReplica(t *testing.T) *testAPI {
	t.Helper()
	deps := ta.dependencies
	deps.metrics = prometheus.NewRegistry()
	s, err := newService(ta.cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	return &testAPI{service: s, handler: checked(t, s.handler())}
}

// newReminders returns a Scheduler that schedules its jobs in jobs.
func (*testAPI) newReminders(deps dependencies, jobs reminder.Jobs) *reminder.Scheduler {
	return reminder.New(reminder.Config{
		DB: deps.db, FireDB: deps.db, Jobs: jobs, Clock: deps.clock, Fired: func(uuid.UUID) {}, Log: deps.log,
	})
}

func (ta *testAPI) setTime(at time.Time)    { ta.clock.Store(&at) }
func (ta *testAPI) advance(d time.Duration) { ta.setTime(ta.clock.Load().Add(d)) }

// reply is a recorded response.
type reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// send sends a request to the handler. A nil body is empty, a string is sent unchanged, and any
// other value becomes JSON.
func (ta *testAPI) send(t *testing.T, method, path string, body any, options ...func(*http.Request)) reply {
	t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(raw)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, content)
	if content != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, option := range options {
		option(r)
	}
	w := httptest.NewRecorder()
	ta.handler.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.Bytes()}
}

// want ends the test unless the response has a status.
func (r reply) want(t *testing.T, status int) reply {
	t.Helper()
	if r.Status != status {
		t.Fatalf("got status %d, want %d: %s", r.Status, status, r.Body)
	}
	return r
}

// wantProblem ends the test unless the response is a problem with a status and a code.
func (r reply) wantProblem(t *testing.T, status int, code string) reply {
	t.Helper()
	r.want(t, status)
	got := decoded[struct{ Code string }](t, r)
	if ct := r.Header.Get("Content-Type"); got.Code != code || ct != "application/problem+json" {
		t.Fatalf("got %s with code %q, want application/problem+json with %q: %s", ct, got.Code, code, r.Body)
	}
	return r
}

// decoded decodes the JSON of a response.
func decoded[T any](t *testing.T, r reply) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(r.Body, &v); err != nil {
		t.Fatalf("the response is not JSON: %v: %s", err, r.Body)
	}
	return v
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func bearer(token string) func(*http.Request) { return header("Authorization", "Bearer "+token) }

func session(secret string) func(*http.Request) {
	return func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: account.SessionCookieName(true), Value: secret})
	}
}

// from sets the sender's address.
func from(addr string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = addr + ":1234" }
}

// person is a logged-in user.
type person struct {
	*testAPI
	ID     uuid.UUID
	Email  string
	Secret string
}

// newPerson signs a new user up.
func (ta *testAPI) newPerson(t *testing.T) person {
	t.Helper()
	email := fmt.Sprintf("person%d@example.com", ta.people.Add(1))
	r := ta.send(t, "POST", "/api/v1/signup", map[string]any{"email": email, "password": testPassword}).want(t, 201)
	return person{ta, decoded[apiv1.User](t, r).ID, email, sessionOf(t, r)}
}

// send sends a request with the person's session.
func (p person) send(t *testing.T, method, path string, body any, options ...func(*http.Request)) reply {
	t.Helper()
	return p.testAPI.send(t, method, path, body, append([]func(*http.Request){session(p.Secret)}, options...)...)
}

// newToken creates an API token of the person.
func (p person) newToken(t *testing.T, scopes ...string) string {
	t.Helper()
	r := p.send(t, "POST", "/api/v1/tokens", map[string]any{"name": "test", "scopes": scopes, "password": testPassword}).want(t, 201)
	return decoded[apiv1.TokenWithSecret](t, r).Secret
}

// sessionOf returns the session that a response sets.
func sessionOf(t *testing.T, r reply) string {
	t.Helper()
	return cookieOf(t, r, account.SessionCookieName(true), account.SessionCookieName(false))
}

// deviceOf returns the token of a device that a response sets.
func deviceOf(t *testing.T, r reply) string {
	t.Helper()
	return cookieOf(t, r, account.DeviceCookieName(true))
}

// cookieOf returns the value of the first cookie that a response sets and that has one of names.
func cookieOf(t *testing.T, r reply, names ...string) string {
	t.Helper()
	cookies := (&http.Response{Header: r.Header}).Cookies()
	for _, c := range cookies {
		if slices.Contains(names, c.Name) && c.Value != "" {
			return c.Value
		}
	}
	t.Fatalf("got cookies %v, want one of %v with a value", cookies, names)
	return ""
}

// device sends the cookie of a device.
func device(token string) func(*http.Request) {
	return func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: account.DeviceCookieName(true), Value: token})
	}
}
