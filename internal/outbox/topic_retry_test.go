package outbox

import (
	"context"
	"testing"
	"time"

	"taskmaster/internal/event"
)

// hanging publishes to the test's broker. A call for reminders sends on hangs. Then it ends with its
// context, or continues after a send on release.
func (f *fixture) hanging(hangs chan<- struct{}, release <-chan struct{}) Publish {
	return func(ctx context.Context, topic string, messages []event.Message) error {
		if topic == event.TopicReminders {
			hangs <- struct{}{}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-release:
			}
		}
		return f.publish(ctx, topic, messages)
	}
}

// A topic for which the broker does not answer is cut off once. Then it delays no other topic of its
// shard, not even during an attempt.
func TestHangingTopicDelaysNoOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 0)
	other := f.crowd(t, 3)
	f.remind(t, 1)
	f.change(t, other, 1)
	hangs, release := make(chan struct{}, 10), make(chan struct{})
	s := f.relay(f.hanging(hangs, release)).shards[waitShard]
	s.callTimeout = 20 * time.Millisecond
	retry := s.retries[event.TopicReminders]

	s.runOnce(t.Context())
	<-hangs
	if got := f.takenOf(other); got != 2 {
		t.Fatalf("%d events of the other user are published, want 2", got)
	}
	if !retry.active.Load() {
		t.Fatal("the topic that hangs is not in its retry queue")
	}
	if got := len(retry.blocked); got != len(f.users) {
		t.Errorf("%d partition keys moved to the retry queue, want %d", got, len(f.users))
	}

	ended := make(chan struct{})
	time.Sleep(time.Until(retry.notBefore) + maxBackoff/10) // until its partition keys may be tried again
	go func() {
		retry.runOnce(t.Context())
		close(ended)
	}()
	<-hangs
	for n := range 3 {
		f.change(t, other, 1)
		s.runOnce(t.Context())
		if got, want := f.takenOf(other), 2*(n+2); got != want {
			t.Fatalf("during an attempt %d events of the other user are published, want %d", got, want)
		}
	}
	close(release)
	<-ended
	s.callTimeout = time.Minute
	f.remind(t, 1)
	if retry.runOnce(t.Context()); retry.active.Load() {
		t.Error("the topic is still in its retry queue after a fast call")
	}
	if got := f.pending(t); got != 0 {
		t.Errorf("%d events wait, want none", got)
	}
	for _, user := range f.users {
		if got := f.takenOf(user); got != 2 {
			t.Errorf("user %s: %d reminders were published, want 2", user, got)
		}
	}
}

// A topic whose calls are too slow for its queue is published by its retry queue, each event once,
// until a call is fast.
func TestSlowTopicStaysInItsRetryQueue(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 0)
	f.crowd(t, 1)
	f.remind(t, 1)
	slow := true
	s := f.relay(func(ctx context.Context, topic string, messages []event.Message) error {
		if slow {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
		return f.publish(ctx, topic, messages)
	}).shards[waitShard]
	s.callTimeout = 20 * time.Millisecond
	retry := s.retries[event.TopicReminders]
	s.runOnce(t.Context())
	for n := range 3 {
		if wait, again := retry.nextAttempt(time.Now()); again {
			time.Sleep(wait)
		}
		retry.runOnce(t.Context())
		if got, want := f.takenOf(f.users[0]), n+1; got != want {
			t.Fatalf("%d reminders are published, want %d", got, want)
		}
		if !retry.active.Load() {
			t.Fatal("the slow topic left its retry queue")
		}
		f.remind(t, 1)
		s.runOnce(t.Context()) // leaves the topic alone
	}
	slow, s.callTimeout = false, time.Minute
	if retry.runOnce(t.Context()); retry.active.Load() {
		t.Error("the topic is still in its retry queue after a fast call")
	}
	f.remind(t, 1)
	s.runOnce(t.Context())
	if got, want := f.takenOf(f.users[0]), 5; got != want {
		t.Errorf("%d reminders are published, want %d", got, want)
	}
}
