package outbox

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

// trouble is what keeps the relay from publishing: the broker, or the database.
type trouble struct {
	mu sync.Mutex
	// of holds the latest error of each part (a shard, or the relay's poll) that is in trouble.
	of map[any]error
	// since is when trouble was reported; zero when all is well or nothing was said yet.
	since time.Time
	// taken is when the broker last took an event of a topic, failing how many lanes of a topic wait after a failure, by shard.
	taken   map[string]time.Time
	failing map[*shard]map[string]int
}

// noteTaken notes that the broker took an event of a topic.
func (t *trouble) noteTaken(topic string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken == nil {
		t.taken = map[string]time.Time{}
	}
	t.taken[topic] = at
}

// noteFailing notes how many lanes of a shard wait after a failure, by topic.
func (t *trouble) noteFailing(s *shard, lanes map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failing == nil {
		t.failing = map[*shard]map[string]int{}
	}
	t.failing[s] = lanes
}

// alone reports whether a lane of a topic fails alone: the broker took events of the topic after an instant, and few lanes of
// it fail.
func (t *trouble) alone(topic string, since time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	failing := 0
	for _, lanes := range t.failing {
		failing += lanes[topic]
	}
	return t.taken[topic].After(since) && failing < maxFailures
}

func (t *trouble) note(part any, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[any]error{}
	}
	t.of[part] = err
}

func (t *trouble) clear(part any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.of, part)
}

// latest returns one of the errors, nil when all is well.
func (t *trouble) latest() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, err := range t.of {
		return err
	}
	return nil
}

// report logs that trouble began or is over, once each.
func (r *Relay) report(ctx context.Context) {
	t, err := &r.trouble, r.trouble.latest()
	switch {
	case ctx.Err() != nil:
	case err != nil && t.since.IsZero():
		t.since = r.Now()
		r.Log.WarnContext(ctx, "events cannot be published, they wait", "waiting", r.count(ctx), "error", err)
	case err == nil && !t.since.IsZero():
		r.Log.InfoContext(ctx, "events are published again", "waiting", r.count(ctx), "after", r.Now().Sub(t.since).Round(time.Millisecond))
		t.since = time.Time{}
	}
}

// count returns how many events wait, in words.
func (r *Relay) count(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	var n int
	err := r.DB.InTx(ctx, func(tx pgx.Tx) (err error) {
		n, err = postgres.CountPending(ctx, tx, countLimit)
		return err
	})
	switch {
	case err != nil:
		return "unknown"
	case n == countLimit:
		return fmt.Sprintf("%d or more", n)
	}
	return strconv.Itoa(n)
}

const (
	// countLimit is how far waiting events are counted.
	countLimit = 100_000

	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second
)

// backoff returns how long to wait after so many failures in a row, 1 or more: doubling, with jitter of a quarter so that
// what failed together does not come back together.
func backoff(failures int) time.Duration {
	d := min(maxBackoff, minBackoff<<min(failures-1, 10))
	return d - rand.N(d/4) //nolint:gosec // nobody gains from guessing it
}
