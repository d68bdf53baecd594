package scenarios

import (
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// outage is longer than any sidecar goes on trying to reach a broker by itself.
const outage = 150 * time.Second

// unseen is what the smoke test says where no events arrive.
var unseen = regexp.MustCompile(`smoke: see (it on the page|its next occurrence): `)

// A broker that was away for so long that sidecars gave it up is used again when it is back.
func TestBrokerAwayForLong(t *testing.T) {
	t.Parallel()
	env := environment(nil)
	env["PING_INTERVAL"], env["LOOK_FOR"] = "1h", "0" // else live finds in the database what the broker does not bring
	s := own(t, system.Config{Restart: true, Services: "api,live,recurring,web", Env: env})
	u := newUser(t, s)
	socket := watch(t, u, s.URL, 0)
	made := 0
	err := system.Poll(limited(t, aftermath), func() error { // what is new when live begins to listen is up to the broker
		if len(socket.Inbox.All()) == 0 {
			made++
			u.create(fields{"title": fmt.Sprintf("before %d", made)})
			return errors.New("nothing has come by the broker")
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
	// While its connection is being made the page is told what is in the database by then. What follows a completed task is not.
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
	replayLost(t, s) // and what was published before somebody observed, where a broker keeps nothing for newcomers
	for _, revision := range []int64{away.Revision, after.Revision} {
		event(t, o, system.TopicTasks, u.ID, revision)
	}
	checkOrder(t, socket, 1, after.Revision)
}
