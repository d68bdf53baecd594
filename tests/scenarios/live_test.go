package scenarios

import (
	"errors"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// Two clients, on two replicas, see every change once and in order.
func TestTwoClientsOnTwoReplicasSeeAChange(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	var sockets []*system.Socket
	for replica := 1; replica <= 2; replica++ {
		sockets = append(sockets, watch(t, u, replicaURL(t, "live", replica), 0))
	}

	began := time.Now()
	made := u.create(fields{"title": "Feed the cat"})
	for i, s := range sockets {
		m := message(t, s, made.Revision)
		if m.Type != "task.changed" || m.Task == nil || m.Task.Title != "Feed the cat" {
			t.Errorf("replica %d sent %+v", i+1, m)
		}
		t.Logf("replica %d sent the change after %s", i+1, m.Arrived.Sub(began).Round(time.Millisecond))
	}
	u.complete(made.ID)
	u.delete(made.ID)
	for i, s := range sockets {
		if m := message(t, s, 3); m.Type != "task.deleted" {
			t.Errorf("replica %d sent %+v for the deletion", i+1, m)
		}
		checkOrder(t, s, 1, 3)
	}
}

// A client that reconnects through the web edge receives the changes that it missed.
func TestReconnectingClientMissesNothing(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	first := watch(t, u, shared.URL, 0)
	u.create(fields{"title": "seen"})
	message(t, first, 1)
	first.Close()
	u.create(fields{"title": "missed"})
	u.create(fields{"title": "missed too"})
	second := watch(t, u, shared.URL, 1)
	message(t, second, 3)
	u.create(fields{"title": "live again"})
	message(t, second, 4)
	checkOrder(t, second, 2, 4)
}

// Users cannot see tasks of other users by id, in lists or live.
func TestUsersSeeOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	alice, mallory := newUser(t, shared.System), newUser(t, shared.System)
	spying := watch(t, mallory, shared.URL, 0)
	secret := alice.create(fields{"title": "Buy a ring"})
	path := "/tasks/" + secret.ID
	for _, try := range []struct {
		method, path string
		body         any
	}{
		{"GET", path, nil},
		{"PATCH", path, fields{"title": "mine"}},
		{"POST", path + "/complete", nil},
		{"POST", path + "/snooze", fields{"minutes": 5}},
		{"DELETE", path, nil},
	} {
		_, err := mallory.Send(t.Context(), try.method, try.path, try.body)
		if problem, ok := errors.AsType[*system.Problem](err); !ok || problem.Status != 404 {
			t.Errorf("%s of another user's task: %v, want 404", try.method, err)
		}
	}
	if got := mallory.tasks(); len(got) != 0 {
		t.Errorf("another user's list has %+v", got)
	}
	mallory.create(fields{"title": "my own"})
	message(t, spying, 1)
	for _, m := range spying.Inbox.All() {
		if m.Task != nil && m.Task.ID == secret.ID {
			t.Errorf("another user received %+v", m)
		}
	}
	if got := alice.tasks(); len(got) != 1 || got[0].Revision != secret.Revision {
		t.Errorf("after all attempts the list is %+v", got)
	}
}

// watch opens a socket until the test ends.
func watch(t *testing.T, u user, base string, since int64) *system.Socket {
	t.Helper()
	var s *system.Socket
	patiently(t, func() (err error) {
		s, err = u.Watch(t.Context(), base, since)
		return err
	})
	t.Cleanup(s.Close)
	return s
}

// message waits until a socket has received a revision.
func message(t *testing.T, s *system.Socket, revision int64) system.Message {
	t.Helper()
	m, err := s.Inbox.Wait(within(t), func(m system.Message) bool { return m.Revision == revision })
	if err != nil {
		t.Fatalf("revision %d: %v", revision, err)
	}
	return m
}

// checkOrder checks that a socket has received the revisions from first to last, each once, in
// order and no others.
func checkOrder(t *testing.T, s *system.Socket, first, last int64) {
	t.Helper()
	all := s.Inbox.All()
	for i, m := range all {
		if m.Revision != first+int64(i) {
			t.Fatalf("message %d has revision %d, want %d", i+1, m.Revision, first+int64(i))
		}
	}
	if got := first + int64(len(all)) - 1; got != last {
		t.Errorf("messages end with revision %d, want %d", got, last)
	}
}
