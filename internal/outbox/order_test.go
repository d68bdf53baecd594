package outbox

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/testkit"
)

func TestEachEventOnceInItsUsersOrder(t *testing.T) {
	t.Parallel()
	const users, changes = 20, 15
	f := newFixtureOn(t, postgrestest.OpenFor(t, users+relayCallers), users)
	relay := f.start(t)
	var writers sync.WaitGroup
	for _, user := range f.users {
		writers.Go(func() {
			for range changes {
				if err := change(t.Context(), f.db, user); err != nil {
					t.Error(err)
				}
				relay.Wake(user)
			}
		})
	}
	writers.Wait()
	f.awaitNothingPending(t)
	wantEach(t, f.events(), f.users, changes, true)
}

func TestSeveralRelaysShareTheWork(t *testing.T) {
	t.Parallel()
	const users, changes, shared = 15, 20, 3
	f := newFixtureOn(t, postgrestest.OpenFor(t, users+shared*relayCallers), users)
	var relays []*Relay
	for range shared {
		relays = append(relays, f.start(t))
	}
	var writers sync.WaitGroup
	for i, user := range f.users {
		writers.Go(func() {
			for range changes {
				if err := change(t.Context(), f.db, user); err != nil {
					t.Error(err)
				}
				relays[i%len(relays)].Wake(user)
			}
		})
	}
	writers.Wait()
	f.awaitNothingPending(t)
	wantEach(t, f.events(), f.users, changes, true)
}

// A transaction that starts early and commits late has a lower seq than events that were published
// meanwhile.
func TestLateCommitIsNotLost(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 0)
	early, other := newUserIn(t, f.db, 3), newUserIn(t, f.db, 3)
	f.users = []uuid.UUID{early, other}
	relay := f.start(t)

	written, commit := make(chan struct{}), make(chan struct{})
	committed := make(chan error, 1)
	go func() {
		committed <- f.db.InTx(t.Context(), func(tx pgx.Tx) error {
			err := appendChange(t.Context(), tx, early)
			close(written)
			<-commit
			return err
		})
	}()
	<-written
	f.change(t, other, 1)
	relay.Wake(other)
	f.awaitNothingPending(t)
	close(commit)
	if err := <-committed; err != nil {
		t.Fatal(err)
	}
	relay.Wake(early)
	f.awaitNothingPending(t)
	wantEach(t, f.events(), f.users, 1, true)
}

func TestUnannouncedEventsAreFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	f.start(t)
	for _, user := range f.users {
		f.change(t, user, 2)
	}
	f.awaitNothingPending(t)
	wantEach(t, f.events(), f.users, 2, true)
}

func TestWakeBeforeAndAfterRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	relay := f.relay(f.publish)
	for range 1000 {
		relay.Wake(f.users[0])
	}
	stop := start(t, relay)
	f.change(t, f.users[0], 1)
	f.awaitNothingPending(t)
	stop()
	for range 1000 {
		relay.Wake(f.users[0])
	}
	wantEach(t, f.events(), f.users, 1, true)
}

func TestReplayPublishesAgainInOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	f.change(t, f.users[0], 5)
	f.change(t, f.users[1], 5)
	f.start(t)
	f.awaitNothingPending(t)

	err := f.db.InTx(t.Context(), func(tx pgx.Tx) error {
		n, err := postgres.Replay(t.Context(), tx, time.Now().Add(-time.Hour), f.users[0])
		if want := int64(10); err == nil && n != want {
			t.Errorf("replayed %d events, want %d", n, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "30 events", func() bool { return len(f.events()) == 30 })
	first, again := f.events()[:20], f.events()[20:]
	wantEach(t, first, f.users, 5, true)
	wantEach(t, again, f.users[:1], 5, true)
}

func TestStopFinishesTheBatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.change(t, f.users[0], postgres.MaxAhead)
	reached := make(chan struct{})
	release := make(chan struct{})
	relay := f.relay(func(ctx context.Context, topic string, messages []event.Message) error {
		select {
		case <-reached:
		default:
			close(reached)
		}
		<-release
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return f.publish(ctx, topic, messages)
	})
	// A single call at a time keeps the closing of reached free of a race.
	relay.inFlight = make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- relay.Run(ctx) }()
	<-reached
	cancel()
	close(release)
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v, want context.Canceled", err)
	}
	wantEach(t, f.events(), f.users, postgres.MaxAhead, true)
	if got := f.pending(t); got != 0 {
		t.Errorf("%d events are published but not marked", got)
	}
}

func TestNothingIsMarkedThatWasNotPublished(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.change(t, f.users[0], 6)
	f.refuse = func(e event.Event) error {
		if e.Data.Revision == 4 {
			return errAway
		}
		return nil
	}
	relay := f.relay(f.publish)
	relay.shards[postgres.Shard(f.users[0])].runOnce(t.Context())
	wantEach(t, f.events(), f.users, 3, true)
	if got, want := f.pending(t), 6; got != want {
		t.Errorf("%d events pending, want %d", got, want)
	}
}

// newUserIn creates a user whose events are in a shard.
func newUserIn(t testing.TB, db *postgres.DB, shard int) uuid.UUID {
	t.Helper()
	for {
		if id := postgrestest.NewUser(t, db, time.Now()); postgres.Shard(id) == shard {
			return id
		}
	}
}
