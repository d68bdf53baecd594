package outbox

import (
	"context"
	"sync"
	"time"

	"taskmaster/services/postgres"
)

const (
	// handOutFor is how long events of a batch are handed to the sidecar; what is left then is for the next batch.
	handOutFor = 3 * time.Second
	// batchTimeout cuts off what the sidecar has not answered. It bounds how long a transaction stays open for publishing.
	batchTimeout = 6 * time.Second
	// maxFailures is how many lanes of a batch may fail, none having succeeded, before the broker is taken to be away.
	maxFailures = 8
)

// batch is a claimed shard's oldest events and what came of publishing them.
type batch struct {
	relay *Relay
	at    time.Time
	lanes [][]postgres.Outgoing

	mu sync.Mutex
	// done are the seqs of what the broker has.
	done []int64
	// opened are the lanes of which something was published, failed those that were stopped by an error.
	opened map[postgres.Lane]bool
	failed map[postgres.Lane]error
	// more says that the shard holds, or may hold, events that were not tried.
	more bool
	// givenUp says that everything failed and that the rest was not tried for that reason.
	givenUp bool
}

// newBatch sorts events, which are in order and were claimed at an instant, into lanes, which then are in order too.
func newBatch(r *Relay, events []postgres.Outgoing, at time.Time) *batch {
	b := &batch{
		relay: r, at: at, more: len(events) == batchSize,
		opened: map[postgres.Lane]bool{}, failed: map[postgres.Lane]error{},
	}
	index := map[postgres.Lane]int{}
	for _, e := range events {
		i, ok := index[e.Lane]
		if !ok {
			i = len(b.lanes)
			index[e.Lane], b.lanes = i, append(b.lanes, nil)
		}
		b.lanes[i] = append(b.lanes[i], e)
	}
	return b
}

// publish publishes all lanes at once and returns when the last has come to an end.
func (b *batch) publish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	var lanes sync.WaitGroup
	for _, lane := range b.lanes {
		lanes.Go(func() { b.publishLane(ctx, lane) })
	}
	lanes.Wait()
}

// publishLane publishes one event after another until one fails or the batch is over.
func (b *batch) publishLane(ctx context.Context, events []postgres.Outgoing) {
	for _, e := range events {
		b.relay.inFlight <- struct{}{}
		if b.over() {
			<-b.relay.inFlight
			return
		}
		err := b.relay.Publish(ctx, e.Topic, e.UserID.String(), e.Raw)
		<-b.relay.inFlight
		if !b.note(e, err) {
			return
		}
	}
}

// over says whether no more events are to be handed out, and keeps why.
func (b *batch) over() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.at) > handOutFor {
		b.more = true
		return true
	}
	b.givenUp = b.givenUp || len(b.failed) >= maxFailures && len(b.done) == 0
	return b.givenUp
}

// note keeps what came of an event, and says whether its lane may go on.
func (b *batch) note(e postgres.Outgoing, err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.failed[e.Lane] = err
		b.relay.metrics.failures.WithLabelValues(e.Topic).Inc()
		return false
	}
	b.done = append(b.done, e.Seq)
	b.opened[e.Lane] = true
	b.relay.metrics.taken(e.Topic, b.relay.Now().Sub(e.CreatedAt))
	return true
}

// settles says whether the batch shows that nothing of a lane waits for another attempt. skipped is whether the lane was
// left out of the batch.
func (b *batch) settles(lane postgres.Lane, skipped bool) bool {
	if b.failed[lane] != nil {
		return false
	}
	complete := !b.more && !b.givenUp
	return b.opened[lane] || complete && !skipped
}
