package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
	"taskmaster/internal/testkit"
)

const (
	// probesPerHour is the number of readiness probes of an hour, one every 10 seconds.
	probesPerHour = 360
	// idleTime is the length of a measurement. It has several rounds of every loop, because the test
	// sets every interval of api to a second or less.
	idleTime = 4 * time.Second
)

// idleAPI is the whole program api on a database that counts statements.
type idleAPI struct {
	t        *testing.T
	database *postgrestest.Counter
	dapr     *unreliableDapr
	address  string
	// jobs receives the name of each job that the scheduler calls, and invoked each invocation.
	jobs, invoked chan string
	user          uuid.UUID
	token         string
}

func startIdleAPI(t *testing.T, sleepsAfter string) *idleAPI {
	t.Helper()
	a := &idleAPI{
		t: t, database: postgrestest.Count(t, postgrestest.URL(t)), dapr: newUnreliableDapr(t, 1),
		jobs: make(chan string, 100), invoked: make(chan string, 100),
	}
	a.dapr.calm()
	a.dapr.callback = func(ctx context.Context, job string) int {
		a.jobs <- job
		return a.request(ctx, "POST", "/job/"+job, "", nil)
	}
	invocations := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1.0/healthz/outbound" { // a probe asks that
			a.invoked <- r.URL.Path
		}
	}))
	t.Cleanup(invocations.Close)
	_, httpPort, err := net.SplitHostPort(invocations.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"DATABASE_URL": a.database.URL, "DATABASE_CONNS": "4", "RELAY_CONNS": "6", "COOKIE_SECURE": "false",
		"APP_API_TOKEN": "of the sidecar", "DAPR_GRPC_PORT": fmt.Sprint(a.dapr.port), "DAPR_HTTP_PORT": httpPort,
		"REMINDER_VERIFY_INTERVAL": "1s", "HOUSEKEEPING_INTERVAL": "1s", "DATABASE_SLEEPS_AFTER": sleepsAfter,
	}
	cfg, err := loadConfig(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.address = "http://" + ln.Addr().String()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	go func() { done <- run(ctx, cfg, ln, log) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("run returned %v, want context.Canceled", err)
		}
	})
	a.signUp()
	return a
}

