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
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(runAsChild())
	}
	os.Exit(postgrestest.Main(m))
}

const (
	// childEnv makes this test binary be notifier itself.
	childEnv = "NOTIFIER_TEST_CHILD"
	appToken = "of the sidecar"
	// patience is how long a test waits for what should happen at once.
	patience = 30 * time.Second
	// snoozePatience is for what may find no place at first, and that several times.
	snoozePatience = 6 * maxSnooze
)

// testTiming is like defaultTiming, in a hurry: three attempts.
var testTiming = timing{
	schedule: []time.Duration{20 * time.Millisecond, 40 * time.Millisecond},
	attempt:  10 * time.Second,
	stop:     10 * time.Second,
	mark:     10 * time.Second,
	rescue:   25 * time.Second,
	poll:     100 * time.Millisecond,
}

// bed is a database and somebody who wants to be reminded.
type bed struct {
	url  string
	db   *postgres.DB
	user uuid.UUID
}

func newBed(t *testing.T) *bed {
	t.Helper()
	url := postgrestest.URL(t)
	db, err := postgres.Open(t.Context(), url, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	b := &bed{url: url, db: db}
	b.user = b.newUser(t)
	return b
}

func (b *bed) tx(t *testing.T, f func(tx pgx.Tx) error) {
	t.Helper()
	if err := b.db.InTx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func (b *bed) newUser(t *testing.T) uuid.UUID {
	t.Helper()
	u := postgres.User{ID: uuid.New(), TimeZone: "UTC", CreatedAt: time.Now()}
	u.Email = u.ID.String() + "@example.com"
	b.tx(t, func(tx pgx.Tx) error { return postgres.InsertUser(t.Context(), tx, u) })
	return u.ID
}

// addChannel stores a channel, of the bed's user if it has none.
func (b *bed) addChannel(t *testing.T, c postgres.Channel) postgres.Channel {
	t.Helper()
	if c.UserID == uuid.Nil {
		c.UserID = b.user
	}
	c.ID, c.Enabled = uuid.Must(uuid.NewV7()), true
	c.CreatedAt = time.Now().UTC().Truncate(time.Microsecond)
	c.UpdatedAt = c.CreatedAt
	b.tx(t, func(tx pgx.Tx) error { return postgres.InsertChannel(t.Context(), tx, c) })
	return c
}

func (b *bed) channel(t *testing.T, c postgres.Channel) postgres.Channel {
	t.Helper()
	b.tx(t, func(tx pgx.Tx) (err error) {
		c, err = postgres.ChannelByID(t.Context(), tx, c.UserID, c.ID)
		return err
	})
	return c
}

// reminder is a reminder.due of one of the user's tasks.
func (b *bed) reminder(t *testing.T, user uuid.UUID, title string) event.Event {
	t.Helper()
	due := time.Date(2026, 2, 10, 15, 0, 0, 0, time.UTC)
	owned := task.Task{ID: uuid.New(), Title: title, Description: "Not <b>too</b> late", DueAt: &due, TimeZone: "Europe/Berlin", Revision: 7}
	owned.Normalize()
	e := event.New(event.ReminderDue, user, owned, due.Add(-15*time.Minute))
	e.Data.Reminder = &event.DueReminder{Number: 0, At: due.Add(-15 * time.Minute)}
	return e
}

// deliveries returns a user's deliveries, the oldest first.
func (b *bed) deliveries(t *testing.T, user uuid.UUID) []postgres.Delivery {
	t.Helper()
	var got []postgres.Delivery
	b.tx(t, func(tx pgx.Tx) (err error) {
		got, err = postgres.Deliveries(t.Context(), tx, user, postgres.DeliveryFilter{Limit: 10_000})
		return err
	})
	slices.Reverse(got)
	return got
}

// eventually waits until f is true, and fails the test with what f says if that takes too long.
func eventually(t *testing.T, f func() (done bool, state string)) {
	t.Helper()
	within(t, patience, f)
}

func within(t *testing.T, patience time.Duration, f func() (done bool, state string)) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		done, state := f()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it did not come to pass: %s", state)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// settled waits until all of a user's deliveries, of which there are to be n, are in a state, and returns them.
func (b *bed) settled(t *testing.T, user uuid.UUID, n int, state string) []postgres.Delivery {
	t.Helper()
	return b.settledWithin(t, patience, user, n, state)
}

func (b *bed) settledWithin(t *testing.T, patience time.Duration, user uuid.UUID, n int, state string) []postgres.Delivery {
	t.Helper()
	var got []postgres.Delivery
	within(t, patience, func() (bool, string) {
		got = b.deliveries(t, user)
		for _, d := range got {
			if d.State != state {
				return false, fmt.Sprintf("delivery %+v is not %s", d, state)
			}
		}
		return len(got) == n, fmt.Sprintf("there are %d deliveries, want %d", len(got), n)
	})
	return got
}

// instance is a running notifier.
type instance struct {
	addr string
	// stop tells it to stop and waits until it has.
	stop func()
	// done has what run returned.
	done chan error
}

// start runs a notifier on the bed's database, by default with everything local allowed.
func (b *bed) start(t *testing.T, timing timing, configure ...func(*config)) *instance {
	t.Helper()
	return b.startLogging(t, timing, t.Output(), configure...)
}

func (b *bed) startLogging(t *testing.T, timing timing, to io.Writer, configure ...func(*config)) *instance {
	t.Helper()
	cfg := config{DatabaseURL: b.url, DatabaseConns: 8, QueueConns: 4, WebhookAllowNetworks: []string{"127.0.0.0/8"}}
	cfg.AppAPIToken = appToken
	for _, f := range configure {
		f(&cfg)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	log := slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelWarn}))
	i := &instance{addr: ln.Addr().String(), done: make(chan error, 1)}
	go func() { i.done <- runWith(ctx, cfg, timing, ln, log) }()
	stopped := false
	i.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-i.done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("notifier stopped with %v", err)
		}
	}
	t.Cleanup(i.stop)
	return i
}

// post delivers an event as the sidecar does, and returns the verdict.
func (i *instance) post(t *testing.T, e event.Event) string {
	t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+i.addr+"/events/reminders", bytes.NewReader(raw))
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

// want posts an event that has to succeed.
func (i *instance) want(t *testing.T, e event.Event) {
	t.Helper()
	if got := i.post(t, e); got != "SUCCESS" {
		t.Fatalf("got verdict %s, want SUCCESS", got)
	}
}

// exec changes the database behind notifier's back.
func (b *bed) exec(t *testing.T, sql string) {
	t.Helper()
	b.tx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), sql)
		return err
	})
}

// jobState returns the state of the only job.
func (b *bed) jobState(t *testing.T) string {
	t.Helper()
	var state string
	b.tx(t, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT state FROM river_job WHERE kind = 'delivery'`).Scan(&state)
	})
	return state
}

// logged is a log that a test reads.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
