package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/tests/system"
)

// backWithin is how long the system may take to recover from a fault. Other faults may begin
// meanwhile.
const backWithin = 3 * time.Minute

// breaker causes faults.
type breaker struct {
	*system.System
	// flowing reports whether the subscriber has received the event of a change after an instant.
	flowing func(time.Time) bool

	links  map[victim]*system.Link
	disk   *system.Disk // nil if no disk can be mounted
	noDisk error        // the reason

	mu       sync.Mutex
	done     map[kind]int
	omitted  map[kind]int
	recovery time.Duration // the longest
	slowest  fault
}

func newBreaker(flowing func(time.Time) bool) *breaker {
	return &breaker{
		flowing: flowing, done: map[kind]int{}, omitted: map[kind]int{}, links: map[victim]*system.Link{},
	}
}

// breakAll causes the faults of the schedule until enough is closed, and at least a number of them.
// Too many faults at the same time would be unfair: such a fault waits for the end of others, and
// delays all later faults. breakAll waits for the end of all faults.
func (b *breaker) breakAll(ctx context.Context, plan *schedule, atLeast int, enough <-chan struct{}) error {
	began, late := time.Now(), time.Duration(0)
	under := make(chan struct{}, atOnce)
	over := map[victim]chan struct{}{}
	g, ctx := errgroup.WithContext(ctx)
	for {
		f := plan.next()
		end := enough
		if f.number <= atLeast {
			end = nil
		}
		if over[f.victim] == nil {
			over[f.victim] = make(chan struct{}, 1)
		}
		for _, ready := range []func() bool{
			func() bool { return elapse(ctx, end, time.Until(began.Add(f.start+late))) },
			func() bool { return enter(ctx, end, under) },
			func() bool { return enter(ctx, end, over[f.victim]) },
		} {
			if !ready() {
				return g.Wait()
			}
		}
		late = time.Since(began) - f.start
		f.start += late
		g.Go(func() error {
			defer func() { <-under; <-over[f.victim] }()
			return b.happen(ctx, f)
		})
	}
}

// elapse waits for d. It reports whether the run continues.
func elapse(ctx context.Context, end <-chan struct{}, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-end:
	case <-ctx.Done():
	}
	return false
}

// enter waits for room. It reports whether the run continues.
func enter(ctx context.Context, end <-chan struct{}, room chan<- struct{}) bool {
	select {
	case room <- struct{}{}:
		return true
	case <-end:
	case <-ctx.Done():
	}
	return false
}

// happen causes one fault, and waits until its victim works again and events flow.
func (b *breaker) happen(ctx context.Context, f fault) error {
	if f.kind == full && b.disk == nil {
		fmt.Printf("%s: left out: %v\n", f, b.noDisk)
		b.count(b.omitted, f, 0)
		return nil
	}
	fmt.Println(f)
	end, err := b.begin(f)
	if err != nil {
		return fmt.Errorf("%s: %w", f, err)
	}
	elapse(ctx, nil, f.length)
	over := time.Now()
	ctx, cancel := context.WithTimeout(ctx, backWithin)
	defer cancel()
	err = end(ctx) // repairs the system even if the run has ended
	if err == nil {
		err = system.Poll(ctx, func() error {
			if !b.flowing(over) {
				return errors.New("no event of a later change has arrived")
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f, err)
	}
	b.count(b.done, f, time.Since(over))
	return nil
}

func (b *breaker) count(in map[kind]int, f fault, recovery time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	in[f.kind]++
	if recovery > b.recovery {
		b.recovery, b.slowest = recovery, f
	}
}
