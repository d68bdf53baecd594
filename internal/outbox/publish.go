package outbox

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"taskmaster/internal/event"
)

const (
	// batchTimeout bounds the publishing of a batch. It keeps a slow sidecar from holding a
	// transaction open.
	batchTimeout = 6 * time.Second
	// callTimeout bounds a call for a queue. A topic that needs longer moves to its retry queue, where
	// a call may take batchTimeout. It bounds how long a topic that hangs delays the others.
	callTimeout = 5 * time.Second
	// maxMessages and maxBytes bound a call. A sidecar accepts requests of up to 4 MiB.
	maxMessages = 128
	maxBytes    = 1 << 20
)

// publish publishes all partition keys concurrently and returns after the last.
func (b *batch) publish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	b.handOutUntil = time.Now().Add(handOutFor)
	var parts sync.WaitGroup
	for _, partitions := range b.partitions {
		parts.Go(func() { b.publishTogether(ctx, partitions) })
	}
	for _, p := range b.alone {
		parts.Go(func() { b.publishTogether(ctx, []partition{p}) })
	}
	parts.Wait()
}

// publishTogether publishes partition keys of one topic in rounds. Each round takes the next event
// of every key. A small round takes as long as a large one. If the queue holds more events, the
// rounds therefore end when less than half of the keys have events left. The next batch publishes
// the rest together with the other events.
func (b *batch) publishTogether(ctx context.Context, partitions []partition) {
	worthwhile := 1
	if b.claim.More {
		worthwhile = max(1, len(partitions)/2)
	}
	for len(partitions) >= worthwhile {
		calls := divide(partitions)
		left := make([][]partition, len(calls))
		var round sync.WaitGroup
		for i, call := range calls {
			round.Go(func() { left[i] = b.publishHeads(ctx, call) })
		}
		round.Wait()
		partitions = slices.Concat(left...)
	}
}

// publishHeads publishes the next event of each partition key in one call. It returns the keys that
// have events left. It returns none after a failure or when the batch is over.
func (b *batch) publishHeads(ctx context.Context, partitions []partition) (left []partition) {
	b.inFlight <- struct{}{}
	defer func() { <-b.inFlight }()
	topic := partitions[0][0].Topic
	if b.over(topic) {
		return nil
	}
	messages := make([]event.Message, len(partitions))
	for i, p := range partitions {
		messages[i] = event.Message{Key: p[0].UserID.String(), CloudEvent: p[0].Raw}
	}
	ctx, cancel := context.WithTimeout(ctx, b.callTimeout)
	defer cancel()
	began := time.Now()
	ctx, end := b.relay.beginSpans(ctx, topic, messages)
	err := b.relay.Publish(ctx, topic, messages)
	end(err)
	if err != nil {
		b.noteFailed(partitions, err, ctx.Err() != nil)
		return nil
	}
	b.noteTaken(partitions, time.Since(began))
	b.logTaken(ctx, topic, partitions)
	for _, p := range partitions {
		if len(p) > 1 {
			left = append(left, p[1:])
		}
	}
	return left
}

// logTaken logs the event of each partition key at level debug. The ids find it elsewhere. Its content
// belongs to its user and is left out.
func (b *batch) logTaken(ctx context.Context, topic string, partitions []partition) {
	if !b.relay.Log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	for _, p := range partitions {
		e := event.ReadEnvelope(p[0].Raw)
		b.relay.Log.DebugContext(ctx, "event published",
			"id", e.ID, "topic", topic, "type", e.Type, "task_id", e.TaskID, "user_id", p[0].UserID)
	}
}

// divide splits partition keys into calls that take the next event of each.
func divide(partitions []partition) (calls [][]partition) {
	start, bytes := 0, 0
	for i, p := range partitions {
		if n := i - start; n == maxMessages || n > 0 && bytes+len(p[0].Raw) > maxBytes {
			calls, start, bytes = append(calls, partitions[start:i]), i, 0
		}
		bytes += len(p[0].Raw)
	}
	return append(calls, partitions[start:])
}
