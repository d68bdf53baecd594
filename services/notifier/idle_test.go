package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// idleTime is the length of a measurement. It has several rounds of each of River's loops that run
// every 5 seconds or more often.
const idleTime = 12 * time.Second

// startIdle starts a notifier whose database counts statements.
func (f *fixture) startIdle(t *testing.T, timing timing, sleepsAfter time.Duration) (*harness, *postgrestest.Counter) {
	t.Helper()
	counter := postgrestest.Count(t, f.url)
	return f.start(t, timing, func(c *config) { c.DatabaseURL, c.DatabaseSleepsAfter = counter.URL, sleepsAfter }), counter
}

// idleHour returns the number of statements in a time with the readiness probes of an hour.
func (h *harness) idleHour(t *testing.T, counter *postgrestest.Counter) int64 {
	t.Helper()
	const probes = 360
	before := counter.Statements()
	pause := time.NewTicker(idleTime / probes)
	defer pause.Stop()
	for range probes {
		res, err := http.Get("http://" + h.addr + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if sleeps := counter.Statements() == before; sleeps && res.StatusCode != http.StatusOK {
			t.Fatalf("got status %d, want 200", res.StatusCode)
		}
		<-pause.C
	}
	return counter.Statements() - before
}

func TestAnIdleHourAsksTheDatabaseNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	hook := newHook(t, nil)
	channel := f.addChannel(t, hook.channel())
	h, counter := f.startIdle(t, testTiming, time.Second)
	counter.AwaitQuiet(t, 2*time.Second)
	if n := h.idleHour(t, counter); n != 0 {
		t.Errorf("an idle hour has %d statements, want none", n)
	}
	// An event wakes the queue.
	e := f.reminder(t, f.user, "x")
	h.want(t, e)
	f.settled(t, f.user, 1, postgres.DeliverySent)
	counter.AwaitQuiet(t, 2*time.Second)

	// api queues a delivery and wakes the queue.
	queue, err := delivery.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	e = f.reminder(t, f.user, "y")
	d := postgres.NewDelivery(e, channel, e.Time)
	d.Test, d.TaskID = true, nil
	f.tx(t, func(tx pgx.Tx) error {
		if err := postgres.InsertDeliveries(t.Context(), tx, e, []postgres.Delivery{d}); err != nil {
			return err
		}
		return queue.Add(t.Context(), tx, d)
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+h.addr+"/internal/deliveries", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Dapr-Api-Token", appToken)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		t.Errorf("got status %d, want 204", res.StatusCode)
	}
	f.settled(t, f.user, 2, postgres.DeliverySent)
}

// TestIdleHourOfADatabaseThatStaysAwake shows that the other test counts something.
func TestIdleHourOfADatabaseThatStaysAwake(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h, counter := f.startIdle(t, testTiming, 0)
	if n := h.idleHour(t, counter); n < 360 {
		t.Errorf("got %d statements, want one for each probe at least", n)
	}
}

// TestRetryWakesTheQueue repeats an attempt after the database slept.
func TestRetryWakesTheQueue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	hook := newHook(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	f.addChannel(t, hook.channel())
	timing := testTiming
	timing.schedule = []time.Duration{8 * time.Second}
	h, counter := f.startIdle(t, timing, time.Second)
	h.want(t, f.reminder(t, f.user, "x"))
	f.settled(t, f.user, 1, postgres.DeliveryFailed)
	counter.AwaitQuiet(t, 2*time.Second)
	if got := f.deliveries(t, f.user)[0].State; got != postgres.DeliveryFailed {
		t.Fatalf("the delivery is %s before its next attempt", got)
	}
	f.settled(t, f.user, 1, postgres.DeliverySent)
}
