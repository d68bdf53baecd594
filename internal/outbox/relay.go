// Package outbox publishes the events that changes left in the database.
//
// A change and its events commit together. A Relay then hands the events to the broker. Any number
// of processes may run a Relay. Each event is published at least once. The events of one user on
// one topic are published in order.
//
//	                 commit            claim              publish             mark
//	change --> row ---------> pending ---------> claimed ---------> accepted ---------> published,
//	                             ^                  |                   |               kept for replay
//	                             +--- broker down --+---- crash --------+  (published again)
//
// Terms:
//
//   - A partition key is a user and a topic. It is the unit of order.
//   - A shard is a fixed part of the outbox. A hash of the user selects it.
//   - A queue is one of the two halves of a shard. The first waiting events of each partition key
//     are in the shard's queue. Its further events are in the shard's overflow queue.
//   - A retry queue is a topic of a queue while the broker refuses the topic or does not answer.
//   - A watermark is the position in a shard at which claims start. It lets a claim pass over the
//     index entries of published events.
//   - A full scan ignores the watermarks. It finds the events below them and moves them.
//   - A dead letter is an event that the relay has given up.
//
// Ownership: the holder of a lock publishes a topic of a queue. The lock belongs to a transaction of
// bounded length. A process that dies or hangs therefore loses its locks without help.
//
// Order: a call to the broker takes the next event of many partition keys, and never two events of
// one. The broker may accept the events of a call in any order. Its error does not name the refused
// event. After a failed call the relay publishes each of its partition keys alone. An event that
// cannot be published delays only its own partition key.
//
// Fairness: the two queues of a shard are published side by side. An import of thousands of tasks
// delays the event of another user by one batch at most. A topic that the broker refuses, or for
// which it does not answer in time, moves to its retry queue and waits alone. An event becomes a dead letter after it failed for an hour. Only time in which the broker
// accepted other events of its topic counts. The partition key then continues without it.
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
	"taskmaster/internal/health"
	"taskmaster/internal/idle"
	"taskmaster/internal/postgres"
	"taskmaster/internal/telemetry"
)

const (
	// maxInFlight is the maximum number of concurrent calls to the sidecar. More calls bring no
	// higher rate. maxRetriesInFlight are the additional calls of retry queues, which may hang.
	maxInFlight        = 32
	maxRetriesInFlight = 8
	// claimsPerSecond and claimsBurst limit the rate of claims. A claim costs the same for one
	// event as for many. Under load the limit collects events for a claim, and an occasional change
	// never waits. A lower rate delays events without need. A higher rate keeps the database busy
	// with claims of a single event (measured by tests/bench, volume).
	claimsPerSecond = 200
	claimsBurst     = 50
)

// Publish hands messages with different keys to the broker. It returns nil after the broker has
// accepted all of them. After an error the broker may have accepted any of them. Successive calls
// keep the order of messages with the same key.
type Publish func(ctx context.Context, topic string, messages []event.Message) error

// Config holds the dependencies of a Relay. All fields are required, except Idle.
type Config struct {
	// DB is a pool that requests do not use. Requests and the relay cannot starve each other.
	DB      *postgres.DB
	Publish Publish
	// Claims is the number of shards published at once. Each takes one connection of DB.
	Claims  int
	Log     *slog.Logger
	Now     func() time.Time
	Metrics prometheus.Registerer
	// Idle stops the poll and the full scan while nothing happens. It may be nil.
	Idle *idle.Monitor
	// Telemetry makes spans of published events. It may be nil.
	Telemetry *telemetry.Telemetry
}

// Relay publishes the outbox. New creates it, and Run does the work.
type Relay struct {
	Config
	// shards are the shards' queues, by number. overflow are their overflow queues.
	shards, overflow []*shard
	claims           *semaphore.Weighted
	// overflowClaims limits the claims of overflow queues. It reserves a quarter of all claims for
	// the shards' queues.
	overflowClaims *semaphore.Weighted
	// retryClaims limits the claims of retry queues. They are part of overflowClaims, because a call
	// of a retry queue may hang for seconds.
	retryClaims *semaphore.Weighted
	pace        *rate.Limiter
	// inFlight and retriesInFlight hold a place for each concurrent call.
	inFlight, retriesInFlight chan struct{}
	metrics                   *metrics
	health                    *health.Reporter
	topics                    *topicHealth
	// reportAfter and giveUpAfter are the constants of the same names. Tests set shorter times.
	reportAfter, giveUpAfter time.Duration
	// overflowSince is the creation time of the oldest event at the head of an overflow queue, in
	// microseconds. It is 0 when all overflow queues are empty.
	overflowSince atomic.Int64
	// lastScan holds the first event of each shard that the last full scan found. Only the
	// goroutine of the full scan uses it.
	lastScan postgres.Watermarks
}

// New returns a Relay. It publishes nothing before Run is called.
func New(cfg Config) *Relay {
	r := &Relay{
		Config:          cfg,
		claims:          semaphore.NewWeighted(int64(cfg.Claims)),
		overflowClaims:  semaphore.NewWeighted(int64(max(1, cfg.Claims-max(1, cfg.Claims/4)))),
		retryClaims:     semaphore.NewWeighted(int64(max(1, cfg.Claims/4))),
		pace:            rate.NewLimiter(claimsPerSecond, claimsBurst),
		inFlight:        make(chan struct{}, maxInFlight),
		retriesInFlight: make(chan struct{}, maxRetriesInFlight),
		metrics:         newMetrics(cfg.Metrics),
		health:          health.New("event publishing", cfg.Log, cfg.Now),
		topics:          newTopicHealth(),
		reportAfter:     reportAfter,
		giveUpAfter:     giveUpAfter,
	}
	for number := range postgres.Shards {
		overflow := newShard(r, postgres.Queue{Shard: number, Overflow: true}, nil)
		r.shards = append(r.shards, newShard(r, postgres.Queue{Shard: number}, overflow))
		r.overflow = append(r.overflow, overflow)
	}
	return r
}

// Wake announces that events of a user were committed. It never blocks, and is safe to call before,
// during and after Run.
func (r *Relay) Wake(userID uuid.UUID) {
	r.Idle.Touch()
	r.shards[postgres.Shard(userID)].wake()
}

// Run publishes until ctx is cancelled, and returns ctx's error. It first finishes the claimed
// batches, which takes at most batchTimeout and markTimeout.
func (r *Relay) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range slices.Concat(r.shards, r.overflow) {
		g.Go(func() error { return s.run(ctx) })
		for _, retry := range s.retries {
			g.Go(func() error { return retry.run(ctx) })
		}
	}
	g.Go(func() error { return r.poll(ctx) })
	g.Go(func() error { return r.fullScan(ctx) })
	return g.Wait()
}
