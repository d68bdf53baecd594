package main

import (
	"context"
	"fmt"
	"time"
)

// stateLog returns a function that logs when errors begin and when they are over, once each.
func (m *reminders) stateLog(trouble string) func(ctx context.Context, err error) {
	var since time.Time
	return func(ctx context.Context, err error) {
		switch {
		case ctx.Err() != nil:
		case err != nil && since.IsZero():
			since = m.now()
			m.log.WarnContext(ctx, "reminders are in trouble, they wait", "trouble", trouble, "error", err)
		case err == nil && !since.IsZero():
			m.log.InfoContext(ctx, "reminders are out of trouble", "trouble", trouble, "after", m.now().Sub(since).Round(time.Millisecond))
			since = time.Time{}
		}
	}
}

// every calls once at once and then at an interval, until ctx ends, and reports what it returns.
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

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait: %w", ctx.Err())
	case <-timer.C:
		return nil
	}
}
