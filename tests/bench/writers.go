package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// writers is how many changes are committed at once.
const writers = 8

// writing is what came of changes at a rate.
type writing struct {
	changes int
	// took is how long each transaction took, late how long after its time each began.
	took, late samples
}

// write commits changes of a crowd, evenly spread, for a time, and calls committed after each. A change whose time has come
// begins late when all writers are busy; none is left out.
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
