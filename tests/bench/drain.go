package main

import (
	"context"
	"fmt"
	"time"
)

// drain measures how fast api publishes a backlog: with the consumers halted, and beside them.
func (b *bench) drain(ctx context.Context) error {
	s, err := b.stage(ctx)
	if err != nil {
		return err
	}
	for _, halted := range []bool{true, false} {
		if err := b.drainOnce(ctx, s, halted); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) drainOnce(ctx context.Context, s *scene, consumersHalted bool) error {
	how, wake := "beside the consumers", func() {}
	if consumersHalted {
		how = "consumers halted"
		services, err := b.pause("recurring", "notifier", "live")
		if err != nil {
			return err
		}
		defer services()
		own, err := halt(s.subscriber.Sidecar())
		if err != nil {
			return err
		}
		defer own()
		wake = func() { services(); own() }
	}
	// What publishes is halted while the events are written, so that all wait when it starts.
	start, err := b.pause("api")
	if err != nil {
		return err
	}
	defer start()
	s.ledger.begin()
	n, err := s.backlog(ctx, b.backlog, toOutbox)
	if err != nil {
		return err
	}
	before, err := b.cpu()
	if err != nil {
		return err
	}
	started := time.Now()
	start()
	if err := b.drained(ctx); err != nil {
		return err
	}
	shares, err := b.shares(before, time.Since(started))
	if err != nil {
		return err
	}
	first, last, err := b.publishedBetween(ctx, started)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d waiting events, %s", n, how)
	b.out.addDone(what+": published", "5,000/s", n, last.Sub(first))
	b.out.note("%s: the first was published %s after api could, the last after %s; %s", what,
		readable(first.Sub(started)), readable(last.Sub(started)), shares)

	if before, err = b.cpu(); err != nil {
		return err
	}
	woken := time.Now()
	wake()
	if err := s.handled(ctx); err != nil {
		return err
	}
	a := s.ledger.account()
	_, toPages := s.toPages(time.Time{})
	if consumersHalted {
		what = fmt.Sprintf("%d published events, consumers woken", n)
		if err := b.noteCPU(what, before, time.Since(woken)); err != nil {
			return err
		}
		started = woken
	}
	b.out.addDone(what+": handled", "", len(a.lags), a.last.Sub(started))
	b.out.note("%s: %s; the last of the pages was told after %s", what, a.order(), readable(toPages.Sub(started)))
	return nil
}

// publishedBetween returns when the first and the last event after an instant were published.
func (b *bench) publishedBetween(ctx context.Context, after time.Time) (first, last time.Time, err error) {
	conn, err := b.connect(ctx)
	if err != nil {
		return first, last, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, `SELECT min(published_at), max(published_at) FROM outbox WHERE published_at >= $1`, after).Scan(&first, &last)
	if err != nil {
		return first, last, fmt.Errorf("query times of publishing: %w", err)
	}
	return first, last, nil
}
