package scenarios

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/tests/ledger"
	"taskmaster/tests/system"
)

// thinkTime is the average pause of a worker between changes.
const thinkTime = 40 * time.Millisecond

// Every process is killed (kill -9) in turn while several people change their tasks. Afterwards the
// books are checked. Every change has its events, every completed recurring task has exactly one
// successor, and every reminder was notified by one delivery. Every open page received every
// revision once and in order.
func TestKilledInTheMiddleOfAStreamOfChanges(t *testing.T) {
	books := ledger.New(system.BrokerPromises("").Order)
	webhooks := system.ReceiveWebhooks()
	webhooks.Take = books.Notified
	t.Cleanup(webhooks.Close)
	s := own(t, system.Config{Restart: true, Replicas: "api=2,live=2"})
	observer, err := s.ObserveFunc(t.Context(), books.Event)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(observer.Close)

	const people = 5
	stream, stop := context.WithCancel(t.Context())
	defer stop()
	var g errgroup.Group
	var workers []*ledger.Worker
	var watchers []*ledger.Watcher
	watching, stopWatching := context.WithCancel(t.Context())
	var sockets sync.WaitGroup
	defer sockets.Wait()
	defer stopWatching()
	for i := range people {
		u := newUser(t, s)
		books.Open(u.Person)
		if _, err := webhooks.Channel(t.Context(), u.Person); err != nil {
			t.Fatal(err)
		}
		w := ledger.NewWorker(u.Person, uint64(i), thinkTime)
		workers = append(workers, w)
		g.Go(func() error { return w.Run(t.Context(), stream.Done()) })
		watcher := books.Watch(u.Person)
		watchers = append(watchers, watcher)
		sockets.Go(func() { watcher.Run(watching) })
	}

	for _, victim := range []system.Process{
		{Role: system.RoleService, Name: "api", Replica: 1},
		{Role: system.RoleSidecar, Name: "api", Replica: 1},
		{Role: system.RoleService, Name: "recurring", Replica: 1},
		{Role: system.RoleSidecar, Name: "recurring", Replica: 1},
		{Role: system.RoleService, Name: "notifier", Replica: 1},
		{Role: system.RoleSidecar, Name: "notifier", Replica: 1},
		{Role: system.RoleService, Name: "live", Replica: 1},
		{Role: system.RoleSidecar, Name: "live", Replica: 1},
		{Role: system.RoleService, Name: "web", Replica: 1},
		{Role: system.RoleBroker, Name: system.RoleBroker, Replica: 1},
		{Role: system.RoleScheduler, Name: system.RoleScheduler, Replica: 1},
		{Role: system.RolePostgres, Name: system.RolePostgres, Replica: 1},
		{Role: system.RoleService, Name: "api", Replica: 2},
	} {
		kill(t, s, victim, workers)
	}
	stop()
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}

	replayLost(t, s)
	ctx := limited(t, aftermath)
	for i, w := range workers {
		t.Logf("%s made %d changes, sent %d requests again and watched over %d sockets",
			w.Person.Email, w.Changes(), w.Retries(), watchers[i].Sockets())
		for _, d := range books.Check(ctx, w, watchers[i]) {
			t.Error(d)
		}
	}
	for _, d := range books.Wrong() {
		t.Error(d)
	}
}

// kill kills a process. It waits until the process is back and every worker has made some more
// changes.
func kill(t *testing.T, s *system.System, victim system.Process, workers []*ledger.Worker) {
	t.Helper()
	await := func(more int) {
		for _, w := range workers {
			want := w.Done() + int64(more)
			err := system.Poll(within(t), func() error {
				if got := w.Done(); got < want {
					return fmt.Errorf("%s made %d changes, waiting for %d", w.Person.Email, got, want)
				}
				return nil
			})
			if err != nil {
				t.Fatalf("%s %s: %v\n%s", victim.Role, victim.Name, err, s.Tail(40))
			}
		}
	}
	await(3)
	began := time.Now()
	was, err := s.Crash(victim.Role, victim.Name, victim.Replica)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Back(within(t), was); err != nil {
		t.Fatalf("%v\n%s", err, s.Tail(40))
	}
	back := time.Since(began)
	await(3)
	t.Logf("%s %s %d was back after %s, all went on after %s", victim.Role, victim.Name, victim.Replica,
		back.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
}
