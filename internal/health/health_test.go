package health_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"taskmaster/internal/health"
)

var errRefused = errors.New("connection refused")

// fixture is a reporter whose clock moves by a second with each reading, and its log.
func fixture() (r *health.Reporter, read func() string) {
	var log bytes.Buffer
	handler := slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := func() time.Time { now = now.Add(time.Second); return now }
	return health.New("event publishing", slog.New(handler), clock), log.String
}

func TestEachChangeIsLoggedOnce(t *testing.T) {
	t.Parallel()
	r, log := fixture()
	for _, err := range []error{nil, errRefused, errRefused, errors.New("another error"), nil, nil, errRefused} {
		r.Report(t.Context(), err)
	}
	want := `level=WARN msg="event publishing degraded" error="connection refused"
level=INFO msg="event publishing recovered" after=1s
level=WARN msg="event publishing degraded" error="connection refused"
`
	if got := log(); got != want {
		t.Errorf("log is\n%swant\n%s", got, want)
	}
}

func TestTaskRecoversWithItsLastPart(t *testing.T) {
	t.Parallel()
	r, log := fixture()
	r.Set("shard 1", errRefused)
	r.Set("shard 2", errRefused)
	r.Log(t.Context(), nil)
	r.Set("shard 1", nil)
	r.Log(t.Context(), nil)
	if got := r.Err(); !errors.Is(got, errRefused) {
		t.Errorf("Err() = %v while a part fails, want %v", got, errRefused)
	}
	r.Set("shard 2", nil)
	r.Log(t.Context(), func() []slog.Attr { return []slog.Attr{slog.Int("waiting", 3)} })
	if got := r.Err(); got != nil {
		t.Errorf("Err() = %v when all parts are healthy, want nil", got)
	}
	want := `level=WARN msg="event publishing degraded" error="connection refused"
level=INFO msg="event publishing recovered" waiting=3 after=1s
`
	if got := log(); got != want {
		t.Errorf("log is\n%swant\n%s", got, want)
	}
}

func TestStoppingIsNoOutage(t *testing.T) {
	t.Parallel()
	r, log := fixture()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.Report(ctx, context.Canceled)
	r.Set("shard", context.Canceled)
	r.Log(ctx, nil)
	if got := log(); got != "" {
		t.Errorf("logged %q after the context was cancelled, want nothing", got)
	}
}
