package main

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// An outage of the database gives one line for each message of River, and another one later if it
// lasts. Lines below warning are never logged.
func TestQueueLogHidesRepetitions(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	log := slog.New(newQueueLog(slog.NewTextHandler(&out, nil), func() time.Time { return now })).With("client", "one")
	outage := func() {
		log.Info("jobs completed")
		for range 3 {
			log.Error("error fetching jobs", "error", errors.New("connection refused"))
			log.Error("error attempting reelection", "error", errors.New("connection refused"))
		}
	}
	check := func(want int) {
		t.Helper()
		for _, message := range []string{"error fetching jobs", "error attempting reelection"} {
			if got := strings.Count(out.String(), message); got != want {
				t.Errorf("%q is logged %d times, want %d:\n%s", message, got, want, &out)
			}
		}
	}
	outage()
	check(1)
	now = now.Add(queueLogPause - time.Second)
	outage()
	check(1)
	now = now.Add(time.Second)
	outage()
	check(2)
	if strings.Contains(out.String(), "jobs completed") {
		t.Errorf("a line below warning is logged:\n%s", &out)
	}
}
