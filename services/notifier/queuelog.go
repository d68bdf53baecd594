package main

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// queueLogPause is the shortest time between two lines of River with the same message. During an
// outage of the database River would log several lines per second.
const queueLogPause = 10 * time.Minute

// queueLog is the log of River. It hides lines below warning, because our own log has a line for
// each failed delivery. It also hides repetitions of a message.
type queueLog struct {
	slog.Handler
	now  func() time.Time
	seen *messages
}

// messages holds the time at which each message was logged last.
type messages struct {
	mu sync.Mutex
	at map[string]time.Time
}

func newQueueLog(h slog.Handler, now func() time.Time) queueLog {
	return queueLog{Handler: h, now: now, seen: &messages{at: map[string]time.Time{}}}
}

// Enabled reports whether lines of a level are logged.
func (l queueLog) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && l.Handler.Enabled(ctx, level)
}

// Handle logs a line unless its message was logged less than queueLogPause ago.
func (l queueLog) Handle(ctx context.Context, line slog.Record) error {
	if !l.seen.add(line.Message, l.now()) {
		return nil
	}
	return l.Handler.Handle(ctx, line) //nolint:wrapcheck // the caller is slog
}

// add notes a message. It reports whether the message is due to be logged.
func (m *messages) add(message string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if last, ok := m.at[message]; ok && now.Sub(last) < queueLogPause {
		return false
	}
	m.at[message] = now
	return true
}

// WithAttrs returns a log whose lines have further attributes.
func (l queueLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	l.Handler = l.Handler.WithAttrs(attrs)
	return l
}

// WithGroup returns a log whose further attributes are in a group.
func (l queueLog) WithGroup(name string) slog.Handler {
	l.Handler = l.Handler.WithGroup(name)
	return l
}
