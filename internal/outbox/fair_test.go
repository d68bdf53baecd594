package outbox

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// An event of somebody else is in the next batch, however much an import has left to publish, and the batch is short.
func TestImportDelaysNobody(t *testing.T) {
	t.Parallel()
	const imported = 4000
	b := newBench(t, 0)
	other := b.crowd(t, 1)
	b.importAll(t, imported)
	b.change(t, other, 1)
	s := b.relay(b.publish).shards[waitShard]
	s.runOnce(t.Context())
	wantEach(t, b.events(), []uuid.UUID{other}, 1, true)
	if most := 2 * postgres.MaxAhead; b.attempts > most { // a call for each event of a partition key
		t.Errorf("the batch of the other user took %d calls, want %d at most", b.attempts, most)
	}
	b.drain(t, s)
	wantEach(t, b.events(), b.users, imported/2, true)
}

// Many who import at once delay an event of somebody else by a few batches, and each import makes progress with all others.
func TestManyImportsDelayNobody(t *testing.T) {
	t.Parallel()
	const importers, imported, most = 60, 200, 3
	b := newBench(t, 0)
	other := b.crowd(t, importers)
	b.importAll(t, imported)
	b.change(t, other, 1)
	s := b.relay(b.publish).shards[waitShard]
	claims := 0
	for ; b.takenOf(other) < 2; claims++ {
		s.runOnce(t.Context())
	}
	if claims > most {
		t.Errorf("the event of the other user was in claim %d, want claim %d at the latest", claims, most)
	}
	for b.pending(t) > importers*imported/2 {
		s.runOnce(t.Context())
		s.overflow.runOnce(t.Context())
	}
	least, longest := imported, 0
	for _, user := range b.users {
		n := b.takenOf(user)
		least, longest = min(least, n), max(longest, n)
	}
	// In a claim everybody has as many turns, and the last claim is not finished.
	if most := 2 * 2 * batchSize / importers; longest-least > most {
		t.Errorf("of one import %d events are published and of another %d, want a difference of %d at most", longest, least, most)
	}
}

// Events of one user pass between the shard's queue and its overflow in every way, while relays take turns and the user goes
// on changing things. Their order stays.
func TestOverflowKeepsTheOrder(t *testing.T) {
	t.Parallel()
	const users, relays, rounds, imported, changes = 3, 2, 4, 60, 20
	b := newBenchOn(t, postgrestest.OpenFor(t, users+relays*relayCallers), users)
	var running []*Relay
	for range relays {
		running = append(running, b.start(t))
	}
	var writers sync.WaitGroup
	for i, user := range b.users {
		writers.Go(func() {
			mine := &bench{db: b.db, users: []uuid.UUID{user}}
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
	b.awaitNothingPending(t)
	wantEach(t, b.events(), b.users, rounds*(imported+changes), true)
}

// A replay of much waits as an import does, in its order and behind nobody's new event.
func TestReplayDelaysNobody(t *testing.T) {
	t.Parallel()
	const changes = 200
	b := newBench(t, 0)
	other := b.crowd(t, 1)
	b.importAll(t, 2*changes)
	s := b.relay(b.publish).shards[waitShard]
	b.drain(t, s)
	before := len(b.events())
	for last, n := int64(0), int64(1); n > 0; { // in several transactions, as the command does
		err := b.db.InTx(t.Context(), func(tx pgx.Tx) (err error) {
			n, last, err = postgres.Replay(t.Context(), tx, time.Now().Add(-time.Hour), uuid.Nil, last, 2*changes, 150)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b.change(t, other, 1)
	s.runOnce(t.Context())
	wantEach(t, b.events()[before:], []uuid.UUID{other}, 1, true)
	b.change(t, b.users[0], 1) // behind what is replayed
	b.drain(t, s)
	wantEach(t, b.events()[before:], b.users, changes+1, true)
}

// A claim reads as much of the index as it takes, whatever waits elsewhere: an import's further events, or those of a topic
// that is not to be tried.
func TestBacklogDoesNotLengthenClaims(t *testing.T) {
	t.Parallel()
	b := newBench(t, 0)
	for range 3 {
		b.users = append(b.users, newUserIn(t, b.db, markedShard))
	}
	b.fill(t, 6000)
	b.remind(t, 300)
	b.users = []uuid.UUID{newUserIn(t, b.db, markedShard)}
	b.fill(t, 2)
	q := claimRequest(0)
	q.Topics = []string{event.TopicTasks, event.TopicUpdates}
	const waiting = 3*2*postgres.MaxAhead + 2
	if got := b.entriesReadBy(t, q); got > waiting {
		t.Errorf("a claim of the queue reads %d entries of the index, want the %d that it takes", got, waiting)
	}
	q.Overflow = true
	if got := b.entriesReadBy(t, q); got > 2*batchSize {
		t.Errorf("a claim of the overflow queue reads %d entries of the index, want the %d that it takes", got, 2*batchSize)
	}
}

// What waits because the broker refuses a topic does not make other topics wait.
func TestRefusedTopicWaitsByItself(t *testing.T) {
	t.Parallel()
	b := newBench(t, 0)
	other := b.crowd(t, 3*maxFailures)
	b.remind(t, 1)
	b.change(t, other, 1)
	s := b.relay(b.slowlyBut(time.Millisecond, event.TopicReminders)).shards[waitShard]
	for n := range 5 {
		s.runOnce(t.Context())
		if wait := time.Until(s.notBefore); wait > 0 {
			t.Fatalf("after batch %d the shard waits for %v", n, wait)
		}
		if got, want := b.takenOf(other), 2*(n+1); got != want {
			t.Fatalf("batch %d: %d events of the other user are published, want %d", n, got, want)
		}
		if _, waits := s.topics[event.TopicReminders]; !waits {
			t.Fatalf("after batch %d the refused topic does not wait", n)
		}
		b.change(t, other, 1)
	}
}

// A lane that is refused now and then waits as after a first failure, because it makes progress in between.
func TestProgressEndsTheBackoff(t *testing.T) {
	t.Parallel()
	const events, every, most = 100, 14, 3 * time.Second
	b := newBench(t, 0)
	b.crowd(t, 1)
	for range events {
		b.change(t, b.users[0], 1)
	}
	calls := 0
	b.refuse = func(event.Event) error {
		if calls++; calls%every == 0 {
			return errAway
		}
		return nil
	}
	s := b.relay(b.publish).shards[waitShard]
	var waited time.Duration
	for b.pending(t) > 0 && waited <= most {
		wait, _ := s.runOnce(t.Context())
		time.Sleep(wait)
		waited += wait
		s.overflow.runOnce(t.Context())
	}
	if waited > most {
		t.Errorf("%d refusals made the lanes wait for more than %v", calls/every, most)
	}
	wantEach(t, b.events(), b.users[:1], events, true)
}
