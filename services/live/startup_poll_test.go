package main

import (
	"testing"
	"testing/synctest"
	"time"

	"taskmaster/internal/event"
)

// A replica sends changes before the broker delivers any event.
func TestNewReplicaPolls(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	behind, none := dial(t, live, p, "?since=0"), dial(t, live, newPerson(t, p.db), "?since=0")
	for revision := 1; revision <= 3; revision++ {
		p.change(1) // not published
		behind.wantChanges(revision, revision)
	}
	// Later events for the same changes are not sent again.
	events := p.change(1)
	publish(t, live, events...)
	publish(t, live, events...)
	behind.wantChanges(4, 4)
	publish(t, live, p.change(1)...)
	behind.wantChanges(5, 5)
	live.stop()
	if m, err := none.next(); err == nil {
		t.Errorf("another user's socket got revision %d", m.Revision)
	}
}

// The poller stops when the broker delivers an event, or after the configured time.
func TestStartupPollEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &live{cfg: config{LookFor: time.Hour}, hub: newHub(1, 1, nil)}
		l.pollAtStartup(t.Context()) // the test ends only if this returns
	})
	synctest.Test(t, func(t *testing.T) {
		l := &live{cfg: config{LookFor: time.Hour}, hub: newHub(1, 1, nil)}
		ended := make(chan struct{})
		go func() {
			l.pollAtStartup(t.Context())
			close(ended)
		}()
		if err := l.hub.handle(t.Context(), event.Event{}); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		select {
		case <-ended:
		default:
			t.Error("the poller continues although the broker delivers events")
		}
	})
}
