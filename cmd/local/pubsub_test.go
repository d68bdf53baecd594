package main

import (
	"fmt"
	"slices"
	"testing"

	"taskmaster/cmd/local/supervise"
	"taskmaster/internal/testkit"
)

// The guarantees of dapr/ for shared topics hold with real sidecars and a real broker, which the
// variable BROKER names. The parts build on each other, because sidecars take long to start.
func TestSharedTopic(t *testing.T) {
	t.Parallel()
	f := newFixture(t, []string{"api", "recurring"}, map[string]int{"recurring": 2})
	api, first, second := f.replica("api", 1), f.replica("recurring", 1), f.replica("recurring", 2)
	letters := f.startApp(api)
	apps := []*app{f.startApp(first), f.startApp(second)}
	f.startSidecars(api)

	// Events are published before the service has ever run.
	f.publishMany(api, "task-events", "early", 10)
	sidecars := append(f.startSidecars(first), f.startSidecars(second)...)
	awaitEvents(t, "early", 10, apps...)

	// A sidecar is ready before it has subscribed.
	subscribed := 0
	testkit.Within(t, supervise.ReadyTimeout, "both replicas have subscribed", func() bool {
		f.publish(api, "task-events", fmt.Sprintf("first-%d", subscribed))
		subscribed++
		return len(apps[0].got("first")) > 0 && len(apps[1].got("first")) > 0
	})
	f.publishMany(api, "task-events", "shared", 60)
	awaitEvents(t, "shared", 60, apps...)
	for i, a := range apps {
		if len(a.got("shared")) == 0 {
			t.Errorf("replica %d got none of 60 events", i+1)
		}
		if a.refused > 0 {
			t.Errorf("replica %d got %d events without the token", i+1, a.refused)
		}
	}

	// A sidecar is killed in the middle of a stream of events.
	f.publishMany(api, "task-events", "killed-a", 20)
	if err := sidecars[0].Kill(); err != nil {
		t.Fatal(err)
	}
	f.publishMany(api, "task-events", "killed-b", 20)
	sidecars[0] = f.startSidecars(first)[0]
	f.publishMany(api, "task-events", "killed-c", 20)
	for _, prefix := range []string{"killed-a", "killed-b", "killed-c"} {
		awaitEvents(t, prefix, 20, apps...)
	}

	// All sidecars of the service are stopped.
	for _, p := range sidecars {
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	f.publishMany(api, "task-events", "away", 20)
	f.startSidecars(first, second)
	awaitEvents(t, "away", 20, apps...)

	// The service is stopped, and its sidecars run.
	apps[0].close()
	apps[1].close()
	f.publishMany(api, "task-events", "down", 20)
	testkit.Within(t, supervise.ReadyTimeout, "both sidecars notice", func() bool { return f.sidecarSeesOutage(first) && f.sidecarSeesOutage(second) })
	f.publishMany(api, "task-events", "noticed", 20)
	apps[0].listen()
	apps[1].listen()
	awaitEvents(t, "down", 20, apps...)
	awaitEvents(t, "noticed", 20, apps...)

	// The broker dies in the middle of a stream of events, and comes back.
	published := make(chan struct{})
	go func() {
		defer close(published)
		f.publishMany(api, "task-events", "returned", 100)
	}()
	testkit.Within(t, supervise.ReadyTimeout, "some events arrive", func() bool { return len(apps[0].got("returned")) > 5 })
	f.restartBroker()
	<-published
	if f.cfg.broker.name == "rabbitmq" {
		// The sidecar reports the event on its way as published, although the broker did not confirm it
		// (components/README.md).
		f.publishMany(api, "task-events", "returned", 100)
	}
	awaitEvents(t, "returned", 100, apps...)

	// The service cannot handle an event at first, and can later.
	apps[0].answer("RETRY")
	apps[1].answer("RETRY")
	retried := f.publishMany(api, "task-events", "retried", 1)
	testkit.Within(t, supervise.ReadyTimeout, "an event that is to be retried comes again", func() bool {
		return apps[0].times(retried[0])+apps[1].times(retried[0]) >= 3
	})
	if got := letters.all(); len(got) != 0 {
		t.Errorf("dead letters of events that no service dropped: %v", got)
	}

	// An event that the service drops becomes a dead letter, although the broker has just seen its id.
	apps[0].answer("DROP")
	apps[1].answer("DROP")
	f.publishMany(api, "task-events", "dropped", 3)
	awaitEvents(t, "dropped", 3, letters)
	awaitEvents(t, "retried", 1, letters)
}

func TestBroadcastTopic(t *testing.T) {
	t.Parallel()
	f := newFixture(t, []string{"api", "live"}, map[string]int{"live": 2})
	api, first, second := f.replica("api", 1), f.replica("live", 1), f.replica("live", 2)
	f.startApp(api)
	apps := []*app{f.startApp(first), f.startApp(second)}
	f.startSidecars(api, first, second)

	// A sidecar is ready before it has subscribed, and not every broker keeps earlier events.
	subscribed := 0
	testkit.Within(t, supervise.ReadyTimeout, "both replicas have subscribed", func() bool {
		f.publish(api, "task-updates", fmt.Sprintf("first-%d", subscribed))
		subscribed++
		return len(apps[0].got("first")) > 0 && len(apps[1].got("first")) > 0
	})

	// Every replica gets every event, in order. On some brokers that takes more than one attempt: a
	// sidecar that finds its service healthy subscribes again, and an event on its way comes later.
	series := 0
	testkit.Within(t, supervise.ReadyTimeout, "both replicas get 30 events in order", func() bool {
		series++
		prefix := fmt.Sprintf("series%d", series)
		want := f.publishMany(api, "task-updates", prefix, 30)
		for _, a := range apps {
			awaitEvents(t, prefix, 30, a)
			if !slices.Equal(a.got(prefix), want) {
				return false
			}
		}
		return true
	})

	// That also holds when the broker dies in between, and comes back.
	f.publishMany(api, "task-updates", "returned-a", 20)
	f.restartBroker()
	f.publishMany(api, "task-updates", "returned-b", 20)
	for _, a := range apps {
		awaitEvents(t, "returned-a", 20, a)
		awaitEvents(t, "returned-b", 20, a)
	}
}
