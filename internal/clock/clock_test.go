package clock_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"taskmaster/internal/clock"
)

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// TestNowIsTheEarlierClock compares clocks that differ.
func TestNowIsTheEarlierClock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		database time.Duration // ahead of the process
		want     time.Duration
		reported bool
	}{
		{"in step", 0, 0, false},
		{"database ahead", time.Hour, 0, true},
		{"database behind", -time.Hour, -time.Hour, true},
		{"database a little behind", -time.Second, -time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			clk := clock.New(
				func() time.Time { return start },
				func(context.Context) (time.Time, error) { return start.Add(c.database), nil },
			)
			if err := clk.Compare(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := clk.Now().Sub(start); got != c.want {
				t.Errorf("Now differs from the process by %v, want %v", got, c.want)
			}
			if err := clk.Check(); (err != nil) != c.reported {
				t.Errorf("Check returned %v, want an error: %v", err, c.reported)
			}
		})
	}
}

// TestLastComparisonStays loses the database after a comparison.
func TestLastComparisonStays(t *testing.T) {
	t.Parallel()
	var lost error
	clk := clock.New(
		func() time.Time { return start },
		func(context.Context) (time.Time, error) { return start.Add(-time.Minute), lost },
	)
	if err := clk.Compare(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost = errors.New("connection refused")
	if err := clk.Compare(t.Context()); !errors.Is(err, lost) {
		t.Errorf("Compare returned %v, want %v", err, lost)
	}
	if got, want := clk.Now(), start.Add(-time.Minute); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
