package main

import (
	"context"
	"fmt"
	"time"

	"taskmaster/internal/event"
	"taskmaster/internal/outbox"
	"taskmaster/tests/system"
)

// race is the turn of one mover.
type race struct {
	*bench
	crowd *crowd
	peer
}

var allTopics = []string{event.TopicTasks, event.TopicUpdates}

// nowhere is a destination without cost.
func nowhere(context.Context, string, []event.Message) error { return nil }

func (r race) run(ctx context.Context, url string, toBroker outbox.Publish) error {
	if err := r.drain(ctx, "to nowhere", nowhere); err != nil {
		return err
	}
	if err := r.drain(ctx, "to the broker", toBroker); err != nil {
		return err
	}
	if err := r.pace(ctx, "", toBroker, nil); err != nil {
		return err
	}
	release, err := hold(ctx, url)
	if err != nil {
		return err
	}
	return r.pace(ctx, ", a transaction held open until the last was written", toBroker, func() error {
		_, err := release()
		return err
	})
}

// counting records events and then publishes them.
func counting(l *ledger, publish outbox.Publish) outbox.Publish {
	return func(ctx context.Context, topic string, messages []event.Message) error {
		if err := publish(ctx, topic, messages); err != nil {
			return err
		}
		for _, m := range messages {
			if err := l.take(topic, m.CloudEvent); err != nil {
				return err
			}
		}
		return nil
	}
}

// warmUp moves a fifth of a backlog without measuring. A broker that has just started is several
// times slower at first, which would only slow down the first mover.
func (r race) warmUp(ctx context.Context, toBroker outbox.Publish) (err error) {
	l := newLedger(allTopics, r.crowd.revisions())
	if _, err = r.crowd.backlog(ctx, r.backlog/5, r.mover.enqueue); err != nil {
		return err
	}
	_, stop, err := r.mover.start(ctx, counting(l, toBroker))
	if err != nil {
		return err
	}
	defer end(stop, &err)
	return r.moved(ctx, l)
}

// drain measures how fast a backlog is moved.
func (r race) drain(ctx context.Context, where string, publish outbox.Publish) (err error) {
	l := newLedger(allTopics, r.crowd.revisions())
	n, err := r.crowd.backlog(ctx, r.backlog, r.mover.enqueue)
	if err != nil {
		return err
	}
	if _, err := r.crowd.db.Pool().Exec(ctx, `ANALYZE`); err != nil { // the server does it by itself some time later
		return fmt.Errorf("analyze: %w", err)
	}
	before, err := r.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	_, stop, err := r.mover.start(ctx, counting(l, publish))
	if err != nil {
		return err
	}
	defer end(stop, &err)
	if err := r.moved(ctx, l); err != nil {
		return err
	}
	a := l.account()
	what := fmt.Sprintf("%s (%s): %d waiting events %s", r.name, r.order, n, where)
	shares, err := r.shares(before, time.Since(began))
	if err != nil {
		return err
	}
	r.out.addDone(what, "", n, a.last.Sub(began))
	r.out.note("%s: %s; %s", what, a.order(), shares)
	return nil
}

// pace measures the delay of events at a rate that all movers can sustain. written is called after
// the last write, unless it is nil.
func (r race) pace(ctx context.Context, how string, publish outbox.Publish, written func() error) (err error) {
	l := newLedger(allTopics, r.crowd.revisions())
	committed, stop, err := r.mover.start(ctx, counting(l, publish))
	if err != nil {
		return err
	}
	defer end(stop, &err)
	w, err := r.crowd.write(ctx, slowRate/eventsOfChange, min(slowFor, r.volumeFor), r.mover.enqueue, committed)
	if err != nil {
		return err
	}
	if written != nil {
		if err := written(); err != nil {
			return err
		}
	}
	if err := r.moved(ctx, l); err != nil {
		return err
	}
	what := fmt.Sprintf("%s: %.0f events a second%s", r.name, slowRate, how)
	a := l.account()
	r.out.addRate(what+": commit to the broker", "", 0, a.lags...)
	if how == "" {
		r.out.addRate(what+": the transaction of a change", "", 0, w.took.get()...)
	}
	return nil
}

// moved waits until all events have been moved.
func (r race) moved(ctx context.Context, l *ledger) error {
	ctx, cancel := context.WithTimeout(ctx, drainedWithin)
	defer cancel()
	revisions := r.crowd.revisions()
	if err := system.Poll(ctx, func() error { return l.complete(revisions) }); err != nil {
		return fmt.Errorf("%w; by now %s", err, l.account().order())
	}
	return nil
}
