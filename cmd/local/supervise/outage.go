package supervise

import "time"

// Outage measures for how long a server cannot be reached.
type Outage struct {
	limit time.Duration
	since time.Time // zero while the server can be reached
}

// NewOutage returns an Outage that reports outages longer than limit.
func NewOutage(limit time.Duration) *Outage { return &Outage{limit: limit} }

// Observe notes whether the server can be reached at the moment. It reports whether an outage longer
// than the limit has just ended.
func (o *Outage) Observe(reached bool, now time.Time) (ended bool) {
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
