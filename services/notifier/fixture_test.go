package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
	"taskmaster/internal/testkit"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(runAsChild())
	}
	os.Exit(postgrestest.Main(m))
}

const (
	// childEnv names the environment variable that makes this test binary run as notifier.
	childEnv = "NOTIFIER_TEST_CHILD"
	appToken = "of the sidecar"
	// patience is how long a test waits for an immediate event.
	patience = 30 * time.Second
	// snoozePatience is how long a test waits for jobs that may find no free slot several times.
	snoozePatience = 6 * maxSnooze
)

// testTiming is a fast timing with three attempts.
var testTiming = timing{
	schedule: []time.Duration{20 * time.Millisecond, 40 * time.Millisecond},
	attempt:  10 * time.Second,
	stop:     10 * time.Second,
	mark:     10 * time.Second,
	rescue:   25 * time.Second,
	poll:     100 * time.Millisecond,
}

// fixture is a database with a user.
type fixture struct {
	url  string
	db   *postgres.DB
	user uuid.UUID
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	url := postgrestest.URL(t)
	db, err := postgres.Open(t.Context(), url, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	b := &fixture{url: url, db: db}
	b.user = b.newUser(t)
	return b
}

func (f *fixture) tx(t *testing.T, work func(tx pgx.Tx) error) {
	t.Helper()
	postgrestest.InTx(t, f.db, work)
}

func (f *fixture) newUser(t *testing.T) uuid.UUID {
	t.Helper()
	return postgrestest.NewUser(t, f.db, time.Now())
}

// addChannel stores a channel. It belongs to the fixture's user if it has none.
func (f *fixture) addChannel(t *testing.T, c postgres.Channel) postgres.Channel {
	t.Helper()
	if c.UserID == uuid.Nil {
		c.UserID = f.user
	}
	c.ID, c.Enabled = uuid.Must(uuid.NewV7()), true
	c.CreatedAt = time.Now().UTC().Truncate(time.Microsecond)
	c.UpdatedAt = c.CreatedAt
	f.tx(t, func(tx pgx.Tx) error { return postgres.InsertChannel(t.Context(), tx, c) })
	return c
}

// confirm gives the fixture's user the address of testEmail, confirmed.
func (f *fixture) confirm(t *testing.T) {
	t.Helper()
	now := time.Now()
	f.tx(t, func(tx pgx.Tx) error { return postgres.SetAddress(t.Context(), tx, f.user, testEmail.Address, &now) })
}

func (f *fixture) channel(t *testing.T, c postgres.Channel) postgres.Channel {
	t.Helper()
	f.tx(t, func(tx pgx.Tx) (err error) {
		c, err = postgres.ChannelByID(t.Context(), tx, c.UserID, c.ID)
		return err
	})
	return c
}

// reminder returns a reminder.due event of one of the user's tasks. The reminder has fired.
func (f *fixture) reminder(t *testing.T, user uuid.UUID, title string) event.Event {
	t.Helper()
	due := time.Date(2026, 2, 10, 15, 0, 0, 0, time.UTC)
	owned := task.Task{ID: uuid.New(), Title: title, Description: "Not <b>too</b> late", DueAt: &due, TimeZone: "Europe/Berlin", Revision: 7}
	owned.Normalize()
	e := event.New(event.ReminderDue, user, owned, due.Add(-15*time.Minute))
	e.Data.Reminder = &event.DueReminder{Number: 0, At: due.Add(-15 * time.Minute)}
	f.setReminders(t, e, map[int]time.Time{0: e.Data.Reminder.At}, e.Data.Reminder.At.Add(-time.Minute))
	f.tx(t, func(tx pgx.Tx) error {
		_, err := postgres.MarkFired(t.Context(), tx, postgres.Reminder{TaskID: owned.ID}, e.Time)
		return err
	})
	return e
}

// setReminders changes the reminders of an event's task.
func (f *fixture) setReminders(t *testing.T, e event.Event, wanted map[int]time.Time, now time.Time) {
	t.Helper()
	f.tx(t, func(tx pgx.Tx) error {
		return postgres.SetReminders(t.Context(), tx, e.Data.UserID, e.Data.TaskID, wanted, now)
	})
}

// deliveries returns a user's deliveries, the oldest first.
func (f *fixture) deliveries(t *testing.T, user uuid.UUID) []postgres.Delivery {
	t.Helper()
	var got []postgres.Delivery
	f.tx(t, func(tx pgx.Tx) (err error) {
		got, err = postgres.Deliveries(t.Context(), tx, user, postgres.DeliveryFilter{Limit: 10_000})
		return err
	})
	slices.Reverse(got)
	return got
}

// settled waits until a user has n deliveries and all are in a state. It returns them.
func (f *fixture) settled(t *testing.T, user uuid.UUID, n int, state string) []postgres.Delivery {
	t.Helper()
	return f.settledWithin(t, patience, user, n, state)
}

func (f *fixture) settledWithin(t *testing.T, patience time.Duration, user uuid.UUID, n int, state string) []postgres.Delivery {
	t.Helper()
	var got []postgres.Delivery
	testkit.WithState(t, patience, func() (bool, string) {
		got = f.deliveries(t, user)
		for _, d := range got {
			if d.State != state {
				return false, fmt.Sprintf("delivery %+v is not %s", d, state)
			}
		}
		return len(got) == n, fmt.Sprintf("there are %d deliveries, want %d", len(got), n)
	})
	return got
}

// harness is a running notifier.
type harness struct {
	addr string
	// stop stops it and waits for its end.
	stop func()
	// done receives the result of run.
	done chan error
}

// start runs a notifier on the fixture's database. By default it allows loopback addresses.
func (f *fixture) start(t *testing.T, timing timing, configure ...func(*config)) *harness {
	t.Helper()
	return f.startLogging(t, timing, t.Output(), configure...)
}

func (f *fixture) startLogging(t *testing.T, timing timing, to io.Writer, configure ...func(*config)) *harness {
	t.Helper()
	cfg := config{DatabaseURL: f.url, DatabaseConns: 8, QueueConns: 4, WebhookAllowNetworks: []string{"127.0.0.0/8"}}
	cfg.AppAPIToken = appToken
	for _, change := range configure {
		change(&cfg)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	log := slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h := &harness{addr: ln.Addr().String(), done: make(chan error, 1)}
	go func() { h.done <- runWith(ctx, cfg, timing, ln, log) }()
	stopped := false
	h.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-h.done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("notifier stopped with %v", err)
		}
	}
	t.Cleanup(h.stop)
	return h
}

// post delivers an event like the sidecar and returns the verdict.
func (h *harness) post(t *testing.T, e event.Event) string {
	t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+h.addr+"/events/reminders", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/cloudevents+json")
	r.Header.Set("Dapr-Api-Token", appToken)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Status string }
	if err := json.Unmarshal(body, &got); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s, want 200 and a verdict", answer.StatusCode, body)
	}
	return got.Status
}

// want posts an event and requires success.
func (h *harness) want(t *testing.T, e event.Event) {
	t.Helper()
	if got := h.post(t, e); got != "SUCCESS" {
		t.Fatalf("got verdict %s, want SUCCESS", got)
	}
}

// exec changes the database without the notifier's knowledge.
func (f *fixture) exec(t *testing.T, sql string) {
	t.Helper()
	f.tx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), sql)
		return err
	})
}

// jobState returns the state of the only job.
func (f *fixture) jobState(t *testing.T) string {
	t.Helper()
	var state string
	f.tx(t, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT state FROM river_job WHERE kind = 'delivery'`).Scan(&state)
	})
	return state
}
