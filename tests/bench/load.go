package main

import (
	"context"
	"fmt"
	"time"

	"taskmaster/tests/goals"
	"taskmaster/tests/system"
)

// listed is the number of tasks of an account whose lists are measured.
const listed = 50

// load measures creating and listing by a large number of people, as fast as they can and at a
// person's pace.
func (b *bench) load(ctx context.Context) error {
	people, err := b.signUp(ctx, b.users)
	if err != nil {
		return err
	}
	for _, p := range people {
		for n := range listed {
			if _, err := create(ctx, p, n); err != nil {
				return err
			}
		}
	}
	if err := b.drained(ctx); err != nil {
		return err
	}
	creating := func(ctx context.Context, p *system.Person, n int) error {
		_, err := create(ctx, p, n)
		return err
	}
	listing := func(ctx context.Context, p *system.Person, _ int) error {
		return p.Do(ctx, "GET", fmt.Sprintf("/tasks?status=open&limit=%d", listed), nil, nil)
	}
	// A person who works fast: seven reads to three writes, with one request every two seconds.
	both := func(ctx context.Context, p *system.Person, n int) error {
		if n%10 < 3 {
			return creating(ctx, p, n)
		}
		return listing(ctx, p, n)
	}
	for _, l := range []struct {
		what string
		aim  string
		pace time.Duration
		do   func(context.Context, *system.Person, int) error
	}{
		{"lists, without a rest", "", 0, listing},
		{"creations, without a rest", "", 0, creating},
		{"lists and creations 7:3, one each 2 s per person", "p95 < 50 ms", 2 * time.Second, both},
		{"lists and creations 7:3, one a second per person", "p95 < 50 ms", time.Second, both},
	} {
		before, err := b.cpu()
		if err != nil {
			return err
		}
		began := time.Now()
		result, err := generate(ctx, people, b.duration, l.pace, l.do)
		if err != nil {
			return fmt.Errorf("%s: %w", l.what, err)
		}
		if err := b.noteCPU(l.what, before, time.Since(began)); err != nil {
			return err
		}
		b.out.addRate(fmt.Sprintf("%d people: %s", b.users, l.what), l.aim, result.rate, result.latency.get()...)
		if l.pace > 0 {
			b.goals.Took(goals.Answer, result.latency.get()...)
		}
		if l.pace > 0 && result.refusals > 0 {
			b.goals.Took(goals.Answer, b.duration) // a refused request has no answer in all that time
		}
		if result.refusals > 0 {
			b.out.note("%s: %d requests were answered 503", l.what, result.refusals)
		}
		began = time.Now()
		if err := b.drained(ctx); err != nil {
			return err
		}
		b.out.note("%s: the outbox was empty %s after the last request", l.what, readable(time.Since(began)))
	}
	return nil
}
