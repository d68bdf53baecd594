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
)

func TestEachEventOnceInItsUsersOrder(t *testing.T) {
	t.Parallel()
	const users, changes = 20, 15
	b := newBenchOn(t, postgrestest.OpenFor(t, users+relayCallers), users)
	relay := b.start(t)
	var writers sync.WaitGroup
	for _, user := range b.users {
		writers.Go(func() {
			for range changes {
				if err := change(t.Context(), b.db, user); err != nil {
					t.Error(err)
				}
				relay.Wake(user)
			}
		})
	}
	writers.Wait()
	b.awaitNothingPending(t)
	wantEach(t, b.events(), b.users, changes, true)
}

func TestSeveralRelaysShareTheWork(t *testing.T) {
	t.Parallel()
	const users, changes, shared = 15, 20, 3
	b := newBenchOn(t, postgrestest.OpenFor(t, users+shared*relayCallers), users)
	var relays []*Relay
	for range shared {
		relays = append(relays, b.start(t))
	}
	var writers sync.WaitGroup
	for i, user := range b.users {
		writers.Go(func() {
			for range changes {
				if err := change(t.Context(), b.db, user); err != nil {
					t.Error(err)
				}
				relays[i%len(relays)].Wake(user)
			}
		})
	}
	writers.Wait()
	b.awaitNothingPending(t)
	wantEach(t, b.events(), b.users, changes, true)
}

// A transaction that began early and commits late has a lower seq than what was published meanwhile.
func TestLateCommitIsNotLost(t *testing.T) {
	t.Parallel()
	b := newBench(t, 0)
	early, other := newUserIn(t, b.db, 3), newUserIn(t, b.db, 3)
	b.users = []uuid.UUID{early, other}
	relay := b.start(t)

	written, commit := make(chan struct{}), make(chan struct{})
	committed := make(chan error, 1)
	go func() {
		committed <- b.db.InTx(t.Context(), func(tx pgx.Tx) error {
			err := appendChange(t.Context(), tx, early)
			close(written)
			<-commit
			return err
		})
	}()
	<-written
	b.change(t, other, 1)
	relay.Wake(other)
	b.awaitNothingPending(t)
	close(commit)
	if err := <-committed; err != nil {
		t.Fatal(err)
	}
	relay.Wake(early)
	b.awaitNothingPending(t)
	wantEach(t, b.events(), b.users, 1, true)
}

func TestUnannouncedEventsAreFound(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3)
	b.start(t)
	for _, user := range b.users {
		b.change(t, user, 2)
	}
	b.awaitNothingPending(t)
	wantEach(t, b.events(), b.users, 2, true)
}

func TestWakeBeforeAndAfterRun(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	relay := b.relay(b.publish)
	for range 1000 {
		relay.Wake(b.users[0])
	}
	stop := start(t, relay)
	b.change(t, b.users[0], 1)
	b.awaitNothingPending(t)
	stop()
	for range 1000 {
		relay.Wake(b.users[0])
	}
	wantEach(t, b.events(), b.users, 1, true)
}

func TestReplayPublishesAgainInOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	b.change(t, b.users[0], 5)
	b.change(t, b.users[1], 5)
	b.start(t)
	b.awaitNothingPending(t)

	err := b.db.InTx(t.Context(), func(tx pgx.Tx) error {
		n, _, err := postgres.Replay(t.Context(), tx, time.Now().Add(-time.Hour), b.users[0], 0, 1000, 1000)
		if want := int64(10); err == nil && n != want {
			t.Errorf("replayed %d events, want %d", n, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "30 events", func() bool { return len(b.events()) == 30 })
	first, again := b.events()[:20], b.events()[20:]
	wantEach(t, first, b.users, 5, true)
	wantEach(t, again, b.users[:1], 5, true)
}

func TestStopFinishesTheBatch(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	b.change(t, b.users[0], 10)
	reached := make(chan struct{})
	release := make(chan struct{})
	relay := b.relay(func(ctx context.Context, topic string, messages []event.Message) error {
		select {
		case <-reached:
		default:
			close(reached)
		}
		<-release
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return b.publish(ctx, topic, messages)
	})
	// One at a time, so that closing reached is not a race.
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
	wantEach(t, b.events(), b.users, 10, true)
	if got := b.pending(t); got != 0 {
		t.Errorf("%d events are published but not marked", got)
	}
}

func TestNothingIsMarkedThatWasNotPublished(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	b.change(t, b.users[0], 6)
	b.refuse = func(e event.Event) error {
		if e.Data.Revision == 4 {
			return errAway
		}
		return nil
	}
	relay := b.relay(b.publish)
	relay.shards[postgres.Shard(b.users[0])].runOnce(t.Context())
	wantEach(t, b.events(), b.users, 3, true)
	if got, want := b.pending(t), 6; got != want {
		t.Errorf("%d events pending, want %d", got, want)
	}
}

// newUserIn makes a user of a shard.
func newUserIn(t testing.TB, db *postgres.DB, shard int) uuid.UUID {
	t.Helper()
	for {
		if id := newUser(t, db); postgres.Shard(id) == shard {
			return id
		}
	}
}
