package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/testkit"
)

// TestQueuedElsewhere sends deliveries that api queues: a test of a channel, and a retry by the
// owner.
func TestQueuedElsewhere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := newHook(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n <= len(testTiming.schedule) {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	c := f.addChannel(t, h.channel())
	f.start(t, testTiming)
	queue, err := delivery.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	e := f.reminder(t, f.user, "x")
	d := postgres.NewDelivery(e, c, e.Time)
	d.Test, d.TaskID = true, nil
	f.tx(t, func(tx pgx.Tx) error {
		if err := postgres.InsertDeliveries(t.Context(), tx, e, []postgres.Delivery{d}); err != nil {
			return err
		}
		return queue.Add(t.Context(), tx, d)
	})
	f.settled(t, f.user, 1, postgres.DeliveryGivenUp)
	f.tx(t, func(tx pgx.Tx) error {
		again, err := postgres.RetryDelivery(t.Context(), tx, f.user, d.ID, e.Time)
		if err != nil {
			return err
		}
		return queue.Add(t.Context(), tx, again)
	})
	got := f.settled(t, f.user, 1, postgres.DeliverySent)[0]
	messages := h.received()
	if want := len(testTiming.schedule) + 2; got.Attempts != want || len(messages) != want {
		t.Errorf("got %+v after %d messages, want %d", got, len(messages), want)
	}
	for _, m := range messages {
		if m.ID != d.ID.String() || !strings.Contains(string(m.Body), `"test":true`) {
			t.Errorf("got message %s %s, want it to be of delivery %s and a test", m.ID, m.Body, d.ID)
		}
	}
}

// TestEarlierRoundIsOver queues a job of an earlier round of the delivery.
func TestEarlierRoundIsOver(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, nil)
	c := f.addChannel(t, h.channel())
	queue, err := delivery.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	e := f.reminder(t, f.user, "x")
	d := postgres.NewDelivery(e, c, e.Time)
	f.tx(t, func(tx pgx.Tx) error {
		if err := postgres.InsertDeliveries(t.Context(), tx, e, []postgres.Delivery{d}); err != nil {
			return err
		}
		return queue.Add(t.Context(), tx, d)
	})
	f.exec(t, `UPDATE deliveries SET round = 1`)
	f.start(t, testTiming)
	testkit.WithState(t, patience, func() (bool, string) {
		state := f.jobState(t)
		return state == "completed", "the job is " + state
	})
	if got := f.deliveries(t, f.user)[0]; got.State != postgres.DeliveryPending || len(h.received()) != 0 {
		t.Errorf("got %+v and %d messages, want nothing done", got, len(h.received()))
	}
}
