package main

import (
	"fmt"
	"testing"
	"time"
)

// wantHeartbeat fails the test unless the next message is the heartbeat of a revision.
func (c *client) wantHeartbeat(revision int64, interval time.Duration) {
	c.t.Helper()
	m, err := c.read()
	if err != nil {
		c.t.Fatalf("got %v, want a heartbeat", err)
	}
	want := fmt.Sprint("heartbeat ", revision, " of every ", interval)
	if got := fmt.Sprint(m.Type, " ", m.Revision, " of every ", time.Duration(m.IntervalSeconds*float64(time.Second))); got != want {
		c.t.Fatalf("got %s, want %s", got, want)
	}
}

// A client learns immediately that it has all changes, and when it should hear from the server
// again.
func TestHeartbeatEndsReplay(t *testing.T) {
	t.Parallel()
	p, live := setup(t, func(c *config) { c.PingInterval = time.Hour })
	p.change(2)
	c := dial(t, live, p, "?since=0")
	c.wantChanges(1, 2)
	c.wantHeartbeat(2, time.Hour)
	dial(t, live, p, "").wantHeartbeat(2, time.Hour)
	publish(t, live, p.change(1)...)
	c.wantChanges(3, 3)
}

// A client hears from the server regularly, even if nothing changes.
func TestHeartbeats(t *testing.T) {
	t.Parallel()
	const interval = 200 * time.Millisecond
	p, live := setup(t, func(c *config) { c.PingInterval = interval })
	p.change(1)
	c := dial(t, live, p, "")
	for range 4 {
		c.wantHeartbeat(1, interval)
	}
	publish(t, live, p.change(1)...)
	c.wantChanges(2, 2)
	for range 2 {
		c.wantHeartbeat(2, interval)
	}
}
