// Package backoff spaces the attempts of an operation that keeps failing. The wait doubles with
// each failure up to a limit. Random jitter keeps clients that failed together from returning
// together.
package backoff

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Policy holds the limits of a wait. Both are longer than zero.
type Policy struct {
	// Min is the longest wait after the first failure.
	Min time.Duration
	// Max is the longest wait after any failure.
	Max time.Duration
}

// Delay returns the wait after a number of consecutive failures. The wait starts at Min, doubles
// with each further failure, and stops at Max. Jitter shortens it by up to a quarter.
func (p Policy) Delay(failures int) time.Duration {
	d := min(p.Min, p.Max)
	for ; failures > 1 && d < p.Max; failures-- {
		d = min(2*d, p.Max)
	}
	return d - rand.N(d/4+1) //nolint:gosec // the jitter needs no secrecy
}

// Wait blocks for Delay(failures). It returns earlier with ctx's error when ctx is cancelled.
func (p Policy) Wait(ctx context.Context, failures int) error {
	timer := time.NewTimer(p.Delay(failures))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for the next attempt: %w", ctx.Err())
	case <-timer.C:
		return nil
	}
}
