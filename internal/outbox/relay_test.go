package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
	"taskmaster/internal/testkit"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childDatabase); url != "" {
		os.Exit(publishAsChild(url))
	}
	os.Exit(postgrestest.Main(m))
}

const patience = 30 * time.Second

// broker records the published events. It refuses an event if refuse returns an error.
type broker struct {
	mu       sync.Mutex
	refuse   func(e event.Event) error
	taken    []event.Event
	attempts int
	// unordered are events that shared a call with another event of their user. Some brokers may
	// reorder the two.
	unordered []event.Event
}

var errAway = errors.New("the broker is away")

// publish accepts the messages that are not refused. Like a sidecar, it fails the call if one is
// refused.
func (b *broker) publish(_ context.Context, topic string, messages []event.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attempts++
	var refused error
	keys := map[string]bool{}
	for _, m := range messages {
		e, err := event.Decode(m.CloudEvent)
		if err != nil {
			return err
		}
		if want := e.Data.UserID.String(); m.Key != want || topic != event.Topic(e.Type) {
			return fmt.Errorf("published to %s with key %s, want %s and %s", topic, m.Key, event.Topic(e.Type), want)
		}
		if keys[m.Key] {
			b.unordered = append(b.unordered, e)
		}
		keys[m.Key] = true
		if b.refuse != nil {
			if err := b.refuse(e); err != nil {
				refused = err
				continue
			}
		}
		b.taken = append(b.taken, e)
	}
	return refused
}

func (b *broker) setRefuse(f func(e event.Event) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = f
}

func (b *broker) events() []event.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]event.Event{}, b.taken...)
}

// fixture is a database with users whose changes append events, and a broker.
type fixture struct {
	*broker
	db    *postgres.DB
	log   *testkit.LogBuffer
	users []uuid.UUID
}

func newFixture(t testing.TB, users int) *fixture {
	t.Helper()
	return newFixtureOn(t, postgrestest.Open(t), users)
}

// relayCallers is the number of concurrent database users in a relay: its claims, its poll and its
// full scan.
const relayCallers = relayClaims + 2

func newFixtureOn(t testing.TB, db *postgres.DB, users int) *fixture {
	t.Helper()
	f := &fixture{broker: &broker{}, db: db, log: &testkit.LogBuffer{}}
	t.Cleanup(func() {
		for _, e := range f.unordered {
			t.Errorf("revision %d of user %s was published in a call with another of theirs", e.Data.Revision, e.Data.UserID)
		}
	})
	for range users {
		f.users = append(f.users, postgrestest.NewUser(t, f.db, time.Now()))
	}
	return f
}

const relayClaims = 3

func (f *fixture) relay(publish Publish) *Relay {
	return New(Config{
		DB: f.db, Publish: publish, Claims: relayClaims, Now: time.Now, Metrics: prometheus.NewRegistry(),
		Log: slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelInfo})),
	})
}

// start runs a relay until the test ends.
func (f *fixture) start(t testing.TB) *Relay {
	t.Helper()
	r := f.relay(f.publish)
	start(t, r)
	return r
}

func start(t testing.TB, r *Relay) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v, want context.Canceled", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// change commits a change of a user with two events, like the service api does.
func change(ctx context.Context, db *postgres.DB, user uuid.UUID) error {
	return db.InTx(ctx, func(tx pgx.Tx) error { return appendChange(ctx, tx, user) })
}

func appendChange(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
	revision, err := postgres.NextRevision(ctx, tx, user)
	if err != nil {
		return err
	}
	t, now := newTask(revision), time.Now()
	return postgres.AppendEvents(ctx, tx, event.New(event.TaskCreated, user, t, now), event.New(event.TaskChanged, user, t, now))
}

func newTask(revision int64) task.Task {
	return task.Task{ID: uuid.Must(uuid.NewV7()), Title: `pay "rent" \ and` + "\nmore", Revision: revision}
}

func (f *fixture) change(t testing.TB, user uuid.UUID, times int) {
	t.Helper()
	for range times {
		if err := change(t.Context(), f.db, user); err != nil {
			t.Fatal(err)
		}
	}
}

// fill commits n events of all users in one transaction.
func (f *fixture) fill(t testing.TB, n int) {
	t.Helper()
	err := f.db.InTx(t.Context(), func(tx pgx.Tx) error {
		events := make([]event.Event, 0, n)
		for i := 0; len(events) < n; i++ {
			user := f.users[i%len(f.users)]
			revision, err := postgres.NextRevision(t.Context(), tx, user)
			if err != nil {
				return err
			}
			made, now := newTask(revision), time.Now()
			events = append(events, event.New(event.TaskCreated, user, made, now), event.New(event.TaskChanged, user, made, now))
		}
		return postgres.CopyEvents(t.Context(), tx, events)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) pending(t testing.TB) (n int) {
	t.Helper()
	err := f.db.InTx(t.Context(), func(tx pgx.Tx) (err error) {
		n, err = postgres.CountPending(t.Context(), tx, 1_000_000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (f *fixture) awaitNothingPending(t testing.TB) {
	t.Helper()
	testkit.Eventually(t, "nothing pending", func() bool { return f.pending(t) == 0 })
}

// wantEach fails the test unless revisions 1 to n of each user were published on both topics. Each
// must come at least once and in order. With once set it allows no repetition.
func wantEach(t *testing.T, events []event.Event, users []uuid.UUID, n int, once bool) {
	t.Helper()
	next := map[postgres.Partition]int64{}
	for _, e := range events {
		partition := postgres.Partition{UserID: e.Data.UserID, Topic: event.Topic(e.Type)}
		switch got, want := e.Data.Revision, next[partition]+1; {
		case got == want:
			next[partition] = got
		case got > want:
			t.Fatalf("%v: got revision %d, want %d first", partition, got, want)
		case once:
			t.Fatalf("%v: got revision %d again", partition, got)
		}
	}
	for _, user := range users {
		for _, topic := range []string{event.TopicTasks, event.TopicUpdates} {
			if got := next[postgres.Partition{UserID: user, Topic: topic}]; got != int64(n) {
				t.Errorf("user %s on %s: got %d events, want %d", user, topic, got, n)
			}
		}
	}
}
