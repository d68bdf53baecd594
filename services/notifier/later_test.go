package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/testkit"
)

// TestChangedReminderIsDropped changes a task after the first attempt at a delivery has failed. The retry
// sends nothing.
func TestChangedReminderIsDropped(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		// wanted are the reminders of the changed task, in minutes after the one that fired.
		wanted map[int]int
		state  string
	}{
		"completed or deleted":         {nil, postgres.DeliveryGivenUp},
		"moved":                        {map[int]int{0: 60}, postgres.DeliveryGivenUp},
		"replaced":                     {map[int]int{postgres.SnoozeNumber: 10}, postgres.DeliveryGivenUp},
		"its reminder removed":         {map[int]int{0: -30, 1: 10}, postgres.DeliveryGivenUp},
		"another reminder added":       {map[int]int{0: -30, 1: 0}, postgres.DeliverySent},
		"another title, same reminder": {map[int]int{0: 0}, postgres.DeliverySent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			changed := make(chan struct{})
			h := newHook(t, func(n int, w http.ResponseWriter, _ *http.Request) {
				if n == 0 {
					w.WriteHeader(http.StatusInternalServerError)
					<-changed
				}
			})
			f.addChannel(t, h.channel())
			e := f.reminder(t, f.user, "x")
			f.start(t, testTiming).want(t, e)
			testkit.Within(t, patience, "the first attempt", func() bool { return len(h.received()) == 1 })
			wanted := map[int]time.Time{}
			for number, minutes := range c.wanted {
				wanted[number] = e.Data.Reminder.At.Add(time.Duration(minutes) * time.Minute)
			}
			f.setReminders(t, e, wanted, e.Data.Reminder.At)
			close(changed)
			d := f.settled(t, f.user, 1, c.state)[0]
			attempts := 1
			if c.state == postgres.DeliverySent {
				attempts = 2
			} else if d.Reason != "the task or its reminder was changed before" {
				t.Errorf("got the reason %q", d.Reason)
			}
			if got := len(h.received()); got != attempts {
				t.Errorf("got %d requests, want %d", got, attempts)
			}
		})
	}
}

// TestReopenedTaskKeepsItsNotification completes a task and undoes that, before its notification is
// delivered.
func TestReopenedTaskKeepsItsNotification(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := newHook(t, status(http.StatusOK))
	f.addChannel(t, h.channel())
	e := f.reminder(t, f.user, "x")
	at := e.Data.Reminder.At
	f.setReminders(t, e, nil, at)
	f.setReminders(t, e, map[int]time.Time{0: at}, at)
	f.start(t, testTiming).want(t, e)
	f.settled(t, f.user, 1, postgres.DeliverySent)
}

// TestRetryAfter answers with 429 and with 503. The next attempt is not made before the time that the
// receiver named.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		after  string
		least  time.Duration
		most   time.Duration
	}{
		"429 with seconds":      {429, "600", 9 * time.Minute, 11 * time.Minute},
		"503 with a date":       {503, time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat), 110 * time.Minute, 2 * time.Hour},
		"more than a day":       {503, "99999999999999", 23 * time.Hour, 25 * time.Hour},
		"less than the default": {429, "0", 0, time.Minute},
		"words":                 {429, "soon", 0, time.Minute},
		"another status":        {500, "600", 0, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.addChannel(t, newHook(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", c.after)
				w.WriteHeader(c.status)
			}).channel())
			slow := testTiming
			slow.schedule = []time.Duration{30 * time.Second, time.Hour}
			f.start(t, slow).want(t, f.reminder(t, f.user, "x"))
			d := f.settled(t, f.user, 1, postgres.DeliveryFailed)[0]
			if wait := d.NextAttemptAt.Sub(d.UpdatedAt); wait < c.least || wait > c.most {
				t.Errorf("the next attempt is in %s, want between %s and %s", wait, c.least, c.most)
			}
			var queued time.Time
			testkit.Within(t, patience, "the job to wait", func() bool { return f.jobState(t) == "retryable" })
			f.tx(t, func(tx pgx.Tx) error {
				return tx.QueryRow(t.Context(), `SELECT scheduled_at FROM river_job`).Scan(&queued)
			})
			if apart := queued.Sub(*d.NextAttemptAt).Abs(); apart > time.Minute {
				t.Errorf("the queue has the next attempt at %s, the delivery at %s", queued, d.NextAttemptAt)
			}
		})
	}
}
