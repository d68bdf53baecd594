package outbox

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/backoff"
	"taskmaster/internal/postgres"
)

const (
	// batchSize is the maximum number of events per topic in one transaction. A killed process
	// leaves at most as many events that are published twice.
	batchSize = 512
	// claimTimeout bounds the reading of a batch. markTimeout is the time left to mark it as
	// published.
	claimTimeout = 5 * time.Second
	markTimeout  = 5 * time.Second
	// minBusyBackoff and maxBusyBackoff bound the wait for a shard that another relay holds. The
	// other relay may have read the shard just before the commit of the event that woke this one.
	minBusyBackoff = 10 * time.Millisecond
	maxBusyBackoff = 500 * time.Millisecond
	// minBackoff and maxBackoff bound the wait after a failure. Without the wait, an outage would
	// load the broker and the database with attempts.
	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second
	// forgetAfter is how long the failures of a partition key are kept after its next attempt is
	// due. It keeps the map of failures from growing.
	forgetAfter = time.Minute
)

var (
	// retryBackoff spaces the attempts after a failure of the database, a topic or a partition key.
	retryBackoff = backoff.Policy{Min: minBackoff, Max: maxBackoff}
	// busyBackoff spaces the claims of a shard that another relay holds.
	busyBackoff = backoff.Policy{Min: minBusyBackoff, Max: maxBusyBackoff}
)

// shard is a queue or an overflow queue of the outbox, or a retry queue: a topic of one of them while
// it fails. Only its own goroutine uses its fields, except woken, watermark and active.
type shard struct {
	relay *Relay
	postgres.Queue
	// overflow is the overflow queue of the same shard. It is nil in an overflow queue.
	overflow *shard
	woken    chan struct{}
	// watermark is the seq at which claims start. Full scans move it.
	watermark atomic.Int64
	// callTimeout bounds a call to the broker.
	callTimeout time.Duration

	// retries are the queue's retry queues, by topic. It is nil in a retry queue.
	retries map[string]*shard
	// home is the queue of a retry queue, and topic its topic. While active, the retry queue publishes
	// the topic, and its home does not. While it is not active, its fields belong to its home.
	home   *shard
	topic  string
	active atomic.Bool

	// failures counts consecutive claims that failed in the database. refusals counts consecutive
	// claims that found another relay at work.
	failures, refusals int
	// notBefore is the time until which wake-ups are ignored.
	notBefore time.Time
	// topicFailures counts consecutive failures of a retry queue's topic. topicErr is the last one.
	topicFailures int
	topicErr      error
	// blocked are the partition keys whose next event could not be published.
	blocked map[postgres.Partition]block
}

// block holds the failures of a partition key, and the time of its next attempt.
type block struct {
	failures int
	until    time.Time
	err      error
	// behind counts consecutive claims that found earlier events of the partition key in the
	// shard's other queue. It is not a failure.
	behind int
	stuck  stuck
}

// wake makes the shard's goroutine look for events. Calls before it does so count once.
func (s *shard) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

func (s *shard) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		case <-s.woken:
		}
		if s.home != nil && !s.active.Load() {
			continue
		}
		if wait := time.Until(s.notBefore); wait > 0 {
			timer.Reset(wait)
			continue
		}
		wait, again, err := s.runWithClaim(ctx)
		if err != nil {
			return err
		}
		if again {
			timer.Reset(wait)
		}
	}
}

// runWithClaim calls runOnce while it holds one of the relay's claims.
func (s *shard) runWithClaim(ctx context.Context) (wait time.Duration, again bool, err error) {
	if s.home != nil {
		if err := s.relay.retryClaims.Acquire(ctx, 1); err != nil {
			return 0, false, err
		}
		defer s.relay.retryClaims.Release(1)
	}
	if s.Overflow || s.home != nil {
		if err := s.relay.overflowClaims.Acquire(ctx, 1); err != nil {
			return 0, false, err
		}
		defer s.relay.overflowClaims.Release(1)
	}
	if err := s.relay.pace.Wait(ctx); err != nil {
		return 0, false, err
	}
	if err := s.relay.claims.Acquire(ctx, 1); err != nil {
		return 0, false, err
	}
	defer s.relay.claims.Release(1)
	wait, again = s.runOnce(ctx)
	return wait, again, nil
}

