package main

import (
	"testing"
	"testing/synctest"
	"time"

	"taskmaster/internal/event"
)

// A replica that the broker brings nothing yet tells its clients all the same.
func TestNewReplicaLooksItself(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	behind, none := dial(t, live, p, "?since=0"), dial(t, live, newPerson(t, p.db), "?since=0")
	for revision := 1; revision <= 3; revision++ {
		p.change(1) // and nobody publishes it
		behind.wantChanges(revision, revision)
	}
	// What comes after all is not told again.
	events := p.change(1)
	publish(t, live, events...)
	publish(t, live, events...)
	behind.wantChanges(4, 4)
	publish(t, live, p.change(1)...)
	behind.wantChanges(5, 5)
	live.stop()
	if m, err := none.next(); err == nil {
		t.Errorf("another user's socket was told of revision %d", m.Revision)
	}
}

// It looks no longer than it has to: until the broker has brought something, and for as long as configured if it never does.
func TestLookoutEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &live{cfg: config{LookFor: time.Hour}, hub: newHub(1, 1)}
		l.lookout(t.Context()) // returns, or the test never ends
	})
	synctest.Test(t, func(t *testing.T) {
		l := &live{cfg: config{LookFor: time.Hour}, hub: newHub(1, 1)}
		ended := make(chan struct{})
		go func() {
			l.lookout(t.Context())
			close(ended)
		}()
		if err := l.hub.handle(t.Context(), event.Event{}); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		select {
		case <-ended:
		default:
			t.Error("goes on although the broker brings events")
		}
	})
}
