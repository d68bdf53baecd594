package main

import (
	"context"
	"time"
)

// delay is the delay of a slow network in each direction.
const delay = 50 * time.Millisecond

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

// after returns a function that undoes a fault and then waits until the victim is healthy.
func after(undo func() error, healthy func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := undo(); err != nil {
			return err
		}
		return healthy(ctx)
	}
}
