package outbox

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

func TestBrokerAwayDelaysAndLosesNothing(t *testing.T) {
	t.Parallel()
	const users, changes = 30, 3
	b := newBench(t, users)
	b.refuse = func(event.Event) error { return errAway }
	relay := b.start(t)
	for _, user := range b.users {
		b.change(t, user, changes)
		relay.Wake(user)
	}
	const down, up = "events cannot be published", "events are published again"
	eventually(t, down, func() bool { return b.log.count(down) == 1 })
	if got, want := b.pending(t), 2*users*changes; got != want {
		t.Errorf("%d events wait, want %d", got, want)
	}
	b.setRefuse(nil)
	b.awaitNothingPending(t)
	wantEach(t, b.events(), b.users, changes, true)
	eventually(t, up, func() bool { return b.log.count(up) == 1 })
	if got := b.log.count(down); got != 1 {
		t.Errorf("%q is logged %d times, want 1", down, got)
	}
}

// A call fails because of one of its events: the others are published all the same, and from then on without it.
func TestRefusedEventFailsItsLaneAlone(t *testing.T) {
	t.Parallel()
	const changes = 3
	b := newBench(t, 0)
	for range 20 {
		b.users = append(b.users, newUserIn(t, b.db, 9))
	}
	for _, user := range b.users {
		b.change(t, user, changes)
	}
	stuck := b.users[11]
	b.refuse = func(e event.Event) error {
		if e.Data.UserID == stuck && e.Type == event.TaskCreated && e.Data.Revision >= 2 {
			return errAway
		}
		return nil
	}
	relay := b.start(t)
	eventually(t, "all but the refused lane", func() bool { return b.pending(t) == changes-1 })
	before := len(b.events())
	for _, user := range b.users {
		b.change(t, user, 1)
		relay.Wake(user)
	}
	eventually(t, "later changes", func() bool { return b.pending(t) == changes })
	if got, want := len(b.events())-before, 2*len(b.users)-1; got != want {
		t.Errorf("of the later changes %d events were published, want %d, each once", got, want)
	}
	b.setRefuse(nil)
	b.awaitNothingPending(t)
	wantEach(t, b.events(), b.users, changes+1, false)
}

// What one user's lane is stuck with is nobody else's matter, even when it fills a batch.
func TestBlockedLaneHoldsBackItselfAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, 0)
	stuck, other := newUserIn(t, b.db, 5), newUserIn(t, b.db, 5)
	b.refuse = func(e event.Event) error {
		if e.Data.UserID == stuck && e.Type == event.TaskCreated && e.Data.Revision >= 2 {
			return errAway
		}
		return nil
	}
	const changes = batchSize + 10
	b.users = []uuid.UUID{stuck}
	b.fill(t, 2*changes)
	b.change(t, other, 3)
	b.start(t)
	eventually(t, "all but the stuck lane", func() bool { return b.pending(t) == changes-1 })
	b.change(t, other, 2)
	eventually(t, "all but the stuck lane, again", func() bool { return b.pending(t) == changes-1 })
	b.setRefuse(nil)
	b.awaitNothingPending(t)
	// The event that shared a call with the refused one is published again.
	wantEach(t, b.events(), []uuid.UUID{stuck}, changes, false)
	wantEach(t, b.events(), []uuid.UUID{other}, 5, false)
}

func TestAwayBrokerIsNotAskedForEveryLane(t *testing.T) {
	t.Parallel()
	b := newBench(t, 0)
	for range 60 {
		b.users = append(b.users, newUserIn(t, b.db, 7))
	}
	for _, user := range b.users {
		b.change(t, user, 1)
	}
	b.refuse = func(event.Event) error { return errAway }
	tried := make(chan time.Time, 1) // when first
	s := b.relay(func(ctx context.Context, topic string, messages []event.Message) error {
		select {
		case tried <- time.Now():
		default:
		}
		return b.publish(ctx, topic, messages)
	}).shards[7]
	if wait, again := s.runOnce(t.Context()); !again || wait < minBackoff/2 {
		t.Errorf("got wait %v, again %v; want a backoff", wait, again)
	}
	if most := 2; b.attempts > most { // a call for each topic
		t.Errorf("got %d attempts, want %d at most", b.attempts, most)
	}
	// Waking does not hurry it.
	<-tried
	notBefore := slices.MinFunc([]time.Time{s.topics[event.TopicTasks].until, s.topics[event.TopicUpdates].until}, time.Time.Compare)
	s.wake()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	if at := <-tried; at.Before(notBefore) {
		t.Errorf("the shard is tried %v too early", notBefore.Sub(at))
	}
	stop()
	<-ended
}

func TestRefusedShardIsTriedAgainSoon(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	user := b.users[0]
	b.change(t, user, 1)
	inside, release := make(chan struct{}), make(chan struct{})
	holder := b.relay(b.publish)
	holder.Publish = func(ctx context.Context, topic string, messages []event.Message) error {
		inside <- struct{}{}
		<-release
		return b.publish(ctx, topic, messages)
	}
	stop := start(t, holder)
	<-inside

	s := b.relay(b.publish).shards[postgres.Shard(user)]
	wait, again := s.runOnce(t.Context())
	if !again || wait > maxRefusedWait || s.failures != 0 {
		t.Errorf("got wait %v, again %v and %d failures; want to try again soon, and that this is no failure", wait, again, s.failures)
	}
	if len(b.events()) != 0 {
		t.Error("a shard that another relay holds was published")
	}
	close(release)
	<-inside
	stop()
	wantEach(t, b.events(), b.users, 1, true)
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 6: 3200 * time.Millisecond, 7: maxBackoff, 1000: maxBackoff} {
		if got := backoff(failures); got > want || got <= want*3/4-1 {
			t.Errorf("backoff(%d) = %v, want between 3/4 of %v and all of it", failures, got, want)
		}
	}
}
