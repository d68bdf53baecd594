package system

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
)

// log keeps what the system writes, by line.
type log struct {
	mu      sync.Mutex
	full    []string // lines
	pending []byte
	changed chan struct{} // closed, and made anew, at every line
}

func newLog() *log { return &log{changed: make(chan struct{})} }

// Write takes what a process writes. It never fails.
func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, b...)
	for {
		line, rest, ok := bytes.Cut(l.pending, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		l.full = append(l.full, string(line))
		l.pending = bytes.Clone(rest)
		close(l.changed)
		l.changed = make(chan struct{})
	}
}

func (l *log) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.full[max(0, len(l.full)-n):], "\n")
}

// wait returns the first line that matches, with its groups, or an error when ended is closed before.
func (l *log) wait(ctx context.Context, ended <-chan struct{}, pattern *regexp.Regexp) ([]string, error) {
	for seen, over := 0, false; ; {
		l.mu.Lock()
		lines, changed := l.full[seen:], l.changed
		l.mu.Unlock()
		for _, line := range lines {
			if m := pattern.FindStringSubmatch(line); m != nil {
				return m, nil
			}
		}
		if over {
			return nil, errors.New("it ended")
		}
		seen += len(lines)
		select {
		case <-changed:
		case <-ended:
			over = true // one more look at what it wrote last
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
