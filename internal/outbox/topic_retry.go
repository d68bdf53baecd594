package outbox

import (
	"context"
	"maps"
	"time"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

// newShard returns a queue with its retry queues. overflow is nil for an overflow queue.
func newShard(r *Relay, queue postgres.Queue, overflow *shard) *shard {
	newQueue := func(callTimeout time.Duration) *shard {
		return &shard{
			relay: r, Queue: queue, overflow: overflow, callTimeout: callTimeout,
			woken: make(chan struct{}, 1), blocked: map[postgres.Partition]block{},
		}
	}
	s := newQueue(callTimeout)
	s.retries = map[string]*shard{}
	for _, topic := range event.Topics() {
		retry := newQueue(batchTimeout)
		retry.home, retry.topic = s, topic
		s.retries[topic] = retry
	}
	return s
}

// moveTopics moves the topics that failed in a batch of a queue to their retry queues.
func (s *shard) moveTopics(ctx context.Context, b *batch, now time.Time) {
	for topic, retry := range s.retries {
		if t := b.topics[topic]; t != nil && t.givenUp {
			s.moveToRetry(ctx, retry, t.err, now)
		}
	}
}

// checkRetries wakes the active retry queues, whose topics may have new events. It takes over the
// failing partition keys of the others. Their number decides whether an event fails alone, so they are
// counted here before they are no longer counted there.
func (s *shard) checkRetries(ctx context.Context) {
	for _, retry := range s.retries {
		if retry.active.Load() {
			retry.wake()
		} else if len(retry.blocked) > 0 {
			maps.Copy(s.blocked, retry.blocked)
			clear(retry.blocked)
			s.reportHealth(ctx)
			retry.reportHealth(ctx)
		}
	}
}

// moveToRetry moves a topic to its retry queue. The retry queue makes its first attempt after a wait.
func (s *shard) moveToRetry(ctx context.Context, retry *shard, err error, now time.Time) {
	for key, block := range s.blocked {
		if key.Topic == retry.topic {
			retry.blocked[key] = block
			delete(s.blocked, key)
		}
	}
	retry.waitForTopic(err, now)
	retry.reportHealth(ctx)
	retry.active.Store(true)
	retry.wake()
}

// canReturn updates a retry queue from the results of its topic. It reports whether calls succeeded and
// were fast enough for its home.
func (s *shard) canReturn(t *topicBatch, now time.Time) bool {
	if t.givenUp || t.failed > 0 && t.done == 0 {
		s.waitForTopic(t.err, now)
		return false
	}
	s.topicFailures, s.topicErr, s.notBefore = 0, nil, time.Time{}
	return t.done > 0 && t.slowest < s.home.callTimeout
}

// waitForTopic delays the next attempt of a retry queue. The wait grows with each failure.
func (s *shard) waitForTopic(err error, now time.Time) {
	s.topicFailures++
	s.topicErr, s.notBefore = err, now.Add(retryBackoff.Delay(s.topicFailures))
}
