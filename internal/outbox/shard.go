package outbox

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

const (
	// batchSize is how many events of a topic a transaction publishes at most. After a kill as many are published again.
	batchSize = 512
	// claimTimeout bounds the reading of a batch; markTimeout is what is left for marking it.
	claimTimeout = 5 * time.Second
	markTimeout  = 5 * time.Second
	// refusedWait is how soon a shard that another relay holds is tried again, at first and at last. That one may have read
	// the shard just before the event was committed that we were woken for.
	minRefusedWait = 10 * time.Millisecond
	maxRefusedWait = 500 * time.Millisecond
	// forgetLane is how long a lane's failures are remembered after the time to try it again.
	forgetLane = time.Minute
)

// shard is a part of the outbox, or its overflow. Its goroutine alone reads and writes its fields, but for woken and mark.
type shard struct {
	relay *Relay
	postgres.Queue
	// overflow is the shard's overflow queue; nil when it is one itself.
	overflow *shard
	woken    chan struct{}
	// mark is where claims begin; surveys move it.
	mark atomic.Int64

	// failures counts the claims in a row that the database failed, refusals those that another relay held.
	failures, refusals int
	// notBefore is until when the shard is left alone in spite of being woken.
	notBefore time.Time
	// topics are those of which nothing could be published, blocked the lanes whose next event could not be.
	topics  map[string]block
	blocked map[postgres.Lane]block
}

// block is the wait of a lane, or of a topic, for its next attempt.
type block struct {
	failures int
	until    time.Time
	err      error
	// behind counts the claims in a row that found the lane's predecessors in the shard's other queue. This is no failure.
	behind int
	stuck  stuck
}

func newShard(r *Relay, queue postgres.Queue) *shard {
	return &shard{
		relay: r, Queue: queue, woken: make(chan struct{}, 1), topics: map[string]block{}, blocked: map[postgres.Lane]block{},
	}
}

// wake makes the shard's goroutine look at it, once for any number of calls that come before it does.
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
		if wait := time.Until(s.notBefore); wait > 0 {
			timer.Reset(wait)
			continue
		}
		wait, again, err := s.runInTurn(ctx)
		if err != nil {
			return err
		}
		if again {
			timer.Reset(wait)
		}
	}
}

// runInTurn calls runOnce when the relay has a place for it.
func (s *shard) runInTurn(ctx context.Context) (wait time.Duration, again bool, err error) {
	if s.Overflow {
		if err := s.relay.overflowClaims.Acquire(ctx, 1); err != nil {
			return 0, false, err
		}
		defer s.relay.overflowClaims.Release(1)
	}
	if err := s.relay.pace.Wait(ctx); err != nil {
		return 0, false, err
	}
	select {
	case <-ctx.Done():
		return 0, false, ctx.Err()
	case s.relay.claims <- struct{}{}:
	}
	defer func() { <-s.relay.claims }()
	wait, again = s.runOnce(ctx)
	return wait, again, nil
}

// runOnce publishes the shard's first events. It returns whether and when to come again without being woken. What ctx ends
// is the claiming; a batch once claimed is published and marked.
func (s *shard) runOnce(ctx context.Context) (wait time.Duration, again bool) {
	b, claimed, err := s.publishBatch(ctx)
	if ctx.Err() != nil {
		return 0, false
	}
	if err != nil {
		s.relay.trouble.note(s, err)
		return s.backOff(), true
	}
	if !claimed {
		s.refusals++
		return min(maxRefusedWait, minRefusedWait<<min(s.refusals-1, 10)), true
	}
	s.failures, s.refusals = 0, 0
	now := time.Now()
	s.remember(b, now)
	s.bury(ctx)
	s.report(ctx)
	if b.more && len(b.done)+len(b.claim.Behind) > 0 {
		return 0, true
	}
	return s.nextAttempt(now)
}

// backOff leaves the shard alone for longer each time, and returns for how long.
func (s *shard) backOff() time.Duration {
	s.failures++
	wait := backoff(s.failures)
	s.notBefore = time.Now().Add(wait)
	return wait
}

// remember notes which topics and lanes a batch found blocked, and which it found open. The wait belongs to the topic or the
// lane that failed. It starts small again after each success, or a lane with a failure now and then would get ever slower.
func (s *shard) remember(b *batch, now time.Time) {
	for topic, t := range b.topics {
		switch {
		case t.givenUp:
			failures := s.topics[topic].failures + 1
			s.topics[topic] = block{failures: failures, until: now.Add(backoff(failures)), err: t.err}
		case t.done+t.failed > 0 || !b.more:
			delete(s.topics, topic)
		}
	}
	for lane, block := range s.blocked {
		if b.settles(lane) || now.Sub(block.until) > forgetLane {
			delete(s.blocked, lane)
		}
	}
	for lane, f := range b.failed {
		before := s.blocked[lane]
		if b.opened[lane] {
			before = block{}
		}
		failures := before.failures + 1
		s.blocked[lane] = block{
			failures: failures, until: now.Add(backoff(failures)), err: f.err, stuck: before.stuck.again(f.event, s.relay, now),
		}
	}
	for _, lane := range b.claim.Behind {
		before := s.blocked[lane]
		before.behind++
		before.until = now.Add(backoff(before.behind))
		s.blocked[lane] = before
	}
	if s.overflow != nil {
		s.wakeOverflow(b)
	}
}

// wakeOverflow wakes the overflow queue when a batch had so many events of a lane that there may be further ones.
func (s *shard) wakeOverflow(b *batch) {
	seen := map[postgres.Lane]int{}
	for _, e := range b.claim.Events {
		if seen[e.Lane]++; seen[e.Lane] == postgres.MaxAhead {
			s.overflow.wake()
			return
		}
	}
}

// nextAttempt returns when the first blocked lane may be tried again, and false when none is blocked.
func (s *shard) nextAttempt(now time.Time) (wait time.Duration, any bool) {
	for lane, block := range s.blocked {
		until := block.until
		if topic := s.topics[lane.Topic]; until.Before(topic.until) {
			until = topic.until
		}
		if left := max(0, until.Sub(now)); !any || left < wait {
			wait, any = left, true
		}
	}
	return wait, any
}

// request returns the claim to make at an instant: all but the lanes and topics that are not to be tried yet.
func (s *shard) request(now time.Time) postgres.ClaimRequest {
	q := postgres.ClaimRequest{Queue: s.Queue, Mark: s.mark.Load(), Limit: batchSize}
	for _, topic := range event.Topics() {
		if !now.Before(s.topics[topic].until) {
			q.Topics = append(q.Topics, topic)
		}
	}
	for lane, block := range s.blocked {
		if now.Before(block.until) {
			q.Skip = append(q.Skip, lane)
		}
	}
	return q
}

// publishBatch claims the shard, publishes its first events and marks them, in one transaction. It returns claimed=false
// when another relay has the shard.
func (s *shard) publishBatch(ctx context.Context) (b *batch, claimed bool, err error) {
	// A stop finishes a batch that has begun: what is published has to be marked. So the transaction outlives ctx, and is
	// bounded by itself.
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
