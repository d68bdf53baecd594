package scenarios

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/tests/system"
)

// The broker stops and comes back. Meanwhile the API answers as usual, and afterwards no event is
// lost.
func TestBrokerStoppedAndStarted(t *testing.T) {
	t.Parallel()
	webhooks := system.ReceiveWebhooks()
	t.Cleanup(webhooks.Close)
	s := own(t, system.Config{Restart: true})
	o := observe(t, s)
	u := newUser(t, s)
	if _, err := webhooks.Channel(t.Context(), u.Person); err != nil {
		t.Fatal(err)
	}
	socket := watch(t, u, s.URL, 0)

	const creations = 100 // in each of the three phases
	usually := createMany(u, creations)
	broker, err := s.Process(system.RoleBroker, system.RoleBroker, 1)
	if err != nil {
		t.Fatal(err)
	}
	release, err := s.HoldDown(system.RoleBroker, system.RoleBroker, 1)
	if err != nil {
		t.Fatal(err)
	}
	down := time.Now()
	meanwhile := createMany(u, creations)
	first := u.create(fields{"title": "Daily", "due_at": "2030-01-01T09:00:00Z", "recurrence": fields{"rrule": "daily"}})
	u.complete(first.ID)
	due := u.create(fields{"title": "Reminded while the broker is away", "reminders": []fields{{"at": time.Now().Add(soon)}}})
	// This is long enough for retries to be exhausted, circuits to open and backoff to grow.
	<-time.After(time.Until(down.Add(10 * time.Second)))
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if err := s.Back(within(t), broker); err != nil {
		t.Fatal(err)
	}
	afterwards := createMany(u, creations)

	t.Logf("creating took, p50/p99: %s before, %s without the broker, %s after",
		percentiles(usually), percentiles(meanwhile), percentiles(afterwards))
	replayLost(t, s)
	next := successor(t, u, first)
	if n := notified(t, &webhooks.Inbox, due.ID); n.Err != nil {
		t.Error(n.Err)
	}
	last := max(next.Revision, u.create(fields{"title": "last"}).Revision)
	message(t, socket, last)
	checkOrder(t, socket, 1, last)
	for revision := int64(1); revision <= last; revision++ {
		for _, topic := range []string{system.TopicTasks, system.TopicUpdates} {
			event(t, o, topic, u.ID, revision)
		}
	}
}

// replayLost publishes all events again on a broker that may have lost an event at its kill. It
// first waits until no other event is waiting. An event that is neither waiting nor known to be
// published is not replayed.
func replayLost(t *testing.T, s *system.System) {
	t.Helper()
	if system.BrokerPromises("").Confirmed {
		return
	}
	state, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Connect(t.Context(), state.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	err = system.Poll(limited(t, aftermath), func() error {
		var waiting int
		err := db.QueryRow(t.Context(), `SELECT count(*) FROM outbox WHERE published_at IS NULL`).Scan(&waiting)
		if err == nil && waiting > 0 {
			err = fmt.Errorf("%d events wait to be published", waiting)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Operate(within(t), "replay", "--since", "1h"); err != nil {
		t.Fatal(err)
	}
}

// createMany creates tasks one after another and returns their durations, ascending.
func createMany(u user, n int) []time.Duration {
	u.t.Helper()
	took := make([]time.Duration, n)
	for i := range took {
		began := time.Now()
		u.create(fields{"title": fmt.Sprintf("task %d", i)})
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took
}

func percentiles(sorted []time.Duration) string {
	at := func(p int) time.Duration { return sorted[(len(sorted)-1)*p/100].Round(100 * time.Microsecond) }
	return fmt.Sprintf("%s/%s", at(50), at(99))
}
