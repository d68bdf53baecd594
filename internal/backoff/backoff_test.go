package backoff_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"taskmaster/internal/backoff"
)

func TestDelayDoublesUpToItsLimit(t *testing.T) {
	t.Parallel()
	p := backoff.Policy{Min: 100 * time.Millisecond, Max: 5 * time.Second}
	for failures, longest := range map[int]time.Duration{
		0: p.Min, 1: p.Min, 2: 200 * time.Millisecond, 6: 3200 * time.Millisecond, 7: p.Max, 1000: p.Max, math.MaxInt: p.Max,
	} {
		for range 100 {
			got := p.Delay(failures)
			if got > longest {
				t.Errorf("Delay(%d) = %v, want at most %v", failures, got, longest)
			}
			if shortest := longest * 3 / 4; got < shortest {
				t.Errorf("Delay(%d) = %v, want at least %v", failures, got, shortest)
			}
		}
	}
}

func TestDelayNeverOverflows(t *testing.T) {
	t.Parallel()
	p := backoff.Policy{Min: 1, Max: math.MaxInt64 / 2}
	if got, least := p.Delay(1000), p.Max*3/4; got < least {
		t.Errorf("Delay(1000) = %v, want at least %v", got, least)
	}
}

func TestDelaySpreadsAttempts(t *testing.T) {
	t.Parallel()
	p := backoff.Policy{Min: time.Hour, Max: time.Hour}
	seen := map[time.Duration]bool{}
	for range 100 {
		seen[p.Delay(1)] = true
	}
	if len(seen) < 2 {
		t.Error("all of 100 delays are equal, want jitter")
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p := backoff.Policy{Min: time.Hour, Max: time.Hour}
		began := time.Now()
		if err := p.Wait(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait returned %v, want context.Canceled", err)
		}
		if got := time.Since(began); got != 0 {
			t.Errorf("Wait returned after %v, want no wait", got)
		}
	})
}

func TestWaitReturnsAfterTheDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := backoff.Policy{Min: time.Hour, Max: 24 * time.Hour}
		began := time.Now()
		if err := p.Wait(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		got := time.Since(began)
		if got < p.Min*3/4 {
			t.Errorf("Wait returned after %v, want at least %v", got, p.Min*3/4)
		}
		if got > p.Min {
			t.Errorf("Wait returned after %v, want at most %v", got, p.Min)
		}
	})
}
