package outbox

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/services/postgres"
)

const (
	// batchSize is how many events a transaction publishes at most. After a kill as many are published again.
	batchSize = 1024
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

// shard is a part of the outbox. Its goroutine alone reads and writes its fields, but for woken and mark.
type shard struct {
	relay  *Relay
	number int
	woken  chan struct{}
	// mark is where claims begin; surveys move it.
	mark atomic.Int64

	// failures counts the batches in a row that came to nothing, refusals the claims in a row that another relay held.
	failures, refusals int
	// notBefore is until when the shard is left alone in spite of being woken.
	notBefore time.Time
	// blocked are the lanes whose next event could not be published.
	blocked map[postgres.Lane]block
}

// block is a lane's wait for its next attempt.
type block struct {
	failures int
	until    time.Time
}

func newShard(r *Relay, number int) *shard {
	return &shard{relay: r, number: number, woken: make(chan struct{}, 1), blocked: map[postgres.Lane]block{}}
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
		if err := s.relay.pace.Wait(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s.relay.claims <- struct{}{}:
		}
		wait, again := s.runOnce(ctx)
		<-s.relay.claims
		if again {
			timer.Reset(wait)
		}
	}
}

// runOnce publishes the shard's oldest events. It returns whether and when to come again without being woken. What ctx ends
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
	s.refusals = 0
	now := time.Now()
	s.remember(b, now)
	switch {
	case b.givenUp:
		return s.backOff(), true
	case b.more:
		s.failures = 0
		return 0, true
	}
	s.failures = 0
	return s.nextAttempt(now)
}

// backOff leaves the shard alone for longer each time, and returns for how long.
func (s *shard) backOff() time.Duration {
	s.failures++
	wait := backoff(s.failures)
	s.notBefore = time.Now().Add(wait)
	return wait
}

// remember notes which lanes a batch found blocked, and which it found open.
func (s *shard) remember(b *batch, now time.Time) {
	for lane, block := range s.blocked {
		if b.settles(lane, b.at.Before(block.until)) || now.Sub(block.until) > forgetLane {
			delete(s.blocked, lane)
		}
	}
	for lane, err := range b.failed {
		failures := s.blocked[lane].failures + 1
		s.blocked[lane] = block{failures, now.Add(backoff(failures))}
		s.relay.trouble.note(s, err)
	}
	if len(s.blocked) == 0 {
		s.relay.trouble.clear(s)
	}
}

// nextAttempt returns when the first blocked lane may be tried again, and false when none is blocked.
func (s *shard) nextAttempt(now time.Time) (wait time.Duration, any bool) {
	for _, block := range s.blocked {
		if left := max(0, block.until.Sub(now)); !any || left < wait {
			wait, any = left, true
		}
	}
	return wait, any
}

// resting returns the lanes that are not to be tried yet.
func (s *shard) resting(now time.Time) []postgres.Lane {
	var lanes []postgres.Lane
	for lane, block := range s.blocked {
		if now.Before(block.until) {
			lanes = append(lanes, lane)
		}
	}
	return lanes
}

// publishBatch claims the shard, publishes its oldest events and marks them, in one transaction. It returns claimed=false
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
		claim, ok, err := postgres.ClaimShard(claimCtx, tx, s.number, s.mark.Load(), batchSize, s.resting(now))
		if err != nil || !ok {
			return err
		}
		claimed = true
		b = newBatch(s, claim, now)
		if b.publish(txCtx); len(b.done) == 0 {
			return nil
		}
		return postgres.MarkPublished(txCtx, tx, b.done, s.relay.Now())
	})
	if err != nil {
		return nil, false, fmt.Errorf("publish shard %d: %w", s.number, err)
	}
	return b, claimed, nil
}