// request sends a request, decodes the answer into out, and returns the status. It returns 0 if no
// answer came.
func (a *idleAPI) request(ctx context.Context, method, path, body string, out any) int {
	r, err := http.NewRequestWithContext(ctx, method, a.address+path, strings.NewReader(body))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Dapr-Api-Token", "of the sidecar")
	if a.token != "" {
		r.Header.Set("Cookie", a.token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	if cookies := answer.Cookies(); len(cookies) > 0 {
		a.token = cookies[0].Name + "=" + cookies[0].Value
	}
	raw, err := io.ReadAll(answer.Body)
	if err == nil && out != nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil {
		return 0
	}
	return answer.StatusCode
}

func (a *idleAPI) want(status int, method, path, body string, out any) {
	a.t.Helper()
	if got := a.request(a.t.Context(), method, path, body, out); got != status {
		a.t.Fatalf("%s %s: got status %d, want %d", method, path, got, status)
	}
}

func (a *idleAPI) signUp() {
	a.t.Helper()
	a.want(201, "POST", "/api/v1/signup", `{"email": "person@example.com", "password": "`+testPassword+`"}`, nil)
	var me struct{ ID uuid.UUID }
	a.want(200, "GET", "/api/v1/me", "", &me)
	a.user = me.ID
}

// remindIn creates a task with a reminder after a time, and returns the instant of the reminder.
func (a *idleAPI) remindIn(d time.Duration) (task.Task, time.Time) {
	a.t.Helper()
	at := time.Now().Add(d)
	var made task.Task
	a.want(201, "POST", "/api/v1/tasks", fmt.Sprintf(`{"title": "soon", "reminders": [{"at": %q}]}`, at.Format(time.RFC3339Nano)), &made)
	return made, at
}

// published waits for an event of a task and returns the time.
func (a *idleAPI) published(kind string, id uuid.UUID) time.Time {
	a.t.Helper()
	testkit.Eventually(a.t, kind+" is published", func() bool {
		for _, p := range a.dapr.publications() {
			if strings.Contains(p.raw, `"`+kind+`"`) && strings.Contains(p.raw, id.String()) {
				return true
			}
		}
		return false
	})
	return time.Now()
}

func (a *idleAPI) awaitSleep() {
	a.t.Helper()
	a.database.AwaitQuiet(a.t, 1500*time.Millisecond)
}

// idleHour returns the number of statements in a time with the probes and scrapes of an idle hour.
func (a *idleAPI) idleHour() int64 {
	a.t.Helper()
	before := a.database.Statements()
	pause := time.NewTicker(idleTime / probesPerHour)
	defer pause.Stop()
	for range probesPerHour {
		a.want(200, "GET", "/readyz", "", nil)
		a.want(200, "GET", "/healthz", "", nil)
		<-pause.C
	}
	a.want(200, "GET", "/metrics", "", nil)
	return a.database.Statements() - before
}

func TestAnIdleHourAsksTheDatabaseNothing(t *testing.T) {
	t.Parallel()
	a := startIdleAPI(t, "1s")
	made, _ := a.remindIn(time.Hour) // a pending reminder needs no statement either
	a.published(event.TaskCreated, made.ID)
	a.awaitSleep()
	if n := a.idleHour(); n != 0 {
		t.Errorf("an idle hour has %d statements, want none", n)
	}
	// A change wakes the relay, which publishes its event immediately.
	made, _ = a.remindIn(time.Hour)
	a.published(event.TaskCreated, made.ID)
	testkit.Eventually(t, "the reminder has a job", func() bool { _, ok := a.dapr.job(sidecar.JobName(made.ID, 0)); return ok })
}

// TestIdleHourOfADatabaseThatStaysAwake shows that the other test counts something.
func TestIdleHourOfADatabaseThatStaysAwake(t *testing.T) {
	t.Parallel()
	a := startIdleAPI(t, "")
	if n := a.idleHour(); n < probesPerHour {
		t.Errorf("got %d statements, want one for each probe at least", n)
	}
}

func TestReminderOfASleepingDatabaseFiresByItsJob(t *testing.T) {
	t.Parallel()
	a := startIdleAPI(t, "1s")
	// The service must sleep before the reminder is due. A slow machine needs more time for that.
	for lead, asleep := 5*time.Second, false; !asleep; lead *= 2 {
		made, at := a.remindIn(lead)
		a.awaitSleep()
		asleep = time.Now().Before(at)
		if job := <-a.jobs; job != sidecar.JobName(made.ID, 0) {
			t.Errorf("got a call of job %s", job)
		}
		published := a.published(event.ReminderDue, made.ID)
		t.Logf("published %v after its time", published.Sub(at))
	}
	a.awaitSleep()
}

// TestLostJobOfASleepingDatabase checks the bound of docs/reminders.md: the process that planned the
// reminder sweeps after the grace for the job.
func TestLostJobOfASleepingDatabase(t *testing.T) {
	t.Parallel()
	a := startIdleAPI(t, "1s")
	made, at := a.remindIn(5 * time.Second)
	name := sidecar.JobName(made.ID, 0)
	testkit.Eventually(t, "the reminder has a job", func() bool { _, ok := a.dapr.job(name); return ok })
	a.dapr.mu.Lock()
	delete(a.dapr.jobs, name)
	a.dapr.mu.Unlock()
	a.awaitSleep()
	late := a.published(event.ReminderDue, made.ID).Sub(at)
	t.Logf("published %v after its time", late)
	if late < 0 {
		t.Errorf("published %v before its time", -late)
	}
	if len(a.jobs) > 0 {
		t.Error("the job was called")
	}
}

func TestQueuedDeliveriesWakeNotifier(t *testing.T) {
	t.Parallel()
	a := startIdleAPI(t, "1s")
	var channel struct{ ID uuid.UUID }
	a.want(201, "POST", "/api/v1/channels", testWebhook, &channel)
	a.want(202, "POST", "/api/v1/channels/"+channel.ID.String()+"/test", "", nil)
	select {
	case got := <-a.invoked:
		if want := "/v1.0/invoke/notifier/method/internal/deliveries"; got != want {
			t.Errorf("got a call of %s, want %s", got, want)
		}
	case <-time.After(testkit.Patience):
		t.Error("notifier was not called")
	}
}
