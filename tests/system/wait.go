package system

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Poll calls f until it returns nil. When ctx is cancelled, Poll returns the last error.
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

// Inbox keeps items in the order of their arrival, for goroutines that wait for one of them. The
// zero Inbox is empty.
type Inbox[T any] struct {
	mu      sync.Mutex
	items   []T
	changed chan struct{}
}

// Add adds an item.
func (i *Inbox[T]) Add(item T) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.items = append(i.items, item)
	if i.changed != nil {
		close(i.changed)
		i.changed = nil
	}
}

// All returns all items so far.
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

// Select returns the items so far that match.
func (i *Inbox[T]) Select(match func(T) bool) []T {
	var found []T
	for _, item := range i.All() {
		if match(item) {
			found = append(found, item)
		}
	}
	return found
}

// Wait returns the first item that matches. It may have arrived before the call.
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
			return none, fmt.Errorf("none of the %d items matches: %w", seen, ctx.Err())
		}
	}
}
