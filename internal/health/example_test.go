package health_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"taskmaster/internal/health"
)

// A task that fails repeatedly writes one line when it becomes degraded and one when it recovers.
func ExampleReporter_Report() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	now := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	publishing := health.New("event publishing", log, now)
	for _, err := range []error{errors.New("connection refused"), errors.New("connection refused"), nil} {
		publishing.Report(context.Background(), err)
	}
	// Output:
	// level=WARN msg="event publishing degraded" error="connection refused"
	// level=INFO msg="event publishing recovered" after=0s
}
