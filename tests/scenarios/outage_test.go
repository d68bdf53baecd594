package scenarios

import (
	"errors"
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

// After an outage in which sidecars have stopped reconnecting, the system uses the broker again.
func TestBrokerAwayForLong(t *testing.T) {
	t.Parallel()
	env := environment(nil)
	env["PING_INTERVAL"], env["LOOK_FOR"] = "1h", "0" // otherwise live finds events in the database that the broker does not deliver
	s := own(t, system.Config{Restart: true, Services: "api,live,recurring,web", Env: env})
	u := newUser(t, s)
	socket := watch(t, u, s.URL, 0)
	made := 0
	err := system.Poll(limited(t, aftermath), func() error { // the broker decides from which event on live receives
		if len(socket.Inbox.All()) == 0 {
			made++
			u.create(fields{"title": fmt.Sprintf("before %d", made)})
			return errors.New("no event has arrived through the broker")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

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
	after := u.create(fields{"title": "after"})
	_, err = socket.Inbox.Wait(limited(t, aftermath), func(m system.Message) bool { return m.Revision == after.Revision })
	if err != nil {
		t.Fatalf("revision %d: %v", after.Revision, err)
	}
	o := observe(t, s)
	replayLost(t, s) // and events from before the observer, on a broker that keeps none for new subscribers
	for _, revision := range []int64{away.Revision, after.Revision} {
		event(t, o, system.TopicTasks, u.ID, revision)
	}
	checkOrder(t, socket, 1, after.Revision)
}
