package outbox

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

const (
	// pollInterval is how often the relay looks for what it was not woken for: the work of replicas that died, and replays.
	pollInterval = 500 * time.Millisecond
	pollTimeout  = 5 * time.Second
	// surveyInterval is how often the marks are moved, or less often if surveyShare of the time would be spent on it.
	surveyInterval = time.Second
	surveyShare    = 20
	surveyTimeout  = time.Minute
)

func (r *Relay) poll(ctx context.Context) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if err := r.pollOnce(ctx); err != nil && ctx.Err() == nil {
			r.trouble.note(r, err)
		} else {
			r.trouble.clear(r)
		}
		r.report(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// pollOnce wakes the shards that hold events, whoever wrote them.
func (r *Relay) pollOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	var marks postgres.Marks
	for i, s := range r.shards {
		marks[i] = s.mark.Load()
	}
	var pending []postgres.PendingShard
	err := r.DB.InTx(ctx, func(tx pgx.Tx) (err error) {
		pending, err = postgres.PendingShards(ctx, tx, marks)
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
	}
	r.metrics.lag.Set(lag.Seconds())
	return nil
}

func (r *Relay) survey(ctx context.Context) error {
	for {
		began := time.Now()
		if err := r.surveyOnce(ctx); err != nil && ctx.Err() == nil {
			r.trouble.note(&r.surveyed, err)
		} else {
			r.trouble.clear(&r.surveyed)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(surveyInterval, surveyShare*time.Since(began))):
		}
	}
}

// surveyOnce looks at all there is, wakes the shards that hold events and moves their marks. A mark stays one survey behind:
// a transaction has that long to commit before its events are looked for by a survey alone.
func (r *Relay) surveyOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	var found postgres.Marks
	var pending, overflow []postgres.PendingShard
	err := r.DB.InTx(ctx, func(tx pgx.Tx) error {
		// What has a seq up to the last is seen by the next statement, or is of a transaction that is open.
		last, err := postgres.LastSeq(ctx, tx)
		if err != nil {
			return err
		}
		for i := range found {
			found[i] = last + 1
		}
		if pending, err = postgres.PendingShards(ctx, tx, postgres.Marks{}); err != nil {
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
		s.mark.Store(min(found[i], r.surveyed[i]))
	}
	r.surveyed = found
	// Only now: what begins before its mark would find nothing.
	for _, p := range pending {
		r.shards[p.Shard].wake()
	}
	var since int64
	for _, p := range overflow {
		if written := p.Since.UnixMicro(); since == 0 || written < since {
			since = written
		}
		r.overflow[p.Shard].wake()
	}
	r.overflowSince.Store(since)
	return nil
}
