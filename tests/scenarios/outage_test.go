package scenarios

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// outage is longer than any sidecar tries to reconnect by itself.
const outage = 150 * time.Second

// unseen matches the error of the smoke test on a system without events.
var unseen = regexp.MustCompile(`smoke: see (it on the page|its next occurrence): `)

// createUntilSeen creates a task each second until the socket has received all of them. It returns
// the revision of the last one. The broker decides from which event on it delivers to live: Kafka's
// begin with the newest one, unless live had committed an offset before the outage.
func createUntilSeen(t *testing.T, u user, socket *system.Socket, title string) int64 {
	t.Helper()
	ctx := limited(t, aftermath)
	from := func(revision int64) func(system.Message) bool {
		return func(m system.Message) bool { return m.Revision >= revision }
	}
	first := u.create(fields{"title": title + " 1"}).Revision
	for last, n := first, 2; ; n++ {
		second, cancel := context.WithTimeout(ctx, time.Second)
		_, err := socket.Inbox.Wait(second, from(first))
		cancel()
		if err == nil {
			_, err = socket.Inbox.Wait(ctx, from(last))
		}
		if err == nil {
			return last
		}
		if ctx.Err() != nil {
			t.Fatalf("not all of the revisions %d to %d have arrived through the broker: %v", first, last, err)
		}
		last = u.create(fields{"title": fmt.Sprintf("%s %d", title, n)}).Revision
	}
}

// After an outage in which sidecars have stopped reconnecting, the system uses the broker again.
func TestBrokerAwayForLong(t *testing.T) {
	t.Parallel()
	env := environment(nil)
	env["PING_INTERVAL"], env["LOOK_FOR"] = "1h", "0" // otherwise live finds events in the database that the broker does not deliver
	s := own(t, system.Config{Restart: true, Services: "api,live,recurring,web", Env: env})
	u := newUser(t, s)
	socket := watch(t, u, s.URL, 0)
	createUntilSeen(t, u, socket, "before")

	release, err := s.HoldDown(system.RoleBroker, system.RoleBroker, 1)
	if err != nil {
		t.Fatal(err)
	}
	down := time.Now()
	away := u.create(fields{"title": "while the broker is away"})
	// While a page connects, it gets the tasks that are in the database by then. The next
	// occurrence is not yet.
	if status, out, errs := smoke(t, "-url", s.URL, "-timeout", "1m"); status != 1 || !unseen.MatchString(errs) {
		t.Errorf("the smoke test ends with %d without a broker:\n%s%s", status, out, errs)
	}
	<-time.After(time.Until(down.Add(outage)))
	if err := release(); err != nil {
		t.Fatal(err)
	}
	after := createUntilSeen(t, u, socket, "after")
	o := observe(t, s)
	replayLost(t, s) // and events from before the observer, on a broker that keeps none for new subscribers
	for _, revision := range []int64{away.Revision, after} {
		event(t, o, system.TopicTasks, u.ID, revision)
	}
	checkOrder(t, socket, 1, after)
}
