package outbox

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/testkit"
)

func TestBrokerAwayDelaysAndLosesNothing(t *testing.T) {
	t.Parallel()
	const users, changes = 30, 3
	f := newFixture(t, users)
	f.refuse = func(event.Event) error { return errAway }
	relay := f.start(t)
	for _, user := range f.users {
		f.change(t, user, changes)
		relay.Wake(user)
	}
	const down, up = "event publishing degraded", "event publishing recovered"
	testkit.Eventually(t, down, func() bool { return f.log.Count(down) == 1 })
	if got, want := f.pending(t), 2*users*changes; got != want {
		t.Errorf("%d events wait, want %d", got, want)
	}
	f.setRefuse(nil)
	f.awaitNothingPending(t)
	wantEach(t, f.events(), f.users, changes, true)
	testkit.Eventually(t, up, func() bool { return f.log.Count(up) == 1 })
	if got := f.log.Count(down); got != 1 {
		t.Errorf("%q is logged %d times, want 1", down, got)
	}
}

// A refused event fails its call. The other events of the call are published, and from then on
// without the refused one.
func TestRefusedEventFailsItsPartitionAlone(t *testing.T) {
	t.Parallel()
	const changes = 3
	f := newFixture(t, 0)
	for range 20 {
		f.users = append(f.users, newUserIn(t, f.db, 9))
	}
	for _, user := range f.users {
		f.change(t, user, changes)
	}
	stuck := f.users[11]
	f.refuse = func(e event.Event) error {
		if e.Data.UserID == stuck && e.Type == event.TaskCreated && e.Data.Revision >= 2 {
			return errAway
		}
		return nil
	}
	relay := f.start(t)
	testkit.Eventually(t, "all but the refused partition", func() bool { return f.pending(t) == changes-1 })
	before := len(f.events())
	for _, user := range f.users {
		f.change(t, user, 1)
		relay.Wake(user)
	}
	testkit.Eventually(t, "later changes", func() bool { return f.pending(t) == changes })
	if got, want := len(f.events())-before, 2*len(f.users)-1; got != want {
		t.Errorf("of the later changes %d events were published, want %d, each once", got, want)
	}
	f.setRefuse(nil)
	f.awaitNothingPending(t)
	wantEach(t, f.events(), f.users, changes+1, false)
}

// A stuck partition key delays nobody else, even if its events fill a batch.
func TestBlockedPartitionDelaysOnlyItself(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 0)
	stuck, other := newUserIn(t, f.db, 5), newUserIn(t, f.db, 5)
	f.refuse = func(e event.Event) error {
		if e.Data.UserID == stuck && e.Type == event.TaskCreated && e.Data.Revision >= 2 {
			return errAway
		}
		return nil
	}
	const changes = batchSize + 10
	f.users = []uuid.UUID{stuck}
	f.fill(t, 2*changes)
	f.change(t, other, 3)
	f.start(t)
	testkit.Eventually(t, "all but the stuck partition", func() bool { return f.pending(t) == changes-1 })
	f.change(t, other, 2)
	testkit.Eventually(t, "all but the stuck partition, again", func() bool { return f.pending(t) == changes-1 })
	f.setRefuse(nil)
	f.awaitNothingPending(t)
	// The event that shared a call with the refused one is published twice.
	wantEach(t, f.events(), []uuid.UUID{stuck}, changes, false)
	wantEach(t, f.events(), []uuid.UUID{other}, 5, false)
}

func TestAwayBrokerIsNotAskedForEveryPartition(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 0)
	for range 60 {
		f.users = append(f.users, newUserIn(t, f.db, 7))
	}
	for _, user := range f.users {
		f.change(t, user, 1)
	}
	f.refuse = func(event.Event) error { return errAway }
	tried := make(chan time.Time, 1) // the first attempt
	s := f.relay(func(ctx context.Context, topic string, messages []event.Message) error {
		select {
		case tried <- time.Now():
		default:
		}
		return f.publish(ctx, topic, messages)
	}).shards[7]
	s.runOnce(t.Context())
	if most := 2; f.attempts > most { // one call per topic
		t.Errorf("got %d attempts, want %d at most", f.attempts, most)
	}
	// A wake-up does not shorten the wait.
	<-tried
	retry := s.retries[event.TopicTasks]
	notBefore := retry.notBefore
	if wait := time.Until(notBefore); wait <= 0 {
		t.Errorf("the topic waits for %v, want a backoff", wait)
	}
	retry.wake()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- retry.run(ctx) }()
	if at := <-tried; at.Before(notBefore) {
		t.Errorf("the topic is tried %v too early", notBefore.Sub(at))
	}
	stop()
	<-ended
}

func TestRefusedShardIsTriedAgainSoon(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	user := f.users[0]
	f.change(t, user, 1)
	inside, release := make(chan struct{}), make(chan struct{})
	holder := f.relay(f.publish)
	holder.Publish = func(ctx context.Context, topic string, messages []event.Message) error {
		inside <- struct{}{}
		<-release
		return f.publish(ctx, topic, messages)
	}
	stop := start(t, holder)
	<-inside

	s := f.relay(f.publish).shards[postgres.Shard(user)]
	wait, again := s.runOnce(t.Context())
	if !again || wait > maxBusyBackoff || s.failures != 0 {
		t.Errorf("got wait %v, again %v and %d failures; want to try again soon, and no failure", wait, again, s.failures)
	}
	if len(f.events()) != 0 {
		t.Error("a shard that another relay holds was published")
	}
	close(release)
	<-inside
	stop()
	wantEach(t, f.events(), f.users, 1, true)
}
