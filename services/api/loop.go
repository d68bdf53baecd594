package main

import (
	"context"
	"time"
)

// every calls once immediately and then every interval until ctx is cancelled. It passes each result to
// report.
func every(ctx context.Context, interval time.Duration, report func(context.Context, error), once func(context.Context) error) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		report(ctx, once(ctx))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
