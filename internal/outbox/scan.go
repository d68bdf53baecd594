package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

const (
	// pollInterval is how often the relay looks for events without a wake-up. They come from
	// replicas that died and from replays.
	pollInterval = 500 * time.Millisecond
	pollTimeout  = 5 * time.Second
	// fullScanInterval is the shortest time between full scans. They run less often if they would
	// take more than one part in fullScanShare of the time.
	fullScanInterval = time.Second
	fullScanShare    = 20
	fullScanTimeout  = time.Minute
	// countLimit is the number at which the count of waiting events stops. Counting more would load
	// the database during an outage.
	countLimit = 100_000
)

// part names a part of a relay in its health. The other parts are the shards.
type part string

const (
	partPoll     part = "poll"
	partFullScan part = "full scan"
)

func (r *Relay) poll(ctx context.Context) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if err := r.Idle.Wait(ctx); err != nil {
			return err
		}
		r.health.Set(partPoll, r.stayAwake(r.pollOnce(ctx)))
		r.logHealth(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// pollOnce wakes the shards that hold unpublished events above their watermarks.
func (r *Relay) pollOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	var watermarks postgres.Watermarks
	for i, s := range r.shards {
		watermarks[i] = s.watermark.Load()
	}
	var pending []postgres.PendingShard
	err := r.DB.InTx(ctx, func(tx pgx.Tx) (err error) {
		pending, err = postgres.PendingShards(ctx, tx, watermarks)
		return err
	})
	if err != nil {
		return err
	}
	var lag time.Duration
	if since := r.overflowSince.Load(); since != 0 {
		lag = r.Now().Sub(time.UnixMicro(since))
	}
	for _, p := range pending {
		lag = max(lag, r.Now().Sub(p.Since))
		r.shards[p.Shard].wake()
		r.Idle.Touch()
	}
	r.metrics.lag.Set(lag.Seconds())
	return nil
}

func (r *Relay) fullScan(ctx context.Context) error {
	for {
		if err := r.Idle.Wait(ctx); err != nil {
			return err
		}
		began := time.Now()
		r.health.Set(partFullScan, r.stayAwake(r.fullScanOnce(ctx)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(fullScanInterval, fullScanShare*time.Since(began))):
		}
	}
}

// fullScanOnce finds all unpublished events, wakes their shards and moves the watermarks. A
// watermark lags by one full scan: it is the lower of the last two results. An event that commits
// later than that is found by the next full scan.
func (r *Relay) fullScanOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fullScanTimeout)
	defer cancel()
	var found postgres.Watermarks
	var pending, overflow []postgres.PendingShard
	err := r.DB.InTx(ctx, func(tx pgx.Tx) error {
		// The next statement sees the events up to last, except those of open transactions.
		last, err := postgres.LastSeq(ctx, tx)
		if err != nil {
			return err
		}
		for i := range found {
			found[i] = last + 1
		}
		if pending, err = postgres.PendingShards(ctx, tx, postgres.Watermarks{}); err != nil {
			return err
		}
		overflow, err = postgres.PendingOverflow(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range pending {
		found[p.Shard] = p.First
	}
	for i, s := range r.shards {
		s.watermark.Store(min(found[i], r.lastScan[i]))
	}
	r.lastScan = found
	// Wake the shards only now. A claim that starts before its watermark is moved would find
	// nothing.
	for _, p := range pending {
		r.shards[p.Shard].wake()
		r.Idle.Touch()
	}
	var since int64
	for _, p := range overflow {
		if written := p.Since.UnixMicro(); since == 0 || written < since {
			since = written
		}
		r.overflow[p.Shard].wake()
		r.Idle.Touch()
	}
	r.overflowSince.Store(since)
	return nil
}

// stayAwake returns err. After an error the relay does not know whether events wait, and must look
// again.
func (r *Relay) stayAwake(err error) error {
	if err != nil {
		r.Idle.Touch()
	}
	return err
}

// logHealth logs that publishing became degraded or recovered, with the number of waiting events.
func (r *Relay) logHealth(ctx context.Context) {
	r.health.Log(ctx, func() []slog.Attr { return []slog.Attr{slog.String("waiting", r.countWaiting(ctx))} })
}

// countWaiting returns the number of waiting events as text. It returns "unknown" if the database
// does not answer.
func (r *Relay) countWaiting(ctx context.Context) string {
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
