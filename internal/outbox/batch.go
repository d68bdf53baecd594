package outbox

import (
	"slices"
	"sync"
	"time"

	"taskmaster/internal/postgres"
)

const (
	// handOutFor is how long a batch hands events to the sidecar. The rest is left to the next
	// batch. It bounds the delay of an event that is committed meanwhile.
	handOutFor = 500 * time.Millisecond
	// maxFailures is the number of failed partition keys of a topic that count as an outage of the
	// topic. It applies if nothing of the topic succeeded.
	maxFailures = 8
)

// batch publishes the first events of a claimed queue and holds the results.
type batch struct {
	relay *Relay
	at    time.Time
	// partitions are the partition keys that share calls, by topic. alone are those with an earlier
	// failure. Each of them has calls of its own.
	partitions map[string][]partition
	alone      []partition
	claim      postgres.Claim
	// skipped are the partition keys that the claim left out. topics are the claimed topics. partial
	// reports that another relay holds some of the requested ones.
	skipped map[postgres.Partition]bool
	topics  map[string]*topicBatch
	partial bool
	// callTimeout bounds a call. handOutUntil is the time after which the batch hands out no more
	// events.
	callTimeout  time.Duration
	inFlight     chan struct{}
	handOutUntil time.Time

	mu sync.Mutex
	// done holds the seqs of the events that the broker accepted.
	done []int64
	// opened are the partition keys with a published event. failed are those that an error stopped.
	opened map[postgres.Partition]bool
	failed map[postgres.Partition]failure
	// more reports whether the queue may hold further events.
	more bool
}

// topicBatch counts the results of the events of a topic.
type topicBatch struct {
	done, failed int
	// givenUp reports that all attempts failed, or that a call did not return. The rest of the topic
	// is not tried.
	givenUp bool
	err     error
	// slowest is the duration of the longest call that succeeded.
	slowest time.Duration
}

// failure is an event that the broker did not accept, and the error.
type failure struct {
	event postgres.Outgoing
	err   error
}

// partition holds the remaining events of a partition key in order.
type partition []postgres.Outgoing

// newBatch groups claimed events by partition key. The order within a key is the order of the
// claim.
func newBatch(s *shard, request postgres.ClaimRequest, claim postgres.Claim, at time.Time) *batch {
	b := &batch{
		relay: s.relay, at: at, claim: claim, more: claim.More, partial: len(claim.Topics) < len(request.Topics),
		callTimeout: s.callTimeout, inFlight: s.relay.inFlight, partitions: map[string][]partition{},
		skipped: map[postgres.Partition]bool{}, topics: map[string]*topicBatch{},
		opened: map[postgres.Partition]bool{}, failed: map[postgres.Partition]failure{},
	}
	if s.home != nil {
		b.inFlight = s.relay.retriesInFlight
	}
	for _, key := range request.Skip {
		b.skipped[key] = true
	}
	for _, topic := range claim.Topics {
		b.topics[topic] = &topicBatch{}
	}
	var order []postgres.Partition
	sorted := map[postgres.Partition]partition{}
	for _, e := range claim.Events {
		if sorted[e.Partition] == nil {
			order = append(order, e.Partition)
		}
		sorted[e.Partition] = append(sorted[e.Partition], e)
	}
	for _, key := range order {
		if s.blocked[key].failures > 0 {
			b.alone = append(b.alone, sorted[key])
		} else {
			b.partitions[key.Topic] = append(b.partitions[key.Topic], sorted[key])
		}
	}
	// The keys that waited longest come first. If a batch gives up a topic before it tried all keys,
	// the next batch begins with the rest.
	slices.SortStableFunc(b.alone, func(x, y partition) int {
		return s.blocked[x[0].Partition].until.Compare(s.blocked[y[0].Partition].until)
	})
	return b
}

// over reports whether the batch hands out no more events of a topic. When its time is up it
// records that events are left.
func (b *batch) over(topic string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.topics[topic].givenUp {
		return true
	}
	// The first call is always made. Otherwise a slow database would prevent all publishing.
	if time.Now().After(b.handOutUntil) && len(b.done)+len(b.failed) > 0 {
		b.more = true
		return true
	}
	return false
}

func (b *batch) noteTaken(partitions []partition, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.relay.Now()
	topic := partitions[0][0].Topic
	for _, p := range partitions {
		b.done = append(b.done, p[0].Seq)
		b.opened[p[0].Partition] = true
		b.relay.metrics.taken(topic, now.Sub(p[0].CreatedAt))
	}
	t := b.topics[topic]
	t.done += len(partitions)
	t.slowest = max(t.slowest, took)
	b.relay.metrics.calls.WithLabelValues(topic).Observe(took.Seconds())
	b.relay.topics.noteTaken(topic, time.Now())
}

// noteFailed records a failed call. With timedOut, the call did not return in time.
func (b *batch) noteFailed(partitions []partition, err error, timedOut bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	topic := partitions[0][0].Topic
	for _, p := range partitions {
		b.failed[p[0].Partition] = failure{p[0], err}
		b.relay.metrics.failures.WithLabelValues(topic).Inc()
	}
	t := b.topics[topic]
	t.failed += len(partitions)
	t.err = err
	t.givenUp = t.givenUp || timedOut || t.failed >= maxFailures && t.done == 0
}

// settles reports whether the batch shows that no event of a partition key waits for another
// attempt.
func (b *batch) settles(key postgres.Partition) bool {
	if _, failed := b.failed[key]; failed || b.skipped[key] || slices.Contains(b.claim.Behind, key) {
		return false
	}
	t := b.topics[key.Topic]
	return b.opened[key] || t != nil && !t.givenUp && !b.more
}
