package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// writers is the number of changes that are committed at the same time.
const writers = 8

// writing is the result of changes at a rate.
type writing struct {
	changes int
	// took holds the duration of each transaction. late holds the delay of its beginning.
	took, late samples
}

// write commits changes of a crowd, evenly spread, for a time. It calls committed after each. If
// all writers are busy, a change begins late; none is left out.
func (c *crowd) write(ctx context.Context, perSecond float64, duration time.Duration, to enqueue, committed func(userID uuid.UUID)) (*writing, error) {
	w := &writing{}
	interval := time.Duration(float64(time.Second) / perSecond)
	began := time.Now()
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range writers {
		g.Go(func() error {
			for {
				at := began.Add(time.Duration(next.Add(1)-1) * interval)
				if at.Sub(began) >= duration {
					return nil
				}
				if !sleepUntil(ctx, at) {
					return ctx.Err()
				}
				w.late.add(time.Since(at))
				user, took, err := c.change(ctx, to)
				if err != nil {
					return err
				}
				committed(user)
				w.took.add(took)
			}
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("write changes: %w", err)
	}
	w.changes = len(w.took.get())
	return w, nil
}