// runOnce publishes the shard's first events. It returns whether the shard needs another run
// without a wake-up, and after which wait. Cancelling ctx prevents a claim. A claimed batch is
// still published and marked.
func (s *shard) runOnce(ctx context.Context) (wait time.Duration, again bool) {
	s.checkRetries(ctx)
	if now := time.Now(); len(s.request(now).Topics) == 0 {
		return s.nextAttempt(now)
	}
	b, claimed, err := s.publishBatch(ctx)
	if ctx.Err() != nil {
		return 0, false
	}
	if err != nil {
		s.relay.health.Set(s, err)
		return s.backOff(), true
	}
	if !claimed {
		s.refusals++
		return busyBackoff.Delay(s.refusals), true
	}
	s.failures = 0
	now := time.Now()
	s.remember(b, now)
	s.bury(ctx)
	s.moveTopics(ctx, b, now)
	returns := s.home != nil && s.canReturn(b.topics[s.topic], now)
	s.reportHealth(ctx)
	if returns {
		s.active.Store(false)
		s.home.wake()
		return 0, false
	}
	switch {
	case b.more && len(b.done)+len(b.claim.Behind) > 0:
		return 0, true
	case b.partial:
		s.refusals++
		return busyBackoff.Delay(s.refusals), true
	}
	s.refusals = 0
	return s.nextAttempt(now)
}

// backOff delays the next run of the shard and returns the delay. The delay grows with each
// failure.
func (s *shard) backOff() time.Duration {
	s.failures++
	wait := retryBackoff.Delay(s.failures)
	s.notBefore = time.Now().Add(wait)
	return wait
}

// remember updates the blocked partition keys and the failing topics from the results of a batch.
// Only the failed topic or partition key waits. Each success resets its wait. Otherwise a partition key with
// an occasional failure would become ever slower.
func (s *shard) remember(b *batch, now time.Time) {
	for key, block := range s.blocked {
		if b.settles(key) || now.Sub(block.until) > forgetAfter {
			delete(s.blocked, key)
		}
	}
	for key, f := range b.failed {
		before := s.blocked[key]
		if b.opened[key] {
			before = block{}
		}
		failures := before.failures + 1
		s.blocked[key] = block{
			failures: failures, until: now.Add(retryBackoff.Delay(failures)), err: f.err, stuck: before.stuck.again(f.event, s.relay, now),
		}
	}
	for _, key := range b.claim.Behind {
		before := s.blocked[key]
		before.behind++
		before.until = now.Add(retryBackoff.Delay(before.behind))
		s.blocked[key] = before
	}
	if s.overflow != nil {
		s.wakeOverflow(b)
	}
}

// wakeOverflow wakes the overflow queue when a batch holds MaxAhead events of a partition key. That
// key may have further events.
func (s *shard) wakeOverflow(b *batch) {
	seen := map[postgres.Partition]int{}
	for _, e := range b.claim.Events {
		if seen[e.Partition]++; seen[e.Partition] == postgres.MaxAhead {
			s.overflow.wake()
			return
		}
	}
}

// nextAttempt returns the wait until the first blocked partition key may be tried again. It returns
// false when none is blocked.
func (s *shard) nextAttempt(now time.Time) (wait time.Duration, any bool) {
	for _, block := range s.blocked {
		if left := max(0, block.until.Sub(now), s.notBefore.Sub(now)); !any || left < wait {
			wait, any = left, true
		}
	}
	return wait, any
}

// request returns the claim for an instant. It leaves out the partition keys that still wait. It has
// no topics if all of them are in retry queues.
func (s *shard) request(now time.Time) postgres.ClaimRequest {
	q := postgres.ClaimRequest{Queue: s.Queue, Watermark: s.watermark.Load(), Limit: batchSize}
	if s.home != nil {
		q.Topics, q.Watermark = []string{s.topic}, s.home.watermark.Load()
	}
	for topic, retry := range s.retries {
		if !retry.active.Load() {
			q.Topics = append(q.Topics, topic)
		}
	}
	for key, block := range s.blocked {
		if now.Before(block.until) {
			q.Skip = append(q.Skip, key)
		}
	}
	return q
}

// publishBatch claims the shard, publishes its first events and marks them, in one transaction. It
// returns claimed=false when another relay holds the shard.
func (s *shard) publishBatch(ctx context.Context) (b *batch, claimed bool, err error) {
	// A published event must be marked even if the process stops. The transaction therefore
	// outlives ctx, and has a timeout of its own.
	txCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout+batchTimeout+markTimeout)
	defer cancel()
	err = s.relay.DB.InTx(txCtx, func(tx pgx.Tx) error {
		b, claimed = nil, false
		if ctx.Err() != nil {
			return ctx.Err()
		}
		claimCtx, cancel := context.WithTimeout(txCtx, claimTimeout)
		defer cancel()
		now := time.Now()
		request := s.request(now)
		claim, ok, err := postgres.ClaimQueue(claimCtx, tx, request)
		if err != nil || !ok {
			return err
		}
		claimed = true
		b = newBatch(s, request, claim, now)
		if b.publish(txCtx); len(b.done) == 0 {
			return nil
		}
		return postgres.MarkPublished(txCtx, tx, b.done, s.relay.Now())
	})
	if err != nil {
		return nil, false, fmt.Errorf("publish shard %d: %w", s.Shard, err)
	}
	return b, claimed, nil
}
