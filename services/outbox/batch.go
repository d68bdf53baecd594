package outbox

import (
	"sync"
	"time"

	"taskmaster/services/postgres"
)

const (
	// handOutFor is how long events of a batch are handed to the sidecar; what is left then is for the next batch.
	handOutFor = 3 * time.Second
	// maxFailures is how many lanes of a batch may fail, none having succeeded, before the broker is taken to be away.
	maxFailures = 8
)

// batch is a claimed shard's oldest events and what came of publishing them.
type batch struct {
	relay *Relay
	at    time.Time
	// lanes are those that share calls, by topic; alone are those that do not, because they have failed before.
	lanes map[string][]lane
	alone []lane
	// continued says that the shard held more than was claimed.
	continued bool

	mu sync.Mutex
	// done are the seqs of what the broker has.
	done []int64
	// opened are the lanes of which something was published, failed those that were stopped by an error.
	opened map[postgres.Lane]bool
	failed map[postgres.Lane]error
	// more says that the shard holds, or may hold, events that were not tried.
	more bool
	// givenUp says that everything failed and that the rest, if any, was not tried for that reason.
	givenUp bool
}

// lane is what is left of a lane's events, in order, the next first.
type lane []postgres.Outgoing

// newBatch sorts events, claimed at an instant, into lanes, which are in order as the claim is.
func newBatch(s *shard, claim postgres.Claim, at time.Time) *batch {
	b := &batch{
		relay: s.relay, at: at, continued: claim.More, more: claim.More, lanes: map[string][]lane{},
		opened: map[postgres.Lane]bool{}, failed: map[postgres.Lane]error{},
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
		if _, failed := s.blocked[l]; failed {
			b.alone = append(b.alone, sorted[l])
		} else {
			b.lanes[l.Topic] = append(b.lanes[l.Topic], sorted[l])
		}
	}
	return b
}

// over says whether no more events are to be handed out, and keeps why.
func (b *batch) over() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.at) > handOutFor {
		b.more = true
		return true
	}
	b.givenUp = b.givenUp || b.hopeless()
	return b.givenUp
}

func (b *batch) hopeless() bool { return len(b.failed) >= maxFailures && len(b.done) == 0 }

func (b *batch) noteTaken(lanes []lane) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.relay.Now()
	for _, l := range lanes {
		b.done = append(b.done, l[0].Seq)
		b.opened[l[0].Lane] = true
		b.relay.metrics.taken(l[0].Topic, now.Sub(l[0].CreatedAt))
	}
}

func (b *batch) noteFailed(lanes []lane, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range lanes {
		b.failed[l[0].Lane] = err
		b.relay.metrics.failures.WithLabelValues(l[0].Topic).Inc()
	}
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
