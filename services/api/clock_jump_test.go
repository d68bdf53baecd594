package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/sidecar"
	"taskmaster/internal/testkit"
)

// TestClockThatJumpsFiresNothingEarly lets the clock of the process jump and that of the database
// stay.
func TestClockThatJumpsFiresNothingEarly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		// process and database are the clocks at the end, in minutes from the start. The reminder
		// is set for 45.
		process, database int
		want              string
		degraded          bool
	}{
		{"both early", 44, 44, "", false},
		{"both due", 45, 45, "0@45", false},
		{"the process jumped forward", 600, 44, "", true},
		{"the process jumped forward and the reminder is due", 600, 46, "0@45", true},
		{"the database jumped forward", 44, 600, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newTestAPI(t).newPerson(t)
			made := p.newTask(t, object{"title": "dentist", "due_at": minute(60)})
			p.reconciled(t)
			p.advance(time.Duration(c.process) * time.Minute)
			p.databaseTime = func(context.Context) (time.Time, error) {
				return testStart.Add(time.Duration(c.database) * time.Minute), nil
			}
			p.swept(t)
			p.callback(t, sidecar.JobName(made.ID, 0)).want(t, 200)
			if got := p.due(t); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if degraded := p.service.clock.Check() != nil; degraded != c.degraded {
				t.Errorf("degraded: %v, want %v", degraded, c.degraded)
			}
			inStep := strings.Contains(string(p.testAPI.send(t, "GET", "/metrics", nil).Body), "taskmaster_clock_offset_seconds 0\n")
			if inStep == c.degraded {
				t.Errorf("the metric of an offset of 0: %v, want %v", inStep, !c.degraded)
			}
		})
	}
}

func TestClockThatJumpsRemovesNothingEarly(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(c *config) { c.RetentionInterval = time.Hour })
	real := time.Now()
	seedRows(t, a.db, 1, real.Add(-longAgo))
	seedRows(t, a.db, 1, real.Add(time.Hour))
	a.processTime = func() time.Time { return time.Now().Add(365 * 24 * time.Hour) }
	a.databaseTime = a.db.Now
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.runRetention(ctx, a.db) }()
	testkit.Eventually(t, "old rows are removed", func() bool {
		return a.count(t, `SELECT count(*) FROM sessions WHERE expires_at < $1`, real) == 0 // sessions are deleted last
	})
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("runRetention returned %v, want context.Canceled", err)
	}
	for _, table := range []string{"outbox", "inbox", "reminders", "deliveries", "dead_letters", "idempotency_keys", "sessions"} {
		if got := a.count(t, `SELECT count(*) FROM `+table); got != 1 {
			t.Errorf("%s: %d rows are left, want the new one", table, got)
		}
	}
}
