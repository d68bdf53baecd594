package outbox

import (
	"context"
	"slices"
	"sync"
	"time"

	"taskmaster/internal/event"
)

const (
	// batchTimeout cuts off what the sidecar has not answered. It bounds how long a transaction stays open for publishing.
	batchTimeout = 6 * time.Second
	// maxMessages and maxBytes bound a call. A sidecar takes 4 MiB at once.
	maxMessages = 128
	maxBytes    = 1 << 20
)

// publish publishes all lanes at once and returns when the last has come to an end.
func (b *batch) publish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	b.handOutUntil = time.Now().Add(handOutFor)
	var parts sync.WaitGroup
	for _, l := range b.alone {
		parts.Go(func() { b.publishTogether(ctx, []lane{l}) })
	}
	for _, lanes := range b.lanes {
		parts.Go(func() { b.publishTogether(ctx, lanes) })
	}
	parts.Wait()
}

// publishTogether publishes lanes of one topic in rounds, each of which takes the next event of every lane, until all have
// come to an end. Rounds get smaller as lanes do, and a small one takes as long as a large one; so when the queue holds more
// events, what less than half of the lanes have left is for the next batch, where all have.
func (b *batch) publishTogether(ctx context.Context, lanes []lane) {
	worthwhile := 1
	if b.claim.More {
		worthwhile = max(1, len(lanes)/2)
	}
	for len(lanes) >= worthwhile {
		calls := divide(lanes)
		left := make([][]lane, len(calls))
		var round sync.WaitGroup
		for i, call := range calls {
			round.Go(func() { left[i] = b.publishHeads(ctx, call) })
		}
		round.Wait()
		lanes = slices.Concat(left...)
	}
}

// publishHeads publishes the next event of each lane in one call, and returns what is left to be published after it:
// nothing when it failed or the batch is over.
func (b *batch) publishHeads(ctx context.Context, lanes []lane) (left []lane) {
	b.relay.inFlight <- struct{}{}
	defer func() { <-b.relay.inFlight }()
	if b.over(lanes[0][0].Topic) {
		return nil
	}
	messages := make([]event.Message, len(lanes))
	for i, l := range lanes {
		messages[i] = event.Message{Key: l[0].UserID.String(), CloudEvent: l[0].Raw}
	}
	if err := b.relay.Publish(ctx, lanes[0][0].Topic, messages); err != nil {
		b.noteFailed(lanes, err)
		return nil
	}
	b.noteTaken(lanes)
	for _, l := range lanes {
		if len(l) > 1 {
			left = append(left, l[1:])
		}
	}
	return left
}

// divide splits lanes so that one call can take the next event of each.
func divide(lanes []lane) (calls [][]lane) {
	start, bytes := 0, 0
	for i, l := range lanes {
		if n := i - start; n == maxMessages || n > 0 && bytes+len(l[0].Raw) > maxBytes {
			calls, start, bytes = append(calls, lanes[start:i]), i, 0
		}
		bytes += len(l[0].Raw)
	}
	return append(calls, lanes[start:])
}
