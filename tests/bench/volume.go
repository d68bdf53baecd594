package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// volume measures the path of events from commit to consumers at a steady rate.
func (b *bench) volume(ctx context.Context) error { return b.flow(ctx, "") }

// held is volume while a transaction with an old snapshot stays open.
func (b *bench) held(ctx context.Context) error {
	if _, err := b.stage(ctx); err != nil {
		return err
	}
	state, err := b.State()
	if err != nil {
		return err
	}
	release, err := hold(ctx, state.DatabaseURL)
	if err != nil {
		return err
	}
	err = b.flow(ctx, ", a transaction held open")
	if held, releaseErr := release(); err == nil {
		err = releaseErr
		b.out.note("the transaction was open for %s; %s", readable(held.duration), held.dead)
	}
	return err
}

func (b *bench) flow(ctx context.Context, how string) (err error) {
	s, err := b.stage(ctx)
	if err != nil {
		return err
	}
	client, err := b.sidecarOfAPI()
	if err != nil {
		return err
	}
	defer client.Close()
	db, err := b.openDatabase(ctx, relayConns)
	if err != nil {
		return err
	}
	defer db.Close()
	relay, stop := startRelay(ctx, db, client.PublishAll)
	defer end(stop, &err)
	before, err := b.cpu()
	if err != nil {
		return err
	}
	s.ledger.begin()
	began := time.Now()
	w, err := s.write(ctx, b.rate/eventsOfChange, b.volumeFor, toOutbox, relay.Wake)
	if err != nil {
		return err
	}
	wrote := time.Since(began)
	shares, err := b.shares(before, wrote)
	if err != nil {
		return err
	}
	if err := s.handled(ctx); err != nil {
		return err
	}
	what := fmt.Sprintf("%.0f events a second for %s%s", b.rate, length(b.volumeFor), how)
	a := s.ledger.account()
	toBroker, err := b.published(ctx, began)
	if err != nil {
		return err
	}
	toPages, _ := s.toPages(began)
	rate := float64(w.changes) / wrote.Seconds()
	b.out.addRate(what+": commit to the broker (published_at)", "", eventsOfChange*rate, toBroker...)
	b.out.addRate(what+": commit to handled", "p99 < 1 s", float64(len(a.lags))/wrote.Seconds(), a.lags...)
	b.out.addRate(fmt.Sprintf("%s: commit to %d of %d users' pages", what, watchers, len(s.members)), "", 0, toPages...)
	b.out.addRate(what+": the transaction of a change", "", rate, w.took.get()...)
	b.out.note("%s: %s; by minute of the change, commit to handled: %s; p99 of how late changes were begun %s; %s", what,
		a.order(), minutes(a.byMinute), readable(newRow("", "", 0, w.late.get()).at(99)), shares)
	return nil
}

// minutes lists the percentiles of each minute, so that a slope is visible.
func minutes(lags [][]time.Duration) string {
	var p50, p99, longest []string
	for _, minute := range lags {
		if len(minute) == 0 {
			minute = []time.Duration{0}
		}
		r := newRow("", "", 0, minute)
		p50, p99, longest = append(p50, readable(r.at(50))), append(p99, readable(r.at(99))), append(longest, readable(slices.Max(minute)))
	}
	return fmt.Sprintf("p50 %s; p99 %s; max %s", strings.Join(p50, ", "), strings.Join(p99, ", "), strings.Join(longest, ", "))
}

// length returns a duration in words.
func length(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return d.String()
}
