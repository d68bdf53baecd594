// Package outbox publishes the events that changes left in the database. A change and its events commit together or not
// at all; a Relay, in any number of processes, hands the events to the broker afterwards, each at least once and those of
// one user on one topic in their order.
//
//	                 commit            claim              publish             mark
//	change --> row ---------> pending ---------> claimed ---------> accepted ---------> published, kept for replay
//	                             ^                  |                   |
//	                             +--- broker down --+---- crash --------+  (published again)
//
// Users are spread over shards. Whoever holds a shard's lock publishes it, and holds it only as long as a transaction, which
// is bounded: a process that dies or hangs gives its shards up by itself. Within a shard a lane (a user and a topic) is
// published one event after another, many lanes at once: one call takes the next event of each lane of a topic. The broker
// may take the events of a call in any order and need not say which it took, so a call never has two of one lane, and the
// lanes of a call that failed are tried again one by one. An event that cannot be published so holds back its lane alone.
//
// Nobody waits for another. A lane's first waiting events are in the shard's queue, further ones in its overflow queue, which
// is published beside it: an import of thousands of tasks delays an event of somebody else by one batch at most. A topic that
// the broker refuses waits by itself. An event that fails for an hour while the broker takes others of its topic becomes a
// dead letter, and its lane goes on behind it.
package outbox

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

const (
	// maxInFlight is how many calls are with the sidecar at once; it gains nothing from more.
	maxInFlight = 32
	// claimsPerSecond and claimsBurst bound how often shards are claimed. A claim costs the same for one event as for many:
	// under load each has to wait for some, while whoever changes something now and then never waits. At fewer claims events
	// wait for no use, at more the database is kept busy with claims for a single event (tests/bench, volume).
	claimsPerSecond = 200
	claimsBurst     = 50
)

// Publish hands messages, each of another key, to the broker and returns nil once the broker has them all. After an error any
// of them may have been taken. Messages with the same key keep the order of the calls, one after another.
type Publish func(ctx context.Context, topic string, messages []event.Message) error

// Config is what a Relay works with. All fields are required.
type Config struct {
	// DB is not the one that requests use, so that neither can starve the other.
	DB      *postgres.DB
	Publish Publish
	// Claims is how many shards are published at once, each with a connection of DB.
	Claims  int
	Log     *slog.Logger
	Now     func() time.Time
	Metrics prometheus.Registerer
}

// Relay publishes the outbox.
type Relay struct {
	Config
	// shards are the queues of turn 0, by number; overflow are the others.
	shards, overflow []*shard
	claims           chan struct{}
	// overflowClaims keeps overflow queues from taking all claims: a quarter is left to the others.
	overflowClaims *semaphore.Weighted
	pace           *rate.Limiter
	inFlight       chan struct{}
	metrics        *metrics
	trouble        trouble
	// reportAfter and giveUpAfter are the constants of these names, but in tests.
	reportAfter, giveUpAfter time.Duration
	// overflowSince is when the oldest of the next events of overflow queues was written, in microseconds; 0 when there is none.
	overflowSince atomic.Int64
	// surveyed is where the latest survey found each shard's first event. Its goroutine alone uses it.
	surveyed postgres.Marks
}

// New makes a Relay, which does nothing before Run.
func New(cfg Config) *Relay {
	r := &Relay{
		Config:         cfg,
		claims:         make(chan struct{}, cfg.Claims),
		overflowClaims: semaphore.NewWeighted(int64(max(1, cfg.Claims-max(1, cfg.Claims/4)))),
		pace:           rate.NewLimiter(claimsPerSecond, claimsBurst),
		inFlight:       make(chan struct{}, maxInFlight),
		metrics:        newMetrics(cfg.Metrics),
		reportAfter:    reportAfter,
		giveUpAfter:    giveUpAfter,
	}
	for number := range postgres.Shards {
		s, overflow := newShard(r, postgres.Queue{Shard: number}), newShard(r, postgres.Queue{Shard: number, Overflow: true})
		s.overflow = overflow
		r.shards, r.overflow = append(r.shards, s), append(r.overflow, overflow)
	}
	return r
}

// Wake says that a user's events have been committed. It never blocks, and may be called whether or not Run does its work.
func (r *Relay) Wake(userID uuid.UUID) { r.shards[postgres.Shard(userID)].wake() }

// Run publishes until ctx ends. It finishes what it has claimed by then, which takes batchTimeout and markTimeout at most,
// and returns ctx's error.
func (r *Relay) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range slices.Concat(r.shards, r.overflow) {
		g.Go(func() error { return s.run(ctx) })
	}
	g.Go(func() error { return r.poll(ctx) })
	g.Go(func() error { return r.survey(ctx) })
	return g.Wait()
}
