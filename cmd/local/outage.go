package main

import (
	"context"
	"time"
)

// givenUp is a broker whose sidecars, cut off from it for too long, never try again, which their health does not show.
type givenUp interface {
	// reach succeeds when a sidecar could connect.
	reach(ctx context.Context, p plan) error
	// givenUpAfter is how long an outage may be so that all sidecars come back by themselves.
	givenUpAfter() time.Duration
}

const outagePoll = 5 * time.Second

// watchBroker replaces the sidecars after an outage in which they may have given up, until the context ends.
func (s *system) watchBroker(ctx context.Context, pairs []pair) {
	b, ok := s.cfg.broker.(givenUp)
	if !ok {
		return
	}
	o := outage{limit: b.givenUpAfter()}
	tick := time.NewTicker(outagePoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		probeCtx, cancel := context.WithTimeout(ctx, probeTimeout)
		err := b.reach(probeCtx, s.plan)
		cancel()
		if ctx.Err() == nil && o.over(err == nil, time.Now()) {
			s.log.Printf("the broker was away for so long that sidecars gave it up; they are replaced")
			for _, p := range pairs {
				p.sidecar.unit.renew()
			}
		}
	}
}

// outage is the time for which the broker could not be reached.
type outage struct {
	limit time.Duration
	since time.Time // zero while it can be
}

// over takes note of whether the broker can be reached, and says whether an outage longer than the limit ended with that.
func (o *outage) over(reached bool, now time.Time) bool {
	long := !o.since.IsZero() && now.Sub(o.since) > o.limit
	switch {
	case reached:
		o.since = time.Time{}
		return long
	case o.since.IsZero():
		o.since = now
	}
	return false
}
