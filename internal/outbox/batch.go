package outbox

import (
	"slices"
	"sync"
	"time"

	"taskmaster/internal/postgres"
)

const (
	// handOutFor is how long events of a batch are handed to the sidecar. The next batch takes the rest. An event that was
	// committed meanwhile waits that long.
	handOutFor = 500 * time.Millisecond
	// maxFailures is how many lanes of a topic may fail in a batch, none having succeeded, before the broker is taken to be
	// away for the topic.
	maxFailures = 8
)

// batch publishes the first events of a claimed queue and keeps the results.
type batch struct {
	relay *Relay
	at    time.Time
	// lanes are those that share calls, by topic; alone are those that do not, because they have failed before.
	lanes map[string][]lane
	alone []lane
	claim postgres.Claim
	// skipped are the lanes that were left out of the claim, topics those that were not.
	skipped map[postgres.Lane]bool
	topics  map[string]*topicBatch
	// handOutUntil is when handing out ends.
	handOutUntil time.Time

	mu sync.Mutex
	// done are the seqs of what the broker has.
	done []int64
	// opened are the lanes of which something was published, failed those that were stopped by an error.
	opened map[postgres.Lane]bool
	failed map[postgres.Lane]failure
	// more says that the queue holds, or may hold, events that were not tried.
	more bool
}

// topicBatch counts the results of a topic's events.
type topicBatch struct {
	done, failed int
	// givenUp says that everything failed and that the rest, if any, was not tried for that reason.
	givenUp bool
	err     error
}

// failure is an event that could not be published.
type failure struct {
	event postgres.Outgoing
	err   error
}

// lane is what is left of a lane's events, in order, the next first.
type lane []postgres.Outgoing

// newBatch sorts events, claimed at an instant, into lanes, which are in order as the claim is.
func newBatch(s *shard, request postgres.ClaimRequest, claim postgres.Claim, at time.Time) *batch {
	b := &batch{
		relay: s.relay, at: at, claim: claim, more: claim.More, lanes: map[string][]lane{},
		skipped: map[postgres.Lane]bool{}, topics: map[string]*topicBatch{},
		opened: map[postgres.Lane]bool{}, failed: map[postgres.Lane]failure{},
	}
	for _, l := range request.Skip {
		b.skipped[l] = true
	}
	for _, topic := range request.Topics {
		b.topics[topic] = &topicBatch{}
	}
	var order []postgres.Lane
	sorted := map[postgres.Lane]lane{}
	for _, e := range claim.Events {
		if sorted[e.Lane] == nil {
			order = append(order, e.Lane)
		}
		sorted[e.Lane] = append(sorted[e.Lane], e)
	}
	for _, l := range order {
		if s.blocked[l].failures > 0 {
			b.alone = append(b.alone, sorted[l])
		} else {
			b.lanes[l.Topic] = append(b.lanes[l.Topic], sorted[l])
		}
	}
	return b
}

// over reports whether no more events of a topic are to be handed out. It notes that events are left when time is up.
func (b *batch) over(topic string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.topics[topic].givenUp {
		return true
	}
	// One call is made in any case, or a slow database would keep everything from being published.
	if time.Now().After(b.handOutUntil) && len(b.done)+len(b.failed) > 0 {
		b.more = true
		return true
	}
	return false
}

func (b *batch) noteTaken(lanes []lane) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.relay.Now()
	topic := lanes[0][0].Topic
	for _, l := range lanes {
		b.done = append(b.done, l[0].Seq)
		b.opened[l[0].Lane] = true
		b.relay.metrics.taken(topic, now.Sub(l[0].CreatedAt))
	}
	b.topics[topic].done += len(lanes)
	b.relay.trouble.noteTaken(topic, time.Now())
}

func (b *batch) noteFailed(lanes []lane, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	topic := lanes[0][0].Topic
	for _, l := range lanes {
		b.failed[l[0].Lane] = failure{l[0], err}
		b.relay.metrics.failures.WithLabelValues(topic).Inc()
	}
	t := b.topics[topic]
	t.failed += len(lanes)
	t.err = err
	t.givenUp = t.failed >= maxFailures && t.done == 0
}

// settles reports whether the batch shows that no event of a lane waits for another attempt.
func (b *batch) settles(lane postgres.Lane) bool {
	if _, failed := b.failed[lane]; failed || b.skipped[lane] || slices.Contains(b.claim.Behind, lane) {
		return false
	}
	t := b.topics[lane.Topic]
	return b.opened[lane] || t != nil && !t.givenUp && !b.more
}
