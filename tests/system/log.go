package system

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
)

// log keeps the output of the system, line by line.
type log struct {
	mu      sync.Mutex
	full    []string // complete lines
	pending []byte
	changed chan struct{} // closed and replaced at every line
}

func newLog() *log { return &log{changed: make(chan struct{})} }

// Write adds output of a process. It never fails.
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

// wait returns the first line that matches, with its groups. It returns an error if ended is closed
// before such a line.
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
			over = true // check the last lines once more
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
