package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
)

// TestQueuedElsewhere sends what api queues: a test of a channel, and a delivery that its owner wants sent again.
func TestQueuedElsewhere(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	h := newHook(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n <= len(testTiming.schedule) {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	c := b.addChannel(t, h.channel())
	b.start(t, testTiming)
	queue, err := delivery.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	e := b.reminder(t, b.user, "x")
	d := postgres.NewDelivery(e, c, e.Time)
	d.Test, d.TaskID = true, nil
	b.tx(t, func(tx pgx.Tx) error {
		if err := postgres.InsertDeliveries(t.Context(), tx, e, []postgres.Delivery{d}); err != nil {
			return err
		}
		return queue.Add(t.Context(), tx, d)
	})
	b.settled(t, b.user, 1, postgres.DeliveryGivenUp)
	b.tx(t, func(tx pgx.Tx) error {
		again, err := postgres.RetryDelivery(t.Context(), tx, b.user, d.ID, e.Time)
		if err != nil {
			return err
		}
		return queue.Add(t.Context(), tx, again)
	})
	got := b.settled(t, b.user, 1, postgres.DeliverySent)[0]
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

// TestEarlierRoundIsOver queues a job of a round that is no longer the delivery's.
func TestEarlierRoundIsOver(t *testing.T) {
	t.Parallel()
	b, h := newBed(t), newHook(t, nil)
	c := b.addChannel(t, h.channel())
	queue, err := delivery.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	e := b.reminder(t, b.user, "x")
	d := postgres.NewDelivery(e, c, e.Time)
	b.tx(t, func(tx pgx.Tx) error {
		if err := postgres.InsertDeliveries(t.Context(), tx, e, []postgres.Delivery{d}); err != nil {
			return err
		}
		return queue.Add(t.Context(), tx, d)
	})
	b.exec(t, `UPDATE deliveries SET round = 1`)
	b.start(t, testTiming)
	eventually(t, func() (bool, string) {
		state := b.jobState(t)
		return state == "completed", "the job is " + state
	})
	if got := b.deliveries(t, b.user)[0]; got.State != postgres.DeliveryPending || len(h.received()) != 0 {
		t.Errorf("got %+v and %d messages, want nothing done", got, len(h.received()))
	}
}
