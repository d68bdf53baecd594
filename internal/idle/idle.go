// Package idle lets a service leave its database alone while nothing happens. A database that is
// billed by the hour can suspend itself then.
//
//	   Touch: a request, an event, a job, pending work
//	  ┌─────────────────────────────────┐
//	  ▼                                 │
//	awake ── no Touch for a while ──> asleep ── Touch, or WakeIn is over ──> awake
//
// While a service is awake, its loops work as they do without a Monitor. While it is asleep, they
// wait. A loop that finds work or fails keeps its service awake.
//
// A nil Monitor is always awake. It is for a database that does not sleep.
package idle

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Monitor knows whether a service is awake. New creates it, and any goroutine may use it.
type Monitor struct {
	after time.Duration

	mu    sync.Mutex
	until time.Time
	// woken is closed when the service wakes up.
	woken chan struct{}
	alarm *time.Timer
}

// New returns a Monitor of a service that is awake now and falls asleep after a time without a
// Touch. It returns nil if the time is 0.
func New(after time.Duration) *Monitor {
	if after == 0 {
		return nil
	}
	return &Monitor{after: after, until: time.Now().Add(after), woken: make(chan struct{})}
}

// Touch wakes the service, or keeps it awake.
func (m *Monitor) Touch() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if !now.Before(m.until) {
		close(m.woken)
		m.woken = make(chan struct{})
	}
	m.until = now.Add(m.after)
}

// WakeIn calls Touch after a time. It replaces the previous call.
func (m *Monitor) WakeIn(d time.Duration) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.alarm != nil {
		m.alarm.Stop()
	}
	m.alarm = time.AfterFunc(d, m.Touch)
}

// Awake reports whether the service is awake.
func (m *Monitor) Awake() bool {
	left, _ := m.left()
	return m == nil || left > 0
}

// left returns how long the service stays awake, and a channel that is closed when it wakes up.
func (m *Monitor) left() (time.Duration, <-chan struct{}) {
	if m == nil {
		return 0, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Until(m.until), m.woken
}

// Wait blocks while the service is asleep. It returns ctx's error if ctx is cancelled first.
func (m *Monitor) Wait(ctx context.Context) error {
	for {
		left, woken := m.left()
		if m == nil || left > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for work: %w", ctx.Err())
		case <-woken:
		}
	}
}

// WaitAsleep blocks while the service is awake. It returns ctx's error if ctx is cancelled first.
func (m *Monitor) WaitAsleep(ctx context.Context) error {
	for {
		left, _ := m.left()
		var over <-chan time.Time // never, without a Monitor
		if m != nil {
			if left <= 0 {
				return nil
			}
			over = time.After(left)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the end of work: %w", ctx.Err())
		case <-over:
		}
	}
}

// LastSeen returns a health check that does not wake a sleeping database. It calls check while the
// service is awake, and also after a failure. Otherwise it repeats the last result.
func (m *Monitor) LastSeen(check func(context.Context) error) func(context.Context) error {
	if m == nil {
		return check
	}
	var mu sync.Mutex
	var last error
	return func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if m.Awake() || last != nil {
			last = check(ctx)
		}
		return last
	}
}
