package main

import (
	"fmt"
	"slices"
	"testing"
)

// What dapr/ promises about the shared topics, shown with real sidecars and a real broker (the one that the variable BROKER
// names). The parts build on each other, because sidecars take long to start.
func TestSharedTopic(t *testing.T) {
	t.Parallel()
	b := newBed(t, []string{"api", "recurring"}, map[string]int{"recurring": 2})
	api, first, second := b.replica("api", 1), b.replica("recurring", 1), b.replica("recurring", 2)
	letters := b.startApp(api)
	apps := []*app{b.startApp(first), b.startApp(second)}
	b.startSidecars(api)

	// Before the service ever ran.
	b.publishMany(api, "task-events", "early", 10)
	sidecars := append(b.startSidecars(first), b.startSidecars(second)...)
	awaitEvents(t, "early", 10, apps...)

	// A sidecar is ready before it has subscribed.
	subscribed := 0
	eventually(t, "both replicas have subscribed", func() bool {
		b.publish(api, "task-events", fmt.Sprintf("first-%d", subscribed))
		subscribed++
		return len(apps[0].got("first")) > 0 && len(apps[1].got("first")) > 0
	})
	b.publishMany(api, "task-events", "shared", 60)
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
	b.publishMany(api, "task-events", "killed-a", 20)
	if err := sidecars[0].cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-sidecars[0].Done()
	b.publishMany(api, "task-events", "killed-b", 20)
	sidecars[0] = b.startSidecars(first)[0]
	b.publishMany(api, "task-events", "killed-c", 20)
	for _, prefix := range []string{"killed-a", "killed-b", "killed-c"} {
		awaitEvents(t, prefix, 20, apps...)
	}

	// All sidecars of the service are away.
	for _, p := range sidecars {
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	b.publishMany(api, "task-events", "away", 20)
	b.startSidecars(first, second)
	awaitEvents(t, "away", 20, apps...)

	// The service is away, its sidecars are not.
	apps[0].close()
	apps[1].close()
	b.publishMany(api, "task-events", "down", 20)
	eventually(t, "both sidecars notice", func() bool { return b.noticed(first) && b.noticed(second) })
	b.publishMany(api, "task-events", "noticed", 20)
	apps[0].listen()
	apps[1].listen()
	awaitEvents(t, "down", 20, apps...)
	awaitEvents(t, "noticed", 20, apps...)

	// The broker dies in the middle of a stream of events, and comes back.
	published := make(chan struct{})
	go func() {
		defer close(published)
		b.publishMany(api, "task-events", "returned", 100)
	}()
	eventually(t, "some events arrive", func() bool { return len(apps[0].got("returned")) > 5 })
	b.restartBroker()
	<-published
	if b.cfg.brokerName == "rabbitmq" {
		// The sidecar reports the event that was on its way as published although nobody confirmed it (components/README.md).
		b.publishMany(api, "task-events", "returned", 100)
	}
	awaitEvents(t, "returned", 100, apps...)

	// The service cannot handle an event now, then it can.
	apps[0].answer("RETRY")
	apps[1].answer("RETRY")
	retried := b.publishMany(api, "task-events", "retried", 1)
	eventually(t, "an event that is to be retried comes again", func() bool {
		return apps[0].times(retried[0])+apps[1].times(retried[0]) >= 3
	})
	if got := letters.all(); len(got) != 0 {
		t.Errorf("dead letters of events that nobody dropped: %v", got)
	}

	// What the service drops becomes a dead letter, although the broker saw its id a moment ago.
	apps[0].answer("DROP")
	apps[1].answer("DROP")
	b.publishMany(api, "task-events", "dropped", 3)
	awaitEvents(t, "dropped", 3, letters)
	awaitEvents(t, "retried", 1, letters)
}

func TestBroadcastTopic(t *testing.T) {
	t.Parallel()
	b := newBed(t, []string{"api", "live"}, map[string]int{"live": 2})
	api, first, second := b.replica("api", 1), b.replica("live", 1), b.replica("live", 2)
	b.startApp(api)
	apps := []*app{b.startApp(first), b.startApp(second)}
	b.startSidecars(api, first, second)

	// A sidecar is ready before it has subscribed, and not every broker keeps what came before.
	subscribed := 0
	eventually(t, "both replicas have subscribed", func() bool {
		b.publish(api, "task-updates", fmt.Sprintf("first-%d", subscribed))
		subscribed++
		return len(apps[0].got("first")) > 0 && len(apps[1].got("first")) > 0
	})

	// Every replica gets every event, in order. Not at once on every broker: when the sidecar finds its service healthy it
	// subscribes anew, and an event that was on its way then comes later.
	series := 0
	eventually(t, "both replicas get 30 events in order", func() bool {
		series++
		prefix := fmt.Sprintf("series%d", series)
		want := b.publishMany(api, "task-updates", prefix, 30)
		for _, a := range apps {
			awaitEvents(t, prefix, 30, a)
			if !slices.Equal(a.got(prefix), want) {
				return false
			}
		}
		return true
	})

	// Also when the broker dies in between, and comes back.
	b.publishMany(api, "task-updates", "returned-a", 20)
	b.restartBroker()
	b.publishMany(api, "task-updates", "returned-b", 20)
	for _, a := range apps {
		awaitEvents(t, "returned-a", 20, a)
		awaitEvents(t, "returned-b", 20, a)
	}
}
