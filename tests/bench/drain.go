package main

import (
	"context"
	"fmt"
	"time"

	"taskmaster/tests/goals"
)

// drain measures how fast api publishes a backlog, with stopped consumers and with running ones.
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
	// The bench's own subscriber receives as many events as all consumers together. It runs after
	// the measurement.
	own, err := halt(s.subscriber.Sidecar())
	if err != nil {
		return err
	}
	defer own()
	how, wake := "beside the consumers", own
	if consumersHalted {
		services, err := b.pause("recurring", "notifier", "live")
		if err != nil {
			return err
		}
		defer services()
		how, wake = "consumers halted", func() { services(); own() }
	}
	// api is stopped while the events are written, so that all of them wait when it continues.
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
	last, err := b.lastPublished(ctx)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d waiting events, %s", n, how)
	b.out.addDone(what+": published", "5,000/s", n, last.Sub(started))
	b.goals.Rate(goals.Events, float64(n)/last.Sub(started).Seconds())
	b.out.note("%s: the last was published %s after api could; %s", what, readable(last.Sub(started)), shares)

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
	what = fmt.Sprintf("%d published events, everybody awake", n)
	if err := b.noteCPU(what, before, time.Since(woken)); err != nil {
		return err
	}
	b.out.addDone(what+": handled", "", len(a.lags), a.last.Sub(woken))
	b.goals.Rate(goals.Events, float64(len(a.lags))/a.last.Sub(woken).Seconds())
	b.out.note("%s: %s; the last page got its event after %s", what, a.order(), readable(toPages.Sub(started)))
	return nil
}

// lastPublished returns the time of the last publication.
func (b *bench) lastPublished(ctx context.Context) (last time.Time, err error) {
	conn, err := b.connect(ctx)
	if err != nil {
		return last, err
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, `SELECT max(published_at) FROM outbox`).Scan(&last); err != nil {
		return last, fmt.Errorf("query when the last was published: %w", err)
	}
	return last, nil
}
