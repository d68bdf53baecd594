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

const (
	// delay is what a slow network adds in each direction.
	delay = 50 * time.Millisecond
	// backWithin is how long it may take after a fault until everything works again. Other faults may begin meanwhile.
	backWithin = 3 * time.Minute
)

// breaker makes faults happen.
type breaker struct {
	*system.System
	// flowing says whether an event of a change that was made after an instant has come to the subscriber.
	flowing func(time.Time) bool

	links  map[victim]*system.Link
	disk   *system.Disk // nil where none can be mounted
	noDisk error        // why

	mu       sync.Mutex
	busy     map[victim]*sync.Mutex
	done     map[kind]int
	omitted  map[kind]int
	recovery time.Duration // the longest
	slowest  fault
}

func newBreaker(flowing func(time.Time) bool) *breaker {
	return &breaker{
		flowing: flowing, busy: map[victim]*sync.Mutex{}, done: map[kind]int{}, omitted: map[kind]int{}, links: map[victim]*system.Link{},
	}
}

// breakAll makes the faults of the schedule happen until enough is closed, but each kind at least once. Those that have begun are
// finished.
func (b *breaker) breakAll(ctx context.Context, plan *schedule, enough <-chan struct{}) error {
	began := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	for {
		f := plan.next()
		end := enough
		if f.number <= len(kinds) {
			end = nil
		}
		select {
		case <-time.After(time.Until(began.Add(f.start))):
		case <-end:
			return g.Wait()
		case <-ctx.Done():
			return g.Wait()
		}
		g.Go(func() error { return b.happen(ctx, f, began) })
	}
}

// happen makes one fault happen and waits until its victim works again and events flow.
func (b *breaker) happen(ctx context.Context, f fault, began time.Time) error {
	b.mu.Lock()
	if b.busy[f.victim] == nil {
		b.busy[f.victim] = &sync.Mutex{}
	}
	alone := b.busy[f.victim]
	b.mu.Unlock()
	alone.Lock() // the victim may not be back from the one before
	defer alone.Unlock()
	if ctx.Err() != nil {
		return nil // something else went wrong meanwhile, and is told
	}
	late := ""
	if wait := time.Since(began) - f.start; wait > time.Second {
		late = fmt.Sprintf(", %.1f s late: it was not back before", wait.Seconds())
	}
	if f.kind == full && b.disk == nil {
		fmt.Printf("%s: left out: %v\n", f, b.noDisk)
		b.count(b.omitted, f, 0)
		return nil
	}
	fmt.Println(f.String() + late)
	end, err := b.begin(f)
	if err != nil {
		return fmt.Errorf("%s: %w", f, err)
	}
	select {
	case <-time.After(f.length):
	case <-ctx.Done():
	}
	over := time.Now()
	ctx, cancel := context.WithTimeout(ctx, backWithin)
	defer cancel()
	err = end(ctx)
	if err == nil {
		err = system.Poll(ctx, func() error {
			if !b.flowing(over) {
				return errors.New("no event of a later change has come")
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

// begin begins a fault. end ends it and returns when the victim works again.
func (b *breaker) begin(f fault) (end func(context.Context) error, err error) {
	v := f.victim
	was, err := b.Process(v.role, v.name, v.replica)
	if err != nil {
		return nil, err
	}
	healthy := func(ctx context.Context) error { return b.Healthy(ctx, was) }
	link := b.links[v]
	switch f.kind {
	case kill:
		_, err := b.Crash(v.role, v.name, v.replica)
		return func(ctx context.Context) error { return b.Back(ctx, was) }, err
	case hold:
		release, err := b.HoldDown(v.role, v.name, v.replica)
		return after(release, func(ctx context.Context) error { return b.Back(ctx, was) }), err
	case pause:
		resume, err := b.Pause(v.role, v.name, v.replica)
		return after(resume, healthy), err
	case full:
		return after(b.disk.Free, healthy), b.disk.Fill()
	case cut:
		link.Cut()
	case stall:
		link.Stall()
	case slow:
		link.Slow(delay)
	}
	return after(func() error { link.Mend(); return nil }, healthy), nil
}

// after does the one, then the other.
func after(undo func() error, healthy func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := undo(); err != nil {
			return err
		}
		return healthy(ctx)
	}
}
