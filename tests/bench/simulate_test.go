package main

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// 36,000 people make 18 changes and get 6 reminders a second in the busiest hour, and have 36,000
// reminders at 09:00.
func TestSimulation(t *testing.T) {
	t.Parallel()
	c := &costs{
		processor: map[unit]usage{
			unitChange:   {"api": 100 * time.Millisecond},
			unitReminder: {"notifier": 10 * time.Millisecond},
		},
		rest: map[string]float64{"api": 1000, "api, sidecar": 2000, "notifier": 1000, "notifier, sidecar": 2000},
	}
	got := simulate(c, 36_000, 1)
	// api uses 1.8 processors. The reminders are 360 s of work for one of notifier, which is busy for
	// 0.06 of each second already.
	for what, pair := range map[string][2]float64{
		"busy":         {got.busy, (1.8*3600 + 360 + 0.06*3600) / 4 / 3600},
		"nine":         {got.nine, 36_000},
		"handled":      {got.handled.Seconds(), 360 / (1 - 0.06)},
		"for ten secs": {float64(got.inTime), 36},
	} {
		if math.Abs(pair[0]-pair[1]) > 0.02*pair[1] {
			t.Errorf("%s: got %v, want about %v", what, pair[0], pair[1])
		}
	}
	if got.click != 0 { // requests do not wait for the reminders
		t.Errorf("a request waits for %v, want no wait", got.click)
	}
	if got.slowest != "notifier" {
		t.Errorf("got %s as the slowest, want notifier", got.slowest)
	}
}

func TestPoisson(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, mean := range []float64{0.1, 5, 99, 101, 10_000} {
		const n = 20_000
		sum, squares := 0.0, 0.0
		for range n {
			x := poisson(random, mean)
			sum, squares = sum+x, squares+x*x
		}
		average := sum / n
		variance := squares/n - average*average
		if math.Abs(average-mean) > 5*math.Sqrt(mean/n) || math.Abs(variance/mean-1) > 0.05 {
			t.Errorf("mean %v: got %v with a variance of %v", mean, average, variance)
		}
	}
}
