// Package health logs a background task's change between healthy and degraded, once for each
// change.
//
// A task that runs every second would otherwise repeat its error every second during an outage. A
// Reporter writes one warning when the first error comes and one line when the last error is gone:
//
//	level=WARN msg="event publishing degraded" error="dial tcp: connection refused"
//	level=INFO msg="event publishing recovered" after=12.3s
package health

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Reporter holds the health of one task. Several goroutines may use it at once.
type Reporter struct {
	subject string
	log     *slog.Logger
	now     func() time.Time

	mu sync.Mutex
	// failing holds the latest error of each part that fails.
	failing map[any]error
	// since is when the degraded state was logged. It is zero while the logged state is healthy.
	since time.Time
}

// New returns a Reporter of a healthy task. The subject names the task in the log: "event
// publishing".
func New(subject string, log *slog.Logger, now func() time.Time) *Reporter {
	return &Reporter{subject: subject, log: log, now: now, failing: map[any]error{}}
}

// Report sets the state of a task without parts and logs a change. A nil error means healthy. After
// ctx is cancelled Report does nothing, because the errors of a task that stops are no outage.
func (r *Reporter) Report(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	r.Set(nil, err)
	r.Log(ctx, nil)
}

// Set sets the state of one part of the task. The part is any comparable value. A nil error means
// healthy. Set logs nothing: the next call of Log does.
func (r *Reporter) Set(part any, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.failing, part)
		return
	}
	r.failing[part] = err
}

// Err returns the error of one of the failing parts. It returns nil when all parts are healthy.
func (r *Reporter) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err()
}

func (r *Reporter) err() error {
	for _, err := range r.failing {
		return err
	}
	return nil
}

// Log writes a line if the task became degraded or recovered since the last line. The task is
// degraded while any part fails. Log calls attrs, unless it is nil, for further attributes of the
// line. After ctx is cancelled it does nothing.
func (r *Reporter) Log(ctx context.Context, attrs func() []slog.Attr) {
	level, message, attr, changed := r.change(ctx)
	if !changed {
		return
	}
	line := []slog.Attr{attr}
	if attrs != nil {
		line = append(attrs(), line...)
	}
	r.log.LogAttrs(ctx, level, message, line...) //nolint:sloglint // the message names the task
}

// change updates the logged state. It returns the line to log, and false when the state is the
// same.
func (r *Reporter) change(ctx context.Context) (level slog.Level, message string, attr slog.Attr, changed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch err := r.err(); {
	case ctx.Err() != nil:
		return 0, "", slog.Attr{}, false
	case err != nil && r.since.IsZero():
		r.since = r.now()
		return slog.LevelWarn, r.subject + " degraded", slog.Any("error", err), true
	case err == nil && !r.since.IsZero():
		after := r.now().Sub(r.since).Round(time.Millisecond)
		r.since = time.Time{}
		return slog.LevelInfo, r.subject + " recovered", slog.Duration("after", after), true
	}
	return 0, "", slog.Attr{}, false
}
