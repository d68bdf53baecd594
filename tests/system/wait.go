package system

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Poll calls f until it returns nil, or returns its last error when ctx ends.
func Poll(ctx context.Context, f func() error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %w", ctx.Err(), err)
		}
	}
}

// Inbox keeps what arrives somewhere, in its order, for whoever waits for it. The zero Inbox is empty.
type Inbox[T any] struct {
	mu      sync.Mutex
	items   []T
	changed chan struct{}
}

// Add puts an item in.
func (i *Inbox[T]) Add(item T) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.items = append(i.items, item)
	if i.changed != nil {
		close(i.changed)
		i.changed = nil
	}
}

// All returns what has arrived so far.
func (i *Inbox[T]) All() []T {
	items, _ := i.look()
	return items
}

func (i *Inbox[T]) look() ([]T, <-chan struct{}) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.changed == nil {
		i.changed = make(chan struct{})
	}
	return i.items[:len(i.items):len(i.items)], i.changed
}

// Select returns what has arrived so far and matches.
func (i *Inbox[T]) Select(match func(T) bool) []T {
	var found []T
	for _, item := range i.All() {
		if match(item) {
			found = append(found, item)
		}
	}
	return found
}

// Wait returns the first item that matches, which may have arrived before.
func (i *Inbox[T]) Wait(ctx context.Context, match func(T) bool) (T, error) {
	seen := 0
	for {
		items, changed := i.look()
		for _, item := range items[seen:] {
			if match(item) {
				return item, nil
			}
		}
		seen = len(items)
		select {
		case <-changed:
		case <-ctx.Done():
			var none T
			return none, fmt.Errorf("none of the %d that arrived is the one: %w", seen, ctx.Err())
		}
	}
}
