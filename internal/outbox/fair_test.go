package outbox

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// An import does not delay other users: their events are in the next batch, and the batch is short.
func TestImportDelaysNobody(t *testing.T) {
	t.Parallel()
	const imported = 4000
	f := newFixture(t, 0)
	other := f.crowd(t, 1)
	f.importAll(t, imported)
	f.change(t, other, 1)
	s := f.relay(f.publish).shards[waitShard]
	s.runOnce(t.Context())
	wantEach(t, f.events(), []uuid.UUID{other}, 1, true)
	if most := 2 * postgres.MaxAhead; f.attempts > most { // one call for each event of a partition key
		t.Errorf("the batch of the other user took %d calls, want %d at most", f.attempts, most)
	}
	f.drain(t, s)
	wantEach(t, f.events(), f.users, imported/2, true)
}

// Many concurrent imports delay the event of another user by a few batches. All imports progress at
// the same rate.
func TestManyImportsDelayNobody(t *testing.T) {
	t.Parallel()
	const importers, imported, most = 60, 200, 3
	f := newFixture(t, 0)
	other := f.crowd(t, importers)
	f.importAll(t, imported)
	f.change(t, other, 1)
	s := f.relay(f.publish).shards[waitShard]
	claims := 0
	for ; f.takenOf(other) < 2; claims++ {
		s.runOnce(t.Context())
	}
	if claims > most {
		t.Errorf("the event of the other user was in claim %d, want claim %d at the latest", claims, most)
	}
	for f.pending(t) > importers*imported/2 {
		s.runOnce(t.Context())
		s.overflow.runOnce(t.Context())
	}
	least, longest := imported, 0
	for _, user := range f.users {
		n := f.takenOf(user)
		least, longest = min(least, n), max(longest, n)
	}
	// Each key has the same number of events in a claim. The last claim is not complete.
	if most := 2 * 2 * batchSize / importers; longest-least > most {
		t.Errorf("of one import %d events are published and of another %d, want a difference of %d at most", longest, least, most)
	}
}

// Events of one user move between a shard's queue and its overflow queue. Meanwhile two relays
// compete, and the user continues to change tasks. Their order stays.
func TestOverflowKeepsTheOrder(t *testing.T) {
	t.Parallel()
	const users, relays, rounds, imported, changes = 3, 2, 4, 60, 20
	f := newFixtureOn(t, postgrestest.OpenFor(t, users+relays*relayCallers), users)
	var running []*Relay
	for range relays {
		running = append(running, f.start(t))
	}
	var writers sync.WaitGroup
	for i, user := range f.users {
		writers.Go(func() {
			mine := &fixture{db: f.db, users: []uuid.UUID{user}}
			for range rounds {
				mine.fill(t, 2*imported)
				for range changes {
					mine.change(t, user, 1)
					running[i%relays].Wake(user)
				}
			}
		})
	}
	writers.Wait()
	f.awaitNothingPending(t)
	wantEach(t, f.events(), f.users, rounds*(imported+changes), true)
}

// A large replay waits like an import: in order, and without delaying new events of other users.
func TestReplayDelaysNobody(t *testing.T) {
	t.Parallel()
	const changes = 200
	f := newFixture(t, 0)
	other := f.crowd(t, 1)
	f.importAll(t, 2*changes)
	s := f.relay(f.publish).shards[waitShard]
	f.drain(t, s)
	before := len(f.events())
	for _, user := range f.users {
		err := f.db.InTx(t.Context(), func(tx pgx.Tx) error {
			_, err := postgres.Replay(t.Context(), tx, time.Now().Add(-time.Hour), user)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	f.change(t, other, 1)
	s.runOnce(t.Context())
	wantEach(t, f.events()[before:], []uuid.UUID{other}, 1, true)
	f.change(t, f.users[0], 1) // behind the replayed events
	f.drain(t, s)
	wantEach(t, f.events()[before:], f.users, changes+1, true)
}

// A claim reads only the index entries that it returns. Neither the further events of an import nor
// the events of a skipped topic lengthen it.
func TestBacklogDoesNotLengthenClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 0)
	for range 3 {
		f.users = append(f.users, newUserIn(t, f.db, watermarkShard))
	}
	f.fill(t, 6000)
	f.remind(t, 300)
	f.users = []uuid.UUID{newUserIn(t, f.db, watermarkShard)}
	f.fill(t, 2)
	q := claimRequest(0)
	q.Topics = []string{event.TopicTasks, event.TopicUpdates}
	const waiting = 3*2*postgres.MaxAhead + 2
	if got := f.entriesReadBy(t, q); got > waiting {
		t.Errorf("a claim of the queue reads %d entries of the index, want the %d that it takes", got, waiting)
	}
	q.Overflow = true
	if got := f.entriesReadBy(t, q); got > 2*batchSize {
		t.Errorf("a claim of the overflow queue reads %d entries of the index, want the %d that it takes", got, 2*batchSize)
	}
}

// A refused topic does not delay other topics.
func TestRefusedTopicWaitsByItself(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 0)
	other := f.crowd(t, 3*maxFailures)
	f.remind(t, 1)
	f.change(t, other, 1)
	s := f.relay(f.slowlyBut(time.Millisecond, event.TopicReminders, func(context.Context) error { return errAway })).shards[waitShard]
	for n := range 5 {
		s.runOnce(t.Context())
		if wait := time.Until(s.notBefore); wait > 0 {
			t.Fatalf("after batch %d the shard waits for %v", n, wait)
		}
		if got, want := f.takenOf(other), 2*(n+1); got != want {
			t.Fatalf("batch %d: %d events of the other user are published, want %d", n, got, want)
		}
		if !s.retries[event.TopicReminders].active.Load() {
			t.Fatalf("after batch %d the refused topic does not wait", n)
		}
		f.change(t, other, 1)
	}
}

// Progress resets the backoff of a partition key that is refused now and then.
func TestProgressEndsTheBackoff(t *testing.T) {
	t.Parallel()
	const events, every, most = 100, 14, 3 * time.Second
	f := newFixture(t, 0)
	f.crowd(t, 1)
	for range events {
		f.change(t, f.users[0], 1)
	}
	calls := 0
	f.refuse = func(event.Event) error {
		if calls++; calls%every == 0 {
			return errAway
		}
		return nil
	}
	s := f.relay(f.publish).shards[waitShard]
	var waited time.Duration
	for f.pending(t) > 0 && waited <= most {
		wait, _ := s.runOnce(t.Context())
		time.Sleep(wait)
		waited += wait
		s.overflow.runOnce(t.Context())
	}
	if waited > most {
		t.Errorf("%d refusals made the partitions wait for more than %v", calls/every, most)
	}
	wantEach(t, f.events(), f.users[:1], events, true)
}
